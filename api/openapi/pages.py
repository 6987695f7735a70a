"""Pages of the OpenAPI document, the reference (Swagger UI from our own files) and each problem."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from api.http.operations import Operation
from api.openapi.document import encode_document, make_document
from api.problems.problem_details import ApiProblem
from api.problems.problem_types import CATALOGUE

WEB = Path(__file__).parents[1] / "web"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/web/page.css">{head}</head><body>{body}</body></html>
"""
_DOCS_HEAD = '<link rel="stylesheet" href="/web/vendor/swagger-ui/swagger-ui.css">'
_DOCS_BODY = """<noscript>The same as JSON: <a href="/openapi.json">/openapi.json</a></noscript><div id="docs"></div>
<script src="/web/vendor/swagger-ui/swagger-ui-bundle.js"></script><script src="/web/docs.js"></script>"""


def make_docs_routes(operations: Sequence[Operation]) -> list[BaseRoute]:
    """Routes of the document and its pages.

    The document takes a second to make: a thread makes it when somebody first asks for it, so the API starts at once.
    """
    document: list[bytes] = []

    async def openapi(_: Request) -> Response:
        if not document:
            document.append(await asyncio.to_thread(lambda: encode_document(make_document(operations))))
        return Response(document[0], media_type="application/json", headers={"Cache-Control": "max-age=60"})

    async def docs(_: Request) -> Response:
        return HTMLResponse(_PAGE.format(title="Clipstream API", head=_DOCS_HEAD, body=_DOCS_BODY))

    return [
        Route("/openapi.json", openapi),
        Route("/docs", docs),
        Route("/problems", problems_page),
        Route("/problems/{code}", problem_page),
        Mount("/web", StaticFiles(directory=WEB)),
    ]


async def problems_page(_: Request) -> Response:
    """Every problem, with its status and title."""
    rows = "".join(
        f"<tr><td>{kind.status}</td><td><a href='/problems/{code}'>{code}</a></td>"
        f"<td>{html.escape(kind.title)}</td></tr>"
        for code, kind in CATALOGUE.items()
    )
    body = f"<main><h1>Problems</h1><table><tr><th>Status</th><th>Code</th><th>Meaning</th></tr>{rows}</table></main>"
    return HTMLResponse(_PAGE.format(title="Problems", head="", body=body))


async def problem_page(request: Request) -> Response:
    """Meaning of one problem, and what to do."""
    code = request.path_params["code"]
    kind = CATALOGUE.get(code)
    if kind is None:
        raise ApiProblem("not-found", "There is no problem of this name.")
    body = (
        f"<main><p><a href='/problems'>All problems</a></p><h1>{html.escape(kind.title)}</h1>"
        f"<p><code>{code}</code>, status {kind.status}</p><p>{html.escape(kind.remedy)}</p></main>"
    )
    return HTMLResponse(_PAGE.format(title=html.escape(kind.title), head="", body=body))
