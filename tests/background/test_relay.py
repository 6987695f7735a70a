"""The relay's hand-over to Kafka: bounded in time, and exact about what Kafka has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, NotLeaderForPartitionError

from core.settings import Settings
from streams.background.relay import Relay
from streams.runtime.health import Pulse
from streams.runtime.metrics import OF_RELAY, ProcessMetrics
from tests.support.progress import HANG_S


class Kafka:
    """Acknowledges each row as its payload says; keeps the others waiting."""

    def __init__(self, *, knows_topics: bool = True) -> None:
        self._knows_topics = knows_topics
        self.kept: list[asyncio.Future[object]] = []

    async def partitions_for(self, topic: str) -> set[int]:
        if not self._knows_topics:
            await asyncio.Event().wait()
        return {0, 1}

    async def send(self, topic: str, *, value: bytes, **_: object) -> asyncio.Future[object]:
        acknowledgement: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if value == b"large":
            raise MessageSizeTooLargeError("too large")
        if value == b"taken":
            acknowledgement.set_result(object())
        elif value == b"failed":
            acknowledgement.set_exception(NotLeaderForPartitionError())
        else:
            self.kept.append(acknowledgement)
        return acknowledgement


def rows(*payloads: bytes) -> list[dict[str, Any]]:
    row = {"org_id": None, "topic": "projects.v1", "key": "k", "partition": 0, "headers": {}, "waited_s": 0.0}
    return [row | {"seq": seq, "payload": payload} for seq, payload in enumerate(payloads)]


def make_relay(stall_s: float = 0.2) -> Relay:
    settings = Settings(s3="", triton="", secret="s" * 32, stall_s=stall_s)
    return Relay(settings, Pulse(stall_s=stall_s, now=asyncio.get_running_loop().time), ProcessMetrics(OF_RELAY))


async def hand_over(kafka: Kafka, *payloads: bytes) -> dict[int, type[BaseException]]:
    errors = await asyncio.wait_for(make_relay()._send(kafka, rows(*payloads)), HANG_S)  # type: ignore[arg-type]
    return {seq: type(error) for seq, error in errors.items()}


async def test_acknowledgements_that_do_not_come_are_given_up() -> None:
    kafka = Kafka()
    errors = await hand_over(kafka, b"taken", b"kept", b"large", b"taken", b"kept")
    assert errors == {1: KafkaTimeoutError, 2: MessageSizeTooLargeError, 4: KafkaTimeoutError}
    assert [future.cancelled() for future in kafka.kept] == [True, True]


async def test_a_topic_without_known_partitions_is_given_up() -> None:
    assert await hand_over(Kafka(knows_topics=False), b"taken") == {0: KafkaTimeoutError}


async def test_rows_that_kafka_has_are_not_sent_again() -> None:
    assert await hand_over(Kafka(), b"taken", b"failed", b"large") == {
        1: NotLeaderForPartitionError,
        2: MessageSizeTooLargeError,
    }


async def test_an_outage_is_no_standstill(monkeypatch: pytest.MonkeyPatch) -> None:
    relay, stop, tries = make_relay(), asyncio.Event(), 0
    pulse: Pulse = relay._pulse
    monkeypatch.setattr("streams.background.relay.POLL_S", 0.05)

    async def away(_: asyncio.Event) -> None:
        nonlocal tries
        tries += 1
        if tries == 10:
            stop.set()
        assert not pulse.stuck
        raise KafkaError("away")

    monkeypatch.setattr(relay, "_session", away)
    await asyncio.wait_for(relay.run(stop), HANG_S)
    assert tries == 10
    assert not pulse.stuck
