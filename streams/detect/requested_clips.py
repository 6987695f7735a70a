"""Measure a range that a person chose as the moments of its project are measured. Pure.

Without moments to compare it with, or with nothing in it to measure, it has no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.text.word_joining import join_words
from schemas.common import TimeRange
from schemas.documents.moments import ClipFacts, Moment
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import WeightTable, default_weights
from streams.detect.candidates.silent_windows import has_speech
from streams.detect.explanations import titles
from streams.detect.explanations.no_clips_reason import explain_no_captions
from streams.detect.explanations.reasons import write_reason
from streams.detect.explanations.uncertainty import mark_doubtful_evidence
from streams.detect.features.delivery import preferred_length
from streams.detect.features.project_baseline import read_baseline
from streams.detect.pipeline import build_window_scorer, find_windows, list_requested_topics
from streams.detect.scoring import measure_window
from streams.detect.selection import ScoredWindow
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectAnalysis, ProjectTimeline, build_timeline
from streams.detect.window import MIN_CLEAN_SCORE, CandidateWindow, rate_end, rate_start

MIN_CUT_MS = 250
"""A sentence is cut if it goes on for longer than this beyond the clip's edge; less is the air around a word."""


def measure_clip(
    analysis: ProjectAnalysis,
    options: ProjectOptions,
    clip_range: TimeRange,
    title: str,
    weights: WeightTable | None = None,
) -> ClipFacts:
    """Measure the range: its words, its wording (``title`` stays where there is one), its score."""
    table = weights or default_weights()
    timeline = build_timeline(analysis)
    baseline = read_baseline(
        timeline,
        analysis.embedded,
        list_requested_topics(options),
        preferred_length(options.min_clip_ms, options.max_clip_ms),
    )
    window = build_window(clip_range, timeline)
    candidates = find_windows(timeline, options)
    measurements = [measure_window(candidate, timeline, baseline) for candidate in candidates]
    scorer = build_window_scorer(timeline, baseline, candidates, measurements, table, options)
    scored = scorer.score_window(window, measure_window(window, timeline, baseline)) if measurements else None
    signals = scored.signals if scored else ()
    wording = titles.write_wording(window, timeline, baseline, signals)
    return ClipFacts(
        clip_id="",
        ordinal=0,
        range=clip_range,
        title=title or wording.title,
        hook=wording.hook,
        description=wording.description,
        hashtags=list(wording.hashtags),
        text=_join_words(clip_range, timeline),
        without_words=explain_no_captions(clip_range, timeline),
        weights=f"{table.version}/{options.genre}",
        transcript_version=analysis.transcript.version if analysis.transcript else 1,
        **_score_fields(scored, timeline, scorer.name_of(window)),
    )


def _score_fields(scored: ScoredWindow | None, timeline: ProjectTimeline, scorer_name: str) -> dict[str, Any]:
    if scored is None:
        return {}
    return {
        "score": scored.score,
        "confidence": scored.confidence,
        "signals": mark_doubtful_evidence(scored.signals, timeline.doubtful),
        "reason": write_reason(scored.signals),
        "scorer": scorer_name,
    }


def copy_moment_facts(moment: Moment, title: str) -> ClipFacts:
    """Copy the facts of a moment with the same range."""
    names = ("range", "score", "confidence", "reason", "text", "hook", "description", "hashtags", "without_words")
    moment_fields = {name: getattr(moment, name) for name in names}
    return ClipFacts(clip_id="", ordinal=0, title=title or moment.title, signals=moment.signals, **moment_fields)


def build_window(clip_range: TimeRange, timeline: ProjectTimeline) -> CandidateWindow:
    """Build a window of the sentences that lie mostly in the range; a sentence that it cuts is a flaw."""
    if not has_speech(timeline):
        return _build_silent_window(clip_range)
    inside = [
        at
        for at, sentence in enumerate(timeline.sentences)
        if clip_range.start_ms <= (sentence.start_ms + sentence.end_ms) / 2 < clip_range.end_ms
    ]
    if not inside:
        return _build_silent_window(clip_range)
    first, last = inside[0], inside[-1]
    sentences = timeline.sentences[first : last + 1]
    before = timeline.sentences[first - 1] if first else None
    second = timeline.sentences[first + 1] if first + 1 < len(timeline.sentences) else None
    after = timeline.sentences[last + 1] if last + 1 < len(timeline.sentences) else None
    start_score, start_flaw = rate_start(sentences[0], before, sentences[0].lexicon, after=second)
    end_score, end_flaw = rate_end(sentences[-1], after, sentences[-1].lexicon)
    if _is_cut(clip_range.start_ms, timeline.sentences):
        start_score, start_flaw = min(MIN_CLEAN_SCORE, start_score), "starts inside a sentence"
    if _is_cut(clip_range.end_ms, timeline.sentences):
        end_score, end_flaw = min(MIN_CLEAN_SCORE, end_score), "ends inside a sentence"
    return CandidateWindow(
        range=clip_range,
        sentences=sentences,
        start_quality=start_score,
        end_quality=end_score,
        start_flaw=start_flaw,
        end_flaw=end_flaw,
    )


def _build_silent_window(clip_range: TimeRange) -> CandidateWindow:
    return CandidateWindow(range=clip_range, sentences=(), start_quality=0.0, end_quality=0.0)


def _is_cut(at_ms: int, sentences: Sequence[Sentence]) -> bool:
    return any(sentence.start_ms + MIN_CUT_MS < at_ms < sentence.end_ms - MIN_CUT_MS for sentence in sentences)


def _join_words(clip_range: TimeRange, timeline: ProjectTimeline) -> str:
    """Join the words whose middle lies in the range, as search finds them."""
    inside = (
        word.text
        for word in timeline.words
        if clip_range.start_ms <= (word.start_ms + word.end_ms) / 2 < clip_range.end_ms
    )
    return join_words(inside, timeline.language)
