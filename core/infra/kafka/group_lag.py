"""Lag of consumer groups, as the brokers know it: messages behind what a group has committed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from core.errors import Unavailable
from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.topic_reader import open_offsets
from schemas.common import Value

ASK_S = 5.0
"""Longest time for all the questions together."""


class GroupLag(Value, frozen=True, kw_only=True):
    """Messages of one topic that a group has not committed; those that retention removed do not count."""

    group: str
    topic: str
    messages: int


async def read_group_lags(access: KafkaAccess, topics_of: Mapping[str, Sequence[str]]) -> list[GroupLag]:
    """Lag by group and topic. ``topics_of``: what each group reads. Raises Unavailable."""
    try:
        async with asyncio.timeout(ASK_S):
            return await _read(access, topics_of)
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable("kafka", f"{type(error).__name__}: {error}") from error


async def _read(access: KafkaAccess, topics_of: Mapping[str, Sequence[str]]) -> list[GroupLag]:
    client = AIOKafkaAdminClient(**access.client_options())
    try:
        await client.start()
        described = await client.describe_topics(sorted({topic for topics in topics_of.values() for topic in topics}))
        committed = {group: await client.list_consumer_group_offsets(group) for group in topics_of}
    finally:
        await client.close()
    places = [TopicPartition(topic["topic"], at["partition"]) for topic in described for at in topic["partitions"]]
    async with open_offsets(access) as offsets:
        ends, first = await offsets.end_offsets(places), await offsets.beginning_offsets(places)

    def behind(group: str, place: TopicPartition) -> int:
        done = committed[group].get(place)
        return max(0, ends[place] - max(first[place], done.offset if done is not None else 0))

    return [
        GroupLag(
            group=group, topic=topic, messages=sum(behind(group, place) for place in places if place.topic == topic)
        )
        for group, topics in topics_of.items()
        for topic in topics
    ]
