"""A cluster's description of its topics."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from core.infra.kafka.access import KafkaAccess


async def list_partitions(access: KafkaAccess, topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition that the topics have now. Raises KafkaError, also where a topic does not exist."""
    client = AIOKafkaAdminClient(**access.client_options())
    try:
        await client.start()
        described = await client.describe_topics(list(topics))
    finally:
        await client.close()
    for topic in described:
        if topic["error_code"]:
            raise for_code(topic["error_code"])(topic["topic"])
    return sorted(TopicPartition(topic["topic"], at["partition"]) for topic in described for at in topic["partitions"])
