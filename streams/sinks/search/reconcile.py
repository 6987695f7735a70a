"""Bring the documents of one project to one transcript: its speakers, topics and corrected words.

Pure.

Documents of study and detect may come from an older transcript than the segments. So clips, chapters and entities
take their speakers from the segments they lie in; clips and chapters also their language, confidence and topics.
Where a person corrected the transcript since, they take their words too, and an entity that is no longer said is
deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np

from core.domain.text.indexed_word_times import phrase_time, transcript_words, word_times
from core.domain.text.script_languages import said_in
from core.domain.text.word_joining import join_words
from core.ports.models import Float32
from core.storage.labels import Titles
from streams.sinks.search.intelligence_documents import mention_fields, trust_of
from streams.sinks.search.search_documents import (
    CHAPTERS,
    CLIPS,
    EMBEDDER,
    ENTITIES,
    SEGMENTS,
    Document,
    millisecond,
    vectors,
)

ROUNDING_TOLERANCE = 2e-3
"""Largest difference between equal vectors: they are rounded twice."""
MIN_DOUBT_MS = 250
"""Overlap from which a doubtful segment makes a clip doubtful (or half of it): clips begin and end in pauses."""


@dataclass(frozen=True, kw_only=True)
class ProjectDocuments:
    """Every document of a project, as the engine has it."""

    segments: Sequence[Document]
    clips: Sequence[Document]
    chapters: Sequence[Document]
    entities: Sequence[Document]

    def has_later_correction(self, document: Document) -> bool:
        """Whether a person corrected the words after a document was made; clips are of the machine's version."""
        return any(segment["version"] > document.get("version", 1) for segment in self.segments)


@dataclass(frozen=True, kw_only=True)
class DocumentChanges:
    """Fields to write, by index, each with its document's id; and ids of entities to delete."""

    updates: dict[str, list[Document]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def reconcile_documents(project: ProjectDocuments) -> DocumentChanges:
    """Compute the writes after which all documents of a project match its newest transcript."""
    entities = [
        _keep_spoken_mentions(entity, project.segments) if project.has_later_correction(entity) else entity
        for entity in project.entities
    ]
    topics = [entity for entity in entities if entity["kind"] == "topic"]
    topics_by_segment = {segment["id"]: _topics(segment, topics) for segment in project.segments}
    segments = [segment | {"topics": topics_by_segment[segment["id"]]} for segment in project.segments]
    changes_by_index = {
        SEGMENTS: _changed_fields(project.segments, segments),
        CLIPS: _changed_fields(project.clips, [_clip(clip, segments, project) for clip in project.clips]),
        CHAPTERS: _changed_fields(
            project.chapters, [_chapter(chapter, segments, project) for chapter in project.chapters]
        ),
        ENTITIES: _changed_fields(
            project.entities, [_update_entity(entity, segments) for entity in entities if entity["mentions"]]
        ),
    }
    gone = [entity["id"] for entity in entities if not entity["mentions"]]
    return DocumentChanges(
        updates={index: documents for index, documents in changes_by_index.items() if documents}, gone=gone
    )


def rename_documents(index: str, documents: Sequence[Document], titles: Titles) -> list[Document]:
    """Compute the writes after which a project's documents have the current titles."""
    return _changed_fields(documents, [document | _names(index, document, titles) for document in documents])


def _names(index: str, document: Document, titles: Titles) -> Document:
    names: Document = {"project_title": titles.project}
    if titles.created_at is not None:
        names["project_at"] = millisecond(titles.created_at)
    if index == CLIPS and (title := titles.clips.get(UUID(document["clip_id"]))):
        names["title"] = title
    return names


def _changed_fields(before: Iterable[Document], after: Iterable[Document]) -> list[Document]:
    """The fields that differ, with the owner's, so that an erasure finds what is written late."""
    old_documents = {document["id"]: document for document in before}
    changes = []
    for document in after:
        old_document = old_documents[document["id"]]
        fields = {
            name: value
            for name, value in document.items()
            if name not in old_document or not _equal_values(name, old_document[name], value)
        }
        if fields:
            changes.append({name: document[name] for name in ("id", "org_id", "project_id")} | fields)
    return changes


def _equal_values(name: str, before: Any, after: Any) -> bool:
    if name != "_vectors":
        return bool(before == after)
    old_vector, new_vector = _read_vector({name: before}), _read_vector({name: after})
    if old_vector is None or new_vector is None:
        return old_vector is new_vector
    return bool(np.allclose(old_vector, new_vector, atol=ROUNDING_TOLERANCE))


def _read_vector(document: Document) -> Float32 | None:
    """Vector of a document, as sent or as the engine returns it; None without one."""
    vector = (document.get("_vectors") or {}).get(EMBEDDER)
    if isinstance(vector, dict):
        vector = next(iter(vector["embeddings"]), None)
    return None if vector is None else np.asarray(vector, dtype=np.float32)


def _mean_vector(segments_inside: Sequence[Document]) -> Document:
    """Mean vector of the segments inside, weighted by their words; none if no segment has one."""
    rows = [
        (row, len(segment["text"].split())) for segment in segments_inside if (row := _read_vector(segment)) is not None
    ]
    total = sum((row * words for row, words in rows), np.zeros(1, dtype=np.float32))
    length = float(np.linalg.norm(total))
    return vectors(np.asarray(total / length, dtype=np.float32) if length else None)


def _topics(segment: Document, topics: Sequence[Document]) -> list[str]:
    return sorted(
        {topic["name"] for topic in topics if any(_touches(segment, mention) for mention in topic["mentions"])}
    )


def _touches(segment: Document, time: Document) -> bool:
    return _shared_ms(segment, time) > 0


def _shared_ms(segment: Document, time: Document) -> int:
    return int(min(segment["end_ms"], time["end_ms"]) - max(segment["start_ms"], time["start_ms"]))


def _doubtful_ranges(document: Document, segments: Sequence[Document]) -> list[Document]:
    """Doubtful ranges of a clip or chapter, each with its words."""
    return [
        {name: segment[name] for name in ("start_ms", "end_ms", "text")}
        for segment in segments
        if segment.get("trust") == "doubtful"
        and _shared_ms(segment, document) >= min(MIN_DOUBT_MS, (segment["end_ms"] - segment["start_ms"]) / 2)
    ]


def _segments_inside(segments: Sequence[Document], start_ms: int, end_ms: int) -> list[Document]:
    return [segment for segment in segments if start_ms <= (segment["start_ms"] + segment["end_ms"]) / 2 < end_ms]


def _segments_around(entity: Document, segments: Sequence[Document]) -> list[Document]:
    return [segment for segment in segments if any(_touches(segment, mention) for mention in entity["mentions"])]


def _voices(segments_inside: Sequence[Document]) -> Document:
    return {
        name: sorted({segment[name] for segment in segments_inside if segment.get(name)})
        for name in ("speaker", "speaker_name")
    }


def _speech_fields(document: Document, segments_inside: Sequence[Document], segments: Sequence[Document]) -> Document:
    """Speakers, languages, topics and confidence of the segments inside."""
    doubted = _doubtful_ranges(document, segments)
    trust_levels = {segment["trust"] for segment in segments_inside if segment.get("trust")} | (
        {"doubtful"} if doubted else set()
    )
    return {
        **_voices(segments_inside),
        "language": sorted({segment["language"] for segment in segments_inside if segment.get("language")}),
        "trust": next((trust for trust in ("doubtful", "trusted") if trust in trust_levels), None),
        "doubtful": doubted,
        "topics": sorted({topic for segment in segments_inside for topic in segment["topics"]}),
        **_creation_time(segments),
    }


def _creation_time(segments: Sequence[Document]) -> Document:
    """Creation time of the project, which only its transcript has."""
    return {"project_at": segments[0]["project_at"]} if segments and "project_at" in segments[0] else {}


def _segments_overlapping(segments: Sequence[Document], start_ms: int, end_ms: int) -> list[Document]:
    return [segment for segment in segments if segment["start_ms"] < end_ms and segment["end_ms"] > start_ms]


def _spoken_times(text: str, segments: Sequence[Document], start_ms: int, end_ms: int, *, corrected: bool) -> list[int]:
    """Times of a text's words within a range; corrected text has the times of whole segments."""
    if corrected:
        return word_times(text, transcript_words(_segments_inside(segments, start_ms, end_ms)))
    segments_around = _segments_overlapping(segments, start_ms, end_ms)
    return word_times(text, transcript_words(segments_around, from_ms=start_ms, to_ms=end_ms))


def _words(segments_inside: Sequence[Document]) -> str:
    language = segments_inside[0].get("language") if segments_inside else None
    return join_words((segment["text"] for segment in segments_inside), language)


def _clip(clip: Document, segments: Sequence[Document], project: ProjectDocuments) -> Document:
    segments_inside = _segments_inside(segments, clip["start_ms"], clip["end_ms"])
    updated = clip | _speech_fields(clip, segments_inside, segments) | _mean_vector(segments_inside)
    corrected = project.has_later_correction(clip)
    if corrected:
        updated |= {"text": _words(segments_inside)}
    updated["word_at"] = _spoken_times(updated["text"], segments, clip["start_ms"], clip["end_ms"], corrected=corrected)
    return updated | said_in(updated["language"], [updated["title"], updated["text"], updated["reason"]])


def _chapter(chapter: Document, segments: Sequence[Document], project: ProjectDocuments) -> Document:
    segments_inside = _segments_inside(segments, chapter["start_ms"], chapter["end_ms"])
    updated = chapter | _speech_fields(chapter, segments_inside, segments) | _mean_vector(segments_inside)
    corrected = project.has_later_correction(chapter)
    if corrected:
        updated |= _correct_chapter(chapter, segments_inside, segments)
    quote_range = chapter["quote_start_ms"], chapter["quote_end_ms"]
    updated["word_at"] = _spoken_times(updated["text"], segments, *quote_range, corrected=corrected)
    updated["phrase_ms"] = [phrase_time(phrase, segments_inside) for phrase in updated["phrases"]]
    return updated | said_in(updated["language"], [updated["title"], *updated["phrases"], updated["text"]])


def _correct_chapter(chapter: Document, segments_inside: Sequence[Document], segments: Sequence[Document]) -> Document:
    """A chapter in its current words: sentence, phrases that are said, the first of them as title."""
    quote = _words(_segments_inside(segments, chapter["quote_start_ms"], chapter["quote_end_ms"]))
    chapter_text = _normalise_text(_words(segments_inside))
    spoken_phrases = [phrase for phrase in chapter["phrases"] if _normalise_text(phrase) in chapter_text]
    lost_phrases = [phrase for phrase in chapter["phrases"] if phrase not in spoken_phrases]
    title = chapter["title"]
    if any(_normalise_text(phrase) in _normalise_text(title) for phrase in lost_phrases):
        title = next(iter(spoken_phrases), quote)
    return {"text": quote, "phrases": spoken_phrases, "title": title[:1].upper() + title[1:]}


def _update_entity(entity: Document, segments: Sequence[Document]) -> Document:
    """An entity with its speakers, each mention as reliable as the words around it are now."""
    segments_around = _segments_around(entity, segments)
    updated = entity | _voices(segments_around) | _creation_time(segments)
    updated |= said_in([entity.get("language")], [entity["name"], *entity["forms"]])
    if not any(segment.get("trust") for segment in segments_around):
        return updated
    mentions = [
        mention
        | {
            "doubtful": any(
                segment.get("trust") == "doubtful" and _touches(segment, mention) for segment in segments_around
            )
        }
        for mention in entity["mentions"]
    ]
    return updated | {"mentions": mentions, "trust": trust_of(mentions)}


def _keep_spoken_mentions(entity: Document, segments: Sequence[Document]) -> Document:
    """An entity with the mentions that the corrected words still contain, named by one of them."""
    spoken_mentions = []
    for mention in entity["mentions"]:
        texts_around = [segment["text"] for segment in segments if _touches(segment, mention)]
        if any(_normalise_text(mention["text"]) in _normalise_text(sep.join(texts_around)) for sep in (" ", "")):
            spoken_mentions.append(mention)
    if len(spoken_mentions) == len(entity["mentions"]):
        return entity
    lost_names = {_normalise_text(mention["text"]) for mention in entity["mentions"]} - {
        _normalise_text(mention["text"]) for mention in spoken_mentions
    }
    forms = sorted({mention["text"] for mention in spoken_mentions}, key=len)
    name = forms[-1] if forms and _normalise_text(entity["name"]) in lost_names else entity["name"]
    return entity | mention_fields(spoken_mentions) | {"name": name}


def _normalise_text(text: str) -> str:
    return " ".join(text.casefold().split())
