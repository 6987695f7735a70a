"""Probes of /readyz: one quick, real request to each part.

They have clients of their own: in those of the work a probe would wait behind it, and a part that is busy with us would
look as if it did not answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from api.projects.event_follower import Follower
from core.domain.identity.actors import NOBODY
from core.errors import Unavailable
from core.infra.clickhouse import open_analytics
from core.infra.part_watch import Probe
from core.infra.postgres.connection import Pool, ping, transaction
from core.infra.s3.object_store import open_objects
from core.infra.tenant_search import open_tenant_search
from core.infra.triton.client import TritonWire
from core.ports.stores import Analytics, OrganisationSearch, Uploads
from core.settings import Settings

CALL_S = 5
"""Longest time for which a probe of a part that swallows everything keeps its thread."""

KNOCK_S = 30.0
"""Far beyond what the watch waits: a time of its own would also run while our loop, or a fork of Postgres, is slow."""


def make_probes(
    *,
    pool: Pool,
    uploads: Uploads,
    search: OrganisationSearch,
    analytics: Analytics,
    follower: Follower,
    triton: TritonWire,
) -> Mapping[str, Probe]:
    """A probe for each part, by the name that /readyz shows."""

    async def ask_postgres() -> None:
        async with transaction(pool) as connection:
            await ping(connection)

    async def ask_objects() -> None:
        await uploads.list_prefix("readyz/", limit=1)

    async def ask_search() -> None:
        await search.search_each(NOBODY, [("segments", {"limit": 0})], "")

    async def ask_analytics() -> None:
        await analytics.query("select 1", {})

    async def ask_triton() -> None:
        if not await triton.client.is_server_ready():
            raise Unavailable("triton", "not ready")

    return {
        "postgres": ask_postgres,
        "kafka": follower.probe,
        "objects": ask_objects,
        "search": ask_search,
        "clickhouse": ask_analytics,
        "triton": ask_triton,
    }


async def open_probes(
    settings: Settings, stack: AsyncExitStack, *, pool: Pool, follower: Follower, triton: TritonWire
) -> Mapping[str, Probe]:
    """The probes of the settings' parts; their clients are closed by ``stack``."""
    uploads = open_objects(settings, threads=1, read_s=CALL_S, tries=1)
    stack.callback(uploads.close)
    search = open_tenant_search(settings, threads=1, call_s=CALL_S)
    stack.callback(search.close)
    analytics = await open_analytics(settings)
    stack.push_async_callback(analytics.close)
    return make_probes(pool=pool, uploads=uploads, search=search, analytics=analytics, follower=follower, triton=triton)
