"""Assemble the intelligence document of a transcript. Pure; drops what it cannot quote word for word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np

from core.ports.models import Float32, NameSpan
from schemas.documents.intelligence import Chapter, Engine, Intelligence, Point, Quote, Topic
from streams.study import sentiment, summary
from streams.study.chapter_titles import Survey, survey_text, write_title
from streams.study.discourse_patterns import speaks_english
from streams.study.entities import recognizer, relations
from streams.study.summary import ScoredLine
from streams.study.topics import chapters, keyphrases
from streams.study.topics.keyphrases import Keyphrase
from streams.study.transcript_text import TranscriptText

STUDY_VERSION = "study-9"
"""Version of the local analysis: changes with anything that makes another document of the same transcript."""
MAX_TOPICS = 12
"""Most topics of a project."""
MAX_CHAPTER_PHRASES = 5
"""Most phrases of a chapter."""
MAX_MENTIONS = 50
"""Most mentions listed of one topic or name."""
NOT_ENGLISH_NOTE = "topics, quotes, sentiment, names and relations are found in English only"
"""Note of a document with lines in other languages."""
NO_SPEECH_NOTE = "nothing was said"
"""Note of a document without speech."""


@dataclass(frozen=True, kw_only=True)
class LearnedNames:
    """What a model found: ``spans_by_line`` is one list a line of the transcript, empty without a model.

    ``note`` says why a configured model gave none; ``compute_ms`` is processor time.
    """

    spans_by_line: Sequence[Sequence[NameSpan]] = ()
    model: str = ""
    compute_ms: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class StudyInputs:
    """A transcript with its phrases, the vectors of lines and phrases, and a model's names.

    One row each, unit length, all from ``model``; ``reason`` says why it is not the sentence model.
    """

    document: TranscriptText
    vectors: Float32
    phrases: Sequence[Keyphrase]
    phrase_vectors: Float32
    model: str
    reason: str = ""
    names: LearnedNames = LearnedNames()


def build_intelligence(inputs: StudyInputs) -> Intelligence:
    """Build the document of a transcript, by local means alone."""
    document = inputs.document
    models = ", ".join(filter(None, (inputs.model, inputs.names.model)))
    engine = Engine(name="local", version=STUDY_VERSION, model=models, reason=inputs.reason)
    if not document.lines:
        notes = [NO_SPEECH_NOTE]
        return Intelligence(engine=engine, language=document.language, duration_ms=document.duration_ms, notes=notes)
    chapter_starts = chapters.find_chapter_starts(document, inputs.vectors)
    spans = [*pairwise([*chapter_starts, len(document.lines)])]
    centrality = summary.measure_centrality(
        inputs.vectors, np.array([line.words for line in document.lines], dtype=np.float32)
    )
    polarity = sentiment.measure_polarity(document)
    learned_names = inputs.names.spans_by_line
    entities = recognizer.find_entities(document, learned_names)
    intelligence = Intelligence(
        engine=engine,
        language=document.language,
        duration_ms=document.duration_ms,
        summary=_build_points(document, summary.select_summary(document, inputs.vectors, centrality, spans)),
        chapters=_build_chapters(inputs, spans),
        topics=_build_topics(inputs),
        key_points=_build_points(
            document, [scored_line for _, scored_line in summary.select_key_points(document, inputs.vectors, spans)]
        ),
        quotes=_build_points(document, summary.select_quotes(document, centrality, polarity)),
        questions=_build_points(document, summary.select_questions(document, centrality)),
        sentiment=sentiment.build_sentiment(document, polarity),
        entities=recognizer.build_entities(document, entities, learned_names),
        relations=relations.find_relations(document, entities),
        notes=_build_notes(inputs),
    )
    return drop_unproved(intelligence, document)


def _build_notes(inputs: StudyInputs) -> list[str]:
    is_english = all(speaks_english(line.language) for line in inputs.document.lines)
    return [note for note in ("" if is_english else NOT_ENGLISH_NOTE, inputs.names.note) if note]


def _build_points(document: TranscriptText, scored_lines: Sequence[ScoredLine]) -> list[Point]:
    points = []
    for scored_line in scored_lines:
        line = document.lines[scored_line.at]
        first_word = line.first_word if scored_line.first_word is None else scored_line.first_word
        points.append(Point(quote=document.quote(first_word, line.end_word), weight=scored_line.weight))
    return points


def _build_chapters(inputs: StudyInputs, spans: Sequence[tuple[int, int]]) -> list[Chapter]:
    chapter_phrases = keyphrases.weigh_by_chapter(inputs.phrases, inputs.phrase_vectors, spans)
    survey = survey_text(inputs.document, len(spans))
    return [
        _build_chapter(inputs, span, phrases, rows, survey)
        for span, (phrases, rows) in zip(spans, chapter_phrases, strict=True)
    ]


def _build_chapter(
    inputs: StudyInputs,
    span: tuple[int, int],
    phrases: Sequence[Keyphrase],
    rows: Float32,
    survey: Survey,
) -> Chapter:
    document, (first, end) = inputs.document, span
    lines, vectors = document.lines[first:end], inputs.vectors[first:end]
    words = np.array([line.words for line in lines], dtype=np.float32)
    typicality = summary.measure_centrality(vectors, words) * np.minimum(words, 25)
    mean_vector = _mean_vector(vectors, words)
    chapter_phrases = keyphrases.select_keyphrases(phrases, rows, mean_vector, MAX_CHAPTER_PHRASES)
    phrase_texts = [phrase.text for phrase, _ in chapter_phrases]
    return Chapter(
        title=write_title(document, span, vectors @ mean_vector, phrase_texts, survey),
        start_ms=lines[0].start_ms,
        end_ms=lines[-1].end_ms,
        quote=document.line_quote(lines[int(typicality.argmax())]),
        phrases=phrase_texts,
    )


def _mean_vector(vectors: Float32, words: Float32) -> Float32:
    total = (vectors * words[:, None]).sum(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), dtype=np.float32)


def _build_topics(inputs: StudyInputs) -> list[Topic]:
    words = np.array([line.words for line in inputs.document.lines], dtype=np.float32)
    mean_vector = _mean_vector(inputs.vectors, words)
    topic_phrases = keyphrases.select_keyphrases(inputs.phrases, inputs.phrase_vectors, mean_vector, MAX_TOPICS)
    return [
        Topic(
            name=phrase.text,
            weight=weight,
            mentions=[inputs.document.quote(first, end) for _, first, end in phrase.places[:MAX_MENTIONS]],
        )
        for phrase, weight in topic_phrases
    ]


def drop_unproved(intelligence: Intelligence, document: TranscriptText) -> Intelligence:
    """Drop every item whose quote is not said word for word at its time."""
    dropped = 0

    def is_proved(quotes: Sequence[Quote]) -> bool:
        nonlocal dropped
        is_grounded = bool(quotes) and all(document.contains_quote(quote) for quote in quotes)
        dropped += not is_grounded
        return is_grounded

    return msgspec.structs.replace(
        intelligence,
        summary=[item for item in intelligence.summary if is_proved([item.quote])],
        chapters=[item for item in intelligence.chapters if is_proved([item.quote])],
        topics=[item for item in intelligence.topics if is_proved(item.mentions)],
        key_points=[item for item in intelligence.key_points if is_proved([item.quote])],
        quotes=[item for item in intelligence.quotes if is_proved([item.quote])],
        questions=[item for item in intelligence.questions if is_proved([item.quote])],
        sentiment=[item for item in intelligence.sentiment if is_proved([item.quote])],
        entities=[item for item in intelligence.entities if is_proved(item.mentions)],
        relations=[item for item in intelligence.relations if is_proved([item.quote])],
        thrown_away=intelligence.thrown_away + dropped,
    )
