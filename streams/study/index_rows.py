"""Names and topics of a document as rows that many projects can be queried by. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.word_joining import without_marks
from schemas.common import Value
from schemas.documents.intelligence import Intelligence, Quote
from streams.study.topics.topic_tokens import normalise_term, split_tokens


class IndexedSubject(Value, frozen=True, kw_only=True):
    """A name or topic of one project; ``seconds`` are the (start, end) in ms of its mentions."""

    kind: str
    key: str
    name: str
    seconds: list[tuple[int, int]]


def normalise_name(name: str) -> str:
    """Fold the forms of a name: no case, no accents, no plural, no punctuation."""
    return " ".join(normalise_term(word) for word in split_tokens(without_marks(name))) or name.casefold()


def build_index_rows(intelligence: Intelligence) -> list[IndexedSubject]:
    """Build one row for every topic and entity; forms with one key are merged."""
    rows: dict[tuple[str, str], IndexedSubject] = {}
    named_items = [("topic", item.name, item.mentions) for item in intelligence.topics]
    named_items += [(item.kind, item.name, item.mentions) for item in intelligence.entities]
    for kind, name, mentions in named_items:
        key = normalise_name(name)
        known_row = rows.get((kind, key))
        seconds = _merge_times(mentions, known_row.seconds if known_row else [])
        rows[kind, key] = IndexedSubject(
            kind=kind, key=key, name=known_row.name if known_row else name, seconds=seconds
        )
    return list(rows.values())


def _merge_times(mentions: Sequence[Quote], known_times: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted({(quote.start_ms, quote.end_ms) for quote in mentions} | set(known_times))
