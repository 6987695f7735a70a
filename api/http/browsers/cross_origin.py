"""Browsers: which pages may call (CORS), and which requests by cookie may write (CSRF).

A request that a cookie authenticates is one that any page can cause. It writes only where its page is ours or listed
by the organisation, and where it carries a header that a form cannot set.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request

from api.problems.problem_details import ApiProblem
from core.infra.postgres.connection import Pool, org_transaction, set_place, transaction
from core.storage.identity.memberships import lists_origin, read_organisation

CLIENT_HEADER = "Clipstream-Client"
"""Header that a request by cookie must carry when it writes; any value."""
CACHE_S = 4.0
CACHE_SIZE = 2_000
PREFLIGHT_AGE_S = 600
METHODS = "GET, POST, PATCH, DELETE"
_TUS_SENT = "Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset, Upload-Checksum, X-HTTP-Method-Override"
_TUS_READ = "Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Upload-Offset, Upload-Length, Upload-Expires"
HEADERS = (
    f"Authorization, Content-Type, {CLIENT_HEADER}, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
    f"{_TUS_SENT}"
)
EXPOSED = (
    f"ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotent-Replayed, {_TUS_READ}, "
    "Upload-Metadata, Tus-Checksum-Algorithm"
)
SAFE_METHODS = ("GET", "HEAD")
ORIGIN = re.compile(r"https://[a-z0-9.-]{1,253}(:\d{1,5})?|http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
"""An origin that an organisation may list: https, or a page on the developer's own machine."""


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


class Origins:
    """Looks up which origins organisations list, with a short cache."""

    def __init__(self, *, pool: Pool, own_url: str, now: Callable[[], float]) -> None:
        """``own_url``: the API's public address; ``now``: a monotonic clock in seconds."""
        self._pool = pool
        self._own_origin = origin_of(own_url)
        self._now = now
        self._cached: OrderedDict[UUID | str, tuple[float, frozenset[str]]] = OrderedDict()

    async def headers(self, request: Request, org_id: UUID | None) -> dict[str, str]:
        """CORS headers of an answer; empty for a page that may not read it.

        ``org_id``: the caller's organisation; None where it is not known: then any organisation's list counts.
        """
        origin = request.headers.get("origin")
        if origin is None or origin == self._own_origin:
            return {}
        if not await self._is_listed(origin, org_id):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": EXPOSED,
            "Vary": "Origin",
        }

    async def preflight(self, request: Request) -> dict[str, str]:
        """Headers of the answer to a preflight; empty ones refuse it."""
        headers = await self.headers(request, None)
        if "Access-Control-Allow-Origin" not in headers:
            return {"Vary": "Origin"}
        return headers | {
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": HEADERS,
            "Access-Control-Max-Age": str(PREFLIGHT_AGE_S),
        }

    async def check_write(self, request: Request, org_id: UUID | None) -> None:
        """Raise ``cross-site`` for a write by cookie that a foreign page may have caused."""
        if request.method in SAFE_METHODS:
            return
        origin = request.headers.get("origin")
        if request.headers.get(CLIENT_HEADER) is None:
            raise _cross_site(f"A request that a cookie authenticates needs the header `{CLIENT_HEADER}`.")
        if origin is None and request.headers.get("sec-fetch-site") != "same-origin":
            raise _cross_site("The request does not say which page it comes from.")
        if origin is not None and origin != self._own_origin and not await self._is_listed(origin, org_id):
            raise _cross_site("The page that sent this is not one that the organisation lists.")

    async def _is_listed(self, origin: str, org_id: UUID | None) -> bool:
        if not ORIGIN.fullmatch(origin):
            return False
        key = org_id or origin
        cached = self._cached.get(key)
        if cached is None or cached[0] <= self._now():
            cached = (self._now() + CACHE_S, frozenset(await self._look_up(origin, org_id)))
            self._cached[key] = cached
            if len(self._cached) > CACHE_SIZE:
                self._cached.popitem(last=False)
        return origin in cached[1]

    async def _look_up(self, origin: str, org_id: UUID | None) -> Collection[str]:
        if org_id is not None:
            async with org_transaction(self._pool, org_id) as connection:
                row = await read_organisation(connection, org_id)
                return row["allowed_origins"] if row is not None else ()
        async with transaction(self._pool) as connection:
            await set_place(connection, "origin", origin)
            return (origin,) if await lists_origin(connection, origin) else ()


def _cross_site(detail: str) -> ApiProblem:
    return ApiProblem("cross-site", detail)
