"""Uploads straight to Kafka wait in the outbox as those of the API do: a flood holds up nobody. Real Postgres."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from core.infra.kafka.message import Message
from core.infra.key_ring import open_key_ring
from core.infra.postgres import admission, outbox_queue
from core.infra.postgres.connection import set_org
from core.services.upload_signatures import SIGNED_HEADERS, sign_as_relay
from core.settings import AdmissionRules, Settings
from streams.background.relay import windows_of
from streams.runtime.ordered_ack import MAX_WAITING_MESSAGES, OrderedAcknowledger
from streams.runtime.stage import Work
from tests.contract.rigs.refusal_rig import Rig, Sent, make_rig
from tests.support.progress import HANG_S, await_while_moving

pytestmark = pytest.mark.contract
__all__ = ["make_rig"]
FLOOD_COUNT = 2 * MAX_WAITING_MESSAGES


class Delivered:
    """A message as Faust hands it over."""

    def __init__(self, message: Message, acknowledged: list[int]) -> None:
        self.taken, self._acknowledged = message, acknowledged
        self.message = SimpleNamespace(value=message.payload, tp="uploads.v1-0")

    def ack(self) -> None:
        self._acknowledged.append(self.taken.offset)


def message_of(rig: Rig, sent: Sent) -> Message:
    return sent.message(rig.partition, next(rig.places))


async def relayed(rig: Rig, settings: Settings, sent: Sent) -> Message:
    """The message that the relay makes of the one that waits."""
    row = await rig.owner.fetchrow("select * from outbox where project_id = $1", sent.project_id)
    assert row is not None
    assert row["waits"]
    ring = open_key_ring(settings)
    headers = row["headers"] | sign_as_relay(row["headers"], row["payload"], ring=ring, org_id=row["org_id"])
    return msgspec.structs.replace(message_of(rig, sent), headers=headers, payload=row["payload"])


async def test_a_flood_straight_to_kafka_holds_up_no_other(rig: Rig, postgres: Settings) -> None:
    began: list[Any] = []
    acknowledged: list[int] = []
    errors: list[BaseException] = []

    async def last(work: Work) -> None:
        began.append(work.cause.input_id)
        await asyncio.Event().wait()

    rig.consumption._stage.script = last  # type: ignore[attr-defined]
    flood = [message_of(rig, rig.sent(rig.world.ann)) for _ in range(FLOOD_COUNT)]
    other = rig.sent(rig.world.bob)
    async with OrderedAcknowledger(
        lambda event: rig.consumption.handle(event.taken),
        4,
        errors.append,
        most_of_org=2,
        forward=lambda event: rig.consumption.forward(event.taken),
    ) as hands:
        began_s = time.perf_counter()
        for message in (*flood, *flood[:5], message_of(rig, other)):
            await asyncio.wait_for(hands.take(Delivered(message, acknowledged)), HANG_S)
        each_ms = (time.perf_counter() - began_s) * 1000 / FLOOD_COUNT
        assert len(acknowledged) == FLOOD_COUNT + 6
        await hands.take(Delivered(await relayed(rig, postgres, other), acknowledged))
        await await_while_moving(lambda: asyncio.sleep(0.01, list(began)), "the other's work")
    print(f"a message of a flood of {FLOOD_COUNT} takes {each_ms:.1f} ms")
    assert (len(began), errors) == (1, [])
    waiting = await rig.owner.fetchval("select count(*) from outbox where waits and org_id = $1", rig.world.ann.org_id)
    assert waiting == FLOOD_COUNT, "each once"


async def test_a_direct_upload_uses_its_organisations_window(rig: Rig) -> None:
    for _ in range(AdmissionRules().ingest + 3):
        assert await rig.consumption.forward(message_of(rig, rig.sent()))
    await admission.admit(rig.owner, windows_of(AdmissionRules()), 500)
    rows = await outbox_queue.list_due_rows(rig.owner, 10_000)
    sent = [row for row in rows if row["org_id"] == rig.world.ann.org_id and row["topic"] == "uploads.v1"]
    assert len(sent) == AdmissionRules().ingest
    assert not any(name in row["headers"] for row in sent for name in SIGNED_HEADERS), "the relay signs it"


async def test_a_relayed_upload_is_handled_without_forwarding(rig: Rig, postgres: Settings) -> None:
    sent = rig.sent()
    message = message_of(rig, sent)
    assert await rig.consumption.forward(message)
    again = await relayed(rig, postgres, sent)
    assert not await rig.consumption.forward(again), "the relay sent it"
    assert await rig.consumption.handle(again) == "committed"
    assert not await rig.consumption.forward(message)
    assert await rig.consumption.handle(message) == "done"


async def test_one_event_id_for_two_projects_loses_neither(rig: Rig) -> None:
    first, second = rig.sent(), rig.sent()
    second.event_id, second.headers = first.event_id, first.headers
    for sent in (first, second):
        assert await rig.consumption.forward(message_of(rig, sent))
    count = await rig.owner.fetchval(
        "select count(*) from outbox where waits and project_id = any($1)", [first.project_id, second.project_id]
    )
    assert count == 2


async def test_garbage_needs_no_turn(rig: Rig) -> None:
    sent = rig.sent()
    sent.secret = b"another"
    assert await rig.consumption.forward(message_of(rig, sent))
    assert [one.reason for one in await rig.published_refusals()] == ["producer.bad_signature"]
    assert await rig.owner.fetchval("select count(*) from projects where project_id = $1", sent.project_id) == 0


async def test_a_redelivered_upload_of_an_erased_project_is_ignored(rig: Rig) -> None:
    sent = rig.sent()
    message = message_of(rig, sent)
    assert await rig.consumption.forward(message)
    await rig.owner.execute("delete from outbox where project_id = $1", sent.project_id)
    async with rig.owner.transaction():
        await set_org(rig.owner, rig.world.ann.org_id)
        await rig.owner.execute("update projects set state = 'erased' where project_id = $1", sent.project_id)
    assert not await rig.consumption.forward(message)
    assert await rig.consumption.handle(message) == "cancelled"
    assert await rig.owner.fetchval("select count(*) from outbox where project_id = $1", sent.project_id) == 0


async def test_an_id_in_capitals_is_signed_as_it_is_verified(rig: Rig, postgres: Settings) -> None:
    sent = rig.sent()
    # a library signs the id as it writes UUIDs, and the program beside it sends the one it was given
    sent.after.append(lambda headers: headers.update(ce_id=headers["ce_id"].upper()))
    assert await rig.consumption.forward(message_of(rig, sent))
    sent.after.clear()
    again = await relayed(rig, postgres, sent)
    assert not await rig.consumption.forward(again)
    assert await rig.consumption.handle(again) == "committed"
