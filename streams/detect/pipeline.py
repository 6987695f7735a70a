"""All that is known of a project → its moments, weighed and chosen. Pure: no clock; ids come from the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec

from schemas.common import TimeRange
from schemas.documents.moments import Moment, MomentList
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import SubScoreName, WeightTable, default_weights
from streams.detect.candidates.silent_windows import is_spoken, quiet_windows
from streams.detect.candidates.speech_windows import spoken_windows
from streams.detect.explanations import titles
from streams.detect.explanations.nothing_found import nothing_found, why_no_words
from streams.detect.explanations.reasons import reason, support_of
from streams.detect.explanations.uncertainty import marked
from streams.detect.features.delivery import wanted_length
from streams.detect.features.project_baseline import Whole, read_whole
from streams.detect.features.semantic import pieces
from streams.detect.scoring import (
    FEATURES,
    SCORER,
    Raw,
    Scale,
    certainty,
    confidence_of,
    measure,
    scales,
    score_of,
    weighted,
)
from streams.detect.selection import MIN_QUIET_SCORE, MIN_SCORE, NEAR_BEST, Weighed, clip_limit, fit, order, select
from streams.detect.shortfalls import Bar, lacks, nearest
from streams.detect.timeline import Material, Timeline, gather
from streams.detect.window import Window

__all__ = ["Judge", "Material", "weigh", "windows_of", "wishes_of"]

MOST_MOMENTS = 200
"""So many moments are kept in the list (an hour of talk has some 2,000 windows); the chosen ones always are."""

NameId = Callable[[str], UUID | str]
"""From a moment's name (``<start_ms>-<end_ms>``) to its id: ``lambda name: result_id(event_id, "detect", name)``."""


def wishes_of(options: ProjectOptions) -> list[str]:
    """What the caller wants to hear about: the prompt, then the topics."""
    return [wish.strip() for wish in (options.prompt or "", *options.topics) if wish.strip()]


def weigh(
    material: Material, options: ProjectOptions, name_id: NameId, weights: WeightTable | None = None
) -> MomentList:
    """Moments of a project, best first; the chosen ones carry a ``rank`` from 1.

    Without any chosen moment, ``nothing_found_reason`` says why.
    """
    table = weights or default_weights()
    timeline = gather(material)
    wanted_ms = wanted_length(options.min_clip_ms, options.max_clip_ms)
    whole = read_whole(timeline, material.embedded, wishes_of(options), wanted_ms)
    windows = windows_of(timeline, options)
    raws = [(window, measure(window, timeline, whole)) for window in windows]
    scale = scales([raw for _, raw in raws])
    judge = Judge(timeline=timeline, whole=whole, scale=scale, table=table, options=options)
    found = {window.range: (one, window) for window, raw in raws if (one := judge.weigh(window, raw))}
    candidates = [one for one, _ in found.values()]
    spoken = any(window.sentences for window in windows)
    usual = MIN_SCORE if spoken else MIN_QUIET_SCORE
    least, near_best = (usual, NEAR_BEST) if options.min_score is None else (options.min_score, 0.0)
    spoken_ms = timeline.spoken_ms() if spoken else 0
    limit = clip_limit(spoken_ms=spoken_ms, quiet_ms=timeline.duration_ms, options=options)
    chosen = select(candidates, limit if timeline.has_video else 0, least, near_best)
    ranks = {one.range: rank for rank, one in enumerate(chosen, start=1)}
    bar = Bar(
        least=least,
        near_best=near_best * max((one.score for one in fit(candidates)), default=0.0),
        has_video=timeline.has_video,
    )
    moments = [
        msgspec.structs.replace(_moment(*found[one.range], judge, ranks, name_id), lacks=lacks(one, chosen, bar))
        for one in _kept(candidates, chosen)
    ]
    return MomentList(
        moments=moments,
        nothing_found_reason=None if chosen else nothing_found(timeline, candidates, least, wishes_of(options)),
        nearest=[] if chosen else nearest(moments),
        scorer=SCORER,
        weights=f"{table.version}/{options.genre}",
        meaning=whole.meaning.engine if whole.meaning else "",
        transcript_version=material.transcript.version if material.transcript else 1,
    )


def windows_of(timeline: Timeline, options: ProjectOptions) -> list[Window]:
    """Every stretch that may become a clip by itself."""
    limits = {"min_ms": options.min_clip_ms, "max_ms": max(options.min_clip_ms, options.max_clip_ms)}
    spoken = spoken_windows(timeline, **limits) if is_spoken(timeline) else []
    every = spoken or quiet_windows(timeline, **limits)
    return [window for window in every if not any(window.range.overlap_ms(part) for part in options.skip)]


class Judge:
    """What turns measurements into a candidate: one for a whole video."""

    def __init__(
        self,
        *,
        timeline: Timeline,
        whole: Whole,
        scale: Mapping[SubScoreName, Scale],
        table: WeightTable,
        options: ProjectOptions,
    ) -> None:
        self.timeline, self.whole, self.scale = timeline, whole, scale
        self._table, self._genre = table, options.genre
        self._asked = bool(wishes_of(options))

    def weigh(self, window: Window, raw: Raw) -> Weighed | None:
        """A candidate; None where nothing that counts could be measured."""
        table = self._table.of(self._genre, spoken=bool(window.sentences))
        signals = weighted(raw, self.scale, table, certainty(window, self.timeline))
        if not signals:
            return None
        facts, meaning = self.whole.facts, self.whole.meaning
        at = pieces(self.whole.placed, window) if window.sentences else None
        return Weighed(
            range=window.range,
            score=score_of(signals),
            confidence=confidence_of(window, self.timeline, signals, self._table.of(self._genre, spoken=True)),
            signals=signals,
            support=support_of(signals, dict(table.items()), dict(FEATURES.items())),
            content=frozenset().union(*(facts[s.first_word].content for s in window.sentences)),
            direction=meaning.own(at.first, at.end) if meaning and at else None,
            asked=raw["asked"].value if "asked" in raw else (0.0 if self._asked else None),
        )


def _kept(candidates: Sequence[Weighed], chosen: Sequence[Weighed]) -> list[Weighed]:
    ranked = order(candidates)
    kept = set(map(id, ranked[:MOST_MOMENTS]))
    late = [one for one in chosen if id(one) not in kept]
    return ranked[:MOST_MOMENTS] + late


def _moment(one: Weighed, window: Window, judge: Judge, ranks: Mapping[TimeRange, int], name_id: NameId) -> Moment:
    told = titles.of(window, judge.timeline, judge.whole, one.signals)
    return Moment(
        id=str(name_id(f"{one.range.start_ms}-{one.range.end_ms}")),
        range=one.range,
        score=one.score,
        confidence=one.confidence,
        title=told.title,
        reason=reason(one.signals),
        signals=marked(one.signals, judge.timeline.doubtful),
        selected=one.range in ranks,
        text=window.text,
        rank=ranks.get(one.range),
        hook=told.hook,
        description=told.description,
        hashtags=list(told.hashtags),
        without_words=why_no_words(window.range, judge.timeline),
    )
