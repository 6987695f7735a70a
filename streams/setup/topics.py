"""Topics of the table: made with partitions, copies and retention, and given more partitions later."""

from __future__ import annotations

from collections import Counter

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import InvalidPartitionsError, TopicAlreadyExistsError, for_code

from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.cluster import list_partitions
from core.infra.postgres.migrations import MigrationError
from schemas.topics import PARTITIONS, TOPICS, Topic

MAX_REPLICAS = 3
"""Copies of each partition, if there are that many brokers."""
MIN_IN_SYNC_REPLICAS = 2
"""Copies that must have a message before it is acknowledged, where there are three: any one broker may be lost."""


def topic_settings(topic: Topic, replicas: int) -> dict[str, str]:
    """Return the settings of a topic of this many copies."""
    settings = {"retention.ms": str(topic.retention_ms), "max.message.bytes": "2000000"}
    return settings | ({"min.insync.replicas": str(MIN_IN_SYNC_REPLICAS)} if replicas >= MAX_REPLICAS else {})


async def create_topics(access: KafkaAccess, partitions: int = PARTITIONS) -> None:
    """Create every topic that is not there yet, before any worker starts; those that are stay as they are."""
    admin = AIOKafkaAdminClient(**access.client_options())
    await admin.start()
    try:
        replicas = min(MAX_REPLICAS, len((await admin.describe_cluster())["brokers"]))
        new_topics = [
            NewTopic(
                topic.name,
                num_partitions=partitions,
                replication_factor=replicas,
                topic_configs=topic_settings(topic, replicas),
            )
            for topic in TOPICS
        ]
        answer = await admin.create_topics(new_topics)
        for name, code, *_ in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise MigrationError(f"topic {name} could not be made: {for_code(code).__name__}")
    finally:
        await admin.close()


async def grow_topics(access: KafkaAccess, partitions: int) -> None:
    """Give every topic this many partitions. There is no way back: Kafka removes none.

    Raises:
        MigrationError: A topic has more already.
        KafkaError: The broker refuses.
    """
    partition_counts = Counter(place.topic for place in await list_partitions(access, [topic.name for topic in TOPICS]))
    for name, count in partition_counts.items():
        if count > partitions:
            raise MigrationError(f"topic {name} has {count} partitions already: ask for more than that")
    admin = AIOKafkaAdminClient(**access.client_options())
    await admin.start()
    try:
        for name in [name for name, count in partition_counts.items() if count < partitions]:
            await _grow(admin, name, partitions)
    finally:
        await admin.close()


async def _grow(admin: AIOKafkaAdminClient, name: str, partitions: int) -> None:
    try:
        await admin.create_partitions({name: NewPartitions(partitions)})
    except InvalidPartitionsError as error:
        if f"already has {partitions} " not in str(error):  # a broker may be behind in what it says of a topic
            raise MigrationError(f"topic {name} keeps its partitions: {error}") from error
