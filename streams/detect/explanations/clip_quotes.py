"""The sentences of a clip, and what is said around them, as quotes are chosen from. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.quotes.quote_features import QuoteContext, read_context
from core.domain.text.quotes.spoken_sentence import SpokenSentence
from streams.detect.features.project_baseline import ProjectBaseline
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow


def list_spoken(sentences: Sequence[Sentence]) -> list[SpokenSentence]:
    """List sentences as they are quoted."""
    return [
        SpokenSentence(text=sentence.text, is_ended=sentence.ending == "stop", is_quotable=sentence.lexicon is not None)
        for sentence in sentences
    ]


def read_clip_context(window: CandidateWindow, timeline: ProjectTimeline, baseline: ProjectBaseline) -> QuoteContext:
    """Read what is said in a window and shortly before it."""
    texts = [sentence.text for sentence in timeline.sentences]
    first = baseline.sentence_index[window.sentences[0].first_word]
    return read_context(texts, first, first + len(window.sentences), baseline.word_spread)
