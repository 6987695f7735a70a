"""The preview child: one frame of an export, as it is before encoding."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import av
import msgspec
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from core.domain.editing.clock import single_segment
from core.media.decode.reader import SourceReader
from core.media.decode.timestamps import first_pts_at, project_ms
from schemas.common import TimeRange, Value
from schemas.documents.source import SourceIndex
from streams.renderer.branding.brand_assets import bumper_slots, with_bumpers
from streams.renderer.branding.bumpers import Bumpers
from streams.renderer.caption_plan import build_job_cues, build_job_timeline
from streams.renderer.compositor import build_compositor
from streams.renderer.encoding.animated_image import shorten_timeline
from streams.renderer.job import RenderJob
from streams.renderer.render_progress import Report
from streams.renderer.timeline.lead_in import LEAD_MS, LeadIn
from streams.renderer.timeline.slots import OUTPUT_SIZES, OutputTimeline, Slot, TimelinePart, fill_slots
from streams.renderer.timeline.source_frames import no_frames_error
from streams.renderer.video.scaler import deinterlace

PICTURE_FILE = "preview.png"
MIN_FIRST_FRAMES = 3
"""Frames at the start of a part that are read: they tell where its slots lie, and whether it is interlaced."""
FRAMES_BEFORE = 8
"""Frames before the wanted one that go through the filters: deinterlacing looks at neighbours."""
PNG_LEVEL = 3
"""Compression level of zlib: 9 takes a second longer and saves a tenth."""


class PreviewJob(Value, frozen=True, kw_only=True):
    """The child's job: an export, and the time of the frame."""

    export: RenderJob
    at_ms: int
    """Output time."""


def main(args: dict[str, Any], source: BinaryIO | None, report: Report) -> dict[str, Any]:
    """Child entry: takes ``task`` as JSON text and ``scratch``, writes ``PICTURE_FILE``.

    Returns the number and the time of the slot.
    """
    assert source is not None
    task = msgspec.json.decode(args["task"], type=PreviewJob)
    scratch = Path(args["scratch"])
    slot, picture = draw_frame(task.export, task.at_ms, source, scratch, report)
    (scratch / PICTURE_FILE).write_bytes(encode_png(picture))
    return {"slot": slot.number, "at_ms": slot.at_ms}


def draw_frame(
    task: RenderJob, at_ms: int, source: BinaryIO, scratch: Path, report: Report
) -> tuple[Slot, av.VideoFrame]:
    """Draw the slot shown at ``at_ms``: the very frame that the encoder of this job would get.

    Raises InputRejected if the source has no frame there.
    """
    segments = task.pieces or single_segment(task.plan.range)
    body = build_job_timeline(task, segments)
    body = shorten_timeline(body) if task.encoding.file.is_preview else body
    bumpers = bumper_slots(task.brand, body.rate)
    timeline = with_bumpers(body, bumpers)
    number = find_slot(timeline, at_ms)
    if number < bumpers.intro or number >= body.count:
        inserts = Bumpers(task.brand, bumpers, timeline, OUTPUT_SIZES[task.plan.aspect], scratch)
        insert_frames = chain(inserts.before(), inserts.after())
        return next((insert.slot, insert.frame) for insert in insert_frames if insert.slot.number == number)
    part = next(part for part in timeline.timeline_parts if part.first <= number < part.end)
    cues, _ = build_job_cues(task, segments)
    scene = build_compositor(task, cues, scratch)
    reader = SourceReader(source, task.index, threads=task.encoding.threads)
    try:
        pictures = deinterlace(_counted(frames_near(reader, task.index, timeline, part, number), report))
        for source_ms, picture, slots in fill_slots(pictures, timeline, part):
            for slot in slots:
                if slot.number == number:
                    return slot, scene.compose(scene.paint(picture, source_ms), slot, last=True)
    finally:
        reader.close()
    raise no_frames_error()


def find_slot(timeline: OutputTimeline, at_ms: int) -> int:
    """Number of the slot shown at a time; the first one before the start, the last one after the end."""
    return max(0, min(timeline.count - 1, int(at_ms * timeline.rate / 1000)))


def frames_near(
    reader: SourceReader, index: SourceIndex, timeline: OutputTimeline, part: TimelinePart, number: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames of a part that slot ``number`` may depend on: its first ones, and those around the slot."""
    lead = part.range(timeline.period_ms, LEAD_MS)
    near_ms = _find_earlier_frame(index, lead, float(part.source_ms_at(number, timeline.period_ms)))
    all_frames = LeadIn(index).read_frames(reader, part, timeline.period_ms)
    if near_ms is None:
        return all_frames
    return chain(
        islice(all_frames, MIN_FIRST_FRAMES), reader.read_frames(TimeRange(start_ms=near_ms, end_ms=lead.end_ms))
    )


def _find_earlier_frame(index: SourceIndex, lead: TimeRange, slot_ms: float) -> int | None:
    """Start of a frame some frames before the wanted one.

    None if a jump is not worth it, or no frame is known.
    """
    if index.video is None or index.packets is None:
        return None
    base, origin_us = index.video.time_base, index.origin_us
    first = first_pts_at(lead.start_ms, base, origin_us)
    last = first_pts_at(int(slot_ms) + 1, base, origin_us)
    candidate_pts = sorted(pts for pts in index.packets.pts if first <= pts < last)
    if len(candidate_pts) < MIN_FIRST_FRAMES + 2 * FRAMES_BEFORE:
        return None
    return project_ms(candidate_pts[-FRAMES_BEFORE], base, origin_us)


def _counted(pictures: Iterator[tuple[int, av.VideoFrame]], report: Report) -> Iterator[tuple[int, av.VideoFrame]]:
    for count, picture in enumerate(pictures, start=1):
        report(count)
        yield picture


def encode_png(picture: av.VideoFrame) -> bytes:
    """A frame as the encoder gets it (yuv420p, BT.709 limited) as PNG; equal frames give equal bytes."""
    rgb_frame = picture.reformat(
        format="rgb24",
        threads=1,
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    )
    png = io.BytesIO()
    Image.fromarray(rgb_frame.to_ndarray()).save(png, "PNG", compress_level=PNG_LEVEL)
    return png.getvalue()
