"""A model's answer laid over the document made here: quoted word for word, or thrown away. Pure; trusts no answer."""

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
from streams.study.assemble import proved
from streams.study.llm.prompt import Written, WrittenPoint
from streams.study.transcript_text import Spoken

LINKS = re.compile(r"https?:|www\.|[<>]|\]\(", re.IGNORECASE)
"""No place for these in a title or a summary: a transcript that talks a model into them gets nothing."""
PARTS = ("summary", "chapters", "key_points", "entities", "relations")


class Overlay:
    """Items of answers that hold, and how many did not."""

    def __init__(self, spoken: Spoken) -> None:
        """Of this transcript."""
        self._spoken = spoken
        self.lost = 0

    def quote(self, text: str, *own: str) -> Quote | None:
        """The words of the transcript that an item rests on; None, and counted, where it rests on none."""
        bad = any(not one.strip() or LINKS.search(one) for one in own)
        found = None if bad else self._spoken.find(text)
        self.lost += found is None
        return found

    def points(self, written: Sequence[WrittenPoint]) -> list[Point]:
        """Points in the order in which what they rest on was said."""
        pairs = [(one.text.strip(), self.quote(one.quote, one.text)) for one in written]
        held = [Point(quote=quote, weight=1.0, text=text) for text, quote in pairs if quote]
        return sorted(held, key=lambda one: one.quote.start_ms)

    def chapters(self, answers: Sequence[Written]) -> list[Chapter]:
        """Chapters from where their first words are said to where the next one's are; the first from the beginning."""
        begun: dict[int, tuple[str, Quote]] = {}
        for one in (one for answer in answers for one in answer.chapters):
            quote = self.quote(one.quote, one.title)
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

    def entities(self, answers: Sequence[Written]) -> list[Entity]:
        """Names, each with where it was said; a name that its quote does not hold is thrown away."""
        found: dict[tuple[EntityKind, str], list[Quote]] = {}
        for one in (one for answer in answers for one in answer.entities):
            quote = self.quote(one.quote, one.name)
            if quote and _holds(quote, one.name):
                mentions = found.setdefault((one.kind, one.name.strip()), [])
                mentions += [quote] if quote not in mentions else []
            elif quote:
                self.lost += 1
        return [Entity(kind=kind, name=name, mentions=mentions) for (kind, name), mentions in found.items()]

    def relations(self, answers: Sequence[Written]) -> list[Relation]:
        """Relations whose quote names both that they speak of."""
        found = []
        for one in (one for answer in answers for one in answer.relations):
            quote = self.quote(one.quote, one.subject, one.object)
            if quote and _holds(quote, _last(one.subject)) and _holds(quote, _last(one.object)):
                found.append(Relation(kind=one.kind, subject=one.subject, object=one.object, quote=quote))
            elif quote:
                self.lost += 1
        return found


def _holds(quote: Quote, name: str) -> bool:
    """Whether a name stands in its quote; a blank one stands nowhere."""
    return bool(name.strip()) and name.strip().lower() in quote.text.lower()


def _last(name: str) -> str:
    """The last word of a name, by which it may be called alone; nothing of nothing."""
    return (name.split() or [""])[-1]


def laid_over(
    local: Intelligence, spoken: Spoken, answers: Sequence[Written], engine: Engine, cost: Cost
) -> Intelligence:
    """The local document with the parts that the model wrote; one of which nothing holds stays local, and says so."""
    over = Overlay(spoken)
    made: Mapping[str, Sequence[object]] = {
        "summary": over.points([one for answer in answers for one in answer.summary]),
        "chapters": over.chapters(answers),
        "key_points": over.points([one for answer in answers for one in answer.key_points]),
        "entities": over.entities(answers),
        "relations": over.relations(answers),
    }
    kept = {name: found for name, found in made.items() if found}
    missing = [name for name in PARTS if name not in kept and getattr(local, name)]
    notes = [f"{name.replace('_', ' ')}: made locally, the model gave nothing that is quoted" for name in missing]
    made_of = {"engine": engine, "cost": cost, "thrown_away": local.thrown_away + over.lost}
    return proved(msgspec.structs.replace(local, **kept, **made_of, notes=[*local.notes, *notes]), spoken)


def not_written(local: Intelligence, model: str, reason: str, cost: Cost) -> Intelligence:
    """The local document, saying which model was to write it, why it did not, and what that cost all the same."""
    engine = msgspec.structs.replace(local.engine, not_used=model, reason=f"{model} was not used: {reason}")
    return msgspec.structs.replace(local, engine=engine, cost=cost)
