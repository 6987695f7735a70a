"""What the API can do, declared once: routing, permissions and OpenAPI all read it. Never runs an operation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.http.auth import Caller
from api.http.context import Context
from api.http.validation import Check
from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause

WRITES = ("POST", "PATCH")
"""Methods with a body, and with one effect for one Idempotency-Key."""
Permission = Literal["public", "read", "write", "admin"]
BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")
Ask = Callable[[], Awaitable[Any]]


class AskFirst(Exception):
    """A handler in a transaction needs this answer of another part: nothing may be held while it is waited for."""

    def __init__(self, name: str, ask: Ask) -> None:
        """``name`` is how the handler, run again, finds the answer."""
        super().__init__(name)
        self.name, self.ask = name, ask


async def ask_now(_name: str, ask: Ask) -> Any:
    """Where no transaction is open."""
    return await ask()


class Call(msgspec.Struct, Generic[BodyT, QueryT], frozen=True, kw_only=True):
    """One authenticated, validated request, as a handler sees it."""

    context: Context
    request: Request
    caller: Caller
    ids: Mapping[str, UUID]
    """Path parameters."""
    body: BodyT
    query: QueryT
    now: dt.datetime
    traceparent: str
    rows: Callable[[], AbstractAsyncContextManager[Connection]]
    """Opens (or, in a POST, joins) the transaction that sees the caller's organisation only."""
    outside: Callable[[str, Ask], Awaitable[Any]] = ask_now
    """Asks object storage, DNS … In a POST the transaction is rolled back first (AskFirst) and the handler is run again
    with the answer: so it asks before any effect that is not Postgres's, and asks nothing that may not be asked twice.
    """

    @property
    def org_id(self) -> UUID:
        """The caller's organisation."""
        return self.caller.org_id

    def cause(self, input_id: UUID) -> Cause:
        """What events made by this request follow from."""
        return Cause(input_id=input_id, source="api", now=self.now, traceparent=self.traceparent)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler answers: a struct (sent as JSON) or bytes with their media type."""

    body: Any = None
    status: int | None = None
    """None: the operation's own."""
    headers: Mapping[str, str] = {}
    media_type: str = "application/json"


Handler = Callable[[Call[Any, Any]], Awaitable[Reply | Response]]
Afterwards = Callable[[Call[Any, Any], Response], Awaitable[Response]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one path. ``problems`` are the codes it can answer with beside those every operation has."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    name: str
    """The operationId, a verb and a noun: names of SDK methods come from it."""
    tag: str
    summary: str
    handler: Handler
    permission: Permission
    status: int = 200
    request: type | None = None
    query: type | None = None
    check: Check | None = None
    """Rules of the body, or else of the query, that types cannot state; pure. Every breach is named with the others."""
    response: type | None = None
    media_types: tuple[str, ...] = ("application/json",)
    problems: tuple[str, ...] = ()
    description: str = ""
    located: bool = False
    """A good answer says in ``Location`` where what was made, or is being made, can be read."""
    transactional: bool = True
    """A POST runs in one transaction with its idempotency record; False for one that only reads."""
    merge_patch: bool = False
    """Whether the body is a JSON Merge Patch (RFC 7396), which has a media type of its own beside JSON's."""
    afterwards: Afterwards | None = None
    """Runs once the transaction is over, on the answer that was kept; may wait for what comes of it and answer that."""
    also: Mapping[str, tuple[str, ...]] = {}
    """Media types of further good answers, by status; none where it has no body."""


def path_parameters(path: str) -> tuple[str, ...]:
    """Names in braces of a path template."""
    return tuple(part[1:-1] for part in path.split("/") if part.startswith("{"))
