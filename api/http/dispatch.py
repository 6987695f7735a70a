"""Turn an operation into an endpoint: authenticate, limit, validate, run, answer.

A POST or PATCH runs in one transaction with its idempotency record. A handler that raises leaves nothing behind. Every
write of a caller has an entry in the audit log, in the transaction of its effect.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from api.http.answer_form.form import read_form
from api.http.auth import ANONYMOUS, Caller, bearer, caller_transaction, require_permission, unauthenticated
from api.http.browsers.client_address import client_address
from api.http.browsers.cookies import is_secure, read_access_cookie
from api.http.context import ApiContext
from api.http.idempotency import REPLAYED, FirstAnswer, fingerprint, read_key
from api.http.limits.shared_rates import RequestRate
from api.http.middleware import report_bug
from api.http.operations import (
    AUDITED,
    Call,
    Handler,
    Operation,
    Reply,
    TwoPhaseHandler,
    audit_entry,
)
from api.http.request_reader import decode, read_body
from api.problems.problem_details import LIMIT_HEADER, ApiProblem, FieldError, invalid, not_found, respond
from core.domain.identity.actors import NOBODY
from core.errors import Gone, InputRejected, Unavailable
from core.infra.postgres.connection import Connection
from core.services.audit import audit_log as audit
from core.services.billing.quotas import plan_named
from core.services.identity.refusals import IdentityRefused
from core.settings import Settings

RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
"""Path of what clients read first (RFC 9728)."""
_KEPT_HEADERS = ("location", "content-type", "cache-control", "etag")


def make_routes(operations: Sequence[Operation]) -> list[Route]:
    """One route per path, so that a wrong method is answered with the methods of the path."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [OwnRoute(path, _dispatch(methods), methods=list(methods)) for path, methods in by_path.items()]


class OwnRoute(Route):
    """A route whose fixed path is no other route's parameter: a wrong method is one there, too."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a fixed path with every method; the route itself answers a wrong one with 405."""
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL and not self.param_convertors else match), child


def _dispatch(methods: Mapping[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        operation = methods.get(request.method) or methods["GET"]  # HEAD is answered as GET where it is not its own
        request.scope["clipstream.route"] = operation.path
        extra = dict(operation.fixed_headers)
        try:
            response = await _serve(operation, request, extra)
        except Exception as error:  # noqa: BLE001 - every exit is a problem document
            response = answer_error(request, error)
        for name, value in extra.items():
            response.headers.setdefault(name, value)
        return response

    return endpoint


def answer_error(request: Request, error: Exception) -> Response:
    """The problem document of an exception."""
    problem = _problem_of(error)
    if problem.code in ("unauthenticated", "forbidden"):
        problem.headers |= _challenge(request, problem)
    request.scope["clipstream.problem"] = problem.code
    if problem.status == 500:
        report_bug(error)
    return respond(problem, instance=request.scope["path"], request_id=getattr(request.state, "request_id", ""))


def _challenge(request: Request, problem: ApiProblem) -> dict[str, str]:
    """The header that says which token is needed, and where to get it (RFC 6750, 3; RFC 9728, 5.1)."""
    context: ApiContext = request.app.state.context
    caller: Caller | None = request.scope.get("clipstream.caller")
    fault = ""
    if problem.code == "forbidden":
        if caller is None or caller.grant_id is None:
            return {}
        fault = ', error="insufficient_scope"'
    elif "authorization" in request.headers:
        fault = ', error="invalid_token"'
    metadata = f"{context.settings.public_address}{RESOURCE_METADATA}"
    return {"WWW-Authenticate": f'Bearer realm="clipstream", resource_metadata="{metadata}"{fault}'}


def _problem_of(error: Exception) -> ApiProblem:
    match error:
        case ApiProblem():
            return error
        case Unavailable():
            detail = f"The part `{error.part}` does not answer."
            return ApiProblem("unavailable", detail, headers={"Retry-After": "2"})
        case InputRejected():
            return ApiProblem("invalid", error.detail)
        case IdentityRefused():
            return _refusal(error)
        case ClientDisconnect():
            return ApiProblem("malformed-request", "The connection ended before the body did.")
        case HTTPException(status_code=404):
            return ApiProblem("not-found", "There is nothing at this path.")
        case HTTPException(status_code=405):
            return ApiProblem("method-not-allowed", "The path does not take this method.", headers=error.headers or {})
        case HTTPException(status_code=status) if 400 <= status < 500:
            return ApiProblem("malformed-request", str(error.detail))
    return ApiProblem("internal", "The error was reported under this request id.")


def _refusal(error: IdentityRefused) -> ApiProblem:
    if error.code == "invalid":
        return invalid(error.pointer, error.detail)
    if error.code == "unauthenticated":
        return unauthenticated(error.detail)
    errors = [FieldError(pointer=error.pointer, detail=error.detail)] if error.pointer else []
    headers = {"Retry-After": str(math.ceil(error.wait_s))} if error.wait_s else {}
    headers |= {LIMIT_HEADER: error.limit} if error.limit else {}
    return ApiProblem(error.code, error.detail, errors=errors, headers=headers)


async def _serve(operation: Operation, request: Request, extra: dict[str, str]) -> Response:
    context: ApiContext = request.app.state.context
    caller, address = ANONYMOUS, client_address(request, context.settings.trusted_proxies)
    request.scope["clipstream.address"] = address
    if request.headers.get("origin") is not None and operation.tag != "operations":
        extra |= await context.origins.headers(request, None)
    if operation.permission != "public":
        caller = await _authenticate(context, request, address)
        if "Access-Control-Allow-Origin" in extra and caller.org_id != NOBODY:
            for name in [name for name in extra if name.startswith("Access-Control-")]:
                del extra[name]
            extra |= await context.origins.headers(request, caller.org_id)
        extra |= await context.rates.require(rates_of(caller, context.settings))
        async with _refusals_noted(operation, context, request, caller):
            require_person(operation, caller)
            if operation.permission != "authenticated":
                require_permission(caller, operation.permission)
        extra["Cache-Control"] = "no-store"
    form = read_form(operation, request, _query_text(request))
    extra |= form.headers
    raw = await read_body(operation, request)
    ids = _path_ids(request)
    strange = [name for name, value in ids.items() if value is None]
    body, query = decode(operation, raw, form.query, strange)
    if strange:
        raise not_found(f"thing: the {strange[0]} in the path is not a UUID")
    call = Call[Any, Any](
        context=context,
        request=request,
        caller=caller,
        ids={name: value for name, value in ids.items() if value is not None},
        body=body,
        query=query,
        now=context.clock(),
        traceparent=request.state.traceparent,
        address=address,
        rows=lambda: caller_transaction(context.pool, caller),
    )
    async with _refusals_noted(operation, context, request, caller):
        try:
            answer = await _watched_answer(operation, call, raw)
        except Gone:  # erased between its row and its bytes: the rows, asked once more, say so
            answer = await _watched_answer(operation, call, raw)
    return form.shape(answer)


async def _watched_answer(operation: Operation, call: Call[Any, Any], raw: bytes) -> Response:
    answer = _answer(operation, call, raw)
    # what is for the machinery around us says how the parts are: it must not fail with one of them
    return await (answer if operation.tag == "operations" else call.context.watch.guard("postgres", answer))


async def _answer(operation: Operation, call: Call[Any, Any], raw: bytes) -> Response:
    if operation.takes_key:
        response = await _run_once(operation, call, raw)
        return await operation.afterwards(call, response) if operation.afterwards else response
    assert not isinstance(operation.handler, TwoPhaseHandler)
    if operation.method == "DELETE" and operation.transactional:
        return await _run_audited(operation, call, operation.handler)
    reply = await operation.handler(call)
    if _is_audited(operation, call.caller):
        async with caller_transaction(call.context.pool, call.caller) as connection:
            await _append_entry(connection, operation, call, reply)
    return _render(operation, reply)


async def _run_audited(operation: Operation, call: Call[Any, Any], handler: Handler) -> Response:
    async with caller_transaction(call.context.pool, call.caller) as connection:
        return _render(operation, await _handle(connection, operation, call, handler))


async def _handle(
    connection: Connection, operation: Operation, call: Call[Any, Any], handler: Handler
) -> Reply | Response:
    """Run a handler in a transaction, with its entry in the audit log."""
    reply = await handler(msgspec.structs.replace(call, rows=lambda: _yield_connection(connection)))
    if _is_audited(operation, call.caller):
        await _append_entry(connection, operation, call, reply)
    return reply


def _is_audited(operation: Operation, caller: Caller) -> bool:
    """Whether the operation has an entry in the audit log of the caller's organisation."""
    return not operation.unaudited and operation.method in AUDITED and caller.org_id != NOBODY


async def _append_entry(
    connection: Connection, operation: Operation, call: Call[Any, Any], reply: Reply | Response
) -> None:
    answer_body = (reply.made or reply.body) if isinstance(reply, Reply) else None
    await audit.append(connection, audit_entry(operation, call.request, call.caller, call.ids, answer_body=answer_body))


@asynccontextmanager
async def _refusals_noted(
    operation: Operation, context: ApiContext, request: Request, caller: Caller
) -> AsyncIterator[None]:
    """Tell in the audit log that a caller was forbidden to write."""
    try:
        yield
    except ApiProblem as problem:
        if problem.code == "forbidden" and _is_audited(operation, caller):
            ids = {name: value for name, value in _path_ids(request).items() if value is not None}
            entry = audit_entry(operation, request, caller, ids, outcome="refused")
            with suppress(Unavailable):  # the refusal stands without its entry
                async with caller_transaction(context.pool, caller) as connection:
                    await audit.append(connection, entry)
        raise


async def _authenticate(context: ApiContext, request: Request, address: str) -> Caller:
    try:
        cookie = None
        if "authorization" not in request.headers:
            cookie = read_access_cookie(request, secure=is_secure(context.settings))
        credential = cookie or bearer(request.headers.get("authorization"))
        caller = await context.watch.guard("postgres", context.callers.caller(credential))
        if caller is None or (cookie is not None and caller.session_id is None):
            raise unauthenticated("The API key is not valid, or the session has ended.")
        request.scope["clipstream.caller"] = caller
        if not caller.may_call_from(address):
            raise ApiProblem("forbidden", "The key may not be used from this address.")
    except ApiProblem:
        context.refusals.require(address)
        raise
    if cookie is not None:
        await context.origins.check_write(request, caller.org_id if caller.org_id != NOBODY else None)
    return caller


def require_person(operation: Operation, caller: Caller) -> None:
    """Raise the ``forbidden`` problem where an operation is for people, and a key calls."""
    if operation.of_person and caller.actor.kind != "user":
        raise ApiProblem("forbidden", "This is for people who signed in: API keys and apps have no account.")


def rates_of(caller: Caller, settings: Settings) -> list[RequestRate]:
    """The rates that a request counts for: of its key or person, and of the organisation by its plan."""
    name = f"key:{caller.key_id}" if caller.key_id else str(caller.actor)
    rates = [RequestRate(name=name, per_minute=settings.rate_limit_per_minute)]
    most = plan_named(settings, caller.plan).requests_per_minute
    if most is None or caller.org_id == NOBODY:  # who belongs to no organisation has none whose rate could be shared
        return rates
    return [*rates, RequestRate(name=f"organisation:{caller.org_id}", per_minute=most)]


async def _run_once(operation: Operation, call: Call[Any, Any], raw: bytes) -> Response:
    """Run a POST or PATCH; a handler of two phases is prepared before its transaction."""
    handler = operation.handler
    if not isinstance(handler, TwoPhaseHandler):
        return await _run_in_transaction(operation, call, raw, handler)
    # a repeat gets the kept answer whatever the world outside would say now
    if answer := await _kept_answer(operation, call, raw):
        return answer
    prepared = await handler.prepare(call)
    return await _run_in_transaction(operation, call, raw, lambda joined: handler.commit(joined, prepared))


async def _kept_answer(operation: Operation, call: Call[Any, Any], raw: bytes) -> Response | None:
    """The answer that was kept for the request's Idempotency-Key, if any."""
    key = read_key(call.request.headers, call.caller.actor, operation.name)
    if key is None:
        return None
    async with caller_transaction(call.context.pool, call.caller) as connection:
        return await _begin(connection, call, key, raw)


async def _begin(connection: Connection, call: Call[Any, Any], key: str, raw: bytes) -> Response | None:
    """Take the key for the length of the transaction; the answer that was kept for it, if any."""
    answer = await call.context.idempotency.begin(connection, call.org_id, key, _fingerprint(call, raw))
    if answer is None:
        return None
    call.context.metrics.replays.inc()
    return Response(answer.body, status_code=answer.status, headers=answer.headers | {REPLAYED: "true"})


def _fingerprint(call: Call[Any, Any], raw: bytes) -> bytes:
    return fingerprint(call.request.method, call.request.scope["path"], _query_text(call.request), raw)


async def _run_in_transaction(operation: Operation, call: Call[Any, Any], raw: bytes, handler: Handler) -> Response:
    """Run a handler and keep its answer in one transaction; give a kept answer again."""
    context, org_id = call.context, call.org_id
    key = read_key(call.request.headers, call.caller.actor, operation.name)
    if key is None:
        return await _run_audited(operation, call, handler)
    async with caller_transaction(context.pool, call.caller) as connection:
        if kept_answer := await _begin(connection, call, key, raw):
            return kept_answer
        response = _render(operation, await _handle(connection, operation, call, handler))
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        answer = FirstAnswer(status=response.status_code, headers=headers, body=bytes(response.body))
        await context.idempotency.keep(connection, org_id, key, _fingerprint(call, raw), answer)
    return response


@asynccontextmanager
async def _yield_connection(connection: Connection) -> AsyncIterator[Connection]:
    yield connection


def _render(operation: Operation, reply: Reply | Response) -> Response:
    if isinstance(reply, Response):
        return reply
    body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
    return Response(
        b"" if reply.body is None else body,
        status_code=operation.status if reply.status is None else reply.status,
        headers=dict(reply.headers),
        media_type=reply.media_type,
    )


def _path_ids(request: Request) -> dict[str, UUID | None]:
    """Ids in the path by parameter; None for one that is no UUID."""
    ids: dict[str, UUID | None] = {}
    for name, value in request.path_params.items():
        if name.endswith("_id"):
            try:
                ids[name] = UUID(value)
            except ValueError:
                ids[name] = None
    return ids


def _query_text(request: Request) -> str:
    """The query as it was sent; ``request.url`` would trust the Host header."""
    return str(request.scope["query_string"].decode("latin-1"))
