"""Reads the body and the query of a request. Names everything that is wrong with them in one problem."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from api.json_faults import json_fault, repeated_name
from api.problems import ApiProblem, FieldError, refused
from api.registry import WRITES, Operation
from api.sentences import takes_time
from api.validation import field_errors, pointer

MOST_PARAMETERS = 50
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPACED_ZONE = re.compile(r"(.*\d) (\d\d:\d\d)")
"""An offset whose plus sign was not escaped: a query reads it as a space."""


async def read_body(operation: Operation, request: Request) -> bytes:
    """The bytes of the body; raises ``unsupported-media-type`` for what is not announced as JSON in UTF-8."""
    if operation.method not in WRITES:
        return b""
    if operation.request is not None:
        _check_type(request.headers.get("content-type", ""), request.headers.get("content-encoding", ""))
    return await request.body()


def _check_type(content_type: str, encoding: str) -> None:
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.lower().replace(" ", "").partition("charset=")[2].partition(";")[0].strip('"')
    wanted = "send JSON as `Content-Type: application/json`."
    if not media_type:
        raise ApiProblem("unsupported-media-type", f"The body has no Content-Type: {wanted}")
    if media_type != "application/json":
        raise ApiProblem("unsupported-media-type", f"The body is announced as {media_type[:100]}: {wanted}")
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise ApiProblem("unsupported-media-type", f"The body is announced as {charset[:40]}: JSON is UTF-8.")
    if encoding.strip().lower() not in ("", "identity"):
        raise ApiProblem("unsupported-media-type", f"The body is encoded as {encoding[:40]}: send it as it is.")


def decode(operation: Operation, raw: bytes, query: str) -> tuple[Any, Any]:
    """Body and query. Raises ``malformed-request``, or ``invalid`` with what is wrong with both."""
    body, errors = None, list[FieldError]()
    try:
        body = decode_body(operation, raw)
    except ApiProblem as problem:
        if problem.code != "invalid":
            raise
        errors += problem.errors
    try:
        asked = decode_query(operation, query)
    except ApiProblem as problem:
        if problem.code != "invalid":
            raise
        raise refused([*errors, *problem.errors]) from None
    if errors:
        raise refused(errors)
    return body, asked


def decode_body(operation: Operation, raw: bytes) -> Any:
    """The body as the operation's struct. Raises ``malformed-request``, or ``invalid`` with every wrong field."""
    if operation.request is None:
        return None
    body: Any
    try:
        body = msgspec.json.decode(raw, type=operation.request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # the last: nested too deeply
        if fault := json_fault(raw):
            raise ApiProblem("malformed-request", fault) from None
        if not isinstance(error, msgspec.ValidationError):
            raise ApiProblem("malformed-request", f"The body is not JSON that can be read: {error}.") from None
        value = msgspec.json.decode(raw)
        errors = field_errors(value, operation.request, check=operation.check) or [_said(error)]
        raise refused([*errors, *_nul_errors(value, ())]) from None
    if fault := repeated_name(raw):
        raise ApiProblem("malformed-request", fault)
    return _checked(operation, body, list(_nul_errors(msgspec.to_builtins(body), ())))


def decode_query(operation: Operation, text: str) -> Any:
    """The query as the operation's struct. Raises like ``decode_body``; a date is taken where a time is."""
    if operation.query is None:
        return None
    try:
        given = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise ApiProblem("malformed-request", "The query holds `%` escapes that are not UTF-8.") from None
    except ValueError:
        raise ApiProblem("malformed-request", f"The query has more than {MOST_PARAMETERS} parameters.") from None
    times = {field.encode_name for field in msgspec.structs.fields(operation.query) if takes_time(field.type)}
    pairs = {name: _time(value) if name in times else value for name, value in given}
    check = operation.check if operation.request is None else None
    errors = [
        FieldError(pointer=f"?{name}", detail=f"A query parameter is given once, `{name}` is {count} times.")
        for name, count in Counter(name for name, _ in given).items()
        if count > 1
    ]
    errors += _nul_errors(pairs, (), "?")
    query: Any
    try:
        query = msgspec.convert(pairs, operation.query, strict=False)
    except msgspec.ValidationError as error:
        found = field_errors(pairs, operation.query, prefix="?", strict=False, check=check)
        raise refused([*(found or [_said(error)]), *errors]) from None
    return _checked(operation, query, errors) if check is not None or errors else query


def _checked(operation: Operation, value: Any, errors: list[FieldError]) -> Any:
    if operation.check is not None:
        errors += operation.check(value)
    if errors:
        raise refused(errors)
    return value


def _said(error: msgspec.ValidationError) -> FieldError:
    """What msgspec says, where no field alone is at fault."""
    return FieldError(pointer="", detail=f"{str(error).partition(' - at `')[0]}.")


def _time(text: str) -> str:
    """A date is its beginning, in UTC."""
    if _DATE.fullmatch(text):
        return f"{text}T00:00:00Z"
    return _SPACED_ZONE.sub(r"\1+\2", text)


def _nul_errors(value: Any, path: tuple[str | int, ...], prefix: str = "") -> Iterator[FieldError]:
    """Postgres keeps no NUL in text; say so here instead of failing there."""
    if isinstance(value, str):
        if "\0" in value:
            yield FieldError(pointer=pointer(path, prefix), detail="The character NUL is not allowed.")
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _nul_errors(part, (*path, name), prefix)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _nul_errors(part, (*path, index), prefix)
