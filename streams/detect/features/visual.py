"""Signals from the looked-at pictures: faces, cuts, motion. Pure; absent where too few pictures were looked at."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from schemas.common import TimeRange
from streams.detect.features.base import Measured, number, rank_in, rounded
from streams.detect.timeline import MOVING, Timeline
from streams.detect.window import Window

MIN_PICTURES = 3
BIG_FACE = 0.25
"""A face this share of the picture's height is as good as a close-up on a phone."""
LIVELY_CUTS_PER_MIN = 12.0
MIN_FACE_SCORE = 0.5


def faces(window: Window, timeline: Timeline) -> Measured | None:
    """Share of looked-at pictures with a face, and how large the largest one is."""
    looked = timeline.pictures_in(window.range)
    if len(looked) < MIN_PICTURES or not timeline.has_video:
        return None
    heights: list[float] = []
    for picture in looked:
        seen = [face.box.height for face in picture.faces if face.score >= MIN_FACE_SCORE]
        if seen:
            heights.append(max(seen))
    share = len(heights) / len(looked)
    evidence = [number("with_face", window.range, 100 * share, "% of the pictures", f"{len(heights)} of {len(looked)}")]
    if not heights or not timeline.display_height_px:
        return Measured(value=rounded(share), evidence=evidence)
    size = statistics.median(heights) / timeline.display_height_px
    evidence.append(number("face_height", window.range, 100 * size, "% of the picture's height"))
    return Measured(value=rounded(share * (0.6 + 0.4 * min(1.0, size / BIG_FACE))), evidence=evidence)


def cuts(window: Window, timeline: Timeline) -> Measured | None:
    """Shot changes per minute. Pictures are sparse, so this counts at most one change between two of them."""
    if len(timeline.pictures_in(window.range)) < MIN_PICTURES:
        return None
    changes = timeline.shots_in(window.range)
    per_min = len(changes) * 60_000 / window.range.length_ms
    evidence = [number("cuts", window.range, per_min, "per minute", f"{len(changes)} seen")]
    return Measured(value=rounded(per_min / LIVELY_CUTS_PER_MIN), evidence=evidence)


def motion(window: Window, timeline: Timeline, levels: Sequence[float]) -> Measured | None:
    """Change from picture to picture against the video's: mean percentile and highest; ``levels`` of all, ascending."""
    looked = [picture.difference for picture in timeline.pictures_in(window.range)]
    if len(looked) < MIN_PICTURES or len(levels) < 2 * MIN_PICTURES or levels[-1] < MOVING:
        return None
    mean = statistics.fmean(looked)
    evidence = [number("change", window.range, 100 * mean, "% from picture to picture")]
    ranks = [rank_in(value, levels) for value in looked]
    return Measured(value=rounded(0.6 * statistics.fmean(ranks) + 0.4 * max(ranks)), evidence=evidence)


def moves(timeline: Timeline, part: TimeRange) -> bool:
    """Whether anything changes in the pictures of ``part``."""
    return any(picture.difference >= MOVING for picture in timeline.pictures_in(part))
