"""Make the stores ready: roles, numbered SQL, topics, bucket, indexes. Forward only; safe to repeat."""

from __future__ import annotations

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from core.infra.clickhouse import migrate_clickhouse
from core.infra.kafka.access import KafkaAccess, kafka_access
from core.infra.meilisearch import lacking_fields, migrate_meilisearch
from core.infra.postgres.migrations import MigrationError, migrate_postgres
from core.infra.s3.object_store import ensure_bucket
from core.settings import Settings
from schemas.topics import TOPICS
from streams.sinks.batch_consumer import SinkRunsError, rewind
from streams.sinks.search.search_documents import TOPICS as TO_FIND

MAX_REPLICAS = 3
"""Copies of each partition, if there are that many brokers."""


async def migrate(settings: Settings) -> None:
    """Bring every store to the present version, one after the other."""
    log = structlog.get_logger()
    await migrate_postgres(settings)
    log.info("migrated", store="postgres")
    await create_topics(kafka_access(settings))
    log.info("migrated", store="kafka")
    await ensure_bucket(settings)
    log.info("migrated", store="objects")
    await migrate_clickhouse(settings)
    log.info("migrated", store="clickhouse")
    if lacking := await lacking_fields(settings):
        await _refill_search(settings, lacking)
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


async def create_topics(access: KafkaAccess) -> None:
    """Create every topic of the table with its partitions and retention, before any worker starts."""
    admin = AIOKafkaAdminClient(**access.client_options())
    await admin.start()
    try:
        brokers = (await admin.describe_cluster())["brokers"]
        wanted = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=min(MAX_REPLICAS, len(brokers)),
                topic_configs={"retention.ms": str(topic.retention_ms), "max.message.bytes": "2000000"},
            )
            for topic in TOPICS
        ]
        answer = await admin.create_topics(wanted)
        for name, code, *_ in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise MigrationError(f"topic {name} could not be made: {for_code(code).__name__}")
    finally:
        await admin.close()
