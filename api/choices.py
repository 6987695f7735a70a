"""What a wrong field of a request may be: msgspec says that a value is none of the choices, this says which they are.

Reads the shapes of requests; never decodes anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import inspect

_NO_CHOICE = ("Invalid enum value", "Invalid value")
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(.*)`", re.DOTALL)


def named_field(detail: str) -> str | None:
    """The field that msgspec says is missing or unknown; its path ends at the object around it."""
    match = _FIELD.fullmatch(detail)
    return match[1] if match else None


def with_choices(detail: str, shape: Any, steps: Sequence[str]) -> str:
    """The sentence, with what may stand there where it is a choice. ``steps``: names and places, to the field."""
    if not detail.startswith(_NO_CHOICE):
        return detail
    there: list[Any] = [inspect.type_info(shape)]
    tags: list[Any] = []
    for step in steps:
        flat = _flat(there)
        tags = [kind.tag for kind in flat if isinstance(kind, inspect.StructType) and kind.tag_field == step]
        there = [inner for kind in flat for inner in _inside(kind, step)]
    listed = tags or [value for kind in _flat(there) for value in _values(kind)]
    return f"{detail}: it must be one of {', '.join(map(str, listed))}" if listed else detail


def _flat(kinds: Iterable[Any]) -> list[Any]:
    """The kinds, those of unions one by one."""
    return [one for kind in kinds for one in (kind.types if isinstance(kind, inspect.UnionType) else (kind,))]


def _inside(kind: Any, step: str) -> list[Any]:
    if isinstance(kind, inspect.StructType):
        return [field.type for field in kind.fields if field.encode_name == step]
    if isinstance(kind, inspect.DictType):
        return [kind.value_type]
    item = getattr(kind, "item_type", None)
    return [item] if item is not None else list(getattr(kind, "item_types", ()))


def _values(kind: Any) -> list[Any]:
    if isinstance(kind, inspect.LiteralType):
        return list(kind.values)
    return [member.value for member in kind.cls] if isinstance(kind, inspect.EnumType) else []
