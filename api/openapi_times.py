"""Moments in the OpenAPI schemas: msgspec names their format only where it checks a time zone. Changes nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import inspect


def name_times(structs: Iterable[type], schemas: Mapping[str, Any]) -> None:
    """Give every field that is a moment the format ``date-time``: of these structs, and of what they hold."""
    for kind in _reached(inspect.multi_type_info(structs), set()):
        properties = schemas.get(kind.cls.__name__, {}).get("properties", {})
        for field in kind.fields:
            if any(isinstance(part, inspect.DateTimeType) for part in _parts(field.type)):
                _mark(properties[field.encode_name])


def _reached(kinds: Iterable[inspect.Type], seen: set[type]) -> Iterator[inspect.StructType]:
    """Every struct that these types hold, each once."""
    for kind in kinds:
        if not isinstance(kind, inspect.StructType):
            yield from _reached(_inner(kind), seen)
        elif kind.cls not in seen:
            seen.add(kind.cls)
            yield kind
            yield from _reached((field.type for field in kind.fields), seen)


def _parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    """A type and those that it is made of, but for the fields of structs."""
    yield kind
    for inner in _inner(kind):
        yield from _parts(inner)


def _inner(kind: inspect.Type) -> list[inspect.Type]:
    named = [getattr(kind, name, None) for name in ("type", "item_type", "key_type", "value_type")]
    listed = [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
    return [one for one in (*named, *listed) if isinstance(one, inspect.Type)]


def _mark(schema: dict[str, Any]) -> None:
    """The format, wherever a text without one stands in this schema."""
    if schema.get("type") == "string":
        schema.setdefault("format", "date-time")
    for inner in (*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            _mark(inner)
