"""All that is known of a project → its moments, weighed and chosen. Pure: no clock; ids come from the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from schemas.documents import Moment, MomentList
from schemas.events import ProjectOptions
from schemas.media import TimeRange
from streams.detect.quiet import is_spoken, nothing_found, quiet_windows
from streams.detect.reasons import quiet_title, reason, spoken_title, standing_out
from streams.detect.select import MIN_QUIET_SCORE, MIN_SCORE, Weighed, clip_limit, order, select
from streams.detect.signals import SCORER, Whole, confidence_of, measure, read_whole, score_of, table_for
from streams.detect.signals_text import best_sentence
from streams.detect.timeline import Material, Timeline, gather
from streams.detect.windows import Window, spoken_windows

__all__ = ["Material", "weigh"]

MOST_MOMENTS = 200
"""So many moments are kept in the list (an hour of talk has some 2,000 windows); the chosen ones always are."""

NameId = Callable[[str], UUID | str]
"""From a moment's name (``<start_ms>-<end_ms>``) to its id: ``lambda name: result_id(event_id, "detect", name)``."""


def weigh(material: Material, options: ProjectOptions, name_id: NameId) -> MomentList:
    """Moments of a project, best first; the chosen ones carry a ``rank`` from 1.

    Without any chosen moment, ``nothing_found_reason`` says why.
    """
    timeline = gather(material)
    whole = read_whole(timeline)
    windows = _windows(timeline, options)
    weighed = {one.range: (one, window) for window in windows if (one := _weigh(window, timeline, whole))}
    candidates = [one for one, _ in weighed.values()]
    spoken = any(window.sentences for window in windows)
    spoken_ms = timeline.spoken_ms() if spoken else 0
    limit = clip_limit(spoken_ms=spoken_ms, quiet_ms=timeline.duration_ms, asked=options.max_clips)
    if not timeline.has_video:
        limit = 0
    least = MIN_SCORE if spoken else MIN_QUIET_SCORE
    chosen = select(candidates, limit, least)
    ranks = {one.range: rank for rank, one in enumerate(chosen, start=1)}
    moments = [_moment(*weighed[one.range], timeline, whole, ranks, name_id) for one in _kept(candidates, chosen)]
    return MomentList(
        moments=moments,
        nothing_found_reason=None if chosen else nothing_found(timeline, candidates, least),
        scorer=SCORER,
    )


def _windows(timeline: Timeline, options: ProjectOptions) -> list[Window]:
    limits = {"min_ms": options.min_clip_ms, "max_ms": max(options.min_clip_ms, options.max_clip_ms)}
    spoken = spoken_windows(timeline, **limits) if is_spoken(timeline) else []
    return spoken or quiet_windows(timeline, **limits)


def _weigh(window: Window, timeline: Timeline, whole: Whole) -> Weighed | None:
    signals = measure(window, timeline, whole)
    if not signals:
        return None
    content = frozenset().union(*(whole.facts[s.first_word].content for s in window.sentences))
    table = table_for(window)
    return Weighed(
        range=window.range,
        score=score_of(signals),
        confidence=confidence_of(window, timeline, signals),
        signals=signals,
        support=round(sum(table[signal.name] for signal, _ in standing_out(signals)), 4),
        content=content,
    )


def _kept(candidates: Sequence[Weighed], chosen: Sequence[Weighed]) -> list[Weighed]:
    ranked = order(candidates)
    late = [one for one in ranked[MOST_MOMENTS:] if one in chosen]
    return ranked[:MOST_MOMENTS] + late


def _moment(
    one: Weighed, window: Window, timeline: Timeline, whole: Whole, ranks: Mapping[TimeRange, int], name_id: NameId
) -> Moment:
    if window.sentences:
        title = spoken_title(best_sentence(window, whole.facts), timeline.lexicon)
    else:
        title = quiet_title(one.range.start_ms, one.signals)
    return Moment(
        id=str(name_id(f"{one.range.start_ms}-{one.range.end_ms}")),
        range=one.range,
        score=one.score,
        confidence=one.confidence,
        title=title,
        reason=reason(one.signals),
        signals=list(one.signals),
        selected=one.range in ranks,
        text=window.text,
        rank=ranks.get(one.range),
    )
