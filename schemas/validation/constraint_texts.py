"""Sentences about what a field must be, by its type: bounds with units, choices, patterns."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import Meta, UnsetType

from schemas.quantities import spoken_range, unit_of

_MAX_ECHO_CHARACTERS = 100
"""Characters of a caller's text that a sentence repeats."""
_WRITTEN: dict[Any, str] = {
    UUID: "a UUID, such as `0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21`",
    dt.datetime: "a time with its zone, such as `2026-03-01T12:00:00Z`",
    dt.date: "a date, such as `2026-03-01`",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    tuple: "a list",
    dict: "an object",
}


def sentence(value: Any, shape: Any, name: str, message: str) -> str:
    """The reason why a value does not fit ``shape``; ``message``: msgspec's own sentence."""
    kinds = [kind for kind in choices_of(shape) if kind not in (NoneType, UnsetType)]
    values = sorted((choice for kind in kinds for choice in _values(kind)), key=str)
    if values:
        return f"It must be one of {', '.join(map(str, values))}, not {_describe_value(value)}."
    fitting = [kind for kind in kinds if _is_of(value, kind)]
    if not fitting:
        types = " or ".join(dict.fromkeys(describe_type(kind) for kind in kinds))
        return f"It must be {types}, not {_describe_value(value)}."
    return _bounds(value, fitting[0], _meta(shape, fitting[0]), name) or f"{message.partition(' - at `')[0]}."


def is_too_long(value: Sequence[Any], shape: Any) -> bool:
    """Whether a list has too many items; its items are then not checked."""
    return any(
        meta.max_length is not None and len(value) > meta.max_length
        for _, metas in _annotated_types(shape)
        for meta in metas
    )


def choices_of(shape: Any) -> list[Any]:
    """The types of a union, or the single type, without annotations."""
    return [kind for kind, _ in _annotated_types(shape)]


def _annotated_types(shape: Any, metas: tuple[Meta, ...] = ()) -> Iterator[tuple[Any, tuple[Meta, ...]]]:
    """Each type of a union with its constraints."""
    if get_origin(shape) is Annotated:
        inner, *annotations = get_args(shape)
        yield from _annotated_types(
            inner, (*metas, *(annotation for annotation in annotations if isinstance(annotation, Meta)))
        )
    elif get_origin(shape) in (Union, UnionType):
        for member in get_args(shape):
            yield from _annotated_types(member, metas)
    else:
        yield shape, metas


def _meta(shape: Any, kind: Any) -> Sequence[Meta]:
    return next((metas for member, metas in _annotated_types(shape) if member is kind), ())


def _bounds(value: Any, kind: Any, metas: Sequence[Meta], name: str) -> str:
    """The bounds or pattern that a value of the right type breaks; empty if none."""
    form = next((meta for meta in metas if meta.pattern is not None), None)
    if form is not None and isinstance(value, str):
        description = form.description or next((meta.description for meta in metas if meta.description), None)
        return f"It must be written so: {description}." if description else f"It must match `{form.pattern}`."
    low = next((_first(meta.ge, meta.gt) for meta in metas if _first(meta.ge, meta.gt) is not None), None)
    high = next((_first(meta.le, meta.lt) for meta in metas if _first(meta.le, meta.lt) is not None), None)
    if low is not None or high is not None:
        more = "more than 0 and " if any(meta.gt == 0 for meta in metas) else ""
        low = None if more else low
        return f"It must be {more}{spoken_range(low, high, unit_of(name))}, not {_describe_value(value)}."
    least = next((meta.min_length for meta in metas if meta.min_length is not None), None)
    most = next((meta.max_length for meta in metas if meta.max_length is not None), None)
    if least is None and most is None:
        return f"It must be {describe_type(kind)}, not {_describe_value(value)}." if isinstance(value, str) else ""
    unit = "characters" if isinstance(value, str) else "items" if isinstance(value, list) else "entries"
    has = len(value) if isinstance(value, str | list | dict) else value
    return f"It must have {spoken_range(least, most)} {unit}, not {has}."


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value has the JSON type of ``kind``; a query string has texts only."""
    base = get_origin(kind) or kind
    if isinstance(value, bool):
        return base is bool
    if isinstance(value, int | float):
        return base in (int, float) and (base is float or isinstance(value, int))
    if isinstance(value, str):
        return base is str or (base in (int, float) and _is_number(value))
    if isinstance(value, list):
        return base in (list, tuple)
    return isinstance(value, dict) and (base is dict or hasattr(base, "__struct_fields__"))


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()


def describe_type(kind: Any) -> str:
    """The name of a type's values, with its article."""
    base = get_origin(kind) or kind
    return _WRITTEN.get(base, "an object" if hasattr(base, "__struct_fields__") else "of another type")


def _values(kind: Any) -> list[Any]:
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [member.value for member in kind] if isinstance(kind, type) and issubclass(kind, enum.Enum) else []


def _describe_value(value: Any) -> str:
    """A short form of a caller's value."""
    if value is None or isinstance(value, bool | int | float):
        return msgspec.json.encode(value).decode()[:_MAX_ECHO_CHARACTERS]
    if isinstance(value, str):
        return f"`{value[:_MAX_ECHO_CHARACTERS]}{'…' if len(value) > _MAX_ECHO_CHARACTERS else ''}`"
    return "a list" if isinstance(value, list) else "an object"


def takes_several(shape: Any) -> bool:
    """Whether a field is a list, which a query string may repeat."""
    return any(get_origin(kind) is list for kind in choices_of(shape))


def takes_time(shape: Any) -> bool:
    """Whether a field is a point in time."""
    return dt.datetime in choices_of(shape)
