"""A stretch that a person chose, measured as the moments of its project are. Pure; chooses nothing.

Without moments to compare it with, or with nothing in it to measure, it has no score: none is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.text.word_joining import join_words
from schemas.common import TimeRange
from schemas.documents.moments import ClipFacts, Moment
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import WeightTable, default_weights
from streams.detect.candidates.silent_windows import is_spoken
from streams.detect.explanations import titles
from streams.detect.explanations.nothing_found import why_no_words
from streams.detect.explanations.reasons import reason
from streams.detect.explanations.uncertainty import marked
from streams.detect.features.delivery import wanted_length
from streams.detect.features.project_baseline import read_whole
from streams.detect.pipeline import Judge, windows_of, wishes_of
from streams.detect.scoring import SCORER, measure, scales
from streams.detect.selection import Weighed
from streams.detect.sentences import Sentence
from streams.detect.timeline import Material, Timeline, gather
from streams.detect.window import LEANS, Window, end_quality, start_quality

CUT_MS = 250
"""A sentence that goes on for longer beyond an end of the clip is cut by it; less is the air around a word."""


def own_facts(
    material: Material, options: ProjectOptions, stretch: TimeRange, title: str, weights: WeightTable | None = None
) -> ClipFacts:
    """What is known of the stretch: its words, its wording (``title`` is kept where there is one), its score."""
    table = weights or default_weights()
    timeline = gather(material)
    whole = read_whole(
        timeline, material.embedded, wishes_of(options), wanted_length(options.min_clip_ms, options.max_clip_ms)
    )
    window = window_of(stretch, timeline)
    others = [measure(one, timeline, whole) for one in windows_of(timeline, options)]
    judge = Judge(timeline=timeline, whole=whole, scale=scales(others), table=table, options=options)
    weighed = judge.weigh(window, measure(window, timeline, whole)) if others else None
    signals = weighed.signals if weighed else ()
    told = titles.of(window, timeline, whole, signals)
    return ClipFacts(
        clip_id="",
        ordinal=0,
        range=stretch,
        title=title or told.title,
        hook=told.hook,
        description=told.description,
        hashtags=list(told.hashtags),
        text=_text(stretch, timeline),
        without_words=why_no_words(stretch, timeline),
        weights=f"{table.version}/{options.genre}",
        transcript_version=material.transcript.version if material.transcript else 1,
        **_scored(weighed, timeline),
    )


def _scored(weighed: Weighed | None, timeline: Timeline) -> dict[str, Any]:
    if weighed is None:
        return {}
    return {
        "score": weighed.score,
        "confidence": weighed.confidence,
        "signals": marked(weighed.signals, timeline.doubtful),
        "reason": reason(weighed.signals),
        "scorer": SCORER,
    }


def facts_of(moment: Moment, title: str) -> ClipFacts:
    """The same of a stretch that is a moment of the project: as it was measured then."""
    names = ("range", "score", "confidence", "reason", "text", "hook", "description", "hashtags", "without_words")
    same = {name: getattr(moment, name) for name in names}
    return ClipFacts(clip_id="", ordinal=0, title=title or moment.title, signals=moment.signals, **same)


def window_of(stretch: TimeRange, timeline: Timeline) -> Window:
    """The stretch with the sentences that lie mostly in it. A sentence that it cuts is a flaw of that end."""
    if not is_spoken(timeline):
        return _silent(stretch)
    places = [
        at
        for at, one in enumerate(timeline.sentences)
        if stretch.start_ms <= (one.start_ms + one.end_ms) / 2 < stretch.end_ms
    ]
    if not places:
        return _silent(stretch)
    first, last = places[0], places[-1]
    run = timeline.sentences[first : last + 1]
    before = timeline.sentences[first - 1] if first else None
    behind = timeline.sentences[first + 1] if first + 1 < len(timeline.sentences) else None
    after = timeline.sentences[last + 1] if last + 1 < len(timeline.sentences) else None
    starts, start_flaw = start_quality(run[0], before, run[0].lexicon, after=behind)
    ends, end_flaw = end_quality(run[-1], after, run[-1].lexicon)
    if _is_cut(stretch.start_ms, timeline.sentences):
        starts, start_flaw = min(LEANS, starts), "starts inside a sentence"
    if _is_cut(stretch.end_ms, timeline.sentences):
        ends, end_flaw = min(LEANS, ends), "ends inside a sentence"
    return Window(
        range=stretch,
        sentences=run,
        start_quality=starts,
        end_quality=ends,
        start_flaw=start_flaw,
        end_flaw=end_flaw,
    )


def _silent(stretch: TimeRange) -> Window:
    return Window(range=stretch, sentences=(), start_quality=0.0, end_quality=0.0)


def _is_cut(at_ms: int, sentences: Sequence[Sentence]) -> bool:
    return any(one.start_ms + CUT_MS < at_ms < one.end_ms - CUT_MS for one in sentences)


def _text(stretch: TimeRange, timeline: Timeline) -> str:
    """The words whose middle lies in the stretch, as search finds them."""
    inside = (
        word.text for word in timeline.words if stretch.start_ms <= (word.start_ms + word.end_ms) / 2 < stretch.end_ms
    )
    return join_words(inside, timeline.language)
