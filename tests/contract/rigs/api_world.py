"""The API on a real Postgres with two organisations, for contract tests. Other parts are fakes."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import msgspec

from api.app import create_app
from api.http.auth import ApiKeys, Callers
from api.http.browsers.cross_origin import Origins
from api.http.context import ApiContext
from api.http.idempotency import Idempotency
from api.http.limits.rate_limits import TokenBuckets
from api.http.metrics import ApiMetrics
from api.projects.event_follower import Listeners
from api.wiring import make_identity
from core.infra.http.client import OutsideHttp
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import Pool, create_pool, org_transaction, set_org
from core.infra.s3.object_store import S3Objects, ensure_bucket, open_objects
from core.infra.secrets import mint_api_key
from core.settings import Settings
from schemas.common import ObjectRef
from schemas.documents.moments import SubScore
from tests.api.fakes import make_context
from tests.contract.rigs.servers import Server

URL = {"source_url": "https://video.example/talk.mp4", "title": "A talk"}
OPERATOR = "Ann"
"""Whose organisation runs the installation."""


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation with a client that carries its key."""

    org_id: UUID
    key_id: UUID
    key: str
    client: httpx2.AsyncClient


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Two organisations of one app, and direct access to its stores."""

    app: Any
    ann: Tenant
    bob: Tenant
    api: Pool
    worker: Pool
    owner: Any
    listeners: Listeners


async def add_tenant(settings: Settings, owner: Any, app: Any, name: str) -> Tenant:
    """A new organisation with a key of every scope."""
    org_id, key_id, minted = uuid.uuid4(), uuid.uuid4(), mint_api_key(open_key_ring(settings).derive("api-keys"))
    async with owner.transaction():
        await set_org(owner, org_id)
        await owner.execute(
            "insert into orgs (org_id, name, operator) values ($1, $2, $3)", org_id, name, name == OPERATOR
        )
        await owner.execute(
            "insert into api_keys (org_id, key_id, hash, last4, scopes) values ($1, $2, $3, $4, $5)",
            org_id,
            key_id,
            minted.hash,
            minted.last4,
            ["read", "write", "admin"],
        )
    return Tenant(org_id=org_id, key_id=key_id, key=minted.plain, client=client_of(app, minted.plain))


@asynccontextmanager
async def open_app(settings: Settings, pool: Pool, listeners: Listeners, **changes: Any) -> AsyncIterator[Any]:
    """One more process of the API, as far as a test can tell: what it keeps in memory is its own."""

    @asynccontextmanager
    async def open_context(metrics: ApiMetrics) -> AsyncIterator[ApiContext]:
        yield make_context(
            metrics, settings=settings, pool=pool, wakes=listeners, **(_real_keys(settings, pool) | changes)
        )

    app = create_app(open_context)
    async with app.router.lifespan_context(app):
        yield app


def client_of(app: Any, key: str, *, address: str = "127.0.0.1", **headers: str) -> httpx2.AsyncClient:
    """A client that calls an app with a key from an address."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, client=(address, 40_000)),
        base_url="http://api",
        headers={"Authorization": f"Bearer {key}"} | headers,
        timeout=30,
    )


@asynccontextmanager
async def open_world(settings: Settings, *, pool_size: int = 8, **changes: Any) -> AsyncIterator[World]:
    """The app with two fresh organisations."""
    settings = msgspec.structs.replace(settings, rate_limit_per_minute=1_000_000)
    listeners = Listeners(look_anyway_s=30)
    async with AsyncExitStack() as stack:
        api = await create_pool(settings.postgres_api, size=pool_size, name="api-test")
        stack.push_async_callback(api.close)
        worker = await create_pool(settings.postgres_worker, size=2, name="worker-test")
        stack.push_async_callback(worker.close)
        owner = await asyncpg.connect(settings.postgres_owner)
        stack.push_async_callback(owner.close)
        app = await stack.enter_async_context(open_app(settings, api, listeners, **changes))
        ann = await add_tenant(settings, owner, app, "Ann")
        bob = await add_tenant(settings, owner, app, "Bob")
        yield World(app=app, ann=ann, bob=bob, api=api, worker=worker, owner=owner, listeners=listeners)


def _real_keys(settings: Settings, pool: Pool) -> dict[str, Any]:
    ring = open_key_ring(settings)
    keys = ApiKeys(pool=pool, ring=ring, now=time.monotonic, clock=lambda: dt.datetime.now(dt.UTC))
    identity = make_identity(settings, pool, ring, outside=OutsideHttp(allow=settings.fetch_allow))
    return {
        "ring": ring,
        "keys": keys,
        "identity": identity,
        "callers": Callers(pool=pool, keys=keys, tokens=identity.tokens, now=time.monotonic),
        "origins": Origins(pool=pool, own_url=settings.public_address, now=time.monotonic),
        "sign_ins": TokenBuckets(1_000_000, time.monotonic),
        "refreshes": TokenBuckets(1_000_000, time.monotonic),
        "idempotency": Idempotency(ring),
        "clock": lambda: dt.datetime.now(dt.UTC),
    }


@asynccontextmanager
async def open_store(settings: Settings, server: Server, bucket: str) -> AsyncIterator[S3Objects]:
    """A real object store with a bucket of the test file's own."""
    settings = msgspec.structs.replace(
        settings, s3=server.url, s3_access_key=server.user, s3_secret_key=server.password, s3_bucket=bucket
    )
    await ensure_bucket(settings)
    opened = open_objects(settings)
    try:
        yield opened
    finally:
        opened.close()


async def new_project(tenant: Tenant) -> UUID:
    response = await tenant.client.post("/v1/projects", json=URL)
    assert response.status_code == 202, response.text
    return UUID(response.json()["project_id"])


async def outbox(world: World, tenant: Tenant) -> list[asyncpg.Record]:
    async with org_transaction(world.api, tenant.org_id) as rows:
        return list(await rows.fetch("select * from outbox order by seq"))


async def new_clip(world: World, tenant: Tenant, project_id: UUID) -> UUID:
    clip_id = uuid4()
    async with org_transaction(world.worker, tenant.org_id) as rows:
        await rows.execute("update projects set duration_ms = 100000 where project_id = $1", project_id)
        await rows.execute(
            """insert into clips (org_id, clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title,
                                  reason, signals) values ($1, $2, $3, 0, 10000, 40000, 71.5, 0.6, 'T', 'R', $4)""",
            tenant.org_id,
            clip_id,
            project_id,
            [SubScore(name="hook", value=0.5, weight=1.0, evidence=[])],
        )
    return clip_id


async def store_transcript(world: World, project_id: UUID, transcript: ObjectRef) -> None:
    """The row that names a stored transcript."""
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            """insert into transcripts (org_id, project_id, version, object, language, word_count)
               values ($1, $2, 1, $3, null, 0)""",
            world.ann.org_id,
            project_id,
            transcript,
        )


async def new_letter(world: World, tenant: Tenant | None, *, reason: str = "bug", topic: str = "spans.v1") -> UUID:
    dead_id = uuid4()
    async with world.worker.acquire() as rows, rows.transaction():
        await rows.execute("select set_config('app.org', $1, true)", str(tenant.org_id) if tenant else "")
        await rows.execute(
            """insert into dead_letters
                 (dead_id, org_id, topic, partition, "offset", stage, reason, detail, headers, payload)
               values ($1, $2, $3, 1, 7, 'look', $4, 'why', $5, $6)""",
            dead_id,
            tenant.org_id if tenant else None,
            topic,
            reason,
            {"ce_id": str(uuid4())},
            b"\x00bytes",
        )
    return dead_id
