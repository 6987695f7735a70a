"""Search documents of what study found: chapters, and entities with topics. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from core.domain.text.script_languages import said_in
from schemas import events
from schemas.documents.intelligence import Intelligence, Quote
from streams.sinks.search.search_documents import (
    EPOCH,
    Document,
    identity,
    millisecond,
    owner_of,
    project_filter,
    vectors,
)


def chapter_documents(
    event: events.IntelligenceCompleted, intelligence: Intelligence, *, told_at: dt.datetime = EPOCH
) -> list[Document]:
    """One document for each chapter; ``text`` is its most typical sentence."""
    return [
        {
            "id": identity(event, "chapter", str(ordinal)),
            **_base_document(event, intelligence, told_at),
            "ordinal": ordinal,
            "title": chapter.title,
            "phrases": chapter.phrases,
            "text": chapter.quote.text,
            "start_ms": chapter.start_ms,
            "end_ms": chapter.end_ms,
            "quote_start_ms": chapter.quote.start_ms,
            "quote_end_ms": chapter.quote.end_ms,
            "word_at": [],
            "phrase_ms": [None] * len(chapter.phrases),
            **said_in([], None),
            **vectors(None),
        }
        for ordinal, chapter in enumerate(intelligence.chapters)
    ]


def entity_documents(
    event: events.IntelligenceCompleted, intelligence: Intelligence, *, told_at: dt.datetime = EPOCH
) -> list[Document]:
    """One document for each name, amount, date or topic, with the times of its mentions."""
    entities: list[tuple[str, str, list[Quote]]] = [
        (entity.kind, entity.name, entity.mentions) for entity in intelligence.entities
    ]
    entities += [("topic", topic.name, topic.mentions) for topic in intelligence.topics]
    return [
        {
            "id": identity(event, "entity", f"{kind}/{name}"),
            **_base_document(event, intelligence, told_at),
            "ordinal": ordinal,
            "kind": kind,
            "name": name,
            "language": intelligence.language,
            "trust": trust_of(mention_documents := [_mention(quote) for quote in mentions]),
            **mention_fields(mention_documents),
            **said_in([intelligence.language], [name, *sorted({mention["text"] for mention in mention_documents})]),
        }
        for ordinal, (kind, name, mentions) in enumerate(entities)
        if mentions
    ]


def _mention(quote: Quote) -> Document:
    return {"start_ms": quote.start_ms, "end_ms": quote.end_ms, "text": quote.text, "doubtful": quote.doubtful}


def trust_of(mentions: Sequence[Document]) -> str:
    """Confidence of an entity: doubtful if every mention is."""
    return "doubtful" if all(mention.get("doubtful") for mention in mentions) else "trusted"


def mention_fields(mentions: Sequence[Document]) -> Document:
    """Fields of an entity about its mentions: times and forms."""
    return {
        "forms": sorted({mention["text"] for mention in mentions}),
        "mentions": list(mentions),
        "said_ms": [mention["start_ms"] for mention in mentions],
        "mention_count": len(mentions),
    }


def stale_filter(event: events.IntelligenceCompleted) -> str:
    """Documents of an earlier study of the project. Digests are safe inside quotes."""
    return f'{project_filter(event)} AND source != "{_source(event)}"'


def _source(event: events.IntelligenceCompleted) -> str:
    return "".join(sign for sign in event.intelligence.sha256 if sign in "0123456789abcdef")


def _base_document(event: events.IntelligenceCompleted, intelligence: Intelligence, told_at: dt.datetime) -> Document:
    return {
        **owner_of(event),
        "project_title": intelligence.project_title,
        "project_at": millisecond(told_at),
        "version": event.transcript_version,
        "source": _source(event),
    }
