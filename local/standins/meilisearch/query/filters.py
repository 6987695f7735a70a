"""Meilisearch's filter language: text or nested lists to a tree. Pure; the tree is answered by
local/standins/meilisearch/index/attributes.py.

Grammar: https://www.meilisearch.com/docs/learn/filtering_and_sorting/filter_expression_reference
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from local.standins.meilisearch.errors import MeiliError, not_here


class Condition(msgspec.Struct, frozen=True):
    """``field operation values``, e.g. ``price TO 1 5``. ``values`` are as written, without quotes."""

    field: str
    operation: str
    values: tuple[str, ...] = ()


class Not(msgspec.Struct, frozen=True):
    """Everything else."""

    inner: Node


class And(msgspec.Struct, frozen=True):
    """All of its parts."""

    parts: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True):
    """Any of its parts."""

    parts: tuple[Node, ...]


Node: TypeAlias = Condition | Not | And | Or

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
        |(?P<symbol>>=|<=|!=|[()\[\],=<>])|(?P<word>[^\s()\[\],=<>!"']+))""",
    re.S | re.X,
)
_COMPARE = ("=", "!=", ">=", "<=", ">", "<")
_EXPECTED = (
    "Was expecting an operation `=`, `!=`, `>=`, `>`, `<=`, `<`, `IN`, `NOT IN`, `TO`, `EXISTS`, `NOT EXISTS`, "
    "`IS NULL`, `IS NOT NULL`, `IS EMPTY`, `IS NOT EMPTY`, `CONTAINS`, `NOT CONTAINS`, `STARTS WITH`, "
    "`NOT STARTS WITH`, `_geoRadius`, or `_geoBoundingBox`"
)
MAX_DEPTH = 100


def _fail(message: str) -> MeiliError:
    return MeiliError("invalid_search_filter", message)


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        self._depth = 0
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise _fail(f"{_EXPECTED} at `{text[position:].strip()}`.\n{position + 1}:{len(text)} {text}")
            kind = match.lastgroup or ""
            value = match.group(kind)
            if kind == "text":
                value = re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.S)
            self._tokens.append((kind, value))
            position = match.end()

    def _peek(self, *words: str) -> bool:
        """Whether the next tokens are these keywords or symbols."""
        upcoming = self._tokens[self._at : self._at + len(words)]
        return len(upcoming) == len(words) and all(
            kind != "text" and value.upper() == word for (kind, value), word in zip(upcoming, words, strict=True)
        )

    def _take(self, *words: str) -> bool:
        if self._peek(*words):
            self._at += len(words)
            return True
        return False

    def _value(self) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] != "symbol":
            self._at += 1
            return self._tokens[self._at - 1][1]
        token = self._tokens[self._at][1] if self._at < len(self._tokens) else ""
        raise _fail(f"Was expecting a value but instead got `{token}`.\n{self._text}")

    def parse(self) -> Node:
        """The whole expression."""
        node = self._or()
        if self._at < len(self._tokens):
            rest = " ".join(value for _, value in self._tokens[self._at :])
            detail = "You probably forgot an `OR` or an `AND` rule."
            raise _fail(f"Found unexpected characters at the end of the filter: `{rest}`. {detail}")
        return node

    def _or(self) -> Node:
        parts = [self._and()]
        while self._take("OR"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Node:
        parts = [self._single()]
        while self._take("AND"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _single(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            detail = "Try rewriting the filter so that it contains fewer nested conditions."
            raise _fail(f"The filter exceeded the maximum depth limit. {detail}")
        try:
            if self._take("NOT"):
                return Not(self._single())
            if self._take("("):
                inner = self._or()
                if not self._take(")"):
                    raise _fail(f"Expression `{self._text}` is missing the following closing delimiter: `)`.")
                return inner
            return self._condition()
        finally:
            self._depth -= 1

    def _condition(self) -> Node:
        field = self._value()
        if field in ("_geoRadius", "_geoBoundingBox", "_geoPolygon", "_geoPoint"):
            raise not_here(f"Filtering by `{field}`")
        for symbol in _COMPARE:
            if self._take(symbol):
                return Condition(field, symbol, (self._value(),))
        for words, make in _WORDS:
            if self._take(*words):
                return make(self, field)
        if self._peek("CONTAINS") or self._peek("NOT", "CONTAINS"):
            message = "Using `CONTAINS` in a filter requires enabling the `contains filter` experimental feature."
            raise MeiliError("feature_not_enabled", message)
        low = self._at
        if low < len(self._tokens) and self._tokens[low][0] != "symbol":
            start = self._value()
            if self._take("TO"):
                return Condition(field, "TO", (start, self._value()))
        raise _fail(f"{_EXPECTED} at `{self._text}`.\n1:{len(self._text) + 1} {self._text}")

    def list_of_values(self) -> tuple[str, ...]:
        """``[a, b]``"""
        if not self._take("["):
            raise _fail("Expected `[` after `IN` keyword.")
        values: list[str] = []
        while not self._take("]"):
            values.append(self._value())
            if not self._take(",") and not self._peek("]"):
                raise _fail("Expected only comma-separated field names inside `IN[..]`.")
        return tuple(values)

    def value(self) -> tuple[str, ...]:
        """One value."""
        return (self._value(),)


_WORDS: tuple[tuple[tuple[str, ...], Callable[[_Parser, str], Node]], ...] = (
    (("NOT", "IN"), lambda p, f: Not(Condition(f, "IN", p.list_of_values()))),
    (("IN",), lambda p, f: Condition(f, "IN", p.list_of_values())),
    (("NOT", "EXISTS"), lambda _, f: Not(Condition(f, "EXISTS"))),
    (("EXISTS",), lambda _, f: Condition(f, "EXISTS")),
    (("IS", "NOT", "NULL"), lambda _, f: Not(Condition(f, "NULL"))),
    (("IS", "NULL"), lambda _, f: Condition(f, "NULL")),
    (("IS", "NOT", "EMPTY"), lambda _, f: Not(Condition(f, "EMPTY"))),
    (("IS", "EMPTY"), lambda _, f: Condition(f, "EMPTY")),
    (("NOT", "STARTS", "WITH"), lambda p, f: Not(Condition(f, "STARTS WITH", p.value()))),
    (("STARTS", "WITH"), lambda p, f: Condition(f, "STARTS WITH", p.value())),
)


def parse_filter(expression: object) -> Node | None:
    """The tree of a filter: a string, or a list (all of) of strings and lists (any of); None if empty."""
    if expression is None or expression in ("", []):
        return None
    if isinstance(expression, str):
        return _Parser(expression).parse() if expression.strip() else None
    if not isinstance(expression, list):
        raise _fail(f"Invalid syntax for the filter parameter: `expected String, Array, found: {expression}`.")
    return And(tuple(node for part in expression if (node := _any_of(part)) is not None))


def _any_of(part: object) -> Node | None:
    if not isinstance(part, list):
        return parse_filter(part)
    if not all(isinstance(inner, str) for inner in part):
        raise _fail("Invalid syntax for the filter parameter: `expected String, found: [Array]`.")
    return Or(tuple(node for inner in part if (node := parse_filter(inner)) is not None))


def fields_of(node: Node) -> set[str]:
    """Every attribute that a filter names."""
    if isinstance(node, Condition):
        return {node.field}
    if isinstance(node, Not):
        return fields_of(node.inner)
    return set().union(*(fields_of(part) for part in node.parts))
