"""Hashes everything that decides a segment's frames: equal keys, equal packets. Pure.

A key holds what each slot shows (source frame, crop, state of captions and overlays), not when, so a segment is the
same wherever it is played. Whatever is not certain to make no difference is part of it.
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
    """Hash what all segments of an export share, without the encoder's threads and the audio."""
    silent = msgspec.structs.replace(
        encoding, threads=0, audio_bit_rate=0, file=msgspec.structs.replace(encoding.file, audio=None)
    )
    return _hash_parts([request.source.sha256, request.index.sha256, silent, plain(brand), sorted(tools.items())])


def hash_segments(
    job: RenderJob,
    timeline: OutputTimeline,
    compositor: Compositor,
    frame_starts_ms: Sequence[int],
    runs: Sequence[SlotRange],
) -> list[str]:
    """Hash each segment; ``frame_starts_ms`` as `map_slots_to_frames`."""
    shared = _hash_parts(_common_parts(job, timeline))
    return [_hash_parts([shared, *_slot_parts(timeline, compositor, frame_starts_ms, run)]) for run in runs]


def _common_parts(job: RenderJob, timeline: OutputTimeline) -> list[Any]:
    look = msgspec.structs.replace(resolve_look(job), own_fonts={})
    rate = [timeline.rate_numerator, timeline.rate_denominator]
    assets = job.brand
    asset_parts = [sorted(map(str, assets.files)), sorted(assets.fonts), sorted(assets.names.items())] if assets else []
    return [rate, OUTPUT_SIZES[job.plan.aspect], look, job.index.origin_us, job.index.video, asset_parts]


def _slot_parts(
    timeline: OutputTimeline, compositor: Compositor, frame_starts_ms: Sequence[int], run: SlotRange
) -> Iterator[Any]:
    """The state of each slot of a segment.

    Frames do not depend on each other; interlaced sources, where they do, reuse nothing.
    """
    part = next((part for part in timeline.timeline_parts if part.first <= run.first < part.end), None)
    if part is None:
        before = run.first < timeline.timeline_parts[0].first
        yield [before, run.first - (0 if before else timeline.timeline_parts[-1].end), run.slot_count]
        return
    for number in range(run.first, run.end):
        yield compositor.slot_state(frame_starts_ms[number], build_slot(number, timeline, part))


def _hash_parts(parts: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
