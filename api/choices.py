"""What a wrong field of a request may be: msgspec says that it is no choice or has no form, this says which there are.

Reads the shapes of requests; never decodes anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import inspect

_NO_CHOICE = ("Invalid enum value", "Invalid value")
_NO_MATCH = "Expected `str` matching regex "
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(.*)`", re.DOTALL)


def named_field(detail: str) -> str | None:
    """The field that msgspec says is missing or unknown; its path ends at the object around it."""
    match = _FIELD.fullmatch(detail)
    return match[1] if match else None


def with_choices(detail: str, shape: Any, steps: Sequence[str], inside: str = "") -> str:
    """The sentence, with what may stand there where it is a choice, and the form in words where it has one.

    ``steps``: names and places, to the field; ``inside``: whether it is a ``key`` or a ``value`` of an object there.
    """
    if not detail.startswith((*_NO_CHOICE, _NO_MATCH)):
        return detail
    there: list[Any] = [inspect.type_info(shape)]
    tags: list[Any] = []
    for step in steps:
        flat = _flat(there)
        tags = [kind.tag for kind in flat if isinstance(kind, inspect.StructType) and kind.tag_field == step]
        there = [inner for kind in flat for inner in _inside(kind, step)]
    if inside:
        dicts = [kind for kind in _flat(there) if isinstance(kind, inspect.DictType)]
        there = [kind.key_type if inside == "key" else kind.value_type for kind in dicts]
    if detail.startswith(_NO_MATCH):
        return next((f"It must be written so: {told}" for told in map(_form, _bare(there)) if told), detail)
    listed = tags or [value for kind in _flat(there) for value in _values(kind)]
    return f"{detail}: it must be one of {', '.join(map(str, listed))}" if listed else detail


def _flat(kinds: Iterable[Any]) -> list[Any]:
    """The kinds, those of unions one by one, without what is said about them."""
    return [one.type if isinstance(one, inspect.Metadata) else one for one in _bare(kinds)]


def _bare(kinds: Iterable[Any]) -> list[Any]:
    """The kinds, those of unions one by one, each with what is said about it."""
    found = []
    for kind in kinds:
        union = kind.type if isinstance(kind, inspect.Metadata) else kind
        found += _bare(union.types) if isinstance(union, inspect.UnionType) else [kind]
    return found


def _form(kind: Any) -> str:
    """What is said of the form of a text that has a pattern; empty where nothing is."""
    if not isinstance(kind, inspect.Metadata) or getattr(kind.type, "pattern", None) is None:
        return ""
    return str((kind.extra_json_schema or {}).get("description", ""))


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
