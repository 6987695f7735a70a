"""Dead letters of messages without a proven sender: some of each are kept, the rest is counted."""

from __future__ import annotations

import asyncio

import pytest

from core.infra.kafka.message import Message
from core.services.upload_signatures import KEY
from streams.runtime.letter_cap import MAX_LETTERS_COUNT, MAX_LETTERS_OF_SENDER_COUNT, WINDOW_S, LetterCap
from streams.runtime.metrics import OF_SINK, UNKEPT, ProcessMetrics
from streams.sinks.batch_consumer import BREAKER_LETTER_COUNT, BreakerOpenError, Refused, Sink
from tests.contract.rigs.servers import make_settings


def bad(offset: int = 0, key: str = "", topic: str = "uploads.v1") -> Message:
    return Message(topic=topic, partition=0, offset=offset, key="", headers={KEY: key} if key else {}, payload=b"x")


def test_a_flood_of_one_sender_leaves_anothers_letters() -> None:
    cap = LetterCap()
    kept = sum(cap.keeps(bad(), "undecodable", 0.0) for _ in range(10_000))
    assert kept == MAX_LETTERS_OF_SENDER_COUNT
    assert cap.keeps(bad(key="pk_1"), "producer.bad_signature", 1.0)
    assert cap.take_unkept() == 10_000 - kept
    assert cap.take_unkept() == 0
    assert cap.keeps(bad(), "undecodable", WINDOW_S)


def test_a_sender_with_ever_new_names_meets_the_cap_of_all() -> None:
    cap = LetterCap()
    assert sum(cap.keeps(bad(key=f"pk_{n}"), "undecodable", 0.0) for n in range(10_000)) == MAX_LETTERS_COUNT


@pytest.mark.parametrize(("topic", "reason"), [("spans.v1", "undecodable"), ("uploads.v1", "bug")])
def test_our_own_letters_are_always_stored(topic: str, reason: str) -> None:
    cap = LetterCap()
    assert all(cap.keeps(bad(topic=topic), reason, 0.0) for _ in range(1000))


def refused(count: int, topic: str) -> list[Refused]:
    return [Refused(message=bad(n, topic=topic), reason="undecodable", detail="no") for n in range(count)]


async def test_garbage_of_outsiders_does_not_end_a_sink() -> None:
    metrics = ProcessMetrics(OF_SINK)
    sink = Sink(
        settings=make_settings(), name="x", handle=None, most=1, stop=asyncio.Event(), health=lambda: None,
        metrics=metrics,
    )  # type: ignore[arg-type]  # fmt: skip
    flood = refused(20 * BREAKER_LETTER_COUNT, "uploads.v1")
    sink._mind_the_breaker([], flood)
    assert len(sink._cap_letters(flood)) == MAX_LETTERS_OF_SENDER_COUNT
    assert metrics.registry.get_sample_value(UNKEPT.name, {"stage": "x", "reason": "undecodable"}) == len(flood) - 100
    with pytest.raises(BreakerOpenError):
        sink._mind_the_breaker([], refused(BREAKER_LETTER_COUNT + 1, "spans.v1"))
