"""Operations of the API, declared once: routing, permissions and OpenAPI read them."""

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
from api.http.context import ApiContext
from api.http.validation import Check
from core.domain.identity.audit_chain import Outcome
from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import Cause
from core.storage.identity.audit import AuditEntry
from schemas.access.permissions import Permission

WRITES = ("POST", "PATCH")
"""Methods with a body, and with one effect for one Idempotency-Key."""
AUDITED = (*WRITES, "DELETE")
"""Methods whose operations have entries in the audit log."""
BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")
PreparedT = TypeVar("PreparedT")


class Call(msgspec.Struct, Generic[BodyT, QueryT], frozen=True, kw_only=True):
    """One authenticated, validated request, as a handler sees it."""

    context: ApiContext
    request: Request
    caller: Caller
    ids: Mapping[str, UUID]
    """Path parameters."""
    body: BodyT
    query: QueryT
    now: dt.datetime
    traceparent: str
    address: str = "unknown"
    """The address that the request comes from."""
    rows: Callable[[], AbstractAsyncContextManager[Connection]]
    """Opens a transaction that sees the caller's organisation only; in a transactional POST or PATCH joins the one
    of the request."""

    @property
    def org_id(self) -> UUID:
        """The caller's organisation."""
        return self.caller.org_id

    @property
    def user_id(self) -> UUID:
        """The person who calls; in an operation `of_person` there is one."""
        assert self.caller.actor.kind == "user"
        return self.caller.actor.id

    def cause(self, input_id: UUID) -> Cause:
        """Cause of the events that this request makes."""
        return Cause(input_id=input_id, source="api", now=self.now, traceparent=self.traceparent)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of a handler: a struct (sent as JSON) or bytes with their media type."""

    body: Any = None
    status: int | None = None
    """None: the operation's own."""
    headers: Mapping[str, str] = {}
    media_type: str = "application/json"
    made: Any = None
    """Struct with the id of what was made, for the audit log, where the answer has no body."""


Handler = Callable[[Call[Any, Any]], Awaitable[Reply | Response]]


class TwoPhaseHandler(msgspec.Struct, Generic[PreparedT], frozen=True, kw_only=True):
    """Handler of a transactional POST or PATCH that needs an answer of object storage, a model or DNS.

    A slow part must not hold one of the few connections to Postgres, so the question is asked before the transaction.
    """

    prepare: Callable[[Call[Any, Any]], Awaitable[PreparedT]]
    """Runs with no transaction open and asks; may read rows in short transactions of its own. Its refusals are the
    caller's answer."""
    commit: Callable[[Call[Any, Any], PreparedT], Awaitable[Reply]]
    """Runs once, in the request's transaction, with what ``prepare`` returned. Rows may have changed in between, so it
    checks again what it relies on."""


class HeaderField(msgspec.Struct, frozen=True, kw_only=True):
    """A header of requests or answers that is not one of every operation's."""

    name: str
    description: str
    schema: Mapping[str, Any]
    """JSON Schema of its text."""
    required: bool = False


Afterwards = Callable[[Call[Any, Any], Response], Awaitable[Response]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method on one path. ``problems`` are codes it can answer with in addition to the general ones."""

    method: Literal["GET", "HEAD", "OPTIONS", "POST", "PATCH", "DELETE"]
    path: str
    name: str
    """The operationId, a verb and a noun: names of SDK methods come from it."""
    tag: str
    summary: str
    handler: Handler | TwoPhaseHandler[Any]
    permission: Permission | Literal["authenticated", "public"]
    """What a caller needs. ``authenticated``: to be known, and nothing else; ``public``: not even that."""
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
    successor: str | None = None
    """Of an alias that older products' users know: the path that new programs call instead."""
    transactional: bool = True
    """A POST or PATCH runs in one transaction with its idempotency record, a DELETE in one, too; each with its entry in
    the audit log. False for one whose transactions are its own: the entry is written after it."""
    of_person: bool = False
    """Concerns the caller as a person, whatever their organisation: refused to keys. It runs in transactions of its
    own and takes no Idempotency-Key: a session or a code that was shown once is kept nowhere."""
    unaudited: str = ""
    """Why a write has no entry in the audit log by itself; empty: it has one. What anybody may call has no caller whose
    organisation's log it would be."""
    merge_patch: bool = False
    """Whether the body is a JSON Merge Patch (RFC 7396), which has a second media type."""
    afterwards: Afterwards | None = None
    """Runs once the transaction is over, on the answer that was kept; may wait for what comes of it and answer that."""
    also: Mapping[str, tuple[str, ...]] = {}
    """Media types of further good answers, by status; none where it has no body."""

    streams: Mapping[str, Mapping[str, Any]] = {}
    """Media types of a body that the handler reads itself, piece by piece, with their JSON Schemas: the limits of size
    and of the time until an answer are the handler's, and nothing is kept for an Idempotency-Key."""
    form: type | None = None
    """Struct that describes a form-encoded body, which the handler reads itself."""
    faults: Mapping[int, type] = {}
    """Structs of refusals that are no problem documents, by status: OAuth says what its own look like."""
    takes_headers: tuple[HeaderField, ...] = ()
    """Headers of the request that the operation reads."""
    gives_headers: tuple[HeaderField, ...] = ()
    """Headers of its successful answer."""
    fixed_headers: Mapping[str, str] = {}
    """Headers of every answer, refusals among them."""

    @property
    def has_fields(self) -> bool:
        """Whether its answer can be asked for by fields."""
        return self.method == "GET" and self.response is not None and "application/json" in self.media_types

    @property
    def takes_key(self) -> bool:
        """Whether it runs once for an Idempotency-Key, in one transaction with its kept answer."""
        return self.method in WRITES and self.keyless_reason is None

    @property
    def keyless_reason(self) -> str | None:
        """Why a POST or PATCH takes no Idempotency-Key; None where it takes one."""
        if self.permission == "public":
            return "Ignored: no caller is known whose key it could be."
        if self.of_person:
            return "Ignored: its answer may show once what is kept nowhere."
        if self.streams:
            return "Ignored: the body passes through piece by piece; offsets say what arrived."
        return None if self.transactional else "Ignored: to repeat the request sets the same again."

    @property
    def effect(self) -> Callable[..., Awaitable[Reply | Response]]:
        """The function that does what the operation is for; its docstring describes the operation."""
        return self.handler.commit if isinstance(self.handler, TwoPhaseHandler) else self.handler


def audit_entry(
    operation: Operation,
    request: Request,
    caller: Caller,
    ids: Mapping[str, UUID],
    *,
    answer_body: Any = None,
    outcome: Outcome = "done",
) -> AuditEntry:
    """What the audit log says of a request: ids, and nothing of its body.

    ``answer_body``: the answer's struct. Where the operation makes something, the struct's first id is the target.
    """
    targets = list(ids.items())
    for name in getattr(answer_body, "__struct_fields__", ()):
        value = getattr(answer_body, name)
        if operation.located and name.endswith("_id") and isinstance(value, UUID):
            targets += [] if value in ids.values() else [(name, value)]
            break
    return AuditEntry(
        org_id=caller.org_id,
        actor=caller.actor,
        key_id=caller.key_id,
        operation=operation.name,
        outcome=outcome,
        target_kind=targets[-1][0].removesuffix("_id") if targets else "",
        target_ids=[target_id for _, target_id in targets],
        address=request.scope.get("clipstream.address", ""),
        user_agent=request.headers.get("user-agent", ""),
        request_id=getattr(request.state, "request_id", ""),
    )


def path_parameters(path: str) -> tuple[str, ...]:
    """Names in braces of a path template."""
    return tuple(part[1:-1] for part in path.split("/") if part.startswith("{"))
