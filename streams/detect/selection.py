"""Select the clips among the scored windows: good enough, not alike, no more than the video holds.

Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.moments import SubScore
from schemas.options.project import ProjectOptions

MAX_CLIPS = 12
"""Most clips of a video, unless a number is requested."""
MIN_SCORE = 40.0
"""Least score of a clip: below it a clip is not worth a viewer's time, even where it is the best there is."""
MIN_POSTING_SCORE = 15.0
"""Least score of a clip by the fitted model: of all windows that were labelled 16 % were worth posting."""
MIN_POSTING_BEST_RATIO = 0.3
"""Share of the best clip's score that a clip must reach by the fitted model, whose scores are chances."""
MIN_CONFIDENT_SCORE = 35.0
"""Best score of a recording below which nothing in it is ranked with confidence.

Of the 33 texts that the model was fitted on seven had no window above it, four meetings and three calls, and in them
one of 280 labelled windows was worth posting (``python -m benchmarks.posting.posting_score``).
"""
MIN_UNRANKED_SCORE = 5.0
"""Least score of a clip where nothing is ranked with confidence."""
MIN_QUIET_SCORE = 35.0
"""Least score of a clip without speech, where half of the features have no value."""
MIN_SUPPORT = 0.05
"""Least weight, in the whole table, of the features that stand out.

The score is a mean of what could be measured, so weak features alone may give a fair one. What has less than a
twentieth of the table (the cuts of a talk, its pace) is no reason for a clip by itself; several together may be.
"""
MIN_BEST_RATIO = 0.6
"""Share of the best clip's score that a clip must reach.

The middle of a video scores 50, its best 75 to 90: a larger share would leave a short talk with one or two clips, and
people who got that few rarely came back.
"""
MIN_OPENER_RATIO = 0.9
"""Share of the best score from which a clip may come first for its opening."""
MAX_SHARED_WORDS_RATIO = 0.5
"""Share of content words (Jaccard) from which two clips say the same."""
SPEECH_MS_PER_CLIP = 50_000
"""Speech for which a video gets one clip."""
QUIET_MS_PER_CLIP = 90_000
"""Length for which a video without speech gets one clip."""


MIN_MATCH = 0.3
"""Least nearness to the requested topic (``features/semantic.py``): a clip of another topic is no answer."""
REDUNDANCY_WEIGHT = 0.25
"""Weight of similarity to a selected clip against a candidate's own score (maximal marginal relevance)."""


@dataclass(frozen=True, kw_only=True)
class ScoredWindow:
    """A window with its score; ``content`` are the content words, by which repetition is measured."""

    range: TimeRange
    score: float
    confidence: float
    signals: Sequence[SubScore]
    support: float
    """Weight of the features that stand out, as a share of the whole table of weights."""
    content: frozenset[str]
    direction: NDArray[np.float32] | None = None
    """Direction of its meaning, less the whole video's; unit length. None without speech."""
    asked: float | None = None
    """Nearness to the requested topic; None where none was requested."""


@dataclass(frozen=True, kw_only=True)
class ScoreLimits:
    """What a clip's score must reach in one video, and whether scores order its clips."""

    min_score: float
    min_best_ratio: float
    is_confident: bool = True
    """Whether the clips are ranked by their scores; otherwise they are in order of time."""


def choose_score_limits(
    windows: Sequence[ScoredWindow], options: ProjectOptions, *, is_fitted: bool, is_spoken: bool
) -> ScoreLimits:
    """Choose the limits of a video; ``is_fitted`` says that the scores are chances by the fitted model."""
    best_score = max((window.score for window in filter_eligible(windows)), default=0.0)
    is_confident = not is_fitted or best_score >= MIN_CONFIDENT_SCORE
    if options.min_score is not None:
        return ScoreLimits(min_score=options.min_score, min_best_ratio=0.0, is_confident=is_confident)
    if not is_fitted:
        return ScoreLimits(min_score=MIN_SCORE if is_spoken else MIN_QUIET_SCORE, min_best_ratio=MIN_BEST_RATIO)
    return ScoreLimits(
        min_score=MIN_POSTING_SCORE if is_confident else MIN_UNRANKED_SCORE,
        min_best_ratio=MIN_POSTING_BEST_RATIO,
        is_confident=is_confident,
    )


def compute_clip_limit(*, spoken_ms: int, quiet_ms: int, options: ProjectOptions) -> int:
    """Compute the most clips of a video: one for each 50 s of speech (90 s without), 12, or as requested.

    A requested number may go beyond 12, never beyond what the video's length holds.
    """
    usual_count = math.ceil(spoken_ms / SPEECH_MS_PER_CLIP) if spoken_ms else math.ceil(quiet_ms / QUIET_MS_PER_CLIP)
    if options.target_clips is not None:
        max_count = math.ceil((spoken_ms or quiet_ms) / max(1, options.min_clip_ms))
        target_count = min(options.target_clips, max_count)
    else:
        target_count = min(usual_count, MAX_CLIPS)
    return max(0, target_count if options.max_clips is None else min(target_count, options.max_clips))


def rank_windows(windows: Sequence[ScoredWindow]) -> list[ScoredWindow]:
    """Rank windows: best first; on a tie the more confident, then the earlier, then the shorter."""
    return sorted(
        windows, key=lambda window: (-window.score, -window.confidence, window.range.start_ms, window.range.end_ms)
    )


def filter_eligible(windows: Sequence[ScoredWindow]) -> list[ScoredWindow]:
    """Return the windows that may be a clip at any score, best first.

    Something stands out in them, and they match the requested topic.
    """
    return rank_windows(
        [
            window
            for window in windows
            if window.support >= MIN_SUPPORT and (window.asked is None or window.asked >= MIN_MATCH)
        ]
    )


def select_clips(
    windows: Sequence[ScoredWindow], limit: int, min_score: float = MIN_SCORE, min_best_ratio: float = MIN_BEST_RATIO
) -> list[ScoredWindow]:
    """Select clips, best first.

    Each is the best of the rest once similarity to those selected is subtracted.
    """
    eligible = filter_eligible(windows)
    if not eligible:
        return []
    threshold = max(min_score, min_best_ratio * eligible[0].score)
    remaining = [window for window in eligible if window.score >= threshold]
    closeness_to_chosen = [0.0] * len(remaining)
    chosen: list[ScoredWindow] = []
    while remaining and len(chosen) < limit:
        best = max(
            range(len(remaining)),
            key=lambda index: (_marginal_score(remaining[index], closeness_to_chosen[index]), -index),
        )
        newest = remaining[best]
        chosen.append(newest)
        pairs = [
            (window, max(closeness, _similarity(window, newest)))
            for window, closeness in zip(remaining, closeness_to_chosen, strict=True)
            if not window.range.overlap_ms(newest.range) and not are_alike(window, newest)
        ]
        remaining, closeness_to_chosen = [window for window, _ in pairs], [closeness for _, closeness in pairs]
    return rank_windows(chosen)


def put_best_opening_first(chosen: Sequence[ScoredWindow]) -> list[ScoredWindow]:
    """Put the clip with the best opening first, of those that score near the best one."""
    if not chosen:
        return []
    near_best = [window for window in chosen if window.score >= MIN_OPENER_RATIO * chosen[0].score]
    opener = max(near_best, key=lambda window: (_opening_value(window), window.score))
    return [opener, *(window for window in chosen if window is not opener)]


def _opening_value(window: ScoredWindow) -> float:
    return next((signal.value for signal in window.signals if signal.name == "hook"), 0.0)


def sort_by_time(chosen: Sequence[ScoredWindow]) -> list[ScoredWindow]:
    """Sort clips by their start."""
    return sorted(chosen, key=lambda window: window.range.start_ms)


def _marginal_score(window: ScoredWindow, closeness: float) -> float:
    return (1.0 - REDUNDANCY_WEIGHT) * window.score - REDUNDANCY_WEIGHT * 100.0 * closeness


def _similarity(first: ScoredWindow, second: ScoredWindow) -> float:
    if first.direction is None or second.direction is None:
        return 0.0
    return max(0.0, float(first.direction @ second.direction))


def are_alike(first: ScoredWindow, second: ScoredWindow) -> bool:
    """Whether two windows say nearly the same; windows without words are never alike."""
    all_words = len(first.content | second.content)
    return all_words > 0 and len(first.content & second.content) / all_words >= MAX_SHARED_WORDS_RATIO
