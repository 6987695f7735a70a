"""In-memory twins of the ports of the API, for unit tests."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from starlette.applications import Starlette

from api.app import create_app
from api.http.auth import ApiKeys, Callers
from api.http.browsers.cross_origin import Origins
from api.http.context import ApiContext
from api.http.idempotency import Idempotency
from api.http.limits.rate_limits import Places, TokenBuckets
from api.http.limits.shared_rates import LocalRates
from api.http.limits.turns import Turns
from api.http.metrics import ApiMetrics
from api.http.response_cache import AnswerCache, CachedDocuments
from api.openapi.webhook_messages import make_event_types
from api.projects.event_follower import Listeners
from api.wiring import make_identity
from core.errors import Gone
from core.infra.part_watch import PartWatch, Probe
from core.infra.secrets import mint_api_key
from core.ports.stores import ObjectHead, UploadPart
from core.services.identity.request_log import RequestLog
from core.settings import Settings
from schemas.common import ObjectRef
from tests.support.keys import ring_of
from tests.support.vectors import WordSentences

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
ORG = UUID("11111111-1111-5111-8111-111111111111")
RING = ring_of(SECRET)
PEPPER = RING.derive("api-keys")
KEY = mint_api_key(PEPPER, lambda count: bytes(range(1, count + 1)))
READER = mint_api_key(PEPPER, lambda count: bytes(range(2, count + 2)))


def make_settings(**changes: Any) -> Settings:
    """Settings that point nowhere."""
    names = "kafka postgres_api postgres_worker postgres_relay s3 s3_access_key s3_secret_key triton clickhouse"
    values: dict[str, Any] = {name: f"nowhere-{name}" for name in names.split()}
    values |= {"meilisearch": "nowhere", "meilisearch_key": "nowhere"}
    return Settings(**(values | {"secret": SECRET} | changes))


class Rows:
    """A connection that knows the caller's keys and nothing else; answers queries from a script."""

    def __init__(self, script: Mapping[str, Any]) -> None:
        self._script = script
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    def _answer(self, sql: str, arguments: tuple[Any, ...]) -> Any:
        self.statements.append((sql, arguments))
        for part, answer in self._script.items():
            if part in sql:
                return answer(*arguments) if callable(answer) else answer
        return None

    async def execute(self, sql: str, *arguments: Any) -> None:
        self._answer(sql, arguments)

    async def executemany(self, sql: str, arguments: Sequence[Any]) -> None:
        self._answer(sql, tuple(arguments))

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        return self._answer(sql, arguments)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        return self._answer(sql, arguments)

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        return self._answer(sql, arguments) or []


def _org_of_key(hashed: bytes) -> uuid.UUID | None:
    return ORG if hashed in (KEY.hash, READER.hash) else None


def _key_row(hashed: bytes) -> dict[str, Any] | None:
    scopes = {KEY.hash: ["read", "write", "admin"], READER.hash: ["read"]}.get(hashed)
    if scopes is None:
        return None
    key_id = uuid.uuid5(ORG, hashed.hex())
    fields = {
        "org_id": ORG,
        "key_id": key_id,
        "hash": hashed,
        "scopes": scopes,
        "test": False,
        "expires_at": None,
        "last_used_at": NOW,
    }
    nothing = {"allowed_addresses": [], "service_account_id": None, "service_role": None, "disabled_at": None}
    return fields | nothing | {"operator": False, "plan": None}


ORGANISATION: Mapping[str, Any] = {
    "select plan,": {"plan": None, "since": NOW},
}
"""An organisation with the installation's plan."""


class PoolTwin:
    """A pool with one scripted connection."""

    def __init__(self, script: Mapping[str, Any] | None = None) -> None:
        keys = {"from api_keys where hash": _org_of_key, "from api_keys k": _key_row}
        self.rows = Rows(keys | ORGANISATION | dict(script or {}))

    @asynccontextmanager
    async def acquire(self, timeout: float = 0) -> AsyncIterator[Rows]:
        yield self.rows


class ObjectsTwin:
    """Objects and uploads in a dict."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.aborted: list[str] = []

    async def get(self, ref: ObjectRef) -> bytes:
        if ref.key not in self.stored:
            raise Gone(ref.key)
        return self.stored[ref.key]

    async def stream(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        for at in range(0, ref.size, 7):
            yield self.stored[ref.key][at : at + 7]

    async def head(self, key: str) -> ObjectHead:
        return ObjectHead(key=key, size=len(self.stored[key]), etag="e")

    async def copy(self, key: str, to: str) -> ObjectHead:
        self.stored[to] = self.stored[key]
        return await self.head(to)

    def presign_get(self, key: str, *, filename: str, expires_s: int, shown_as: str = "") -> str:
        return f"http://objects/{key}?get&name={filename}&expires={expires_s}"

    def presign_put(self, key: str, *, content_type: str, expires_s: int, size: int | None = None) -> str:
        return f"http://objects/{key}?put&size={size}"

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        return "multipart-1"

    def sign_part(self, key: str, upload_id: str, number: int, *, expires_s: int, size: int | None = None) -> str:
        return f"http://objects/{key}?part={number}&size={size}"

    async def list_parts(self, key: str, upload_id: str) -> list[UploadPart]:
        return []

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        self.aborted.append(key)


class SearchTwin:
    """Answers every search with the same hits and records each query."""

    def __init__(self, hits: Mapping[str, Sequence[Mapping[str, Any]]] | None = None) -> None:
        self.hits = hits or {}
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []

    async def search(self, index: str, query: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((index, query, options))
        found = list(self.hits.get(index, ()))
        return {"hits": found, "estimatedTotalHits": len(found)}

    async def search_each(
        self, org_id: UUID, asked: Sequence[tuple[str, Mapping[str, Any]]], query: str
    ) -> Sequence[Mapping[str, Any]]:
        return [await self.search(index, query, options) for index, options in asked]


class AnalyticsTwin:
    """Answers every query with the same rows and records each query."""

    def __init__(self, rows: list[dict[str, Any]] | None = None) -> None:
        self.rows = rows or []
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        self.asked.append((sql, parameters))
        return self.rows


async def _any_url(url: str) -> None:
    return None


def make_context(metrics: ApiMetrics, **changes: Any) -> ApiContext:
    """A context of twins; a fixed clock, random ids."""
    settings = changes.pop("settings", make_settings())
    pool = changes.pop("pool", PoolTwin())
    monotonic: Callable[[], float] = changes.pop("monotonic", lambda: 0.0)
    objects = ObjectsTwin()
    probes: Mapping[str, Probe] = {}
    values: dict[str, Any] = {
        "settings": settings,
        "pool": pool,
        "objects": objects,
        "uploads": objects,
        "search": SearchTwin(),
        "sentences": WordSentences(),
        "analytics": AnalyticsTwin(),
        "answers": AnswerCache(seconds=2, now=monotonic),
        "questions": AnswerCache(seconds=2, now=monotonic),
        "check_url": _any_url,
        "wakes": Listeners(),
        "event_types": make_event_types(),
        "ring": RING,
        "keys": ApiKeys(pool=pool, ring=RING, now=monotonic, clock=lambda: NOW),
        "identity": make_identity(settings, pool, RING, clock=lambda: NOW),
        "origins": Origins(pool=pool, own_url=settings.public_address, now=monotonic),
        "sign_ins": TokenBuckets(60, monotonic),
        "refreshes": TokenBuckets(240, monotonic),
        "share_reads": TokenBuckets(300, monotonic),
        "idempotency": Idempotency(RING),
        "metrics": metrics,
        "rates": LocalRates(monotonic),
        "refusals": TokenBuckets(60, monotonic),
        "request_log": RequestLog(pool, on_dropped=metrics.unlogged.inc),
        "followers": Places(2),
        "appends": Turns(4, per_name=8),
        "probes": probes,
        "watch": PartWatch({}),
        "clock": lambda: NOW,
        "new_id": uuid.uuid4,
    }
    given = values | changes
    documents = CachedDocuments(given["objects"], AnswerCache(seconds=2, now=monotonic))
    callers = Callers(pool=pool, keys=given["keys"], tokens=given["identity"].tokens, now=monotonic)
    return ApiContext(**({"documents": documents, "callers": callers} | given))


def make_app(
    *, max_body_bytes: int = 10_000, request_timeout_s: float = 5.0, body_idle_s: float = 5.0, **changes: Any
) -> Starlette:
    """The whole app on twins."""

    @asynccontextmanager
    async def open_context(metrics: ApiMetrics) -> AsyncIterator[ApiContext]:
        yield make_context(metrics, **changes)

    return create_app(
        open_context, max_body_bytes=max_body_bytes, request_timeout_s=request_timeout_s, body_idle_s=body_idle_s
    )
