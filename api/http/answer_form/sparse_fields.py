"""``fields=``: an answer with the fields that the caller names, and no others.

A name is a field of the answer, or a path with dots into structs and lists: ``items.clip_id,next_cursor``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from msgspec import inspect

from api.problems.problem_details import FieldError, invalid_fields

PARAMETER = "fields"
MAX_PATHS, MAX_CHARACTERS = 50, 2_000
FieldTree = Mapping[str, Any]
"""Name of a field → what is selected of it; empty: all of it."""


def take_fields(query: str) -> tuple[str | None, str]:
    """The value of ``fields``, None where it is not given, and the query without it."""
    if PARAMETER not in query:
        return None, query
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    values = [value for name, value in pairs if name == PARAMETER]
    if not values:
        return None, query
    rest = [(name, value) for name, value in pairs if name != PARAMETER]
    return ",".join(values), urlencode(rest, errors="surrogateescape")


def parse_fields(text: str, response: type) -> FieldTree:
    """The fields that a text names. Raises ``invalid``, which lists those that the answer lacks."""
    paths = [path.strip() for path in text.split(",")]
    if len(text) > MAX_CHARACTERS or len(paths) > MAX_PATHS:
        detail = f"It must name at most {MAX_PATHS} fields, in at most {MAX_CHARACTERS:,} characters."
        raise invalid_fields([FieldError(pointer=f"?{PARAMETER}", detail=detail)])
    missing = [path for path in paths if not _has(response, path)]
    if missing:
        names = ", ".join(f"`{path[:80]}`" for path in missing)
        raise invalid_fields([FieldError(pointer=f"?{PARAMETER}", detail=f"The answer has no {names}.")])
    selected: dict[str, Any] = {}
    for path in sorted(paths, key=lambda path: path.count(".")):
        node, parts = selected, path.split(".")
        for position, part in enumerate(parts):
            if part in node and not node[part]:
                break  # all of it is selected already
            node = node.setdefault(part, {})
            if position == len(parts) - 1:
                node.clear()
    return selected


def pick(value: Any, selected: FieldTree) -> Any:
    """The selected fields of an answer that is made of plain values."""
    if not selected:
        return value
    if isinstance(value, list):
        return [pick(item, selected) for item in value]
    if isinstance(value, dict):
        return {name: pick(value[name], inner) for name, inner in selected.items() if name in value}
    return value


@lru_cache(maxsize=2_000)
def _has(response: type, path: str) -> bool:
    nodes = [inspect.type_info(response)]
    for part in path.split("."):
        nodes = [inner for node in nodes for inner in _field(node, part)]
        if not nodes:
            return False
    return True


def _field(node: inspect.Type, name: str) -> list[inspect.Type]:
    """Types that a field of this name may have; empty where there can be none."""
    match node:
        case inspect.Metadata():
            return _field(node.type, name)
        case inspect.UnionType():
            return [inner for member in node.types for inner in _field(member, name)]
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
            return _field(node.item_type, name)
        case inspect.StructType():
            fields = {field.encode_name: field.type for field in node.fields}
            return [fields[name]] if name in fields else []
        case inspect.DictType() | inspect.AnyType():
            return [inspect.AnyType()] if name else []
    return []
