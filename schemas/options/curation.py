"""Curation: whether moments are chosen, or the recording becomes clips as it is or by ranges. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from schemas.common import TimeRange
from schemas.quantities import exactly, spoken_range

Curation = Literal["on", "off"]
MAX_CLIPS = 50
CLIP_MS = (3_000, 180_000)
CHOOSING = ("max_clips", "target_clips", "min_score", "topics", "prompt")
"""Options by which moments are chosen."""
CUTTING = ("min_clip_ms", "max_clip_ms", "skip")
"""Options by which a recording is cut where no ranges are named."""
MAX_NAMED_RANGES = 5
"""Ranges that a warning names; it counts the others."""


def broken_curation(
    curation: Curation, ranges: Sequence[TimeRange], changed: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Path and rule of each option that does not go with the curation.

    ``changed``: names of the options that are not as by default.
    """
    if curation == "on":
        if ranges:
            yield "ranges", "left out, or `curation` must be `off`: with it on, clips are chosen"
        return
    for name in CHOOSING:
        if name in changed:
            yield name, "left out: with `curation` off no clip is chosen"
    if ranges:
        for name in CUTTING:
            if name in changed:
                yield name, "left out: the clips are the `ranges` as they are"
    if len(ranges) > MAX_CLIPS or len(set(ranges)) < len(ranges):
        yield "ranges", f"at most {MAX_CLIPS} ranges, each once"
    for at, part in enumerate(ranges[:MAX_CLIPS]):
        if part.start_ms < 0:
            yield f"ranges/{at}/start_ms", f"{spoken_range(0, None, 'ms')}, not {exactly(part.start_ms, 'ms')}"
        if not CLIP_MS[0] <= part.length_ms <= CLIP_MS[1]:
            length = exactly(part.length_ms, "ms")
            yield f"ranges/{at}/end_ms", f"{spoken_range(*CLIP_MS, 'ms')} later than its start, not {length}"


def fit_ranges(ranges: Sequence[TimeRange], duration_ms: int) -> list[TimeRange]:
    """Cut the ranges at the source's end, in order of time, each once, without those too short for a clip."""
    cut = {TimeRange(start_ms=part.start_ms, end_ms=min(part.end_ms, duration_ms)) for part in ranges}
    return sorted((part for part in cut if part.length_ms >= CLIP_MS[0]), key=lambda part: (part.start_ms, part.end_ms))


def range_warnings(ranges: Sequence[TimeRange], duration_ms: int) -> list[str]:
    """Warnings about ranges beyond the source's end, which is unknown at the request."""
    beyond = [part for part in ranges if part.end_ms > duration_ms]
    if not beyond:
        return []
    beyond_end = (
        f"ranges: the source ends at {exactly(duration_ms, 'ms')}, so what lies beyond it of {name_ranges(beyond)}"
    )
    return [f"{beyond_end} is not there; a rest shorter than {exactly(CLIP_MS[0], 'ms')} becomes no clip."]


def name_ranges(ranges: Sequence[TimeRange]) -> str:
    """The first ranges, and how many more there are."""
    range_list = ", ".join(
        f"{exactly(part.start_ms, 'ms')} to {exactly(part.end_ms, 'ms')}" for part in ranges[:MAX_NAMED_RANGES]
    )
    return range_list + (f" and {len(ranges) - MAX_NAMED_RANGES} more" if len(ranges) > MAX_NAMED_RANGES else "")
