"""The one composition root of the API: operations to routes, middleware around them, adapters opened at start-up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from api import (
    abbreviations,
    account,
    admin,
    analytics,
    assets,
    brand_kits,
    bundles,
    clip_requests,
    clips,
    corrections,
    edits,
    estimates,
    export_cancel,
    export_orders,
    exports,
    handovers,
    health,
    intelligence,
    labels,
    presets,
    previews,
    project_events,
    projects,
    replays,
    scoring,
    search,
    sounds,
    speakers,
    templates,
    transcripts,
    upload_refusals,
    uploads,
    webhooks,
)
from api.context import Context
from api.docs import make_docs_routes
from api.endpoint import answer_error, make_routes
from api.metrics import Metrics
from api.middleware import BODY_IDLE_S, BodyGuard, Deadline, Telemetry
from api.problems import ApiProblem
from api.registry import Operation

OPERATIONS: tuple[Operation, ...] = (
    *upload_refusals.OPERATIONS,
    *uploads.OPERATIONS,
    *estimates.OPERATIONS,
    *projects.OPERATIONS,
    *project_events.OPERATIONS,
    *transcripts.OPERATIONS,
    *sounds.OPERATIONS,
    *intelligence.OPERATIONS,
    *speakers.OPERATIONS,
    *corrections.OPERATIONS,
    *clips.OPERATIONS,
    *clip_requests.OPERATIONS,
    *edits.OPERATIONS,
    *handovers.OPERATIONS,
    *export_orders.OPERATIONS,
    *exports.OPERATIONS,
    *export_cancel.OPERATIONS,
    *labels.OPERATIONS,
    *bundles.OPERATIONS,
    *presets.OPERATIONS,
    *previews.OPERATIONS,
    *replays.OPERATIONS,
    *templates.OPERATIONS,
    *assets.OPERATIONS,
    *brand_kits.OPERATIONS,
    *scoring.OPERATIONS,
    *search.OPERATIONS,
    *analytics.OPERATIONS,
    *webhooks.OPERATIONS,
    *abbreviations.OPERATIONS,
    *account.OPERATIONS,
    *admin.OPERATIONS,
    *health.OPERATIONS,
)
OpenContext = Callable[[Metrics], AbstractAsyncContextManager[Context]]


def create_app(
    open_context: OpenContext,
    *,
    max_body_bytes: int = 1_048_576,
    request_timeout_s: float = 20.0,
    body_idle_s: float = BODY_IDLE_S,
) -> Starlette:
    """The ASGI app; ``open_context`` is entered at start-up and left at shutdown."""
    metrics = Metrics()

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
