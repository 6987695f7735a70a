"""Make the stores ready: roles, numbered SQL, topics, bucket, indexes. Forward only; safe to repeat."""

from __future__ import annotations

import structlog

from core.infra.clickhouse import migrate_clickhouse
from core.infra.kafka.access import kafka_access
from core.infra.meilisearch import lacking_fields, migrate_meilisearch
from core.infra.postgres.migrations import migrate_postgres
from core.infra.s3.object_store import ensure_bucket
from core.settings import Settings
from streams.setup.topics import create_topics
from streams.sinks.batch_consumer import SinkRunsError, rewind
from streams.sinks.search.search_documents import TOPICS as TO_FIND


async def migrate(settings: Settings) -> None:
    """Bring every store to the present version, one after the other."""
    log = structlog.get_logger()
    await migrate_postgres(settings)
    log.info("migrated", store="postgres")
    await create_topics(kafka_access(settings), settings.kafka_partitions)
    log.info("migrated", store="kafka")
    await ensure_bucket(settings)
    log.info("migrated", store="objects")
    await migrate_clickhouse(settings)
    log.info("migrated", store="clickhouse")
    if missing_fields := await lacking_fields(settings):
        await _refill_search(settings, missing_fields)
    await migrate_meilisearch(settings)
    log.info("migrated", store="meilisearch")


async def _refill_search(settings: Settings, indexes: list[str]) -> None:
    """Rewind the search sink: older documents lack fields that searches filter by now."""
    log = structlog.get_logger()
    try:
        await rewind(settings, "meilisearch", TO_FIND)
        log.info("search is filled again", indexes=indexes)
    except SinkRunsError as error:
        log.warning("search must be filled again: stop its sink, then --rewind meilisearch", reason=str(error))
