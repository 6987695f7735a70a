"""Ground a model's answer: every item is quoted word for word from the transcript, or dropped. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from schemas.documents.intelligence import (
    Chapter,
    Cost,
    Engine,
    Entity,
    EntityKind,
    Intelligence,
    Point,
    Quote,
    Relation,
)
from streams.study.assemble import drop_unproved
from streams.study.llm.prompt import AnswerPoint, ModelAnswer
from streams.study.transcript_text import TranscriptText

FORBIDDEN_LINKS = re.compile(r"https?:|www\.|[<>]|\]\(", re.IGNORECASE)
"""Links and markup, which have no place in a title or a summary: a transcript cannot make the model insert them."""
MODEL_PARTS = ("summary", "chapters", "key_points", "entities", "relations")
"""Parts of a document that a model writes."""


class AnswerGrounding:
    """Grounded items of the answers, and how many were dropped."""

    def __init__(self, document: TranscriptText) -> None:
        """Ground answers in this transcript."""
        self._document = document
        self.dropped_count = 0

    def ground_quote(self, text: str, *own_texts: str) -> Quote | None:
        """Return the words that an item rests on; None, and counted as dropped, without any."""
        is_forbidden = any(not own_text.strip() or FORBIDDEN_LINKS.search(own_text) for own_text in own_texts)
        quote = None if is_forbidden else self._document.find_quote(text)
        self.dropped_count += quote is None
        return quote

    def ground_points(self, points: Sequence[AnswerPoint]) -> list[Point]:
        """Return grounded points, in the order of their quotes."""
        pairs = [(point.text.strip(), self.ground_quote(point.quote, point.text)) for point in points]
        grounded = [Point(quote=quote, weight=1.0, text=text) for text, quote in pairs if quote]
        return sorted(grounded, key=lambda point: point.quote.start_ms)

    def ground_chapters(self, answers: Sequence[ModelAnswer]) -> list[Chapter]:
        """Return chapters, each up to the next one; the first from the beginning.

        A chapter begins where its first words are said.
        """
        chapters_by_start: dict[int, tuple[str, Quote]] = {}
        for chapter in (chapter for answer in answers for chapter in answer.chapters):
            quote = self.ground_quote(chapter.quote, chapter.title)
            if quote:
                chapters_by_start.setdefault(quote.start_ms, (chapter.title.strip(), quote))
        starts = sorted(chapters_by_start)
        if not starts:
            return []
        ends = [*starts[1:], self._document.lines[-1].end_ms]
        first_ms = self._document.lines[0].start_ms
        return [
            Chapter(
                title=chapters_by_start[start][0],
                start_ms=start if index else first_ms,
                end_ms=end,
                quote=chapters_by_start[start][1],
            )
            for index, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]

    def ground_entities(self, answers: Sequence[ModelAnswer]) -> list[Entity]:
        """Return names with their quotes; a name that is not in its quote is dropped."""
        mentions_by_name: dict[tuple[EntityKind, str], list[Quote]] = {}
        for entity in (entity for answer in answers for entity in answer.entities):
            quote = self.ground_quote(entity.quote, entity.name)
            if quote and _contains_name(quote, entity.name):
                mentions = mentions_by_name.setdefault((entity.kind, entity.name.strip()), [])
                mentions += [quote] if quote not in mentions else []
            elif quote:
                self.dropped_count += 1
        return [Entity(kind=kind, name=name, mentions=mentions) for (kind, name), mentions in mentions_by_name.items()]

    def ground_relations(self, answers: Sequence[ModelAnswer]) -> list[Relation]:
        """Return relations whose quote contains both names."""
        grounded = []
        for relation in (relation for answer in answers for relation in answer.relations):
            quote = self.ground_quote(relation.quote, relation.subject, relation.object)
            if (
                quote
                and _contains_name(quote, _last_word(relation.subject))
                and _contains_name(quote, _last_word(relation.object))
            ):
                grounded.append(
                    Relation(kind=relation.kind, subject=relation.subject, object=relation.object, quote=quote)
                )
            elif quote:
                self.dropped_count += 1
        return grounded


def _contains_name(quote: Quote, name: str) -> bool:
    """Whether a name stands in its quote; a blank one does not."""
    return bool(name.strip()) and name.strip().lower() in quote.text.lower()


def _last_word(name: str) -> str:
    """Return the last word of a name, by which it may be called alone."""
    return (name.split() or [""])[-1]


def apply_answers(
    local_intelligence: Intelligence,
    document: TranscriptText,
    answers: Sequence[ModelAnswer],
    engine: Engine,
    cost: Cost,
) -> Intelligence:
    """Replace parts of the local document by the model's grounded ones.

    A part without a grounded item stays local, with a note.
    """
    grounding = AnswerGrounding(document)
    grounded_parts: Mapping[str, Sequence[object]] = {
        "summary": grounding.ground_points([point for answer in answers for point in answer.summary]),
        "chapters": grounding.ground_chapters(answers),
        "key_points": grounding.ground_points([point for answer in answers for point in answer.key_points]),
        "entities": grounding.ground_entities(answers),
        "relations": grounding.ground_relations(answers),
    }
    used_parts = {name: items for name, items in grounded_parts.items() if items}
    missing = [name for name in MODEL_PARTS if name not in used_parts and getattr(local_intelligence, name)]
    notes = [f"{name.replace('_', ' ')}: made locally, the model gave nothing that is quoted" for name in missing]
    origin = {"engine": engine, "cost": cost, "thrown_away": local_intelligence.thrown_away + grounding.dropped_count}
    return drop_unproved(
        msgspec.structs.replace(local_intelligence, **used_parts, **origin, notes=[*local_intelligence.notes, *notes]),
        document,
    )


def mark_not_used(local_intelligence: Intelligence, model: str, reason: str, cost: Cost) -> Intelligence:
    """Mark the local document with the model that was not used, the reason and its cost."""
    engine = msgspec.structs.replace(
        local_intelligence.engine, not_used=model, reason=f"{model} was not used: {reason}"
    )
    return msgspec.structs.replace(local_intelligence, engine=engine, cost=cost)
