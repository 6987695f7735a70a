"""The routes, and the one handler: authenticate, call the service in a thread, answer in JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from local.standins.meilisearch.errors import MeiliError, internal
from local.standins.meilisearch.http.call import Answer, Call
from local.standins.meilisearch.http.contents import Contents
from local.standins.meilisearch.http.index_service import Service
from local.standins.meilisearch.http.key_service import KeyService
from local.standins.meilisearch.keys import EVERYTHING, Keys

MAX_BODY_BYTES = 100 * 2**20
Handler = Callable[..., Answer]
Served = tuple[str, str, str, Handler]
"""Method, path (``*`` is an argument), the action that a key needs (empty: no key; ``*``: every one), handler."""
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_NOT_SERVED = (
    "version", "stats", "keys", "keys/*", "tasks", "tasks/*", "tasks/cancel", "indexes", "indexes/*", "swap-indexes",
    "indexes/*/settings", "indexes/*/settings/*", "indexes/*/stats", "indexes/*/documents", "indexes/*/documents/*",
    "indexes/*/documents/edit", "indexes/*/documents/edit/*", "indexes/*/search", "indexes/*/similar",
    "indexes/*/facet-search", "indexes/*/compact", "indexes/*/fields", "multi-search", "batches", "batches/*", "dumps",
    "snapshots", "network", "experimental-features", "webhooks", "webhooks/*", "logs/*", "export", "metrics", "chats",
    "chats/*", "chats/*/*", "render-template", "dynamic-search-rules", "dynamic-search-rules/*",
)  # fmt: skip
"""Paths of Meilisearch of which this server has no method, or not all: the others answer ``feature_not_enabled``."""


def list_routes(service: Service, contents: Contents, keys: KeyService) -> list[Served]:
    """Each route, those that are served first."""
    s, c, k = service, contents, keys
    routes: list[Served] = [
        ("GET", "health", "", s.health),
        ("GET", "version", "version", s.version),
        ("GET", "keys", "keys.get", k.keys_list),
        ("POST", "keys", "keys.create", k.key_create),
        ("GET", "keys/*", "keys.get", k.key_get),
        ("DELETE", "keys/*", "keys.delete", k.key_delete),
        ("GET", "tasks/*", "tasks.get", s.task_get),
        ("GET", "indexes", "indexes.get", s.indexes_list),
        ("POST", "indexes", "indexes.create", s.index_create),
        ("DELETE", "indexes/*", "indexes.delete", s.index_delete),
        ("GET", "indexes/*/stats", "stats.get", s.index_stats),
        ("GET", "indexes/*/settings", "settings.get", s.settings_get),
        ("PATCH", "indexes/*/settings", "settings.update", s.settings_update),
        ("POST", "indexes/*/documents", "documents.add", partial(c.documents_put, partial=False)),
        ("PUT", "indexes/*/documents", "documents.add", partial(c.documents_put, partial=True)),
        ("POST", "indexes/*/documents/fetch", "documents.get", c.documents_fetch),
        ("POST", "indexes/*/documents/delete", "documents.delete", c.documents_delete_by_filter),
        ("POST", "indexes/*/search", "search", c.search),
        ("POST", "multi-search", "search", c.multi_search),
    ]
    return routes + [(method, path, "*", s.not_supported) for path in _NOT_SERVED for method in METHODS]


def compile_routes(routes: list[Served]) -> list[tuple[str, re.Pattern[str], str, Handler]]:
    """Paths as patterns."""
    return [(m, re.compile("/" + path.replace("*", "([^/]+)")), action, handler) for m, path, action, handler in routes]


def to_response(status: int, value: Any) -> Response:
    """A JSON answer."""
    body = b"" if status == 204 else msgspec.json.encode(value)
    return Response(body, status, media_type="application/json")


async def read_body(request: Request) -> bytes:
    """The body; raises MeiliError payload_too_large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            message = "The provided payload reached the size limit. The maximum accepted payload size is 100 MiB."
            raise MeiliError("payload_too_large", message, status=413)
    return body


def make_app(service: Service, contents: Contents, key_service: KeyService, keys: Keys) -> Starlette:
    """The ASGI application."""
    routes = compile_routes(list_routes(service, contents, key_service))

    def answer(request: Request, body: bytes) -> Answer:
        path, method = request.url.path.rstrip("/"), request.method
        matching = [(m, match, action, h) for m, pattern, action, h in routes if (match := pattern.fullmatch(path))]
        if not matching:
            raise MeiliError("not_found", f"The route {path} does not exist.", status=404)
        for verb, match, action, handler in matching:
            if verb == method:
                grant = keys.grant(request.headers.get("authorization"), action) if action else EVERYTHING
                if path.startswith("/indexes/"):
                    grant.check_index(match.group(1))
                kind = request.headers.get("content-type", "")
                call = Call(query=dict(request.query_params), body=body, content_type=kind, grant=grant)
                return handler(call, *match.groups())
        raise MeiliError("method_not_allowed", f"{method} is not allowed on {path}.", status=405)

    async def handle(request: Request) -> Response:
        try:
            body = await read_body(request)
            return to_response(*await run_in_threadpool(answer, request, body))
        except MeiliError as error:
            return to_response(error.status, error.body())
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:  # noqa: BLE001  a fault becomes Meilisearch's own `internal`, never a traceback
            return to_response(500, internal(error).body())

    return Starlette(routes=[Route("/{path:path}", handle, methods=METHODS)])
