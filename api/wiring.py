"""Open the adapters of the API and close them in order."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from api.app import OpenContext
from api.health.probes import KNOCK_S, open_probes
from api.http.auth import ApiKeys, Callers
from api.http.browsers.client_address import check_networks
from api.http.browsers.cross_origin import Origins
from api.http.context import AddressCheck, ApiContext
from api.http.idempotency import Idempotency
from api.http.limits.rate_limits import Places, TokenBuckets
from api.http.limits.shared_rates import SharedRates
from api.http.limits.turns import Turns
from api.http.metrics import ApiMetrics
from api.http.response_cache import KEPT_S as DOCUMENTS_KEPT_S
from api.http.response_cache import MAX_DOCUMENTS, AnswerCache, CachedDocuments
from api.openapi.webhook_messages import make_event_types
from api.organisation.analytics import KEPT_S
from api.projects.event_follower import Follower, Listeners
from api.search.handlers import MAX_QUESTIONS, QUESTIONS_KEPT_S
from core.infra.clickhouse import open_analytics
from core.infra.http.client import OutsideHttp, Resolver, resolve
from core.infra.http.public_addresses import check_addresses, parse_target
from core.infra.kafka.access import kafka_access
from core.infra.key_ring import KeyRing, open_key_ring
from core.infra.openid.open_providers import open_providers
from core.infra.part_watch import PartWatch, watched
from core.infra.password_hashes import PasswordHashes
from core.infra.postgres.connection import Pool, create_pool, knock
from core.infra.s3.object_store import open_objects
from core.infra.stripe.client import open_payments
from core.infra.tenant_search import open_tenant_search
from core.infra.triton.client import TritonWire
from core.infra.triton.embeddings import TritonSentences
from core.ports.outside import Outside
from core.services.identity.access_tokens import AccessTokens
from core.services.identity.identity_parts import IdentityParts
from core.services.identity.request_log import RequestLog
from core.settings import Settings

RESOLVE_S = 2.0


def make_url_check(allow: Collection[str], resolver: Resolver = resolve) -> AddressCheck:
    """A check with the operator's allowed ``host:port`` pairs.

    A name that does not resolve now passes (it may later); one that leads to an address that is not public does not.
    """
    allowed = frozenset(allow)

    async def check(url: str) -> None:
        target = parse_target(url, allowed)
        if target.allowed:
            return
        try:
            async with asyncio.timeout(RESOLVE_S):
                addresses = await resolver(target.host, target.port)
        except (OSError, TimeoutError, UnicodeError):
            return
        check_addresses(addresses, target.host)

    return check


POOL_SIZE = 16
REFUSALS_PER_MINUTE = 60
SIGN_INS_PER_MINUTE = 60
"""Requests of one address that hash a password or write a mail."""
REFRESHES_PER_MINUTE = 240
SHARE_READS_PER_MINUTE = 300
"""Pages of share links, and captions of their clips."""
MAX_STREAMS_PER_KEY = 200
MAX_APPENDS, MAX_APPENDS_PER_ORG = 24, 100


def context_opener(settings: Settings) -> OpenContext:
    """The context manager that ``create_app`` enters at start-up."""

    @asynccontextmanager
    async def open_context(metrics: ApiMetrics) -> AsyncIterator[ApiContext]:
        async with AsyncExitStack() as stack:
            pool = await create_pool(settings.postgres_api, size=POOL_SIZE, name="clipstream-api")
            stack.push_async_callback(pool.close)
            yield await _open(settings, metrics, pool, stack)

    return open_context


async def _open(settings: Settings, metrics: ApiMetrics, pool: Pool, stack: AsyncExitStack) -> ApiContext:
    ring = open_key_ring(settings)
    objects = open_objects(settings)
    stack.callback(objects.close)
    search = open_tenant_search(settings)
    stack.callback(search.close)
    analytics = await open_analytics(settings)
    stack.push_async_callback(analytics.close)
    sentences = TritonSentences(settings.triton)
    stack.push_async_callback(sentences.close)
    triton = TritonWire(settings.triton)
    stack.push_async_callback(triton.close)
    payments = open_payments(settings)
    if payments is not None:
        stack.push_async_callback(payments.close)
    listeners = Listeners()
    follower = Follower(kafka_access(settings), listeners)
    stack.push_async_callback(_cancel_task, asyncio.create_task(follower.run()))
    probes = await open_probes(settings, stack, pool=pool, follower=follower, triton=triton)
    request_log = RequestLog(pool, on_dropped=metrics.unlogged.inc)
    stack.push_async_callback(_cancel_task, asyncio.create_task(request_log.run()))
    watch = PartWatch(dict(probes) | {"postgres": partial(knock, settings.postgres_api, timeout_s=KNOCK_S)})
    objects_watched = watched(objects, watch, "objects")
    check_networks(settings.trusted_proxies)
    keys = ApiKeys(pool=pool, ring=ring, now=time.monotonic, clock=lambda: dt.datetime.now(dt.UTC))
    outside = OutsideHttp(allow=settings.fetch_allow)
    stack.push_async_callback(outside.close)
    identity = make_identity(settings, pool, ring, outside=outside)
    return ApiContext(
        settings=settings,
        pool=pool,
        objects=objects_watched,
        documents=CachedDocuments(
            objects_watched, AnswerCache(seconds=DOCUMENTS_KEPT_S, now=time.monotonic, most=MAX_DOCUMENTS)
        ),
        uploads=objects_watched,
        search=watched(search, watch, "search"),
        sentences=sentences,
        analytics=watched(analytics, watch, "clickhouse"),
        answers=AnswerCache(seconds=KEPT_S, now=time.monotonic),
        questions=AnswerCache(seconds=QUESTIONS_KEPT_S, now=time.monotonic, most=MAX_QUESTIONS),
        check_url=make_url_check(settings.fetch_allow),
        wakes=listeners,
        event_types=make_event_types(),
        ring=ring,
        keys=keys,
        callers=Callers(pool=pool, keys=keys, tokens=identity.tokens, now=time.monotonic),
        identity=identity,
        origins=Origins(pool=pool, own_url=settings.public_address, now=time.monotonic),
        sign_ins=TokenBuckets(SIGN_INS_PER_MINUTE, time.monotonic),
        refreshes=TokenBuckets(REFRESHES_PER_MINUTE, time.monotonic),
        share_reads=TokenBuckets(SHARE_READS_PER_MINUTE, time.monotonic),
        idempotency=Idempotency(ring),
        metrics=metrics,
        rates=SharedRates(pool, time.monotonic),
        refusals=TokenBuckets(REFUSALS_PER_MINUTE, time.monotonic),
        request_log=request_log,
        followers=Places(MAX_STREAMS_PER_KEY),
        appends=Turns(MAX_APPENDS, per_name=MAX_APPENDS_PER_ORG),
        probes=probes,
        watch=watch,
        payments=payments,
        clock=lambda: dt.datetime.now(dt.UTC),
        new_id=uuid.uuid4,
    )


def make_identity(
    settings: Settings,
    pool: Pool,
    ring: KeyRing,
    *,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    passwords: PasswordHashes | None = None,
    outside: Outside | None = None,
) -> IdentityParts:
    """What people and their sign-in need; without ``outside`` no provider.

    Other clocks and hashes are for tests.
    """
    tokens = AccessTokens(
        ring,
        issuer=settings.public_address,
        life=dt.timedelta(minutes=settings.identity.access_minutes),
        clock=clock,
    )
    return IdentityParts(
        pool=pool,
        settings=settings,
        ring=ring,
        passwords=passwords or PasswordHashes(),
        tokens=tokens,
        new_id=uuid.uuid4,
        clock=clock,
        providers=open_providers(settings, outside, clock=clock) if outside is not None else {},
    )


async def _cancel_task(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
