"""Output files of one clip, encoded in parallel from one decode, each in its own folder.

Outputs fail independently: a failing file is dropped and the others are completed. When none is left, its error is
raised, so that a single file fails as it would alone.
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
from schemas.documents.edit import PlacedSegment
from schemas.documents.export import CaptionCue, Certificate
from streams.render.child.frame_pipeline import FramePipeline
from streams.render.quality.certificate import issue_certificate
from streams.render.quality.reference_frames import ReferenceFrames
from streams.render.quality.subject import Expectation, caption_entry_ms
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


class SharedMedia(Value, frozen=True, kw_only=True):
    """The inputs that all outputs share: the played segments, the timeline, and the audio."""

    played: Sequence[PlacedSegment]
    timeline: OutputTimeline
    mix: AudioMix


class OutputFile:
    """An output file while it is rendered."""

    def __init__(self, job: RenderJob, shared: SharedMedia, folder: Path, progress: RenderProgress) -> None:
        """``folder`` takes the file and its images and stems."""
        self.error: Exception | None = None
        self._job, self._shared, self._folder, self._progress = job, shared, folder, progress
        self._size_px = OUTPUT_SIZES[job.plan.aspect]
        self._reference, self._open = ReferenceFrames(), ExitStack()
        self._cues: list[CaptionCue]
        self._missing_glyphs: list[str]
        self._pipeline: FramePipeline
        self._encoding = job.encoding
        self._bumpers: Bumpers
        self._writer: FileWriter

    def open(self) -> None:
        """Open the file and write the intro."""
        job, timeline, folder = self._job, self._shared.timeline, self._folder
        self._cues, self._missing_glyphs = build_job_cues(job, self._shared.played)
        self._pipeline = FramePipeline(job, timeline, self._cues, folder, self._progress, self._reference)
        self._bumpers = Bumpers(job.brand, bumper_slots(job.brand, timeline.rate), timeline, self._size_px, folder)
        path, mix = folder / clip_file_name(job.encoding), self._shared.mix
        chunks = self._pipeline.segments
        self._encoding = msgspec.structs.replace(job.encoding, threads=chunks.threads)
        parts = EncodedParts(segments=chunks.segments, reused=chunks.reused, audio_packets=mix.packets)
        self._writer = self._open.enter_context(
            open_writer(path, self._size_px, timeline, mix.sound, self._encoding, parts)
        )
        self._pipeline.add_bumper_frames(self._bumpers.before(), self._writer)

    def skippable_ms(self) -> set[int]:
        """Start times of source frames that this file does not need."""
        return self._pipeline.skippable_ms(self._shared.timeline)

    def add_frame(self, at_ms: int, picture: av.VideoFrame | None, slots: list[Slot]) -> None:
        """Take a source frame; None where it was skipped."""
        self._pipeline.add_frame(at_ms, picture, slots, self._writer)

    def reject_reuse(self) -> None:
        """Source frames depend on their neighbours. Raises SegmentMismatch where a segment is reused."""
        self._pipeline.segments.reject_all()

    def finish(self) -> None:
        """Write end card and outro, and close the file."""
        self._pipeline.add_bumper_frames(self._bumpers.after(), self._writer)
        self._open.close()

    def drop(self, error: Exception) -> None:
        """Give the file up; an error while closing it does not stop the others."""
        self.error = error
        with suppress(av.error.FFmpegError, OSError):
            # With the error: the writer then closes the file without finishing it.
            self._open.__exit__(type(error), error, error.__traceback__)

    def build_result(self, losses: Sequence[str]) -> RenderResult:
        """Check the finished file, and save its images and stems. ``losses``: warnings about the source."""
        job, mix = self._job, self._shared.mix
        stems: Mapping[str, Sound] = list_stems(mix) if job.options.stems else {}
        stem_warnings = save_stems(self._folder, stems)
        began = process_time()
        certificate = issue_certificate(
            self._folder / clip_file_name(job.encoding),
            self._expectation(losses),
            encoder=self._encoding.name,
            warnings=[*mix.warnings, *self._missing_glyphs, *losses, *stem_warnings],
        )
        check_cpu_ms = round((process_time() - began) * 1000)
        pipeline = self._pipeline
        chunks = pipeline.segments
        certificate = msgspec.structs.replace(
            certificate, sound=mix.report, chunks=len(chunks.segments), chunks_reused=len(chunks.reused)
        )
        path = self._folder / clip_file_name(job.encoding)
        return RenderResult(
            certificate=certificate,
            thumbnails=pipeline.thumbnail.save(self._folder, pipeline.title),
            storyboard=pipeline.storyboard.save(self._folder / STORYBOARD_FILE) if pipeline.storyboard else None,
            stems=list(stems),
            check_cpu_ms=check_cpu_ms,
            chunks=chunks.list_reusable(path, self._shared.timeline.rate)
            if is_reusable(certificate) and not losses
            else [],
            threads=self._encoding.threads,
        )

    def _expectation(self, losses: Sequence[str]) -> Expectation:
        job, shared, file = self._job, self._shared, self._job.encoding.file
        return Expectation(
            plan=job.plan,
            timeline=shared.timeline,
            size_px=file_size_px(file, self._size_px),
            sound=shared.mix.sound,
            reference=self._reference,
            cues=self._cues,
            plates=self._pipeline.plate_areas(),
            words=words_out(job.words, shared.played),
            caption_entry_ms=caption_entry_ms(*list_templates(job)),
            limits=quality_limits_for(job.options.sound),
            is_source_lost=any(loss.startswith("video.frozen") for loss in losses),
            file=file,
            preset=job.options.preset,
            comparable_slots=self._reference.painted_slots if self._pipeline.segments.reused else None,
            frame_count=count_preview_frames(shared.timeline) if file.is_preview else None,
        )


def is_reusable(certificate: Certificate) -> bool:
    """Whether a later export may reuse the file's segments: their frames are checked only in part then."""
    verdicts = {check.name: check.verdict for check in certificate.checks}
    frames_pass = all(verdicts.get(name, "pass") in ("pass", "not_measured") for name in ("ssim", "caption_cut_off"))
    return frames_pass and all(verdicts[name] == "pass" for name in ("frozen", "black"))


class OutputFiles:
    """All outputs, step by step.

    Each takes frames on a thread of its own, so that the encoders run in parallel.
    """

    def __init__(self, outputs: Sequence[OutputFile]) -> None:
        """``outputs``: at least one."""
        self._outputs = outputs
        self._threads = ThreadPoolExecutor(len(outputs)) if len(outputs) > 1 else None

    def __enter__(self) -> Self:
        """Return the outputs themselves."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop the threads."""
        if self._threads is not None:
            self._threads.shutdown()

    def apply_to_each(self, step: Callable[[OutputFile], None], *, at_once: bool = False) -> None:
        """Run a step on each remaining output. Raises the first error when none remains."""

        def take(output: OutputFile) -> None:
            try:
                step(output)
            except Exception as error:  # noqa: BLE001 - the failure of one output must not stop the others
                output.drop(error)

        remaining = [output for output in self._outputs if output.error is None]
        if self._threads is not None and at_once:
            list(self._threads.map(take, remaining))
        else:
            for output in remaining:
                take(output)
        if all(output.error is not None for output in self._outputs):
            raise next(self._errors())

    def skippable_ms(self) -> set[int]:
        """Start times of source frames that no remaining output needs."""
        return set.intersection(*(output.skippable_ms() for output in self._outputs if output.error is None))

    def add_frame(self, at_ms: int, picture: av.VideoFrame | None, slots: list[Slot]) -> None:
        """Take a source frame; None where it was skipped."""
        self.apply_to_each(lambda output: output.add_frame(at_ms, picture, slots), at_once=True)

    def build_results(self, losses: Sequence[str], progress: RenderProgress) -> list[RenderResult | None]:
        """The result of each file; None for failed ones."""
        results: dict[OutputFile, RenderResult] = {}

        def look(output: OutputFile) -> None:
            results[output] = output.build_result(losses)
            progress.count_task()

        self.apply_to_each(look)
        return [results.get(output) for output in self._outputs]

    def drop_all(self, error: Exception) -> None:
        """Give all files up."""
        for output in self._outputs:
            if output.error is None:
                output.drop(error)

    def _errors(self) -> Iterator[Exception]:
        return (output.error for output in self._outputs if output.error is not None)
