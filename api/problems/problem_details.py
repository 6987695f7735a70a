"""Errors of the API as RFC 9457 problem details, without tracebacks and secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response

from api.problems.problem_types import CATALOGUE

ValueT = TypeVar("ValueT")
MEDIA_TYPE = "application/problem+json"
_MAX_NAMED = 10
"""Fields that the sentence about many names; `errors` has them all."""
LIMIT_HEADER = "Clipstream-Limit"
"""Names the limit of the plan that a request would pass."""


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """Error of one field; ``pointer`` says where it is."""

    pointer: str
    """JSON Pointer into the body, `?name` of a query parameter, or `{name}` of an id in the path."""
    detail: str
    """The error, in a sentence."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details; ``code`` is the last part of ``type``."""

    type: str
    """Path of the page about this kind of problem."""
    title: str
    """Name of the kind of problem."""
    status: int
    """HTTP status."""
    detail: str
    """The error in this very request, in a sentence."""
    code: str
    """Last part of `type`: branch on this."""
    instance: str = ""
    """Path of the request."""
    request_id: str = ""
    """Id of the request in the logs."""
    errors: list[FieldError] = []
    """Every field that is wrong."""


class ApiProblem(Exception):
    """Ends a request with a problem."""

    def __init__(
        self, code: str, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        """``code`` is a key of the catalogue; ``detail`` a sentence about this request."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """HTTP status of the code."""
        return CATALOGUE[self.code].status


def respond(problem: ApiProblem, *, instance: str = "", request_id: str = "") -> Response:
    """The HTTP answer of a problem."""
    kind = CATALOGUE[problem.code]
    body = Problem(
        type=f"/problems/{problem.code}",
        title=kind.title,
        status=kind.status,
        detail=problem.detail,
        code=problem.code,
        instance=instance,
        request_id=request_id,
        errors=problem.errors,
    )
    headers = {"Cache-Control": "no-store"} | problem.headers
    return Response(msgspec.json.encode(body), status_code=kind.status, headers=headers, media_type=MEDIA_TYPE)


def invalid_fields(errors: Sequence[FieldError]) -> ApiProblem:
    """A 422 about every wrong field; the list must not be empty."""
    fields = list(dict.fromkeys(error.pointer for error in errors))
    detail = " ".join(error.detail for error in errors)
    if len(fields) > 1:
        names = ", ".join(f"`{field}`" for field in fields[:_MAX_NAMED])
        detail = f"{len(fields)} fields are wrong: {names}{' …' if len(fields) > _MAX_NAMED else ''}."
    return ApiProblem("invalid", detail, errors=errors)


def check_with(*rules: Callable[[Any], Any]) -> Callable[[Any], list[FieldError]]:
    """A check that lists the field errors of functions that raise them."""

    def check(value: Any) -> list[FieldError]:
        errors: list[FieldError] = []
        for rule in rules:
            try:
                rule(value)
            except ApiProblem as problem:
                errors += problem.errors
        return errors

    return check


def invalid(pointer: str, detail: str) -> ApiProblem:
    """A 422 about one field."""
    return ApiProblem("invalid", detail, errors=[FieldError(pointer=pointer, detail=detail)])


def not_found(thing: str) -> ApiProblem:
    """A 404 for something that does not exist, or belongs to another organisation."""
    return ApiProblem("not-found", f"There is no such {thing}.")


def require(value: ValueT | None, thing: str) -> ValueT:
    """The value; raises a 404 that names ``thing`` where it is None."""
    if value is None:
        raise not_found(thing)
    return value


def no_version(version: int | None, resource: str) -> ApiProblem:
    """A 404 for an unknown version of something that exists."""
    return ApiProblem("not-found", f"There is no version {version} of {resource}.")
