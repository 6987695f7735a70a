"""Probes of /readyz: one quick, real request to each part."""

from __future__ import annotations

from collections.abc import Mapping

from api.health.part_watch import Probe
from api.projects.event_follower import Follower
from core.errors import Unavailable
from core.infra.postgres.connection import Pool, ping, transaction
from core.infra.triton.client import TritonWire
from core.ports.stores import Analytics, Search, Uploads


def make_probes(
    *, pool: Pool, uploads: Uploads, search: Search, analytics: Analytics, follower: Follower, triton: TritonWire
) -> Mapping[str, Probe]:
    """A probe for each part, by the name that /readyz shows."""

    async def ask_postgres() -> None:
        async with transaction(pool) as connection:
            await ping(connection)

    async def ask_objects() -> None:
        await uploads.list_prefix("readyz/", limit=1)

    async def ask_search() -> None:
        await search.search("segments", "", {"limit": 0})

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
