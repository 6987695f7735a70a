"""Everything known of what was said, put into one document. Pure; what it cannot quote word for word it throws away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np

from core.ports.models import Float32
from schemas.documents.intelligence import Chapter, Engine, Intelligence, Point, Quote, Topic
from streams.study import sentiment, summary
from streams.study.entities import recognizer, relations
from streams.study.lexicon import speaks_english
from streams.study.summary import Scored
from streams.study.topics import chapters, keyphrases
from streams.study.topics.keyphrases import Phrase
from streams.study.transcript_text import Line, Spoken

VERSION = "study-5"
"""Changes with anything that makes another document of the same transcript."""
TOPICS = 12
TITLE_PHRASES = 2
TITLE_WORDS = 8
MENTIONS = 50
"""Most mentions listed of one topic or name."""
NOT_ENGLISH = "topics, quotes, sentiment, names and relations are found in English only"
NOTHING_SAID = "nothing was said"


@dataclass(frozen=True, kw_only=True)
class Material:
    """``lines`` and ``phrase_vectors``: one row each, unit length, from the same model, whose name is ``model``."""

    spoken: Spoken
    vectors: Float32
    phrases: Sequence[Phrase]
    phrase_vectors: Float32
    model: str
    reason: str = ""


def study(material: Material) -> Intelligence:
    """The document of a transcript, by local means alone."""
    spoken = material.spoken
    engine = Engine(name="local", version=VERSION, model=material.model, reason=material.reason)
    if not spoken.lines:
        notes = [NOTHING_SAID]
        return Intelligence(engine=engine, language=spoken.language, duration_ms=spoken.duration_ms, notes=notes)
    first = chapters.borders(spoken, material.vectors)
    spans = [*pairwise([*first, len(spoken.lines)])]
    rank = summary.central(material.vectors, np.array([line.words for line in spoken.lines], dtype=np.float32))
    felt = sentiment.moods(spoken)
    who = recognizer.named(spoken)
    made = Intelligence(
        engine=engine,
        language=spoken.language,
        duration_ms=spoken.duration_ms,
        summary=_points(spoken, summary.summary(spoken, material.vectors, rank, spans)),
        chapters=_chapters(material, spans),
        topics=_topics(material),
        key_points=_points(spoken, [one for _, one in summary.key_points(spoken, material.vectors, spans)]),
        quotes=_points(spoken, summary.quotable(spoken, rank, felt)),
        questions=_points(spoken, summary.questions(spoken, rank)),
        sentiment=sentiment.along(spoken, felt),
        entities=recognizer.listed(spoken, who),
        relations=relations.relations(spoken, who),
        notes=[] if all(speaks_english(line.language) for line in spoken.lines) else [NOT_ENGLISH],
    )
    return proved(made, spoken)


def _points(spoken: Spoken, scored: Sequence[Scored]) -> list[Point]:
    return [Point(quote=spoken.line_quote(spoken.lines[one.at]), weight=one.weight) for one in scored]


def _chapters(material: Material, spans: Sequence[tuple[int, int]]) -> list[Chapter]:
    own = keyphrases.within(material.phrases, material.phrase_vectors, spans)
    return [_chapter(material, span, found, rows) for span, (found, rows) in zip(spans, own, strict=True)]


def _chapter(material: Material, span: tuple[int, int], found: Sequence[Phrase], rows: Float32) -> Chapter:
    spoken, (first, end) = material.spoken, span
    lines = spoken.lines[first:end]
    words = np.array([line.words for line in lines], dtype=np.float32)
    near = summary.central(material.vectors[first:end], words) * np.minimum(words, 25)
    typical = lines[int(near.argmax())]
    chosen = keyphrases.chosen(found, rows, _mean(material.vectors[first:end], words), 5)
    named = [phrase.text for phrase, _ in chosen]
    return Chapter(
        title=_title(named[:TITLE_PHRASES], typical),
        start_ms=lines[0].start_ms,
        end_ms=lines[-1].end_ms,
        quote=spoken.line_quote(typical),
        phrases=named,
    )


def _mean(vectors: Float32, words: Float32) -> Float32:
    total = (vectors * words[:, None]).sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)


def _title(named: Sequence[str], typical: Line) -> str:
    """The chapter's own phrases; where a language has none, the beginning of its most typical sentence."""
    if not named:
        words = typical.text.split()
        return " ".join(words[:TITLE_WORDS]) + ("…" if len(words) > TITLE_WORDS else "")
    text = ", ".join(named)
    return text[:1].upper() + text[1:]


def _topics(material: Material) -> list[Topic]:
    words = np.array([line.words for line in material.spoken.lines], dtype=np.float32)
    subject = _mean(material.vectors, words)
    chosen = keyphrases.chosen(material.phrases, material.phrase_vectors, subject, TOPICS)
    return [
        Topic(
            name=phrase.text,
            weight=weight,
            mentions=[material.spoken.quote(first, end) for _, first, end in phrase.places[:MENTIONS]],
        )
        for phrase, weight in chosen
    ]


def proved(made: Intelligence, spoken: Spoken) -> Intelligence:
    """The document without any item whose quote is not said word for word at its time."""
    lost = 0

    def fine(quotes: Sequence[Quote]) -> bool:
        nonlocal lost
        good = bool(quotes) and all(spoken.holds(quote) for quote in quotes)
        lost += not good
        return good

    return msgspec.structs.replace(
        made,
        summary=[one for one in made.summary if fine([one.quote])],
        chapters=[one for one in made.chapters if fine([one.quote])],
        topics=[one for one in made.topics if fine(one.mentions)],
        key_points=[one for one in made.key_points if fine([one.quote])],
        quotes=[one for one in made.quotes if fine([one.quote])],
        questions=[one for one in made.questions if fine([one.quote])],
        sentiment=[one for one in made.sentiment if fine([one.quote])],
        entities=[one for one in made.entities if fine(one.mentions)],
        relations=[one for one in made.relations if fine([one.quote])],
        thrown_away=made.thrown_away + lost,
    )
