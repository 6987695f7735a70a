"""Compose the API: operations become routes, middleware wraps them, adapters open at start-up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from api.app_pages import make_app_routes
from api.http.context import ApiContext
from api.http.dispatch import answer_error, make_routes
from api.http.metrics import ApiMetrics
from api.http.middleware import BODY_IDLE_S, BodyGuard, Deadline, Preflights, Telemetry, streaming_matcher
from api.oauth.authorize import make_oauth_pages
from api.openapi.pages import make_docs_routes
from api.problems.problem_details import ApiProblem
from api.routes import OPERATIONS
from api.sharing.share_pages import make_share_pages

OpenContext = Callable[[ApiMetrics], AbstractAsyncContextManager[ApiContext]]


def create_app(
    open_context: OpenContext,
    *,
    max_body_bytes: int = 1_048_576,
    request_timeout_s: float = 20.0,
    body_idle_s: float = BODY_IDLE_S,
) -> Starlette:
    """The ASGI app; it enters ``open_context`` at start-up and leaves it at shutdown."""
    metrics = ApiMetrics()
    is_streamed = streaming_matcher([(item.method, item.path) for item in OPERATIONS if item.streams])

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_context(metrics) as context:
            app.state.context = context
            yield

    app = Starlette(
        routes=[
            *make_routes(OPERATIONS),
            *make_oauth_pages(),
            *make_app_routes(),
            *make_share_pages(),
            *make_docs_routes(OPERATIONS),
        ],
        middleware=[
            Middleware(Telemetry),
            Middleware(Deadline, seconds=request_timeout_s, is_streamed=is_streamed),
            Middleware(Preflights),
            Middleware(BodyGuard, max_bytes=max_body_bytes, idle_s=body_idle_s, is_streamed=is_streamed),
        ],
        exception_handlers={HTTPException: _answer, ApiProblem: _answer},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would repeat whatever Host the caller sent
    app.state.metrics = metrics
    return app


async def _answer(request: Request, error: Exception) -> Response:
    return answer_error(request, error)
