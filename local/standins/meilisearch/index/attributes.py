"""Attributes of documents as rows of a SQLite table, for filters, sorts and facets."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from local.standins.meilisearch.errors import MeiliError
from local.standins.meilisearch.query.filters import And, Condition, Node, Not, Or, fields_of
from local.standins.meilisearch.query.query_text import normalise

Row: TypeAlias = tuple[str, str, str | None, float | None]
"""(field, kind, text, number); kind is ``e`` exists, ``v`` value, ``n`` null, ``z`` empty."""


def flatten(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Attributes by dotted path, into objects and lists of objects; parents are listed too."""
    for name, value in document.items():
        if name == "_vectors" and not prefix:
            continue
        path = prefix + name
        yield path, value
        inner = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
        for part in inner:
            if isinstance(part, dict):
                yield from flatten(part, path + ".")


def covers(pattern: str, path: str) -> bool:
    """Whether an attribute of the settings names this path (itself, its parent object, or ``*``)."""
    return pattern in ("*", path) or path.startswith(pattern + ".")


def rows_of(document: Mapping[str, Any], attributes: Iterable[str]) -> Iterator[Row]:
    """Rows of the attributes that the settings make filterable or sortable."""
    patterns = tuple(attributes)
    for path, value in flatten(document):
        if any(covers(pattern, path) for pattern in patterns):
            yield path, "e", None, None
            if value is None:
                yield path, "n", None, None
            elif value in ("", [], {}):
                yield path, "z", None, None
            for single in value if isinstance(value, list) else [value]:
                yield from _value_row(path, single)


def _value_row(path: str, value: object) -> Iterator[Row]:
    if isinstance(value, bool):
        yield path, "v", "true" if value else "false", None
    elif isinstance(value, (int, float)):
        yield path, "v", None, float(value)
    elif isinstance(value, str):
        yield path, "v", value, None


def number_of(text: str) -> float | None:
    """The number that a value of a filter is, if it is one."""
    try:
        return float(text)
    except ValueError:
        return None


class Values:
    """The rows of one index."""

    def __init__(self, connection: sqlite3.Connection, index_no: int) -> None:
        """Reads (and writes) through ``connection`` only."""
        self._connection, self._index_no = connection, index_no

    def put(self, number: int, document: Mapping[str, Any], attributes: Iterable[str]) -> None:
        """Replace the rows of one document."""
        self.remove(number)
        rows = [
            (self._index_no, *row[:2], row[2], row[2] and normalise(row[2]), row[3], number)
            for row in rows_of(document, attributes)
        ]
        self._connection.executemany("insert into attributes values (?, ?, ?, ?, ?, ?, ?)", rows)

    def remove(self, number: int) -> None:
        """Forget one document."""
        self._connection.execute("delete from attributes where document_no = ?", (number,))

    def _matching_numbers(self, condition: str, field: str, *values: object) -> set[int]:
        sql = f"select document_no from attributes where index_no = ? and field = ? and {condition}"  # noqa: S608  fixed text
        return {row[0] for row in self._connection.execute(sql, (self._index_no, field, *values))}

    def everything(self) -> set[int]:
        """All documents of the index."""
        sql = "select no from documents where index_no = ?"
        return {row[0] for row in self._connection.execute(sql, (self._index_no,))}

    def matching(self, node: Node, filterable: list[str], code: str = "invalid_search_filter") -> set[int]:
        """Documents that a filter lets through; raises MeiliError for an attribute that is not filterable."""
        for field in sorted(fields_of(node)):
            if not any(covers(pattern, field) for pattern in filterable):
                raise MeiliError(code, _not_filterable(field, filterable))
        return self._answer(node)

    def _answer(self, node: Node) -> set[int]:
        if isinstance(node, Not):
            return self.everything() - self._answer(node.inner)
        if isinstance(node, And):
            sets = [self._answer(part) for part in node.parts]
            return set.intersection(*sets) if sets else self.everything()
        if isinstance(node, Or):
            return set().union(*(self._answer(part) for part in node.parts))
        return self._condition(node)

    def _condition(self, node: Condition) -> set[int]:
        field, values = node.field, node.values
        match node.operation:
            case "=":
                return self._equal(field, values[0])
            case "!=":
                return self.everything() - self._equal(field, values[0])
            case "IN":
                return set().union(*(self._equal(field, value) for value in values))
            case "EXISTS":
                return self._matching_numbers("kind = 'e'", field)
            case "NULL":
                return self._matching_numbers("kind = 'n'", field)
            case "EMPTY":
                return self._matching_numbers("kind = 'z'", field)
            case "STARTS WITH":
                start = normalise(values[0])
                return self._matching_numbers("kind = 'v' and substr(folded, 1, ?) = ?", field, len(start), start)
            case "TO":
                return self._matching_numbers(
                    "kind = 'v' and number between ? and ?", field, *map(self._number, values)
                )
            case operation:
                return self._matching_numbers(f"kind = 'v' and number {operation} ?", field, self._number(values[0]))

    def _equal(self, field: str, value: str) -> set[int]:
        number = number_of(value)
        return self._matching_numbers("kind = 'v' and (folded = ? or number = ?)", field, normalise(value), number)

    def _number(self, text: str) -> float:
        number = number_of(text)
        if number is None:
            raise MeiliError("invalid_search_filter", f"Invalid value for the comparison: `{text}` is not a number.")
        return number

    def sort_keys(self, field: str) -> dict[int, tuple[int, float, str]]:
        """Sort key of each document: numbers before strings; documents without the attribute are absent."""
        sql = "select document_no, number, folded from attributes where index_no = ? and field = ? and kind = 'v'"
        keys: dict[int, tuple[int, float, str]] = {}
        for document, number, folded in self._connection.execute(sql, (self._index_no, field)):
            key = (0, number, "") if number is not None else (1, 0.0, folded or "")
            keys[document] = min(key, keys.get(document, key))
        return keys

    def counts(self, field: str, among: set[int]) -> dict[str, int]:
        """Number of documents in ``among`` with each value."""
        counts: dict[str, int] = {}
        sql = "select document_no, text, number from attributes where index_no = ? and field = ? and kind = 'v'"
        for document, text, number in self._connection.execute(sql, (self._index_no, field)):
            if document in among:
                value = text if text is not None else _plain(number)
                counts[value] = counts.get(value, 0) + 1
        return counts


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _not_filterable(field: str, filterable: list[str]) -> str:
    if not filterable:
        return f"Attribute `{field}` is not filterable. This index does not have configured filterable attributes."
    listed = ", ".join(f"`{name}`" for name in sorted(filterable))
    return f"Attribute `{field}` is not filterable. Available filterable attribute patterns are: {listed}."
