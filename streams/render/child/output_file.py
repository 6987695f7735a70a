"""Files that are made side by side, of one clip and by one decode: each in a folder of its own. Decodes no picture.

What one dies of is not what the others die of: a file that cannot go on is left out, and the rest are finished. When
none is left its error is raised, so that one file alone fails as it would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from time import process_time
from types import TracebackType
from typing import Self

import av
import msgspec

from core.domain.editing.output_words import words_out
from schemas.common import Value
from schemas.documents.edit import Piece
from schemas.documents.export import CaptionCue, Certificate
from streams.render.child.frame_pipeline import Film
from streams.render.quality.certificate import examine
from streams.render.quality.reference_frames import Witness
from streams.render.quality.subject import Meant, comes_in_ms
from streams.renderer.audio.loudness import Sound
from streams.renderer.audio.mixer import AudioMix, quality_limits_for
from streams.renderer.audio.stems import list_stems, save_stems
from streams.renderer.branding.brand_assets import bumper_slots
from streams.renderer.branding.bumpers import Bumpers
from streams.renderer.caption_plan import build_job_cues, list_templates
from streams.renderer.encoding.animated_image import count_preview_frames, file_size_px
from streams.renderer.encoding.muxer import EncodedParts, FileWriter, open_writer
from streams.renderer.job import RenderJob, RenderResult, clip_file_name
from streams.renderer.render_progress import RenderProgress
from streams.renderer.stills.storyboard import STORYBOARD_FILE
from streams.renderer.timeline.slots import OUTPUT_SIZES, OutputTimeline, Slot


class Common(Value, frozen=True, kw_only=True):
    """What all of them share: the clock, what is played on it, and the sound."""

    played: Sequence[Piece]
    timeline: OutputTimeline
    mix: AudioMix


class Making:
    """One file in the making."""

    def __init__(self, task: RenderJob, common: Common, folder: Path, progress: RenderProgress) -> None:
        """``folder`` takes it and whatever comes beside it."""
        self.error: Exception | None = None
        self._task, self._common, self._folder, self._progress = task, common, folder, progress
        self._size_px = OUTPUT_SIZES[task.plan.aspect]
        self._witness, self._open = Witness(), ExitStack()
        self._cues: list[CaptionCue]
        self._missing_glyphs: list[str]
        self._film: Film
        self._encoding = task.encoding
        self._inserts: Bumpers
        self._writer: FileWriter

    def begin(self) -> None:
        """Open it; what a brand kit shows before the clip."""
        task, timeline, folder = self._task, self._common.timeline, self._folder
        self._cues, self._missing_glyphs = build_job_cues(task, self._common.played)
        self._film = Film(task, timeline, self._cues, folder, self._progress, self._witness)
        self._inserts = Bumpers(task.brand, bumper_slots(task.brand, timeline.rate), timeline, self._size_px, folder)
        path, mix = folder / clip_file_name(task.encoding), self._common.mix
        chunks = self._film.chunks
        self._encoding = msgspec.structs.replace(task.encoding, threads=chunks.threads)
        parts = EncodedParts(segments=chunks.segments, reused=chunks.reused, audio_packets=mix.packets)
        self._writer = self._open.enter_context(
            open_writer(path, self._size_px, timeline, mix.sound, self._encoding, parts)
        )
        self._film.insert(self._inserts.before(), self._writer)

    def needless_ms(self) -> set[int]:
        """When pictures of the source begin that it does not need."""
        return self._film.needless_ms(self._common.timeline)

    def see(self, at_ms: int, picture: av.VideoFrame | None, slots: list[Slot]) -> None:
        """A picture of the source; None where nobody needs it."""
        self._film.see(at_ms, picture, slots, self._writer)

    def doubt(self) -> None:
        """The source's pictures are made of others than those shown. Raises Otherwise where any was made before."""
        self._film.chunks.reject_all()

    def end(self) -> None:
        """What it shows after the clip; then the file is whole."""
        self._film.insert(self._inserts.after(), self._writer)
        self._open.close()

    def drop(self, error: Exception) -> None:
        """Make no more of it; a file that cannot even be closed is not worth the others."""
        self.error = error
        with suppress(av.error.FFmpegError, OSError):
            self._open.__exit__(type(error), error, error.__traceback__)

    def rendered(self, lost: Sequence[str]) -> RenderResult:
        """What the finished file is, and all that comes beside it; ``lost``: what of the source could not be read."""
        task, mix = self._task, self._common.mix
        stems: Mapping[str, Sound] = list_stems(mix) if task.options.stems else {}
        turned_down = save_stems(self._folder, stems)
        began = process_time()
        certificate = examine(
            self._folder / clip_file_name(task.encoding),
            self._meant(lost),
            encoder=self._encoding.name,
            warnings=[*mix.warnings, *self._missing_glyphs, *lost, *turned_down],
        )
        looked_cpu_ms = round((process_time() - began) * 1000)
        film = self._film
        chunks = film.chunks
        certificate = msgspec.structs.replace(
            certificate, sound=mix.report, chunks=len(chunks.segments), chunks_reused=len(chunks.reused)
        )
        path = self._folder / clip_file_name(task.encoding)
        return RenderResult(
            certificate=certificate,
            thumbnails=film.thumbnail.save(self._folder, film.title),
            storyboard=film.tiles.save(self._folder / STORYBOARD_FILE) if film.tiles else None,
            stems=list(stems),
            check_cpu_ms=looked_cpu_ms,
            chunks=chunks.list_reusable(path, self._common.timeline.rate) if is_clean(certificate) and not lost else [],
            threads=self._encoding.threads,
        )

    def _meant(self, lost: Sequence[str]) -> Meant:
        task, common, file = self._task, self._common, self._task.encoding.file
        return Meant(
            plan=task.plan,
            timeline=common.timeline,
            size_px=file_size_px(file, self._size_px),
            sound=common.mix.sound,
            witness=self._witness,
            cues=self._cues,
            words=words_out(task.words, common.played),
            comes_in_ms=comes_in_ms(*list_templates(task)),
            limits=quality_limits_for(task.options.sound),
            source_lost=any(one.startswith("video.frozen") for one in lost),
            file=file,
            preset=task.options.preset,
            looked_at=self._witness.painted if self._film.chunks.reused else None,
            count=count_preview_frames(common.timeline) if file.is_preview else None,
        )


def is_clean(certificate: Certificate) -> bool:
    """Whether nothing is wrong with a file's pictures that a later certificate might not see: of chunks that are taken
    it looks at few.
    """
    found = {check.name: check.verdict for check in certificate.checks}
    fine = all(found.get(name, "pass") in ("pass", "not_measured") for name in ("ssim", "caption_cut_off"))
    return fine and all(found[name] == "pass" for name in ("frozen", "black"))


class Company:
    """Some of them, step by step; pictures are taken on a thread for each file, so that all encoders work at once."""

    def __init__(self, makings: Sequence[Making]) -> None:
        """At least one."""
        self._makings = makings
        self._hands = ThreadPoolExecutor(len(makings)) if len(makings) > 1 else None

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """No step is taken any more."""
        if self._hands is not None:
            self._hands.shutdown()

    def each(self, step: Callable[[Making], None], *, at_once: bool = False) -> None:
        """Take a step of each that is left. Raises the first one's error when none is."""

        def take(making: Making) -> None:
            try:
                step(making)
            except Exception as error:  # noqa: BLE001 - whatever one dies of, the others go on
                making.drop(error)

        left = [making for making in self._makings if making.error is None]
        if self._hands is not None and at_once:
            list(self._hands.map(take, left))
        else:
            for making in left:
                take(making)
        if all(making.error is not None for making in self._makings):
            raise next(self._errors())

    def needless_ms(self) -> set[int]:
        """When pictures of the source begin that none of those that are left needs."""
        return set.intersection(*(making.needless_ms() for making in self._makings if making.error is None))

    def see(self, at_ms: int, picture: av.VideoFrame | None, slots: list[Slot]) -> None:
        """A picture of the source; None where nobody needs it."""
        self.each(lambda making: making.see(at_ms, picture, slots), at_once=True)

    def rendered(self, lost: Sequence[str], progress: RenderProgress) -> list[RenderResult | None]:
        """What each finished file is; None of one that could not be made."""
        found: dict[Making, RenderResult] = {}

        def look(making: Making) -> None:
            found[making] = making.rendered(lost)
            progress.count_task()

        self.each(look)
        return [found.get(making) for making in self._makings]

    def drop(self, error: Exception) -> None:
        """Let go of every file: nothing more can be shown."""
        for making in self._makings:
            if making.error is None:
                making.drop(error)

    def _errors(self) -> Iterator[Exception]:
        return (making.error for making in self._makings if making.error is not None)
