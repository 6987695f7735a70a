"""Clips without selection: the named ranges, or the whole recording from front to back. Pure.

They are measured as moments are, so that they have words, a wording and a score; the score decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from schemas.common import TimeRange
from schemas.documents.moments import MomentList
from schemas.options.curation import CLIP_MS, MAX_CLIPS, fit_ranges
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import WeightTable, default_weights
from schemas.quantities import exactly
from streams.detect.candidates.speech_windows import MIN_VIDEO_MS
from streams.detect.explanations.no_clips_reason import explain_nothing_found
from streams.detect.features.delivery import preferred_length
from streams.detect.features.project_baseline import read_baseline
from streams.detect.pipeline import NameId, build_moment, build_window_scorer, find_windows
from streams.detect.requested_clips import build_window
from streams.detect.scoring import SCORER_NAME, measure_window
from streams.detect.selection import ScoredWindow
from streams.detect.timeline import ProjectAnalysis, ProjectTimeline, build_timeline

NO_RANGE_LEFT = "None of the ranges lies in this recording, which is {length} long."


def take_moments(
    analysis: ProjectAnalysis, options: ProjectOptions, name_id: NameId, weights: WeightTable | None = None
) -> tuple[MomentList, str]:
    """Every clip of a project without curation, in order of time; and a warning, empty without one."""
    table = weights or default_weights()
    timeline = build_timeline(analysis)
    baseline = read_baseline(
        timeline, analysis.embedded, [], preferred_length(options.min_clip_ms, options.max_clip_ms)
    )
    candidates = find_windows(timeline, options)
    measurements = [measure_window(candidate, timeline, baseline) for candidate in candidates]
    scorer = build_window_scorer(timeline, baseline, candidates, measurements, table, options)
    parts = list_parts(timeline, options)
    clips = parts[:MAX_CLIPS] if timeline.has_video else []
    ranks = {part: rank for rank, part in enumerate(clips, start=1)}
    moments = []
    for part in clips:
        window = build_window(part, timeline)
        scored = scorer.score_window(window, measure_window(window, timeline, baseline)) if measurements else None
        moments.append(build_moment(scored or _unmeasured(part), window, scorer, ranks, name_id))
    moment_list = MomentList(
        moments=moments,
        nothing_found_reason=None if clips else _explain_none(timeline, options),
        scorer=scorer.name_of(build_window(clips[0], timeline)) if clips else SCORER_NAME,
        order="time",
        weights=f"{table.version}/{options.genre}",
        meaning=baseline.meaning.engine if baseline.meaning else "",
        transcript_version=analysis.transcript.version if analysis.transcript else 1,
    )
    return moment_list, _warn_of_rest(parts) if clips else ""


def list_parts(timeline: ProjectTimeline, options: ProjectOptions) -> list[TimeRange]:
    """List the ranges that become clips: the named ones, or all that is not to be skipped."""
    if options.ranges:
        return fit_ranges(options.ranges, timeline.duration_ms)
    sections = list(_list_sections(timeline.duration_ms, options.skip))
    lengths_ms = (options.min_clip_ms, options.max_clip_ms)
    return [
        part
        for section in sections
        if section.length_ms >= min(MIN_VIDEO_MS, CLIP_MS[0])
        for part in _cut_section(section, timeline, *lengths_ms)
    ]


def _list_sections(duration_ms: int, skip: Sequence[TimeRange]) -> Iterator[TimeRange]:
    """What lies between the ranges to skip."""
    at_ms = 0
    for part in sorted(skip, key=lambda part: part.start_ms):
        if part.start_ms > at_ms:
            yield TimeRange(start_ms=at_ms, end_ms=min(part.start_ms, duration_ms))
        at_ms = max(at_ms, part.end_ms)
    if at_ms < duration_ms:
        yield TimeRange(start_ms=at_ms, end_ms=duration_ms)


def _cut_section(section: TimeRange, timeline: ProjectTimeline, min_ms: int, max_ms: int) -> Iterator[TimeRange]:
    """Cut into as few parts of at most ``max_ms`` as may be, between sentences where one ends near."""
    pauses = [
        (sentence.end_ms + following.start_ms) // 2
        for sentence, following in zip(timeline.sentences, timeline.sentences[1:], strict=False)
    ]
    start_ms, count = section.start_ms, math.ceil(section.length_ms / max_ms)
    for left in range(count, 1, -1):
        share_ms = start_ms + (section.end_ms - start_ms) // left
        # what is left must fit into the other parts, and none should be shorter than a clip is
        earliest_ms = max(start_ms + min_ms, section.end_ms - (left - 1) * max_ms)
        latest_ms = min(start_ms + max_ms, section.end_ms - (left - 1) * min_ms)
        near = [at_ms for at_ms in pauses if earliest_ms <= at_ms <= latest_ms]
        end_ms = min(near, key=lambda at_ms: abs(at_ms - share_ms), default=share_ms)
        yield TimeRange(start_ms=start_ms, end_ms=end_ms)
        start_ms = end_ms
    yield TimeRange(start_ms=start_ms, end_ms=section.end_ms)


def _unmeasured(part: TimeRange) -> ScoredWindow:
    """A clip in which nothing that counts could be measured."""
    return ScoredWindow(
        range=part, score=0.0, confidence=0.0, signals=[], support=0.0, content=frozenset(), direction=None, asked=None
    )


def _explain_none(timeline: ProjectTimeline, options: ProjectOptions) -> str:
    if options.ranges and timeline.has_video:
        return NO_RANGE_LEFT.format(length=exactly(timeline.duration_ms, "ms"))
    return explain_nothing_found(timeline, [], 0.0)


def _warn_of_rest(parts: Sequence[TimeRange]) -> str:
    if len(parts) <= MAX_CLIPS:
        return ""
    end = exactly(parts[MAX_CLIPS - 1].end_ms, "ms")
    return (
        f"A project has at most {MAX_CLIPS} clips: they end at {end}. Name later `ranges`, or a longer `max_clip_ms`."
    )
