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
from streams.renderer.caption_plan import look_of
from streams.renderer.codecs import Encoding
from streams.renderer.compositor import Scene
from streams.renderer.job import RenderTask
from streams.renderer.segments.segment_plan import Run
from streams.renderer.timeline.slots import OUTPUT_SIZES, Timeline, slot_of


def ground_of(
    request: RenderRequested, encoding: Encoding, brand: BrandSnapshot | None, tools: Mapping[str, str]
) -> str:
    """What all chunks of an export have in common, but for the encoder's threads. Sound is no part of it."""
    silent = msgspec.structs.replace(
        encoding, threads=0, audio_bit_rate=0, file=msgspec.structs.replace(encoding.file, audio=None)
    )
    return _named([request.source.sha256, request.index.sha256, silent, plain(brand), sorted(tools.items())])


def keys_of(task: RenderTask, timeline: Timeline, scene: Scene, shown: Sequence[int], runs: Sequence[Run]) -> list[str]:
    """The name of each chunk; ``shown`` as `chunks.shown_ms`."""
    shared = _named(_shared(task, timeline))
    return [_named([shared, *_told(timeline, scene, shown, run)]) for run in runs]


def _shared(task: RenderTask, timeline: Timeline) -> list[Any]:
    look = msgspec.structs.replace(look_of(task), own_fonts={})
    rate = [timeline.rate_numerator, timeline.rate_denominator]
    dress = task.brand
    given = [sorted(map(str, dress.files)), sorted(dress.fonts), sorted(dress.names.items())] if dress else []
    return [rate, OUTPUT_SIZES[task.plan.aspect], look, task.index.origin_us, task.index.video, given]


def _told(timeline: Timeline, scene: Scene, shown: Sequence[int], run: Run) -> Iterator[Any]:
    """Slot by slot. No picture hangs on another: of interlaced sources, where it does, nothing is taken."""
    part = next((part for part in timeline.parts if part.first <= run.first < part.end), None)
    if part is None:
        before = run.first < timeline.parts[0].first
        yield [before, run.first - (0 if before else timeline.parts[-1].end), run.slots]
        return
    for number in range(run.first, run.end):
        yield scene.told(shown[number], slot_of(number, timeline, part))


def _named(parts: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
