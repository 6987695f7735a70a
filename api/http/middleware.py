"""ASGI middleware around every request: trace, log, metrics, security headers, limits.

Logs hold no body, query string or header. Order from the outside in: Telemetry, Deadline, Preflights, BodyGuard.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import secrets
import time
from collections.abc import Callable, Iterable

import sentry_sdk
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.auth import Caller
from api.http.context import ApiContext
from api.http.trace_context import continue_trace, trace_id_of
from api.problems.problem_details import ApiProblem, respond
from core.domain.identity.actors import NOBODY
from core.errors import Unavailable
from core.storage.identity.request_log import LoggedRequest
from schemas.quantities import spoken_range

_REQUEST_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}$")
_SECRET_PATH = re.compile(r"(?<=^/s/)[^/]+|(?<=^/embed/)[^/]+|(?<=^/v1/public/shares/)[^/]+")
"""Secret part of a path; the log leaves it out."""
BODY_IDLE_S = 10.0
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def streaming_matcher(routes: Iterable[tuple[str, str]]) -> Callable[[Scope], bool]:
    """A test of requests: whether the body is read piece by piece. ``routes``: methods and paths of such."""
    patterns = [(method, compile_path(path)[0]) for method, path in routes]

    def matches(scope: Scope) -> bool:
        return any(method == scope["method"] and pattern.match(scope["path"]) for method, pattern in patterns)

    return matches


class Telemetry:
    """Request id, trace, log line, metrics, security headers; answers bugs that got past the dispatcher."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the whole app."""
        self._app = app
        self._log = structlog.get_logger("api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        sent_id = headers.get("x-request-id", "")
        request_id = sent_id if _REQUEST_ID.fullmatch(sent_id) else secrets.token_hex(12)
        traceparent = continue_trace(headers.get("traceparent"))
        state = scope.setdefault("state", {})
        state["request_id"], state["traceparent"] = request_id, traceparent
        metrics = scope["app"].state.metrics
        begun, status = time.perf_counter(), 0

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                out["X-Request-Id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    out.setdefault(name, value)
                metrics.duration.labels(scope["method"], _route(scope)).observe(time.perf_counter() - begun)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id, trace_id=trace_id_of(traceparent)):
            metrics.in_flight.inc()
            try:
                await self._app(scope, receive, send_watched)
            except Exception as error:  # noqa: BLE001 - the last net: report, answer 500 where nothing was sent yet
                report_bug(error)
                if not status:
                    await bug_response(scope)(scope, receive, send_watched)
            finally:
                metrics.in_flight.dec()
                metrics.requests.labels(scope["method"], _route(scope), str(status)).inc()
                if status == 429:
                    metrics.limited.inc()
                took_ms = round((time.perf_counter() - begun) * 1000, 1)
                path = _SECRET_PATH.sub("…", scope["path"])
                self._log.info("request", method=scope["method"], path=path, status=status, took_ms=took_ms)
                _note_request(scope, status, took_ms)


class Preflights:
    """Answers what browsers ask before a page of another origin calls, by the lists of organisations."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the routes."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            request = Request(scope)
            if "origin" in request.headers and "access-control-request-method" in request.headers:
                try:
                    headers = await scope["app"].state.context.origins.preflight(request)
                except Unavailable as error:
                    detail = f"The part `{error.part}` does not answer."
                    problem = ApiProblem("unavailable", detail, headers={"Retry-After": "2"})
                    await problem_response(scope, problem)(scope, receive, send)
                    return
                await Response(status_code=204, headers=headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Deadline:
    """Answers 504 when a response has not begun in time. A response that has begun may go on.

    The time of a body that is read piece by piece counts from its last piece.
    """

    def __init__(self, app: ASGIApp, seconds: float, is_streamed: Callable[[Scope], bool]) -> None:
        """``seconds`` until the response must begin; ``is_streamed``: whether the body is read piece by piece."""
        self._app = app
        self._seconds = seconds
        self._is_streamed = is_streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        try:
            async with asyncio.timeout(self._seconds) as limit:

                async def send_noting(message: Message) -> None:
                    nonlocal started
                    if not started:
                        started = True
                        limit.reschedule(None)
                    await send(message)

                async def receive_noting() -> Message:
                    message = await receive()
                    if not started:
                        limit.reschedule(asyncio.get_running_loop().time() + self._seconds)
                    return message

                await self._app(scope, receive_noting if self._is_streamed(scope) else receive, send_noting)
        except TimeoutError:
            if started:
                raise
            problem = ApiProblem("timeout", f"No answer within {self._seconds:g} s.", headers={"Retry-After": "2"})
            await problem_response(scope, problem)(scope, receive, send)


class BodyGuard:
    """Refuses bodies above a size, with or without Content-Length, and bodies that stop coming.

    The size of a body that is read piece by piece is its handler's matter.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, idle_s: float, is_streamed: Callable[[Scope], bool]) -> None:
        """``idle_s`` is how long the next piece of a body may take.

        ``is_streamed``: whether a request's body is read piece by piece.
        """
        self._app = app
        self._max_bytes = max_bytes
        self._idle_s = idle_s
        self._is_streamed = is_streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced, streamed = Headers(scope=scope).get("content-length", "0"), self._is_streamed(scope)
        if not announced.isdecimal() or (int(announced) > self._max_bytes and not streamed):
            await problem_response(scope, self._too_large())(scope, receive, send)
            return
        received_bytes, complete = 0, False

        async def receive_guarded() -> Message:
            nonlocal received_bytes, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout(self._idle_s):
                    message = await receive()
            except TimeoutError:
                detail = f"Nothing of the body came for {self._idle_s:g} s."
                raise ApiProblem("slow-body", detail, headers={"Connection": "close"}) from None
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            received_bytes += len(message.get("body", b""))
            if received_bytes > self._max_bytes and not streamed:
                raise self._too_large()
            return message

        await self._app(scope, receive_guarded, send)

    def _too_large(self) -> ApiProblem:
        most = spoken_range(None, self._max_bytes, "bytes")
        return ApiProblem("body-too-large", f"A body holds {most}.", headers={"Connection": "close"})


def _note_request(scope: Scope, status: int, took_ms: float) -> None:
    """Note the request of a known caller in the log of its organisation."""
    caller: Caller | None = scope.get("clipstream.caller")
    if caller is None or caller.org_id == NOBODY:
        return
    context: ApiContext = scope["app"].state.context
    context.request_log.note(
        LoggedRequest(
            org_id=caller.org_id,
            created_at=context.clock() - dt.timedelta(milliseconds=took_ms),
            method=scope["method"],
            route=_route(scope),
            status=status,
            problem=scope.get("clipstream.problem", ""),
            took_ms=took_ms,
            request_id=scope["state"]["request_id"],
            actor=caller.actor,
            key_id=caller.key_id,
            address=scope.get("clipstream.address", ""),
        )
    )


def problem_response(scope: Scope, problem: ApiProblem) -> ASGIApp:
    """The answer of a problem for the request of ``scope``."""
    return respond(problem, instance=scope["path"], request_id=scope.get("state", {}).get("request_id", ""))


def bug_response(scope: Scope) -> ASGIApp:
    """The answer of a request that met a bug; it says only the id under which the bug was reported."""
    return problem_response(scope, ApiProblem("internal", "The error was reported under this request id."))


def report_bug(error: BaseException) -> None:
    """Report an unexpected error to Sentry and the log."""
    sentry_sdk.capture_exception(error)
    structlog.get_logger("api").error("bug", error=f"{type(error).__name__}: {error}", exc_info=error)


def _route(scope: Scope) -> str:
    return str(scope.get("clipstream.route", "none"))
