"""Features from sampled frames: faces, cuts, motion. Absent with too few frames. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from schemas.common import TimeRange
from streams.detect.features.base import FeatureValue, number_evidence, percentile_rank, round_score
from streams.detect.timeline import MIN_MOVING_SCORE, ProjectTimeline
from streams.detect.window import CandidateWindow

MIN_SAMPLED_PICTURES = 3
"""Fewest sampled frames from which something is measured."""
FULL_FACE_HEIGHT_RATIO = 0.25
"""Face height, as a share of the frame's, that is as good as a close-up on a phone."""
LIVELY_CUTS_PER_MINUTE = 12.0
"""Cuts a minute that score fully."""
MIN_FACE_SCORE = 0.5
"""Least detection score of a face that counts."""


def measure_faces(window: CandidateWindow, timeline: ProjectTimeline) -> FeatureValue | None:
    """Measure the share of sampled frames with a face, and how large the largest one is."""
    pictures = timeline.pictures_in(window.range)
    if len(pictures) < MIN_SAMPLED_PICTURES or not timeline.has_video:
        return None
    heights: list[float] = []
    for picture in pictures:
        face_heights = [face.box.height for face in picture.faces if face.score >= MIN_FACE_SCORE]
        if face_heights:
            heights.append(max(face_heights))
    share = len(heights) / len(pictures)
    evidence = [
        number_evidence(
            "with_face", window.range, 100 * share, "% of the pictures", f"{len(heights)} of {len(pictures)}"
        )
    ]
    if not heights or not timeline.display_height_px:
        return FeatureValue(value=round_score(share), evidence=evidence)
    size = statistics.median(heights) / timeline.display_height_px
    evidence.append(number_evidence("face_height", window.range, 100 * size, "% of the picture's height"))
    return FeatureValue(
        value=round_score(share * (0.6 + 0.4 * min(1.0, size / FULL_FACE_HEIGHT_RATIO))), evidence=evidence
    )


def measure_cuts(window: CandidateWindow, timeline: ProjectTimeline) -> FeatureValue | None:
    """Count shot changes per minute. Frames are sparse, so at most one change between two of them counts."""
    if len(timeline.pictures_in(window.range)) < MIN_SAMPLED_PICTURES:
        return None
    changes = timeline.shots_in(window.range)
    per_min = len(changes) * 60_000 / window.range.length_ms
    evidence = [number_evidence("cuts", window.range, per_min, "per minute", f"{len(changes)} seen")]
    return FeatureValue(value=round_score(per_min / LIVELY_CUTS_PER_MINUTE), evidence=evidence)


def measure_motion(window: CandidateWindow, timeline: ProjectTimeline, levels: Sequence[float]) -> FeatureValue | None:
    """Rank change between frames among the video's: mean and highest percentile; ``levels`` ascending."""
    differences = [picture.difference for picture in timeline.pictures_in(window.range)]
    if (
        len(differences) < MIN_SAMPLED_PICTURES
        or len(levels) < 2 * MIN_SAMPLED_PICTURES
        or levels[-1] < MIN_MOVING_SCORE
    ):
        return None
    mean = statistics.fmean(differences)
    evidence = [number_evidence("change", window.range, 100 * mean, "% from picture to picture")]
    ranks = [percentile_rank(value, levels) for value in differences]
    return FeatureValue(value=round_score(0.6 * statistics.fmean(ranks) + 0.4 * max(ranks)), evidence=evidence)


def has_motion(timeline: ProjectTimeline, part: TimeRange) -> bool:
    """Whether anything changes in the frames of ``part``."""
    return any(picture.difference >= MIN_MOVING_SCORE for picture in timeline.pictures_in(part))
