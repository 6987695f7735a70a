"""Find a project's moments: measure, score and select candidate windows.

Pure: ids come from the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from schemas.common import TimeRange
from schemas.documents.moments import Moment, MomentList, SubScore
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
from streams.detect.judging.sub_score import JUDGED, JudgedFinalists, add_to_chance, add_to_mean
from streams.detect.judging.window_text import WindowText, read_window_text
from streams.detect.posting.reactions import ReactionScorer, build_reaction_scorer
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
    ScoreLimits,
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

MAX_EXTRA_FINALISTS = 4
"""Moments, beyond the number of clips, that a model may prefer to one that would become a clip by its score."""
MAX_MOMENTS = 200
"""Moments kept in the list (an hour of talk has some 2,000 windows); the selected ones always are."""

NOT_MEASURED = "Nothing in it could be measured."
"""Reason of a clip that was made without selection and has nothing to measure."""

NameId = Callable[[str], UUID | str]
"""From a moment's name (``<start_ms>-<end_ms>``) to its id: ``lambda name: result_id(event_id, "detect", name)``."""


def list_requested_topics(options: ProjectOptions) -> list[str]:
    """List the topics that the caller asks for: the prompt, then the topics."""
    return [text.strip() for text in (options.prompt or "", *options.topics) if text.strip()]


@dataclass(frozen=True, kw_only=True)
class ScoredProject:
    """The candidates of a project with their scores, before any is chosen."""

    timeline: ProjectTimeline
    options: ProjectOptions
    scorer: WindowScorer
    scorer_name: str
    weights: str
    """Version of the table of weights, and the genre."""
    scored: Mapping[TimeRange, tuple[ScoredWindow, CandidateWindow]]
    limits: ScoreLimits
    clip_limit: int
    """Most clips."""
    transcript_version: int

    def list_finalists(self) -> list[ScoredWindow]:
        """List the moments that become clips by their scores, and a few more, best first."""
        extra_count = MAX_EXTRA_FINALISTS if self.clip_limit else 0
        return self._select([window for window, _ in self.scored.values()], self.clip_limit + extra_count)

    def list_texts(self) -> list[WindowText]:
        """List the words of the finalists that have enough of them."""
        timeline = self.timeline
        windows = [self.scored[finalist.range][1] for finalist in self.list_finalists()]
        texts = (read_window_text(window, timeline.words, timeline.language) for window in windows)
        return [text for text in texts if text is not None]

    def select_best(self, windows: Sequence[ScoredWindow]) -> list[ScoredWindow]:
        """Select the clips among ``windows``, best first."""
        return self._select(windows, self.clip_limit)

    def _select(self, windows: Sequence[ScoredWindow], limit: int) -> list[ScoredWindow]:
        return select_clips(windows, limit, self.limits.min_score, self.limits.min_best_ratio)


def find_moments(
    analysis: ProjectAnalysis, options: ProjectOptions, name_id: NameId, weights: WeightTable | None = None
) -> MomentList:
    """Find the moments of a project, best first; the selected ones carry a ``rank`` from 1.

    Without any selected moment, ``nothing_found_reason`` says why.
    """
    return choose_moments(score_project(analysis, options, weights), name_id)


def score_project(
    analysis: ProjectAnalysis, options: ProjectOptions, weights: WeightTable | None = None
) -> ScoredProject:
    """Measure and score every candidate of a project."""
    table = weights or default_weights()
    timeline = build_timeline(analysis)
    preferred_ms = preferred_length(options.min_clip_ms, options.max_clip_ms)
    baseline = read_baseline(timeline, analysis.embedded, list_requested_topics(options), preferred_ms)
    windows = find_windows(timeline, options)
    measurements = [(window, measure_window(window, timeline, baseline)) for window in windows]
    scorer = build_window_scorer(timeline, baseline, windows, [raw for _, raw in measurements], table, options)
    scored = {
        window.range: (scored_window, window)
        for window, raw in measurements
        if (scored_window := scorer.score_window(window, raw))
    }
    any_speech = any(window.sentences for window in windows)
    spoken_ms = timeline.spoken_ms() if any_speech else 0
    limit = compute_clip_limit(spoken_ms=spoken_ms, quiet_ms=timeline.duration_ms, options=options)
    candidates = [scored_window for scored_window, _ in scored.values()]
    return ScoredProject(
        timeline=timeline,
        options=options,
        scorer=scorer,
        scorer_name=scorer.name_of(windows[0]) if windows else SCORER_NAME,
        weights=f"{table.version}/{options.genre}",
        scored=scored,
        limits=choose_score_limits(candidates, options, is_fitted=scorer.posting is not None, is_spoken=any_speech),
        clip_limit=limit if timeline.has_video else 0,
        transcript_version=analysis.transcript.version if analysis.transcript else 1,
    )


def choose_moments(project: ScoredProject, name_id: NameId, judged: JudgedFinalists | None = None) -> MomentList:
    """Choose the clips of a project; where a model judged, among its finalists."""
    timeline, limits, options = project.timeline, project.limits, project.options
    scored = dict(project.scored)
    finalists = project.list_finalists() if judged and judged.sub_scores else None
    if judged and finalists:
        finalists = [project.scorer.add_judged(window, judged.sub_scores.get(window.range)) for window in finalists]
        scored |= {window.range: (window, scored[window.range][1]) for window in finalists}
    candidates = [scored_window for scored_window, _ in scored.values()]
    chosen = project.select_best(finalists or candidates)
    order = put_best_opening_first(chosen) if limits.is_confident else sort_by_time(chosen)
    ranks = {scored_window.range: rank for rank, scored_window in enumerate(order, start=1)}
    bar = SelectionLimits(
        min_score=limits.min_score,
        best_score_limit=limits.min_best_ratio
        * max((scored_window.score for scored_window in filter_eligible(finalists or candidates)), default=0.0),
        has_video=timeline.has_video,
        finalists=None if finalists is None else frozenset(window.range for window in finalists),
    )
    moments = [
        msgspec.structs.replace(
            build_moment(*scored[scored_window.range], project.scorer, ranks, name_id),
            lacks=list_shortfalls(scored_window, chosen, bar),
        )
        for scored_window in _limit_moments(candidates, chosen)
    ]
    meaning = project.scorer.baseline.meaning
    return MomentList(
        moments=moments,
        nothing_found_reason=None
        if chosen
        else explain_nothing_found(timeline, candidates, limits.min_score, list_requested_topics(options)),
        nearest=[] if chosen else list_nearest(moments),
        scorer=f"{project.scorer_name}+{JUDGED}" if finalists else project.scorer_name,
        order="score" if limits.is_confident else "time",
        weights=project.weights,
        meaning=meaning.engine if meaning else "",
        transcript_version=project.transcript_version,
        judging=judged.judging if judged else None,
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
        reactions: ReactionScorer | None = None,
    ) -> None:
        """``posting`` is None where the fitted model knows nothing: scores are then weighted means.

        ``reactions`` is None where no chance of a reaction is known.
        """
        self.posting, self._reactions = posting, reactions
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
        if self._reactions is not None and window.sentences:
            signals = self._reactions.add_evidence(signals, window, raw)
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

    def add_judged(self, window: ScoredWindow, judged: SubScore | None) -> ScoredWindow:
        """Add what a model judged to a score; a window that was not judged stays as it is."""
        if judged is None:
            return window
        if self.posting is not None:
            signals = [*window.signals, add_to_chance(judged)]
            return replace(window, signals=signals, score=compute_posting_score(self.posting.model, signals))
        added = add_to_mean(judged, window.score)
        return replace(window, signals=[*window.signals, added], score=round(window.score + (added.effect or 0.0), 2))


def build_window_scorer(
    timeline: ProjectTimeline,
    baseline: ProjectBaseline,
    windows: Sequence[CandidateWindow],
    raw_scores: Sequence[RawScores],
    table: WeightTable,
    options: ProjectOptions,
) -> WindowScorer:
    """Build the scorer of a video from all of its windows, whose sub-scores are ``raw_scores``."""
    posting = build_posting_scorer(timeline, baseline, windows, raw_scores)
    return WindowScorer(
        timeline=timeline,
        baseline=baseline,
        scale=build_scales(raw_scores),
        table=table,
        options=options,
        posting=posting,
        reactions=build_reaction_scorer(
            timeline, baseline, windows, raw_scores, posting.measured if posting is not None else None
        ),
    )


def _limit_moments(candidates: Sequence[ScoredWindow], chosen: Sequence[ScoredWindow]) -> list[ScoredWindow]:
    """Keep the best moments, and every selected one."""
    ranked = rank_windows(candidates)
    kept_ids = set(map(id, ranked[:MAX_MOMENTS]))
    chosen_beyond = [window for window in chosen if id(window) not in kept_ids]
    return ranked[:MAX_MOMENTS] + chosen_beyond


def build_moment(
    scored: ScoredWindow, window: CandidateWindow, scorer: WindowScorer, ranks: Mapping[TimeRange, int], name_id: NameId
) -> Moment:
    """Build the document of one moment, in the words of what was measured in it."""
    measured = [signal for signal in scored.signals if signal.name != JUDGED]
    wording = titles.write_wording(window, scorer.timeline, scorer.baseline, measured)
    return Moment(
        id=str(name_id(f"{scored.range.start_ms}-{scored.range.end_ms}")),
        range=scored.range,
        score=scored.score,
        confidence=scored.confidence,
        title=wording.title,
        reason=write_reason(measured) if measured else NOT_MEASURED,
        signals=mark_doubtful_evidence(scored.signals, scorer.timeline.doubtful),
        selected=scored.range in ranks,
        text=window.text,
        rank=ranks.get(scored.range),
        hook=wording.hook,
        description=wording.description,
        hashtags=list(wording.hashtags),
        without_words=explain_no_captions(window.range, scorer.timeline),
    )
