"""Sentences about unreadable JSON that msgspec does not explain. Pure.

Runs after msgspec refused a body; only ``repeated_name`` runs on valid ones.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from schemas.validation.field_errors import MAX_ERRORS, pointer

MAX_LEVELS = 100
"""Levels of lists and objects; no body of the API has ten."""
MAX_NAMED_FIELDS = 5
"""Most fields that a sentence names."""
MAX_NUMBER_CHARACTERS = 400
"""More digits than any number that fits a double."""
_MAX_NAME_CHARACTERS = 100
"""Characters of a caller's name that are repeated."""
_MARKS = {
    codecs.BOM_UTF8: "begins with a byte order mark: send UTF-8 without one",
    codecs.BOM_UTF32_LE: "is UTF-32: send UTF-8",
    codecs.BOM_UTF32_BE: "is UTF-32: send UTF-8",
    codecs.BOM_UTF16_LE: "is UTF-16: send UTF-8",
    codecs.BOM_UTF16_BE: "is UTF-16: send UTF-8",
    b"\x1f\x8b": "is compressed (gzip): send it as it is",
}
"""First bytes of text that is not plain UTF-8."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_SAID = {
    "Expecting value": "a value is expected",
    "Expecting property name enclosed in double quotes": "a name in double quotes is expected",
    "Expecting ':' delimiter": "a colon is expected",
    "Expecting ',' delimiter": "a comma or the end of the list or object is expected",
    "Invalid control character at": "a line break or control character stands in a text: write it as an escape, `\\n`",
    "Invalid \\escape": "a backslash begins no escape that JSON has: write `\\\\` for one",
    "Invalid \\uXXXX escape": "`\\u` is followed by four hexadecimal digits",
    "Extra data": "there is more after the end of the JSON value",
    "Illegal trailing comma before end of object": "a comma stands before the end of the object",
    "Illegal trailing comma before end of array": "a comma stands before the end of the list",
}
"""Our sentence for each message of Python's parser."""


class JsonFault(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why JSON cannot be read; ``pointers``: fields with invalid characters, if located."""

    detail: str
    pointers: list[str] = []


class _Fault(Exception):
    """Input that Python's parser accepts although JSON does not allow it."""


def json_fault(raw: bytes) -> JsonFault | None:
    """The reason why the bytes are not JSON; None if they are."""
    if not raw.strip():
        return JsonFault(detail="The body is empty: send a JSON object.")
    for mark, fault in _MARKS.items():
        if raw.startswith(mark):
            return JsonFault(detail=f"The body {fault}.")
    if b"\0" in raw[:4]:
        return JsonFault(detail="The body is UTF-16 or UTF-32, or no text: send UTF-8.")
    text = raw.decode(errors="surrogateescape")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1} is 0x{raw[error.start]:02x}, which does not fit there"
        return _in_fields(f"The body is not UTF-8: {place}.", text)
    if _depth(text) > MAX_LEVELS:
        return JsonFault(detail=f"The body is nested too deeply: more than {MAX_LEVELS} levels.")
    if syntax := _syntax_fault(text):
        return JsonFault(detail=syntax)
    half = _lone_surrogate(text)
    return _in_fields(half, text) if half else None


def halves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of text with half of a surrogate pair, or with bytes that are not UTF-8."""
    if isinstance(value, str):
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            yield path
    elif isinstance(value, dict):
        for name, part in value.items():
            readable_path = (*path, readable(name))
            yield from [readable_path] if readable_path[-1] != name else halves(part, readable_path)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from halves(part, (*path, number))


def readable(text: str) -> str:
    """Encodable text: a question mark for each half of a pair."""
    return text.encode(errors="replace").decode()


def _in_fields(sentence: str, text: str) -> JsonFault:
    """A fault of characters, with the fields that have one."""
    try:
        pointers = [pointer(path) for path in halves(json.loads(text))]
    except (ValueError, RecursionError):  # no JSON either
        return JsonFault(detail=sentence)
    listed = ", ".join(f"`{field}`" for field in pointers[:MAX_NAMED_FIELDS]) + (
        " …" if len(pointers) > MAX_NAMED_FIELDS else ""
    )
    detail = f"{sentence} It stands in {listed}." if listed else sentence
    return JsonFault(detail=detail, pointers=pointers[:MAX_ERRORS])


def repeated_name(raw: bytes) -> str | None:
    """The sentence for a name that occurs twice in an object of valid JSON; None without one."""
    try:
        json.loads(raw, object_pairs_hook=_once, parse_int=len, parse_float=len)
    except _Fault as fault:
        return str(fault)
    return None


def _syntax_fault(text: str) -> str | None:
    try:
        json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_bounded, parse_int=_bounded)
    except _Fault as fault:
        return str(fault)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()):
            reason = "it was cut off, or a quote or bracket is missing"
            return f"The body ends too early, after {len(text.encode())} bytes: {reason}."
        reason = next((ours for theirs, ours in _SAID.items() if error.msg.startswith(theirs)), error.msg)
        return f"The body is not JSON: line {error.lineno}, column {error.colno}: {reason}."
    except RecursionError:  # unreachable: the depth was checked before
        return "The body is nested too deeply."
    return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        readable_name = readable(name[:_MAX_NAME_CHARACTERS])
        raise _Fault(f"The name `{readable_name}` stands twice in one object: send each once.")
    return document


def _no_number(name: str) -> None:
    raise _Fault(f"`{name}` is not a number that JSON has: send null, or leave the field out.")


def _bounded(digits: str) -> float:
    if len(digits) > MAX_NUMBER_CHARACTERS or math.isinf(float(digits)):
        raise _Fault(f"The number {digits[:20]}{'…' if len(digits) > 20 else ''} is too large.")
    return float(digits)


def _lone_surrogate(text: str) -> str | None:
    """Half of a pair of ``\\u`` escapes: JSON's grammar has it, Unicode has no such character."""
    half: re.Match[str] | None = None
    for escape in _ESCAPE.finditer(text):
        value = int(escape[1], 16) if escape[1] else 0
        low = 0xDC00 <= value <= 0xDFFF
        paired = half is not None and low and half.end() == escape.start()
        if half is not None and not paired:
            break
        if low and not paired:
            half = escape
            break
        half = escape if 0xD800 <= value <= 0xDBFF else None
    if half is None:
        return None
    return (
        f"`{half[0]}` (character {half.start() + 1}) is half of a surrogate pair, no character by itself: "
        "send both halves, or the character itself."
    )


def _depth(text: str) -> int:
    """Nesting of brackets outside strings."""
    depth = deepest = 0
    for bracket in _BRACKETS.finditer(text):
        if bracket[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket[0] in "]}":
            depth -= 1
    return deepest
