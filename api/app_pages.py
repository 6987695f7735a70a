"""The web app's page and files, which `make web` builds into `api/web/app`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from api.http.context import ApiContext
from core.settings import Settings

APP = "/app/"
BUILT = Path(__file__).parent / "web" / "app"
WORKER = "push-worker.js"
"""The service worker of web push; its place makes its scope the whole app."""
_KEPT = "public, max-age=31536000, immutable"
"""Names of built files contain a hash of what is in them."""
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Clipstream</title>
<link rel="stylesheet" href="/web/page.css"><main><h1>The web app is not built here</h1>
<p>Build it with <code>make web</code>, and start the API again. The API has <a href="/docs">pages of its own</a>.</p>
</main></html>
"""


def make_app_routes(built: Path = BUILT) -> list[BaseRoute]:
    """Routes of the app.

    ``built``: the folder that the build wrote; without one a page says how to make it.
    """
    page = built / "index.html"

    async def home(_: Request) -> Response:
        return RedirectResponse(APP if page.is_file() else "/docs")

    async def app_page(request: Request) -> Response:
        if not page.is_file():
            return HTMLResponse(_NOT_BUILT, status_code=404)
        context: ApiContext = request.app.state.context
        headers = {"Content-Security-Policy": content_policy(context.settings), "Cache-Control": "no-cache"}
        return FileResponse(page, headers=headers)

    async def asset(request: Request) -> Response:
        path = built / "assets" / request.path_params["name"]
        if "/" in request.path_params["name"] or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, headers={"Cache-Control": _KEPT})

    async def worker(_: Request) -> Response:
        if not (built / WORKER).is_file():
            raise HTTPException(404)
        return FileResponse(built / WORKER, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    return [
        Route("/", home),
        Route("/app", home),
        Route(APP + "assets/{name}", asset),
        Route(APP + WORKER, worker),
        Route(APP + "{path:path}", app_page),
    ]


def content_policy(settings: Settings) -> str:
    """Content security policy of the app.

    It lets in its own files, its own API, and signed addresses of the object store.
    """
    store = urlsplit(settings.s3_public or settings.s3)
    files = f"{store.scheme}://{store.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            f"img-src 'self' blob: {files}",
            f"media-src 'self' blob: {files}",
            f"connect-src 'self' {files}",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )
