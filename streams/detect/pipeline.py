"""Find a project's moments: measure, score and select candidate windows.

Pure: ids come from the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec

from schemas.common import TimeRange
from schemas.documents.moments import Moment, MomentList
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import SubScoreName, WeightTable, default_weights
from streams.detect.candidates.silent_windows import find_silent_windows, has_speech
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.explanations import titles
from streams.detect.explanations.no_clips_reason import explain_no_captions, explain_nothing_found
from streams.detect.explanations.reasons import compute_support, write_reason
from streams.detect.explanations.uncertainty import mark_doubtful_evidence
from streams.detect.features.delivery import preferred_length
from streams.detect.features.project_baseline import ProjectBaseline, read_baseline
from streams.detect.features.semantic import locate_sentences
from streams.detect.posting.scores import PostingScorer, build_posting_scorer, compute_posting_score
from streams.detect.scoring import (
    FEATURES,
    SCORER_NAME,
    RawScores,
    ScoreScale,
    build_scales,
    compute_confidence,
    compute_score,
    measure_window,
    measure_word_certainty,
    weigh_sub_scores,
)
from streams.detect.selection import (
    ScoredWindow,
    choose_score_limits,
    compute_clip_limit,
    filter_eligible,
    put_best_opening_first,
    rank_windows,
    select_clips,
    sort_by_time,
)
from streams.detect.shortfalls import SelectionLimits, list_nearest, list_shortfalls
from streams.detect.timeline import ProjectAnalysis, ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow

MAX_MOMENTS = 200
"""Moments kept in the list (an hour of talk has some 2,000 windows); the selected ones always are."""

NameId = Callable[[str], UUID | str]
"""From a moment's name (``<start_ms>-<end_ms>``) to its id: ``lambda name: result_id(event_id, "detect", name)``."""


def list_requested_topics(options: ProjectOptions) -> list[str]:
    """List the topics that the caller asks for: the prompt, then the topics."""
    return [text.strip() for text in (options.prompt or "", *options.topics) if text.strip()]


def find_moments(
    analysis: ProjectAnalysis, options: ProjectOptions, name_id: NameId, weights: WeightTable | None = None
) -> MomentList:
    """Find the moments of a project, best first; the selected ones carry a ``rank`` from 1.

    Without any selected moment, ``nothing_found_reason`` says why.
    """
    table = weights or default_weights()
    timeline = build_timeline(analysis)
    preferred_ms = preferred_length(options.min_clip_ms, options.max_clip_ms)
    baseline = read_baseline(timeline, analysis.embedded, list_requested_topics(options), preferred_ms)
    windows = find_windows(timeline, options)
    measurements = [(window, measure_window(window, timeline, baseline)) for window in windows]
    scale = build_scales([raw for _, raw in measurements])
    scorer = WindowScorer(
        timeline=timeline,
        baseline=baseline,
        scale=scale,
        table=table,
        options=options,
        posting=build_posting_scorer(timeline, baseline, windows, [raw for _, raw in measurements]),
    )
    scored = {
        window.range: (scored_window, window)
        for window, raw in measurements
        if (scored_window := scorer.score_window(window, raw))
    }
    candidates = [scored_window for scored_window, _ in scored.values()]
    any_speech = any(window.sentences for window in windows)
    limits = choose_score_limits(candidates, options, is_fitted=scorer.posting is not None, is_spoken=any_speech)
    spoken_ms = timeline.spoken_ms() if any_speech else 0
    limit = compute_clip_limit(spoken_ms=spoken_ms, quiet_ms=timeline.duration_ms, options=options)
    chosen = select_clips(candidates, limit if timeline.has_video else 0, limits.min_score, limits.min_best_ratio)
    order = put_best_opening_first(chosen) if limits.is_confident else sort_by_time(chosen)
    ranks = {scored_window.range: rank for rank, scored_window in enumerate(order, start=1)}
    bar = SelectionLimits(
        min_score=limits.min_score,
        best_score_limit=limits.min_best_ratio
        * max((scored_window.score for scored_window in filter_eligible(candidates)), default=0.0),
        has_video=timeline.has_video,
    )
    moments = [
        msgspec.structs.replace(
            _build_moment(*scored[scored_window.range], scorer, ranks, name_id),
            lacks=list_shortfalls(scored_window, chosen, bar),
        )
        for scored_window in _limit_moments(candidates, chosen)
    ]
    return MomentList(
        moments=moments,
        nothing_found_reason=None
        if chosen
        else explain_nothing_found(timeline, candidates, limits.min_score, list_requested_topics(options)),
        nearest=[] if chosen else list_nearest(moments),
        scorer=scorer.name_of(windows[0]) if windows else SCORER_NAME,
        order="score" if limits.is_confident else "time",
        weights=f"{table.version}/{options.genre}",
        meaning=baseline.meaning.engine if baseline.meaning else "",
        transcript_version=analysis.transcript.version if analysis.transcript else 1,
    )


def find_windows(timeline: ProjectTimeline, options: ProjectOptions) -> list[CandidateWindow]:
    """Find every range that may become a clip by itself."""
    limits = {"min_ms": options.min_clip_ms, "max_ms": max(options.min_clip_ms, options.max_clip_ms)}
    speech_windows = find_speech_windows(timeline, **limits) if has_speech(timeline) else []
    candidates = speech_windows or find_silent_windows(timeline, **limits)
    return [window for window in candidates if not any(window.range.overlap_ms(part) for part in options.skip)]


class WindowScorer:
    """Scores the windows of one video."""

    def __init__(
        self,
        *,
        timeline: ProjectTimeline,
        baseline: ProjectBaseline,
        scale: Mapping[SubScoreName, ScoreScale],
        table: WeightTable,
        options: ProjectOptions,
        posting: PostingScorer | None,
    ) -> None:
        """``posting`` is None where the fitted model knows nothing: scores are then weighted means."""
        self.posting = posting
        self.timeline, self.baseline, self.scale = timeline, baseline, scale
        self._table, self._genre = table, options.genre
        self._has_requests = bool(list_requested_topics(options))

    def name_of(self, window: CandidateWindow) -> str:
        """Give the name of what scores a window: the fitted model, or the set of features weighed by hand."""
        return self.posting.model.name if self.posting is not None and window.sentences else SCORER_NAME

    def score_window(self, window: CandidateWindow, raw: RawScores) -> ScoredWindow | None:
        """Score a window; None where nothing that counts could be measured."""
        table = self._table.weights_of(self._genre, spoken=bool(window.sentences))
        signals = weigh_sub_scores(raw, self.scale, table, measure_word_certainty(window, self.timeline))
        if not signals:
            return None
        score = compute_score(signals)
        if self.posting is not None and window.sentences:
            signals = self.posting.explain(signals, window, raw, table)
            score = compute_posting_score(self.posting.model, signals)
        facts, meaning = self.baseline.facts, self.baseline.meaning
        at = locate_sentences(self.baseline.sentence_index, window) if window.sentences else None
        return ScoredWindow(
            range=window.range,
            score=score,
            confidence=compute_confidence(
                window, self.timeline, signals, self._table.weights_of(self._genre, spoken=True)
            ),
            signals=signals,
            support=compute_support(signals, dict(table.items()), dict(FEATURES.items())),
            content=frozenset().union(*(facts[s.first_word].content for s in window.sentences)),
            direction=meaning.own_direction(at.first, at.end) if meaning and at else None,
            asked=raw["asked"].value if "asked" in raw else (0.0 if self._has_requests else None),
        )


def _limit_moments(candidates: Sequence[ScoredWindow], chosen: Sequence[ScoredWindow]) -> list[ScoredWindow]:
    """Keep the best moments, and every selected one."""
    ranked = rank_windows(candidates)
    kept_ids = set(map(id, ranked[:MAX_MOMENTS]))
    chosen_beyond = [window for window in chosen if id(window) not in kept_ids]
    return ranked[:MAX_MOMENTS] + chosen_beyond


def _build_moment(
    scored: ScoredWindow, window: CandidateWindow, scorer: WindowScorer, ranks: Mapping[TimeRange, int], name_id: NameId
) -> Moment:
    """Build the document of one moment."""
    wording = titles.write_wording(window, scorer.timeline, scorer.baseline, scored.signals)
    return Moment(
        id=str(name_id(f"{scored.range.start_ms}-{scored.range.end_ms}")),
        range=scored.range,
        score=scored.score,
        confidence=scored.confidence,
        title=wording.title,
        reason=write_reason(scored.signals),
        signals=mark_doubtful_evidence(scored.signals, scorer.timeline.doubtful),
        selected=scored.range in ranks,
        text=window.text,
        rank=ranks.get(scored.range),
        hook=wording.hook,
        description=wording.description,
        hashtags=list(wording.hashtags),
        without_words=explain_no_captions(window.range, scorer.timeline),
    )
