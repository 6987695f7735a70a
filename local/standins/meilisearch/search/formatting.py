"""Highlighted and cropped forms of a found document. Pure; escapes nothing, as Meilisearch does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from local.standins.meilisearch.index.attributes import covers
from local.standins.meilisearch.index.locales import Rules
from local.standins.meilisearch.query.query_text import normalise, tokenise
from local.standins.meilisearch.query.terms import Term
from local.standins.meilisearch.search.ranking import match_document

Spans = list[tuple[int, int]]


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """Style in which hits are shown."""

    highlight: tuple[str, ...] = ()
    crop: Mapping[str, int] = {}
    pre_tag: str = "<em>"
    post_tag: str = "</em>"
    marker: str = "…"
    rules: Rules | None = None
    """Language of each attribute; a language that the search asks for stands for all."""


def spans_of(text: str, terms: Sequence[Term], path: str = "", rules: Rules | None = None) -> Spans:
    """Character ranges of matched terms, ordered, without overlap; of a prefix only what was typed."""
    matches = match_document(terms, {path: text}, rules=rules)
    tokens = matches.tokens[path]
    ranges: Spans = []
    for term, places in zip(terms, matches.places, strict=True):
        for place in places:
            start, end = tokens[place.first].start, tokens[place.end - 1].end
            if term.prefix and not place.exact and place.typos == 0:
                end = start + _count_typed(text[start:end], term.words[0])
            ranges.append((start, end))
    spans: Spans = []
    for start, end in sorted(ranges, key=lambda span: (span[0], -span[1])):
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
    return spans


def _count_typed(word: str, normal_form: str) -> int:
    """Number of characters of ``word`` that ``normal_form`` covers (``ß`` is two there)."""
    for count in range(1, len(word) + 1):
        if len(normalise(word[:count])) >= len(normal_form):
            return count
    return len(word)


def crop(text: str, spans: Spans, words: int, marker: str) -> tuple[str, Spans]:
    """The ``words`` words around the most hits, with a marker where text was left out; spans move along."""
    tokens = tokenise(text)
    if words <= 0 or len(tokens) <= words:
        return text, spans
    hit = [any(start < token.end and token.start < end for start, end in spans) for token in tokens]
    best = max(range(len(tokens) - words + 1), key=lambda at: (sum(hit[at : at + words]), -at))
    if any(hit[best : best + words]):
        first = next(i for i in range(best, best + words) if hit[i])
        last = max(i for i in range(best, best + words) if hit[i])
        spare = words - (last - first + 1)
        best = max(0, min(first - spare // 2, len(tokens) - words))
    start = tokens[best].start if best else 0
    end = tokens[best + words - 1].end if best + words < len(tokens) else len(text)
    before, after = marker if start else "", marker if end < len(text) else ""
    shifted = [
        (max(a, start) - start + len(before), min(b, end) - start + len(before))
        for a, b in spans
        if a < end and b > start
    ]
    return before + text[start:end] + after, shifted


def paint(text: str, spans: Spans, style: Style) -> str:
    """The tags around each span."""
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], style.pre_tag, text[start:end], style.post_tag]
        at = end
    return "".join(parts) + text[at:]


def format_document(document: Mapping[str, Any], terms: Sequence[Term], style: Style) -> dict[str, Any]:
    """The `_formatted` twin of a hit: texts painted and cropped, numbers as text."""
    return {name: _value(value, name, terms, style) for name, value in document.items()}


def _value(value: Any, path: str, terms: Sequence[Term], style: Style) -> Any:
    if isinstance(value, dict):
        return {name: _value(inner, f"{path}.{name}", terms, style) for name, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner, path, terms, style) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    lit = any(covers(pattern, path) for pattern in style.highlight)
    words = next((length for pattern, length in style.crop.items() if covers(pattern, path)), None)
    if not lit and words is None:
        return text
    spans = spans_of(text, terms, path, style.rules)
    if words is not None:
        text, spans = crop(text, spans, words, style.marker)
    return paint(text, spans, style) if lit else text


def match_positions(
    document: Mapping[str, Any], terms: Sequence[Term], rules: Rules | None = None
) -> dict[str, list[dict[str, int]]]:
    """The `_matchesPosition` of a hit, in bytes."""
    positions: dict[str, list[dict[str, int]]] = {}
    for name, value in document.items():
        if isinstance(value, str) and (spans := spans_of(value, terms, name, rules)):
            positions[name] = [
                {"start": len(value[:start].encode()), "length": len(value[start:end].encode())} for start, end in spans
            ]
    return positions
