"""Names and topics of a document as rows that many projects can be asked by. Pure; writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.word_joining import without_marks
from schemas.common import Value
from schemas.documents.intelligence import Intelligence, Quote
from streams.study.topics.topic_tokens import term, tokens


class Subject(Value, frozen=True, kw_only=True):
    """A name or topic of one project; ``seconds`` are the (start, end) in ms of its mentions."""

    kind: str
    key: str
    name: str
    seconds: list[tuple[int, int]]


def key_of(name: str) -> str:
    """What forms of one name share: no case, no accents, no plural, no punctuation."""
    return " ".join(term(word) for word in tokens(without_marks(name))) or name.casefold()


def subjects(made: Intelligence) -> list[Subject]:
    """Every topic and entity once; forms with one key are joined."""
    found: dict[tuple[str, str], Subject] = {}
    named = [("topic", one.name, one.mentions) for one in made.topics]
    named += [(one.kind, one.name, one.mentions) for one in made.entities]
    for kind, name, mentions in named:
        key = key_of(name)
        before = found.get((kind, key))
        seconds = _seconds(mentions, before.seconds if before else [])
        found[kind, key] = Subject(kind=kind, key=key, name=before.name if before else name, seconds=seconds)
    return list(found.values())


def _seconds(mentions: Sequence[Quote], more: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted({(quote.start_ms, quote.end_ms) for quote in mentions} | set(more))
