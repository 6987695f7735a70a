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
        self._spoken = document
        self.dropped_count = 0

    def ground_quote(self, text: str, *own: str) -> Quote | None:
        """Return the words that an item rests on; None, and counted as dropped, without any."""
        bad = any(not one.strip() or FORBIDDEN_LINKS.search(one) for one in own)
        found = None if bad else self._spoken.find_quote(text)
        self.dropped_count += found is None
        return found

    def ground_points(self, written: Sequence[AnswerPoint]) -> list[Point]:
        """Return grounded points, in the order of their quotes."""
        pairs = [(one.text.strip(), self.ground_quote(one.quote, one.text)) for one in written]
        held = [Point(quote=quote, weight=1.0, text=text) for text, quote in pairs if quote]
        return sorted(held, key=lambda one: one.quote.start_ms)

    def ground_chapters(self, answers: Sequence[ModelAnswer]) -> list[Chapter]:
        """Return chapters, each up to the next one; the first from the beginning.

        A chapter begins where its first words are said.
        """
        begun: dict[int, tuple[str, Quote]] = {}
        for one in (one for answer in answers for one in answer.chapters):
            quote = self.ground_quote(one.quote, one.title)
            if quote:
                begun.setdefault(quote.start_ms, (one.title.strip(), quote))
        starts = sorted(begun)
        if not starts:
            return []
        ends = [*starts[1:], self._spoken.lines[-1].end_ms]
        first_ms = self._spoken.lines[0].start_ms
        return [
            Chapter(
                title=begun[start][0],
                start_ms=start if at else first_ms,
                end_ms=end,
                quote=begun[start][1],
            )
            for at, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]

    def ground_entities(self, answers: Sequence[ModelAnswer]) -> list[Entity]:
        """Return names with their quotes; a name that is not in its quote is dropped."""
        found: dict[tuple[EntityKind, str], list[Quote]] = {}
        for one in (one for answer in answers for one in answer.entities):
            quote = self.ground_quote(one.quote, one.name)
            if quote and _contains_name(quote, one.name):
                mentions = found.setdefault((one.kind, one.name.strip()), [])
                mentions += [quote] if quote not in mentions else []
            elif quote:
                self.dropped_count += 1
        return [Entity(kind=kind, name=name, mentions=mentions) for (kind, name), mentions in found.items()]

    def ground_relations(self, answers: Sequence[ModelAnswer]) -> list[Relation]:
        """Return relations whose quote contains both names."""
        found = []
        for one in (one for answer in answers for one in answer.relations):
            quote = self.ground_quote(one.quote, one.subject, one.object)
            if (
                quote
                and _contains_name(quote, _last_word(one.subject))
                and _contains_name(quote, _last_word(one.object))
            ):
                found.append(Relation(kind=one.kind, subject=one.subject, object=one.object, quote=quote))
            elif quote:
                self.dropped_count += 1
        return found


def _contains_name(quote: Quote, name: str) -> bool:
    """Whether a name stands in its quote; a blank one does not."""
    return bool(name.strip()) and name.strip().lower() in quote.text.lower()


def _last_word(name: str) -> str:
    """Return the last word of a name, by which it may be called alone."""
    return (name.split() or [""])[-1]


def apply_answers(
    local: Intelligence, document: TranscriptText, answers: Sequence[ModelAnswer], engine: Engine, cost: Cost
) -> Intelligence:
    """Replace parts of the local document by the model's grounded ones.

    A part without a grounded item stays local, with a note.
    """
    grounding = AnswerGrounding(document)
    grounded_parts: Mapping[str, Sequence[object]] = {
        "summary": grounding.ground_points([one for answer in answers for one in answer.summary]),
        "chapters": grounding.ground_chapters(answers),
        "key_points": grounding.ground_points([one for answer in answers for one in answer.key_points]),
        "entities": grounding.ground_entities(answers),
        "relations": grounding.ground_relations(answers),
    }
    used_parts = {name: items for name, items in grounded_parts.items() if items}
    missing = [name for name in MODEL_PARTS if name not in used_parts and getattr(local, name)]
    notes = [f"{name.replace('_', ' ')}: made locally, the model gave nothing that is quoted" for name in missing]
    origin = {"engine": engine, "cost": cost, "thrown_away": local.thrown_away + grounding.dropped_count}
    return drop_unproved(msgspec.structs.replace(local, **used_parts, **origin, notes=[*local.notes, *notes]), document)


def mark_not_used(local: Intelligence, model: str, reason: str, cost: Cost) -> Intelligence:
    """Mark the local document with the model that was not used, the reason and its cost."""
    engine = msgspec.structs.replace(local.engine, not_used=model, reason=f"{model} was not used: {reason}")
    return msgspec.structs.replace(local, engine=engine, cost=cost)
