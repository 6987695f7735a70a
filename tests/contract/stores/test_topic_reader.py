"""Readers of the log, on the real broker."""

from __future__ import annotations

from core.infra.kafka.access import KafkaAccess
from core.infra.kafka.topic_reader import open_offsets


async def test_a_reader_that_is_closed_at_once_raises_nothing(kafka: str) -> None:
    """A worker that is stopped in the moment of its start ended with a traceback and code 1."""
    for _ in range(5):
        async with open_offsets(KafkaAccess(bootstrap=kafka)):
            pass
