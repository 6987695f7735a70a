"""Finds every error of a value that msgspec refused; msgspec itself stops at the first. Pure.

A part is reported itself only if none of its own parts is at fault.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeGuard, get_args, get_origin

import msgspec

from schemas.validation.constraint_texts import choices_of, is_too_long, sentence

MAX_ERRORS = 50
"""Most errors of one request that are reported."""
_BATCH_ITEMS = 200
"""Items of a list that are checked together."""
_MAX_NAME_CHARACTERS = 100
"""Characters of an unknown field's name that are compared with known names and repeated."""


class FieldRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """One error and its path: names of fields and indices of lists."""

    path: tuple[str | int, ...]
    detail: str


def refusals(value: Any, shape: Any, *, strict: bool = True) -> list[FieldRefusal]:
    """Every part of a value that does not fit ``shape``, at most ``MAX_ERRORS``."""
    return list(islice(_refusals(value, shape, (), strict), MAX_ERRORS))


def pointer(path: Sequence[str | int], prefix: str = "") -> str:
    """A JSON Pointer (RFC 6901), or ``?name`` for a query parameter, which may be repeated."""
    if prefix:
        path = path[:1]
    steps = [str(step).replace("~", "~0").replace("/", "~1")[:_MAX_NAME_CHARACTERS] for step in path]
    return prefix + "/".join(steps) if prefix else "".join(f"/{step}" for step in steps)


def with_nul(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of text with NUL, which Postgres cannot store; for a name the path of its object."""
    if isinstance(value, str):
        if "\0" in value:
            yield path
    elif isinstance(value, dict):
        if any(isinstance(name, str) and "\0" in name for name in value):
            yield path
        for name, part in value.items():
            yield from with_nul(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from with_nul(part, (*path, number))


def _refusals(value: Any, shape: Any, path: tuple[str | int, ...], strict: bool) -> Iterator[FieldRefusal]:
    try:
        msgspec.convert(value, shape, strict=strict)
    except msgspec.ValidationError as error:
        inner = False
        for refusal in _inside(value, shape, path, strict):
            inner = True
            yield refusal
        if not inner:
            yield FieldRefusal(path=path, detail=sentence(value, shape, str(path[-1]) if path else "", str(error)))


def _inside(value: Any, shape: Any, path: tuple[str | int, ...], strict: bool) -> Iterator[FieldRefusal]:
    """Errors of the parts of a value."""
    if isinstance(value, dict):
        kinds = [kind for kind in choices_of(shape) if _is_struct(kind) or get_origin(kind) is dict]
        tag = next((_config(kind).tag_field for kind in kinds if _is_struct(kind)), None)
        kind = (
            next((struct for struct in kinds if tag and _config(struct).tag == value.get(tag)), None) if tag else None
        )
        if tag and kind is None:
            yield FieldRefusal(path=(*path, tag), detail=_untagged(value.get(tag), kinds))
        kind = kind if tag else next(iter(kinds), None)
        if _is_struct(kind):
            yield from _fields(value, kind, path, strict)
        elif kind is not None:
            key_shape, part_shape = get_args(kind)
            for name, part in value.items():
                yield from _refusals(name, key_shape, (*path, name), strict)
                yield from _refusals(part, part_shape, (*path, name), strict)
    elif isinstance(value, list) and not is_too_long(value, shape):
        for kind in choices_of(shape):
            if get_origin(kind) in (list, tuple):
                yield from _items(value, get_args(kind)[0], path, strict)


def _fields(
    value: Mapping[str, Any], struct: type[msgspec.Struct], path: tuple[str | int, ...], strict: bool
) -> Iterator[FieldRefusal]:
    field_by_name = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    tag = struct.__struct_config__.tag_field
    for name, part in value.items():
        if name in field_by_name:
            yield from _refusals(part, field_by_name[name].type, (*path, name), strict)
        elif name != tag and struct.__struct_config__.forbid_unknown_fields:
            yield FieldRefusal(path=(*path, name), detail=_unknown(name, [*field_by_name, *([tag] if tag else [])]))
    for name, field in field_by_name.items():
        if field.required and name not in value:
            yield FieldRefusal(path=(*path, name), detail="It is required and missing.")


def _unknown(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name[:_MAX_NAME_CHARACTERS].lower(), names, n=1, cutoff=0.6)
    text = f"There is no field `{name[:_MAX_NAME_CHARACTERS]}`"
    if near:
        return f"{text}: did you mean `{near[0]}`?"
    return f"{text}; there are {', '.join(f'`{field}`' for field in sorted(names))}." if names else f"{text}."


def _items(items: Sequence[Any], shape: Any, path: tuple[str | int, ...], strict: bool) -> Iterator[FieldRefusal]:
    """Errors of a list's items; a batch without an error costs one check."""
    for begin in range(0, len(items), _BATCH_ITEMS):
        batch = items[begin : begin + _BATCH_ITEMS]
        try:
            msgspec.convert(batch, list[shape], strict=strict)
        except msgspec.ValidationError:
            for place, part in enumerate(batch, begin):
                yield from _refusals(part, shape, (*path, place), strict)


def _untagged(tag: Any, kinds: Sequence[Any]) -> str:
    listed = ", ".join(sorted(str(_config(kind).tag) for kind in kinds))
    near = difflib.get_close_matches(str(tag)[:_MAX_NAME_CHARACTERS], listed.split(", "), n=1, cutoff=0.6)
    return f"It must be one of {listed}" + (f": did you mean `{near[0]}`?" if near else ".")


def _config(kind: Any) -> msgspec.structs.StructConfig:
    config: msgspec.structs.StructConfig = kind.__struct_config__
    return config


def _is_struct(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
