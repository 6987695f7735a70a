"""Read the body and the query of a request, and name all errors of both in one problem."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from api.http.operations import WRITES, Operation
from api.http.validation import field_errors
from api.problems.problem_details import ApiProblem, FieldError, invalid_fields
from schemas.validation.constraint_texts import describe_type, takes_several, takes_time
from schemas.validation.field_errors import pointer, with_nul
from schemas.validation.json_errors import halves, json_fault, readable, repeated_name

MAX_PARAMETERS = 50
JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPACED = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d(?:\.\d+)?)? ?([Zz]|[+ -]\d\d:?\d\d)")
"""A date and a time as people and programs write them; an offset whose plus sign was not escaped is read as a space."""


async def read_body(operation: Operation, request: Request) -> bytes:
    """Bytes of the body; raises ``unsupported-media-type`` for one that is not announced as JSON in UTF-8.

    Empty where the handler reads it.
    """
    if operation.method not in WRITES or operation.streams:
        return b""
    if operation.request is not None:
        types = (JSON, MERGE_PATCH) if operation.merge_patch else (JSON,)
        _check_type(types, request.headers.get("content-type", ""), request.headers.get("content-encoding", ""))
    return await request.body()


def _check_type(types: Sequence[str], content_type: str, encoding: str) -> None:
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.lower().replace(" ", "").partition("charset=")[2].partition(";")[0].strip('"')
    remedy = f"send JSON as `Content-Type: {' or '.join(types)}`."
    if not media_type:
        raise ApiProblem("unsupported-media-type", f"The body has no Content-Type: {remedy}")
    if media_type not in types:
        raise ApiProblem("unsupported-media-type", f"The body is announced as {media_type[:100]}: {remedy}")
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise ApiProblem("unsupported-media-type", f"The body is announced as {charset[:40]}: JSON is UTF-8.")
    if encoding.strip().lower() not in ("", "identity"):
        raise ApiProblem("unsupported-media-type", f"The body is encoded as {encoding[:40]}: send it as it is.")


def decode(operation: Operation, raw: bytes, query: str, strange: Collection[str] = ()) -> tuple[Any, Any]:
    """Body and query. Raises ``malformed-request``, or ``invalid`` with the errors of both.

    ``strange``: names of ids in the path that are no UUIDs; they are named with the other errors.
    """
    body = None
    errors = [FieldError(pointer=f"{{{name}}}", detail=f"The {name} in the path is not a UUID.") for name in strange]
    path_error_count = len(errors)
    try:
        body = decode_body(operation, raw)
    except ApiProblem as problem:
        if problem.code != "invalid":
            raise
        errors += problem.errors
    try:
        parsed_query = decode_query(operation, query)
    except ApiProblem as problem:
        if problem.code != "invalid":
            raise
        raise invalid_fields([*errors, *problem.errors]) from None
    if len(errors) > path_error_count:
        raise invalid_fields(errors)
    return body, parsed_query


def decode_body(operation: Operation, raw: bytes) -> Any:
    """The body as the operation's struct; raises ``malformed-request``, or ``invalid`` with all errors."""
    if operation.request is None:
        return None
    body: Any
    try:
        body = msgspec.json.decode(raw, type=operation.request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # the last: nested too deeply
        if fault := json_fault(raw):
            raise _unreadable_problem(fault.detail, fault.pointers) from None
        if not isinstance(error, msgspec.ValidationError):
            raise ApiProblem("malformed-request", f"The body is not JSON that can be read: {error}.") from None
        value = msgspec.json.decode(raw)
        errors = field_errors(value, operation.request, check=operation.check) or [_whole_error(error)]
        raise invalid_fields([*errors, *_nul_errors(value)]) from None
    if repeated := repeated_name(raw):
        raise ApiProblem("malformed-request", repeated)
    return _check_value(operation, body, [*_nul_errors(msgspec.to_builtins(body)), *_time_errors(body, "/")])


def decode_query(operation: Operation, text: str) -> Any:
    """The query as the operation's struct. Raises as `decode_body`; a date is accepted as a time."""
    if operation.query is None:
        return None
    parameters = _pairs(text)
    times = {field.encode_name for field in msgspec.structs.fields(operation.query) if takes_time(field.type)}
    several = {field.encode_name for field in msgspec.structs.fields(operation.query) if takes_several(field.type)}
    pairs: dict[str, Any] = {name: _time(value) if name in times else value for name, value in parameters}
    pairs |= {name: [value for key, value in parameters if key == name] for name in pairs.keys() & several}
    check = operation.check if operation.request is None else None
    errors = [
        FieldError(pointer=f"?{name}", detail=f"A query parameter is given once, `{name}` is {count} times.")
        for name, count in Counter(name for name, _ in parameters).items()
        if count > 1 and name not in several
    ]
    errors += _nul_errors(pairs, "?")
    for name in sorted(pairs.keys() & times):
        if _is_epoch(pairs[name]):
            detail = f"It must be {describe_type(dt.datetime)}, not `{pairs.pop(name)}`."
            errors.append(FieldError(pointer=f"?{name}", detail=detail))
    query: Any
    try:
        query = msgspec.convert(pairs, operation.query, strict=False)
    except msgspec.ValidationError as error:
        refused = field_errors(pairs, operation.query, prefix="?", strict=False, check=check)
        raise invalid_fields([*(refused or [_whole_error(error)]), *errors]) from None
    errors += _time_errors(query, "?")
    return _check_value(operation, query, errors) if check is not None or errors else query


def _pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a query as they were sent."""
    split = partial(parse_qsl, text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    try:
        return split(errors="strict")
    except UnicodeDecodeError:
        loose = split(errors="surrogateescape")
        names = [f"?{readable(name)}" for name, value in loose if any(halves([name, value]))]
        detail = (
            f"The query holds `%` escapes that are not UTF-8, in {', '.join(f'`{parameter}`' for parameter in names)}."
        )
        raise _unreadable_problem(detail, names) from None
    except ValueError:
        raise ApiProblem("malformed-request", f"The query has more than {MAX_PARAMETERS} parameters.") from None


def _check_value(operation: Operation, value: Any, errors: list[FieldError]) -> Any:
    if operation.check is not None:
        errors += operation.check(value)
    if errors:
        raise invalid_fields(errors)
    return value


def _whole_error(error: msgspec.ValidationError) -> FieldError:
    """msgspec's own message, where no single field is wrong."""
    return FieldError(pointer="", detail=f"{str(error).partition(' - at `')[0]}.")


def _time(text: str) -> str:
    """A date as its first moment in UTC. Text that is no time is returned as it is, for its refusal."""
    if _DATE.fullmatch(text):
        time_text = f"{text}T00:00:00Z"
    elif parts := _SPACED.fullmatch(text):
        date, time, seconds, zone = parts.groups()
        time_text = f"{date}T{time}{seconds or ':00'}{zone.replace(' ', '+').upper()}"
    else:
        return text
    try:
        msgspec.convert(time_text, dt.datetime)
    except msgspec.ValidationError:
        return text
    return time_text


def _is_epoch(text: str) -> bool:
    """Whether msgspec would read a text as seconds since 1970, which the document does not allow."""
    for strict in (True, False):
        with suppress(msgspec.ValidationError):
            msgspec.convert(text, dt.datetime, strict=strict)
            return not strict
    return False


def _unreadable_problem(detail: str, pointers: Sequence[str]) -> ApiProblem:
    """A 400 that names the fields with invalid characters."""
    errors = [FieldError(pointer=field, detail="It holds code points that are not characters.") for field in pointers]
    return ApiProblem("malformed-request", detail, errors=errors)


def _time_errors(value: msgspec.Struct, prefix: str) -> Iterator[FieldError]:
    """Errors of times that have no date in UTC: before the year 1 there, or after 9999."""
    for field in msgspec.structs.fields(value):
        time = getattr(value, field.name)
        if isinstance(time, dt.datetime):
            try:
                time.astimezone(dt.UTC)
            except OverflowError:
                detail = "It must lie in the years 1 to 9999 in UTC."
                yield FieldError(pointer=f"{prefix}{field.encode_name}", detail=detail)


def _nul_errors(value: Any, prefix: str = "") -> Iterator[FieldError]:
    """Errors of texts with NUL: Postgres does not store it."""
    for path in with_nul(value):
        yield FieldError(pointer=pointer(path, prefix), detail="The character NUL is not allowed.")
