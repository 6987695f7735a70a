"""The preview child: one picture of an export, before it is encoded. Never encodes a video, and writes no sound."""

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

from core.domain.editing.clock import whole
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
FIRST = 3
"""The first pictures of a part say how its slots lie, and whether it is interlaced."""
BEFORE = 8
"""So many pictures before the wanted one are shown the filters too: deinterlacing looks at its neighbours."""
PNG_LEVEL = 3
"""Of zlib: 9 takes a second longer and saves a tenth."""


class StillTask(Value, frozen=True, kw_only=True):
    """Everything the child is told: an export, and the moment of it."""

    export: RenderJob
    at_ms: int
    """On the output's clock."""


def main(args: dict[str, Any], source: BinaryIO | None, report: Report) -> dict[str, Any]:
    """Child entry: ``task`` as JSON text and ``scratch`` in; leaves ``PICTURE_FILE`` and gives the slot's own time."""
    assert source is not None
    task = msgspec.json.decode(args["task"], type=StillTask)
    scratch = Path(args["scratch"])
    slot, picture = still(task.export, task.at_ms, source, scratch, report)
    (scratch / PICTURE_FILE).write_bytes(png(picture))
    return {"slot": slot.number, "at_ms": slot.at_ms}


def still(task: RenderJob, at_ms: int, source: BinaryIO, scratch: Path, report: Report) -> tuple[Slot, av.VideoFrame]:
    """The slot that is shown at ``at_ms``, and the very picture that an export of this task encodes in it.

    Raises Rejected when the source has no picture there.
    """
    played = task.pieces or whole(task.plan.range)
    body = build_job_timeline(task, played)
    body = shorten_timeline(body) if task.encoding.file.is_preview else body
    beside = bumper_slots(task.brand, body.rate)
    timeline = with_bumpers(body, beside)
    number = slot_at(timeline, at_ms)
    if number < beside.intro or number >= body.count:
        inserts = Bumpers(task.brand, beside, timeline, OUTPUT_SIZES[task.plan.aspect], scratch)
        shown = chain(inserts.before(), inserts.after())
        return next((one.slot, one.frame) for one in shown if one.slot.number == number)
    part = next(part for part in timeline.timeline_parts if part.first <= number < part.end)
    cues, _ = build_job_cues(task, played)
    scene = build_compositor(task, cues, scratch)
    reader = SourceReader(source, task.index, threads=task.encoding.threads)
    try:
        pictures = deinterlace(_counted(pictures_near(reader, task.index, timeline, part, number), report))
        for source_ms, picture, slots in fill_slots(pictures, timeline, part):
            for slot in slots:
                if slot.number == number:
                    return slot, scene.compose(scene.paint(picture, source_ms), slot, last=True)
    finally:
        reader.close()
    raise no_frames_error()


def slot_at(timeline: OutputTimeline, at_ms: int) -> int:
    """The number of the slot that is shown at a time; before the first it is the first, after the last the last."""
    return max(0, min(timeline.count - 1, int(at_ms * timeline.rate / 1000)))


def pictures_near(
    reader: SourceReader, index: SourceIndex, timeline: OutputTimeline, part: TimelinePart, number: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """The pictures of a part that slot ``number`` may depend on: its first ones, and those around the slot."""
    lead = part.range(timeline.period_ms, LEAD_MS)
    near_ms = _some_before(index, lead, float(part.source_ms_at(number, timeline.period_ms)))
    everything = LeadIn(index).read_frames(reader, part, timeline.period_ms)
    if near_ms is None:
        return everything
    return chain(islice(everything, FIRST), reader.read_frames(TimeRange(start_ms=near_ms, end_ms=lead.end_ms)))


def _some_before(index: SourceIndex, lead: TimeRange, wanted_ms: float) -> int | None:
    """When a picture some before the wanted one begins; None where it is worth no jump, or none is known."""
    if index.video is None or index.packets is None:
        return None
    base, origin_us = index.video.time_base, index.origin_us
    first = first_pts_at(lead.start_ms, base, origin_us)
    last = first_pts_at(int(wanted_ms) + 1, base, origin_us)
    between = sorted(pts for pts in index.packets.pts if first <= pts < last)
    if len(between) < FIRST + 2 * BEFORE:
        return None
    return project_ms(between[-BEFORE], base, origin_us)


def _counted(pictures: Iterator[tuple[int, av.VideoFrame]], report: Report) -> Iterator[tuple[int, av.VideoFrame]]:
    for count, one in enumerate(pictures, start=1):
        report(count)
        yield one


def png(picture: av.VideoFrame) -> bytes:
    """A picture as it is handed to the encoder (yuv420p, BT.709 limited) as PNG; equal pictures give equal bytes."""
    shown = picture.reformat(
        format="rgb24",
        threads=1,
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    )
    written = io.BytesIO()
    Image.fromarray(shown.to_ndarray()).save(written, "PNG", compress_level=PNG_LEVEL)
    return written.getvalue()
