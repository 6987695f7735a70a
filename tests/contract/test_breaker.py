"""Fifty messages in a row that nobody can read are a bad deploy: the stage stops, and diverts no more of them."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from streams.consume import BREAKER_IN_A_ROW, BreakerOpen
from streams.messages import Message
from tests.contract.test_poison import Rig, rig

__all__ = ["rig"]


async def garbage(rig: Rig, topic: str = "spans.v1") -> str:
    message = Message(
        topic=topic, partition=rig.partition, offset=next(rig.place), key="k", headers={}, payload=b"no event"
    )
    return await asyncio.wait_for(rig.consumption.handle(message), 10)


async def test_so_many_in_a_row_stop_the_stage(rig: Rig) -> None:
    for _ in range(BREAKER_IN_A_ROW):
        assert await garbage(rig) == "dead"
    for _ in range(2):
        with pytest.raises(BreakerOpen, match=r"spans\.v1"):
            await garbage(rig)
    assert len(await rig.letters()) == BREAKER_IN_A_ROW


async def test_a_good_message_in_between_begins_the_count_anew(rig: Rig) -> None:
    for _ in range(BREAKER_IN_A_ROW):
        await garbage(rig)
    body = rig.body(project_id=str(uuid.uuid4()))
    assert await rig.take(body, rig.headers(body)) == "committed"
    assert await garbage(rig) == "dead"


async def test_what_outsiders_write_stops_nobody(rig: Rig) -> None:
    for _ in range(BREAKER_IN_A_ROW + 5):
        assert await garbage(rig, "uploads.v1") == "dead"
