"""All errors of a body or a query, where msgspec stops at the first. Pure.

It runs only after msgspec refused the whole. A part is wrong by itself where none of its own parts is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from api.problems.problem_details import FieldError
from schemas.validation.field_errors import MAX_ERRORS, FieldRefusal, pointer, refusals

_STAND_INS: tuple[Any, ...] = ("x", 1, [], {}, "00000000-0000-0000-0000-000000000000")
"""A value of each type that required fields have."""
Check = Callable[[Any], Sequence[FieldError]]


def field_errors(
    value: Any, shape: Any, *, prefix: str = "", strict: bool = True, check: Check | None = None
) -> list[FieldError]:
    """Every field that does not fit ``shape``, up to ``MAX_ERRORS``; ``check`` adds rules beyond types.

    ``value``: decoded JSON, or the pairs of a query, whose pointers begin with ``prefix`` (``?``).
    """
    field_refusals = refusals(value, shape, strict=strict)
    errors = [FieldError(pointer=pointer(refusal.path, prefix), detail=refusal.detail) for refusal in field_refusals]
    if check is not None and len(field_refusals) < MAX_ERRORS:
        errors += _check_rest(value, shape, field_refusals, check, strict)
    return errors


def _check_rest(
    value: Any, shape: Any, field_refusals: Sequence[FieldRefusal], check: Check, strict: bool
) -> list[FieldError]:
    """Errors that ``check`` finds in the value without its wrong fields."""
    if not isinstance(value, dict):
        return []
    rest = _rest(value, shape, [refusal.path for refusal in field_refusals], strict)
    if rest is None:
        rest = _rest(value, shape, [refusal.path[:1] for refusal in field_refusals], strict)
    errors = [] if rest is None else check(rest)
    # neither a rule about what is wrong already, nor one about several fields that names such a one, says anything
    wrong = [str(refusal.path[0]) for refusal in field_refusals if len(refusal.path) == 1]
    silent = {prefix + name for name in wrong for prefix in ("/", "?")}
    return [
        error
        for error in errors
        if error.pointer not in silent and (error.pointer or not any(f"`{name}`" in error.detail for name in wrong))
    ]


def _rest(value: Any, shape: Any, paths: Iterable[Sequence[str | int]], strict: bool) -> Any:
    """The value as ``shape`` without the wrong fields; None where the rest does not fit."""
    for path in paths:
        value = _remove_field(value, path)
    required = {field.encode_name: field.type for field in msgspec.structs.fields(shape) if field.required}
    value = {name: _stand_in(kind) for name, kind in required.items()} | value
    try:
        return msgspec.convert(value, shape, strict=strict)
    except msgspec.ValidationError:
        return None


def _stand_in(shape: Any) -> Any:
    """A value that fits a required field, so that rules can judge the others; None where none fits."""
    for value in _STAND_INS:
        with suppress(msgspec.ValidationError):
            msgspec.convert(value, shape)
            return value
    return None


def _remove_field(value: Any, path: Sequence[str | int]) -> Any:
    """A copy without the field at a path, or without the list that holds it."""
    if not isinstance(value, dict) or not path or path[0] not in value:
        return value
    name, inner = path[0], value[path[0]]
    left = {key: part for key, part in value.items() if key != name}
    if len(path) > 1 and isinstance(inner, dict):
        return left | {name: _remove_field(inner, path[1:])}
    return left
