"""The render child: one decode, one encode, and a look at the result. Never talks to anything but its descriptors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import av
import msgspec
import numpy as np

from schemas.documents import CaptionCue, Certificate, FramePlan, SourceIndex
from schemas.media import TimeRange, Value, Word
from streams.adapters.media.reader import Reader
from streams.errors import Rejected
from streams.render import typeface
from streams.render.captions import Captions, fitting
from streams.render.certificate import examine
from streams.render.cues import make_cues
from streams.render.damage import Stills, silence_told
from streams.render.edl import OUTPUT_SIZES, Shots, Timeline, fill_slots, timeline_for
from streams.render.layout import look_for
from streams.render.loudness import RATE_HZ, Sound, normalised
from streams.render.picture import Painter, deinterlaced
from streams.render.planes import copied
from streams.render.sound import faded, gather
from streams.render.thumbnail import CUT_MARGIN_MS, Thumbnail
from streams.render.trial import proofed
from streams.render.writer import Encoding, Mp4Writer

VIDEO_FILE, THUMBNAIL_FILE = "clip.mp4", "thumbnail.jpg"
LEAD_MS = 100
"""Pictures are asked for from a little before the clip: the one shown at its start began earlier."""
Report = Callable[[int], None]


class RenderTask(Value, frozen=True, kw_only=True):
    """Everything the child is told; the same task gives the same bytes."""

    plan: FramePlan
    index: SourceIndex
    words: list[Word] = []
    doubtful: list[TimeRange] = []
    """Stretches whose words are not trusted."""
    captions: bool = True
    encoding: Encoding = Encoding()


class Rendered(Value, frozen=True, kw_only=True):
    """What the child found; its files are ``VIDEO_FILE`` and ``THUMBNAIL_FILE`` in its scratch folder."""

    certificate: Certificate


def main(args: dict[str, Any], source: BinaryIO | None, report: Report) -> dict[str, Any]:
    """Child entry: ``task`` as JSON text and ``scratch`` in, a `Rendered` as plain values out."""
    assert source is not None
    task = msgspec.json.decode(args["task"], type=RenderTask)
    rendered = render(task, source, Path(args["scratch"]), report)
    plain: dict[str, Any] = msgspec.to_builtins(rendered)
    return plain


def render(task: RenderTask, source: BinaryIO, scratch: Path, report: Report) -> Rendered:
    """Make the clip and its thumbnail in ``scratch``. Raises Rejected when the range has no picture."""
    timeline = timeline_for(task.plan.range, task.index)
    reader = Reader(source, task.index, threads=task.encoding.threads)
    progress = _Progress(report)
    sound, warnings = _sound(task, reader, timeline, progress)
    cues, missing_glyphs = _cues(task)
    warnings += missing_glyphs
    path = scratch / VIDEO_FILE
    warnings += _encode(task, reader, timeline, sound, cues, scratch, progress)
    reader.close()
    return Rendered(
        certificate=examine(path, timeline, cue_count=len(cues), encoder=task.encoding.name, warnings=warnings)
    )


class _Progress:
    """One counter over both passes: it only grows."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._count = 0

    def step(self) -> None:
        self._count += 1
        if self._count % 10 == 0:
            self._report(self._count)


def _sound(task: RenderTask, reader: Reader, timeline: Timeline, progress: _Progress) -> tuple[Sound, list[str]]:
    """The clip's sound at its target loudness; silence of the right length where the source has none."""
    samples = timeline.samples(RATE_HZ)
    silence = np.zeros((samples, 2), np.float32)
    if task.index.audio is None:
        return silence, ["audio.absent: the source has no sound; the clip's track is silent"]

    clip, heard_ms = _range_of(timeline), 0.0

    def counted() -> Iterator[tuple[int, av.AudioFrame]]:
        nonlocal heard_ms
        for at_ms, frame in reader.audio(clip):
            progress.step()
            end_ms = at_ms + frame.samples * 1000 / frame.sample_rate
            heard_ms += max(0.0, min(end_ms, clip.end_ms) - max(at_ms, clip.start_ms))
            yield at_ms, frame

    sound = gather(counted(), timeline.start_ms, samples)
    if sound is None:
        return silence, ["audio.absent: the source has no sound in this range; the clip's track is silent"]
    level, warnings = normalised(sound)
    level = proofed(faded(level), task.encoding.audio_bit_rate)
    return level, warnings + silence_told(clip, task.index, heard_ms)


def _range_of(timeline: Timeline, lead_ms: int = 0) -> TimeRange:
    start = max(0, timeline.start_ms - lead_ms)
    return TimeRange(start_ms=start, end_ms=timeline.start_ms + round(timeline.length_ms) + lead_ms)


def _cues(task: RenderTask) -> tuple[list[CaptionCue], list[str]]:
    """The cues to burn, in letters that the shipped fonts have."""
    if not task.captions:
        return [], []
    known = [msgspec.structs.replace(word, text=typeface.drawable(word.text)) for word in task.words]
    look = look_for(*OUTPUT_SIZES[task.plan.aspect])
    cues = make_cues(known, task.plan.range, fitting(look), doubtful=task.doubtful)
    lost = sum(
        bool(word.text.strip()) and not drawn.text.strip() for word, drawn in zip(task.words, known, strict=True)
    )
    return cues, [f"captions.letters: {lost} words are in letters that the shipped fonts lack"] if lost else []


def _encode(
    task: RenderTask,
    reader: Reader,
    timeline: Timeline,
    sound: Sound,
    cues: list[CaptionCue],
    scratch: Path,
    progress: _Progress,
) -> list[str]:
    assert task.index.video is not None
    size_px = OUTPUT_SIZES[task.plan.aspect]
    painter = Painter(task.index.video, size_px, scratch)
    captions = Captions(cues, look_for(*size_px))
    shots, thumbnail = Shots(task.plan), Thumbnail(float(timeline.length_ms), task.plan.faces)
    clip = _range_of(timeline)
    stills = Stills(clip, task.index)
    pictures = deinterlaced(reader.pictures(_range_of(timeline, LEAD_MS)))
    last_ms = None
    with Mp4Writer(scratch / VIDEO_FILE, size_px, timeline, sound, task.encoding) as writer:
        for at_ms, picture, slots in fill_slots(pictures, timeline):
            shot, to_cut_ms = shots.at(at_ms), shots.distance_to_cut_ms(at_ms)
            painted = painter.paint(picture, shot)
            stills.see(at_ms)
            awkward = picture.is_corrupt or to_cut_ms < CUT_MARGIN_MS
            thumbnail.consider(painted, slots[0].at_ms, source_ms=at_ms, shot=shot, awkward=awkward)
            for slot in slots:
                shown = painted if slot is slots[-1] else copied(painted)
                captions.burn(shown, timeline.start_ms + slot.at_ms)
                writer.write(shown, slot.number)
                progress.step()
            last_ms = at_ms
    if last_ms is None:
        raise Rejected("media.no_pictures", "There is no picture in the part of the file that the clip is made of.")
    thumbnail.save(scratch / THUMBNAIL_FILE)
    damaged = reader.damaged(clip)
    warnings = [f"video.damaged: {damaged} pictures of the source are damaged there"] if damaged else []
    return warnings + stills.told()
