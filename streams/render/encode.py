"""The render child: one decode, one encode, and a look at the result. Never talks to anything but its descriptors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, BinaryIO

import av
import msgspec
import numpy as np

from schemas.documents import CaptionCue, Certificate, FramePlan, SourceIndex
from schemas.edit import Piece
from schemas.edit_clock import takes, union, whole
from schemas.edited import ranges_out, words_out
from schemas.export_options import ExportOptions
from schemas.media import TimeRange, Value, Word
from schemas.phrases import phrased
from schemas.presets import PresetName, presets
from schemas.templates import CaptionTemplate
from schemas.thumbnails import Sprite, ThumbnailScores
from streams.adapters.media.reader import Reader
from streams.errors import Rejected
from streams.render.bed import Surroundings
from streams.render.captions import fitting, rules_for
from streams.render.certificate import examine
from streams.render.checks.case import Meant, comes_in_ms
from streams.render.checks.witness import Witness
from streams.render.cues import make_cues
from streams.render.damage import Stills, stills_told
from streams.render.dress import Dress, around, extended
from streams.render.edl import OUTPUT_SIZES, Part, Slot, Timeline, fill_slots, timeline_of
from streams.render.inserts import AWAY, NOWHERE_MS, Inserts, Shown
from streams.render.layout import CaptionLook, look_for
from streams.render.loudness import RATE_HZ, Sound
from streams.render.mix import Mixed, Source, alone, limits_for, mixed
from streams.render.overlays import Overlays
from streams.render.picture import deinterlaced
from streams.render.previews import file_size, preview_count, shortened
from streams.render.rates import LEAST
from streams.render.scene import Scene, TakesPictures
from streams.render.stems import save_stems, stems_of
from streams.render.storyboard import STORYBOARD_FILE, Tiles
from streams.render.thumbnail import CUT_MARGIN_MS, Thumbnail
from streams.render.titles import title_drawer
from streams.render.trial import heard_after
from streams.render.typeface import drawable, form_of, lacks
from streams.render.writer import Encoding, open_writer

VIDEO_FILE, THUMBNAIL_FILE = "clip.mp4", "thumbnail.jpg"
"""Names in the scratch folder; another kind of file has another suffix (`clip_file`)."""
LEAD_MS = 100
"""Pictures are asked for from a little before the clip: the one shown at its start began earlier."""
Report = Callable[[int], None]


class RenderTask(Value, frozen=True, kw_only=True):
    """Everything the child is told; the same task gives the same bytes."""

    plan: FramePlan
    index: SourceIndex
    pieces: list[Piece] = []
    """What is played, in order; none: the plan's range as it is."""
    words: list[Word] = []
    """Of the source, as the doubtful stretches."""
    doubtful: list[TimeRange] = []
    """Stretches whose words are not trusted."""
    captions: bool = True
    template: CaptionTemplate | None = None
    """How the captions look; None: the default."""
    language: str | None = None
    """Of what is said."""
    encoding: Encoding = Encoding()
    options: ExportOptions = ExportOptions()
    brand: Dress | None = None
    """What a brand kit lays over the clip and plays around it; its files lie where the child may read."""
    title: str = ""
    """Written on the thumbnails, where that was asked for."""


class Rendered(Value, frozen=True, kw_only=True):
    """What the child found; its files are `clip_file` and ``THUMBNAIL_FILE`` in its scratch folder."""

    certificate: Certificate
    thumbnails: list[ThumbnailScores] = []
    """Of the candidates, best first; their files are `candidate_file`."""
    storyboard: Sprite | None = None
    """Of ``STORYBOARD_FILE``."""
    stems: list[str] = []
    """Names of those that lie in the folder too."""
    looked_cpu_ms: int = 0
    """Processor time of the look at the finished file."""


def main(args: dict[str, Any], source: BinaryIO | None, report: Report) -> dict[str, Any]:
    """Child entry: ``task`` as JSON text and ``scratch`` in, a `Rendered` as plain values out."""
    assert source is not None
    task = msgspec.json.decode(args["task"], type=RenderTask)
    rendered = render(task, source, Path(args["scratch"]), report)
    plain: dict[str, Any] = msgspec.to_builtins(rendered)
    return plain


def clip_file(encoding: Encoding) -> str:
    """Name of the clip's file in the scratch folder."""
    return Path(VIDEO_FILE).stem + encoding.file.suffix


def least_rate(preset: PresetName | None) -> Fraction:
    """Pictures a second that a platform wants at least."""
    return max(LEAST, Fraction(presets()[preset].rate[0])) if preset else LEAST


def clock_of(task: RenderTask, played: Sequence[Piece]) -> Timeline:
    """The output's clock until the clip ends. Raises as `timeline_of`."""
    return timeline_of(played, task.index, least_rate(task.options.preset))


def render(task: RenderTask, source: BinaryIO, scratch: Path, report: Report) -> Rendered:
    """Make the clip and its thumbnail in ``scratch``. Raises Rejected when the range has no picture."""
    played = task.pieces or whole(task.plan.range)
    file = task.encoding.file
    body = clock_of(task, played)
    body = shortened(body) if file.is_preview else body
    timeline = extended(body, around(task.brand, body.rate))
    reader = Reader(source, task.index, threads=task.encoding.threads)
    progress = Progress(report)
    mix = _sound(task, reader, body, played, progress)
    cues, missing_glyphs = cues_of(task, played)
    path = scratch / clip_file(task.encoding)
    witness = Witness()
    film = Film(task, timeline, cues, scratch, progress, witness)
    lost = _encode(task, reader, timeline, mix.sound, film, scratch)
    reader.close()
    stems = stems_of(mix) if task.options.stems else {}
    turned_down = save_stems(scratch, stems)
    meant = Meant(
        plan=task.plan,
        timeline=timeline,
        size_px=file_size(file, OUTPUT_SIZES[task.plan.aspect]),
        sound=mix.sound,
        witness=witness,
        cues=cues,
        words=words_out(task.words, played),
        comes_in_ms=comes_in_ms(task.template),
        limits=limits_for(task.options.sound),
        source_lost=any(one.startswith("video.frozen") for one in lost),
        file=file,
        preset=task.options.preset,
        count=preview_count(timeline) if file.is_preview else None,
    )
    began = process_time()
    certificate = examine(
        path, meant, encoder=task.encoding.name, warnings=[*mix.warnings, *missing_glyphs, *lost, *turned_down]
    )
    looked_cpu_ms = round((process_time() - began) * 1000)
    return Rendered(
        certificate=msgspec.structs.replace(certificate, sound=mix.report),
        thumbnails=film.thumbnail.save(scratch, film.title),
        storyboard=film.tiles.save(scratch / STORYBOARD_FILE) if film.tiles else None,
        stems=list(stems),
        looked_cpu_ms=looked_cpu_ms,
    )


class Progress:
    """One counter over both passes: it only grows."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._count = 0

    def step(self) -> None:
        self._count += 1
        if self._count % 10 == 0:
            self._report(self._count)


def _sound(task: RenderTask, reader: Reader, body: Timeline, played: Sequence[Piece], progress: Progress) -> Mixed:
    """All sound as it is to be encoded; silence of the right length where there is none. ``body`` is the clip's."""
    beside = around(task.brand, body.rate)
    timeline = extended(body, beside)
    if task.encoding.file.audio is None:
        return Mixed(sound=np.zeros((timeline.samples(RATE_HZ), 2), np.float32))
    source = Source(reader=reader, index=task.index, step=progress.step)
    words = words_out(task.words, played)
    trial = partial(heard_after, bit_rate=task.encoding.audio_bit_rate, audio=task.encoding.file.audio)
    added = Surroundings(task.brand, beside, timeline, words).added if task.brand else alone
    samples = body.samples(RATE_HZ)
    return mixed(source, played, words, task.options.sound, samples=samples, trial=trial, added=added)


def look_of(task: RenderTask) -> CaptionLook:
    """How the task's captions look."""
    language = form_of(task.language, "".join(word.text for word in task.words))
    look = look_for(*OUTPUT_SIZES[task.plan.aspect], task.template, language)
    return msgspec.structs.replace(look, own_fonts=task.brand.fonts if task.brand else {})


def cues_of(task: RenderTask, played: Sequence[Piece]) -> tuple[list[CaptionCue], list[str]]:
    """The cues to burn, on the output's clock, in letters that the shipped fonts have."""
    if not task.captions or task.encoding.file.video is None:
        return [], []
    known = [msgspec.structs.replace(word, text=drawable(word.text)) for word in task.words]
    look = look_of(task)
    cues: list[CaptionCue] = []
    for take in takes(played):  # no cue goes on from one to the next
        time = TimeRange(start_ms=round(take[0].output_start_ms), end_ms=round(take[-1].output_end_ms))
        doubtful = ranges_out(task.doubtful, take)
        words = phrased(words_out(known, take), task.language)
        cues += make_cues(words, time, fitting(look), rules_for(look), doubtful=doubtful)
    lost = sum(lacks(word.text) for word in words_out(task.words, played))
    return cues, [f"captions.letters: {lost} words have letters that the shipped fonts lack"] if lost else []


def _encode(
    task: RenderTask,
    reader: Reader,
    timeline: Timeline,
    sound: Sound,
    film: Film,
    scratch: Path,
) -> list[str]:
    size_px = OUTPUT_SIZES[task.plan.aspect]
    with open_writer(scratch / clip_file(task.encoding), size_px, timeline, sound, task.encoding) as writer:
        inserts = Inserts(task.brand, around(task.brand, timeline.rate), timeline, size_px, scratch)
        film.insert(inserts.before(), writer)
        for part in timeline.parts:
            film.play(part, reader, writer)
        film.insert(inserts.after(), writer)
    damaged = sum(reader.damaged(stretch) for stretch in union(film.ranges))
    warnings = [f"video.damaged: {damaged} pictures of the source are damaged there"] if damaged else []
    return warnings + stills_told(film.stills)


class Film:
    """Shows one part of the clip after the other to a writer, and to those who look on."""

    def __init__(
        self,
        task: RenderTask,
        timeline: Timeline,
        cues: list[CaptionCue],
        scratch: Path,
        progress: Progress,
        witness: Witness,
    ) -> None:
        size_px = OUTPUT_SIZES[task.plan.aspect]
        self.thumbnail = Thumbnail(float(timeline.length_ms), task.plan.faces, task.options.thumbnails.count)
        self.stills: list[Stills] = []
        self.ranges: list[TimeRange] = []
        self._index, self._timeline, self._progress = task.index, timeline, progress
        self._scene, self._witness = scene_of(task, cues, scratch), witness
        self._shows = task.encoding.file.video is not None
        self.tiles = Tiles(float(timeline.length_ms), size_px) if task.options.storyboard and self._shows else None
        self.title = (
            title_drawer(task.title, look_of(task), task.plan, task.pieces or whole(task.plan.range))
            if task.title
            else None
        )

    def play(self, part: Part, reader: Reader, writer: TakesPictures) -> None:
        """Every slot of the part. Raises Rejected when the source has no picture there."""
        period_ms = self._timeline.period_ms
        clip = part.range(period_ms)
        stills = Stills(clip, self._index, part.output_ms)
        pictures = deinterlaced(reader.pictures(part.range(period_ms, LEAD_MS)))
        last_ms = None
        for at_ms, picture, slots in fill_slots(pictures, self._timeline, part):
            self._show(at_ms, picture, slots, writer)
            stills.see(at_ms)
            last_ms = at_ms
        if last_ms is None:
            raise no_pictures()
        self.stills.append(stills)
        self.ranges.append(clip)

    def _show(self, at_ms: int, picture: av.VideoFrame, slots: list[Slot], writer: TakesPictures) -> None:
        if not self._shows and not self.thumbnail.is_due(slots[0].at_ms):
            self._progress.step()
            return
        painted = self._scene.paint(picture, at_ms)
        awkward = picture.is_corrupt or painted.to_cut_ms < CUT_MARGIN_MS
        shot = painted.shot
        self.thumbnail.consider(painted.picture, slots[0].at_ms, source_ms=at_ms, shot=shot, awkward=awkward)
        if not self._shows:
            return
        if self._scene.overlays is None:
            self._witness.see(painted.picture, slots, source_ms=at_ms, shot=shot)
        for slot in slots:
            shown = self._scene.dressed(painted, slot, last=slot is slots[-1])
            if self._scene.overlays is not None:
                self._witness.see(shown, [slot], source_ms=at_ms, shot=shot)
            self._write(self._scene.lettered(shown, slot), slot, writer)
            self._progress.step()

    def _write(self, shown: av.VideoFrame, slot: Slot, writer: TakesPictures) -> None:
        """A finished picture."""
        if self.tiles is not None:
            self.tiles.see(shown, slot.at_ms)
        writer.write(shown, slot.number)

    def insert(self, pictures: Iterable[Shown], writer: TakesPictures) -> None:
        """What a brand kit shows before or after the clip; the certificate is told that it is not of the source."""
        for picture, slot in pictures if self._shows else ():
            self._witness.see(picture, [slot], source_ms=NOWHERE_MS, shot=AWAY)
            self._write(picture, slot, writer)
            self._progress.step()


def scene_of(task: RenderTask, cues: list[CaptionCue], scratch: Path) -> Scene:
    """By what all pictures of the export are shown."""
    assert task.index.video is not None
    played = task.pieces or whole(task.plan.range)
    return Scene(task.plan, task.index.video, cues, look_of(task), played, scratch, overlays_of(task, played))


def overlays_of(task: RenderTask, played: Sequence[Piece]) -> Overlays | None:
    """What a brand kit lays over the clip's pictures."""
    if task.brand is None:
        return None
    clip_ms = played[0].output_start_ms, played[-1].output_end_ms
    return Overlays(task.brand, words_out(task.words, played), OUTPUT_SIZES[task.plan.aspect], clip_ms)


def no_pictures() -> Rejected:
    """Nothing can be shown there."""
    return Rejected("media.no_pictures", "There is no picture in the part of the file that the clip is made of.")
