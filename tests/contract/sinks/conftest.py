"""Analytics on the real engine, for the suites of the sinks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.infra.clickhouse import ClickHouseAnalytics, migrate_clickhouse
from tests.contract.rigs.servers import Server, make_settings


@pytest.fixture
async def analytics(clickhouse_front: Server) -> AsyncIterator[ClickHouseAnalytics]:
    await migrate_clickhouse(make_settings(clickhouse=clickhouse_front.url))
    opened = ClickHouseAnalytics(clickhouse_front.url)
    yield opened
    await opened.close()
