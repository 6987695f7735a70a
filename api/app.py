"""Compose the API: operations become routes, middleware wraps them, adapters open at start-up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from api.brand import assets, caption_templates, kits
from api.clips import create as clips_create
from api.clips import edits, interchange
from api.clips import handlers as clips_handlers
from api.exports import (
    bundles,
    cancel,
    presets,
    previews,
    replays,
)
from api.exports import (
    create as exports_create,
)
from api.exports import (
    handlers as exports_handlers,
)
from api.health import handlers as health_handlers
from api.http.context import ApiContext
from api.http.dispatch import answer_error, make_routes
from api.http.metrics import ApiMetrics
from api.http.middleware import BODY_IDLE_S, BodyGuard, Deadline, Telemetry
from api.http.operations import Operation
from api.labels import handlers as labels_handlers
from api.openapi.pages import make_docs_routes
from api.organisation import account, analytics, dead_letters, score_weights, stuck, webhooks
from api.problems.problem_details import ApiProblem
from api.projects import estimates, events, retry
from api.projects import handlers as projects_handlers
from api.search import abbreviated_ids
from api.search import handlers as search_handlers
from api.transcripts import acoustics, corrections, intelligence, speakers
from api.transcripts import handlers as transcripts_handlers
from api.uploads import handlers as uploads_handlers
from api.uploads import refusals

OPERATIONS: tuple[Operation, ...] = (
    *refusals.OPERATIONS,
    *uploads_handlers.OPERATIONS,
    *estimates.OPERATIONS,
    *projects_handlers.OPERATIONS,
    *retry.OPERATIONS,
    *events.OPERATIONS,
    *transcripts_handlers.OPERATIONS,
    *acoustics.OPERATIONS,
    *intelligence.OPERATIONS,
    *speakers.OPERATIONS,
    *corrections.OPERATIONS,
    *clips_handlers.OPERATIONS,
    *clips_create.OPERATIONS,
    *edits.OPERATIONS,
    *interchange.OPERATIONS,
    *exports_create.OPERATIONS,
    *exports_handlers.OPERATIONS,
    *cancel.OPERATIONS,
    *labels_handlers.OPERATIONS,
    *bundles.OPERATIONS,
    *presets.OPERATIONS,
    *previews.OPERATIONS,
    *replays.OPERATIONS,
    *caption_templates.OPERATIONS,
    *assets.OPERATIONS,
    *kits.OPERATIONS,
    *score_weights.OPERATIONS,
    *search_handlers.OPERATIONS,
    *analytics.OPERATIONS,
    *webhooks.OPERATIONS,
    *abbreviated_ids.OPERATIONS,
    *account.OPERATIONS,
    *dead_letters.OPERATIONS,
    *stuck.OPERATIONS,
    *health_handlers.OPERATIONS,
)
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

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_context(metrics) as context:
            app.state.context = context
            yield

    app = Starlette(
        routes=[*make_routes(OPERATIONS), *make_docs_routes(OPERATIONS)],
        middleware=[
            Middleware(Telemetry),
            Middleware(Deadline, seconds=request_timeout_s),
            Middleware(BodyGuard, max_bytes=max_body_bytes, idle_s=body_idle_s),
        ],
        exception_handlers={HTTPException: _answer, ApiProblem: _answer},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would repeat whatever Host the caller sent
    app.state.metrics = metrics
    return app


async def _answer(request: Request, error: Exception) -> Response:
    return answer_error(request, error)
