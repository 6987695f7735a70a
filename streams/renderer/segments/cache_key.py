"""What decides the pictures of a chunk, as one name: equal names, equal packets. Pure; decodes and draws nothing.

A name holds what each slot shows (the source's picture, the crop, the state of captions and overlays), not when: so a
chunk is the same wherever in a clip it is played. What is not sure to make no difference is part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from schemas.events import RenderRequested
from schemas.options.brand_kit import BrandSnapshot, plain
from streams.renderer.caption_plan import resolve_look
from streams.renderer.codecs import Encoding
from streams.renderer.compositor import Compositor
from streams.renderer.job import RenderJob
from streams.renderer.segments.segment_plan import SlotRange
from streams.renderer.timeline.slots import OUTPUT_SIZES, OutputTimeline, build_slot


def hash_segment_base(
    request: RenderRequested, encoding: Encoding, brand: BrandSnapshot | None, tools: Mapping[str, str]
) -> str:
    """What all chunks of an export have in common, but for the encoder's threads. Sound is no part of it."""
    silent = msgspec.structs.replace(
        encoding, threads=0, audio_bit_rate=0, file=msgspec.structs.replace(encoding.file, audio=None)
    )
    return _hash_parts([request.source.sha256, request.index.sha256, silent, plain(brand), sorted(tools.items())])


def hash_segments(
    job: RenderJob, timeline: OutputTimeline, compositor: Compositor, shown: Sequence[int], runs: Sequence[SlotRange]
) -> list[str]:
    """The name of each chunk; ``shown`` as `chunks.shown_ms`."""
    shared = _hash_parts(_common_parts(job, timeline))
    return [_hash_parts([shared, *_slot_parts(timeline, compositor, shown, run)]) for run in runs]


def _common_parts(job: RenderJob, timeline: OutputTimeline) -> list[Any]:
    look = msgspec.structs.replace(resolve_look(job), own_fonts={})
    rate = [timeline.rate_numerator, timeline.rate_denominator]
    assets = job.brand
    given = [sorted(map(str, assets.files)), sorted(assets.fonts), sorted(assets.names.items())] if assets else []
    return [rate, OUTPUT_SIZES[job.plan.aspect], look, job.index.origin_us, job.index.video, given]


def _slot_parts(
    timeline: OutputTimeline, compositor: Compositor, shown: Sequence[int], run: SlotRange
) -> Iterator[Any]:
    """Slot by slot. No picture hangs on another: of interlaced sources, where it does, nothing is taken."""
    part = next((part for part in timeline.parts if part.first <= run.first < part.end), None)
    if part is None:
        before = run.first < timeline.parts[0].first
        yield [before, run.first - (0 if before else timeline.parts[-1].end), run.slot_count]
        return
    for number in range(run.first, run.end):
        yield compositor.slot_state(shown[number], build_slot(number, timeline, part))


def _hash_parts(parts: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
