"""Opens the real adapters of the API and closes them in order. The only place that names them; decides nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from api.analytics import KEPT_S
from api.app import OpenContext
from api.auth import KeyRing
from api.context import Context
from api.documents import KEPT_S as DOCUMENTS_KEPT_S
from api.documents import MOST, Documents
from api.idempotency import Idempotency
from api.limits import Places, TokenBuckets
from api.memory import Memory
from api.metrics import Metrics
from api.probes import make_probes
from api.search import MOST_QUESTIONS, QUESTIONS_KEPT_S
from api.tail import Follower, Listeners
from api.urls import make_url_check
from streams.adapters.clickhouse import open_analytics
from streams.adapters.meilisearch import open_search
from streams.adapters.objects import open_objects
from streams.adapters.postgres import Pool, create_pool
from streams.adapters.triton_vectors import TritonSentences
from streams.adapters.triton_wire import TritonWire
from streams.settings import Settings

POOL_SIZE = 16
REFUSALS_PER_MINUTE = 60
STREAMS_OF_A_KEY = 200


def context_opener(settings: Settings) -> OpenContext:
    """What ``create_app`` enters at start-up."""

    @asynccontextmanager
    async def open_context(metrics: Metrics) -> AsyncIterator[Context]:
        async with AsyncExitStack() as stack:
            pool = await create_pool(settings.postgres_api, size=POOL_SIZE, name="clipstream-api")
            stack.push_async_callback(pool.close)
            yield await _open(settings, metrics, pool, stack)

    return open_context


async def _open(settings: Settings, metrics: Metrics, pool: Pool, stack: AsyncExitStack) -> Context:
    objects = open_objects(settings)
    stack.callback(objects.close)
    search = open_search(settings)
    stack.callback(search.close)
    analytics = await open_analytics(settings)
    stack.push_async_callback(analytics.close)
    sentences = TritonSentences(settings.triton)
    stack.push_async_callback(sentences.close)
    triton = TritonWire(settings.triton)
    stack.push_async_callback(triton.close)
    listeners = Listeners()
    follower = Follower(settings.kafka, listeners)
    stack.push_async_callback(_end, asyncio.create_task(follower.run()))
    probes = make_probes(
        pool=pool, uploads=objects, search=search, analytics=analytics, follower=follower, triton=triton
    )
    return Context(
        settings=settings,
        pool=pool,
        objects=objects,
        documents=Documents(objects, Memory(seconds=DOCUMENTS_KEPT_S, now=time.monotonic, most=MOST)),
        uploads=objects,
        search=search,
        sentences=sentences,
        analytics=analytics,
        answers=Memory(seconds=KEPT_S, now=time.monotonic),
        questions=Memory(seconds=QUESTIONS_KEPT_S, now=time.monotonic, most=MOST_QUESTIONS),
        check_url=make_url_check(settings.fetch_allow),
        wakes=listeners,
        keys=KeyRing(pool=pool, secret=settings.secret, now=time.monotonic),
        idempotency=Idempotency(settings.secret),
        metrics=metrics,
        buckets=TokenBuckets(settings.rate_limit_per_minute, time.monotonic),
        refusals=TokenBuckets(REFUSALS_PER_MINUTE, time.monotonic),
        followers=Places(STREAMS_OF_A_KEY),
        probes=probes,
        clock=lambda: dt.datetime.now(dt.UTC),
        new_id=uuid.uuid4,
    )


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
