"""Shares of organisations: windows and turns of the lanes, each place freed, on a real Postgres."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.infra.postgres import admission, outbox_queue
from core.infra.postgres.connection import create_pool, org_transaction, prepare_connection, set_org, transaction
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.services.erasure import erase
from core.services.project_retry import retry_project
from core.settings import AdmissionRules, Settings
from schemas import codec, events
from schemas.lanes import LANE_NAMES, LANE_OF, attempt_input_id
from schemas.topics import route
from streams.background.relay import windows_of
from streams.background.sweeper import sweep_attempts
from streams.runtime import leases
from tests.contract.rigs.attempt_rig import NOW, nothing
from tests.contract.rigs.attempt_rig import Rig as AttemptRig
from tests.contract.rigs.lane_simulation import SERVICE_S, Simulation, example
from tests.contract.rigs.postgres import new_org
from tests.contract.runtime.test_erasure import NoObjects


class Rig:
    """The relay's side of the outbox, and organisations that fill it."""

    def __init__(self, settings: Settings, relay: Any, workers: Any) -> None:
        self.settings, self.relay, self.workers = settings, relay, workers
        self.windows = windows_of(AdmissionRules())

    async def put(self, org_id: uuid.UUID, count: int = 1, kind: type = events.RenderRequested, **given: Any) -> None:
        async with org_transaction(self.workers, org_id) as connection:
            for _ in range(count):
                event = example(kind, org_id, uuid.uuid4())
                await put(connection, event, Cause(input_id=uuid.uuid4(), source="test", now=NOW), **given)

    async def send(self) -> list[uuid.UUID]:
        """One round of the relay; the organisations whose events were sent."""
        await admission.admit(self.relay, self.windows, 500)
        rows = await outbox_queue.list_due_rows(self.relay, 500)
        await outbox_queue.mark_sent(self.relay, [row["seq"] for row in rows])
        return [row["org_id"] for row in rows]

    async def age_places(self, hours: int) -> None:
        """Let every place be that much older, as the owner: no process changes one."""
        owner = await asyncpg.connect(self.settings.postgres_owner)
        try:
            await owner.execute("set row_security = off")
            await owner.execute("update admissions set admitted_at = admitted_at - make_interval(hours => $1)", hours)
        finally:
            await owner.close()

    async def places(self, org_id: uuid.UUID) -> int:
        count: int = await self.relay.fetchval("select count(*) from admissions where org_id = $1", org_id)
        return count


@pytest.fixture
async def rig(postgres: Settings) -> AsyncIterator[Rig]:
    workers = await create_pool(postgres.postgres_worker, size=4)
    relay = await asyncpg.connect(postgres.postgres_relay)
    await prepare_connection(relay)
    await relay.execute("delete from outbox")
    await relay.execute("delete from admissions")
    yield Rig(postgres, relay, workers)
    await relay.execute("delete from outbox")
    await relay.execute("delete from admissions")
    await relay.close()
    await workers.close()


def test_each_lane_has_a_window() -> None:
    assert tuple(window.lane for window in windows_of(AdmissionRules())) == LANE_NAMES
    assert {lane.name for lane in LANE_OF.values()} == set(LANE_NAMES)


async def test_an_organisation_has_a_window_of_each_lane(rig: Rig) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    await rig.put(first, 10)
    await rig.put(first, 10, events.ClipSelected)
    await rig.put(second, 1)
    sent = await rig.send()
    assert (sent.count(first), sent.count(second)) == (8, 1)
    assert await rig.send() == []
    assert await admission.count_waiting(rig.relay) == {"render": 6, "frame": 6}


async def test_organisations_take_turns_where_the_relay_is_busy(rig: Rig) -> None:
    orgs = [uuid.uuid4() for _ in range(5)]
    for org_id in orgs:
        await rig.put(org_id, 3)
    await admission.admit(rig.relay, rig.windows, 5)
    rows = await outbox_queue.list_due_rows(rig.relay, 500)
    assert {row["org_id"] for row in rows} == set(orgs)


async def test_endpoints_of_an_organisation_share_its_window(rig: Rig) -> None:
    org_id, endpoints = uuid.uuid4(), [uuid.uuid4() for _ in range(5)]
    for endpoint_id in endpoints:
        await rig.put(org_id, 4, events.DeliveryDue, queue=endpoint_id)
    await rig.send()
    rows = await rig.relay.fetch("select queue, count(*) as number from admissions group by queue")
    assert sum(row["number"] for row in rows) == AdmissionRules().deliver
    assert max(row["number"] for row in rows) <= AdmissionRules().endpoint
    assert len(rows) == 5  # each has one before any has two


async def test_an_event_of_an_unknown_lane_is_sent(rig: Rig) -> None:
    await rig.put(uuid.uuid4(), 7)
    await rig.relay.execute("update outbox set lane = 'of a later version'")
    assert len(await rig.send()) == 7


async def test_rows_admitted_by_a_crashed_relay_are_sent_by_the_next(rig: Rig) -> None:
    org_id = uuid.uuid4()
    await rig.put(org_id, 10)
    await admission.admit(rig.relay, rig.windows, 500)  # and it dies before it sends
    assert await rig.send() == [org_id] * 4
    assert await rig.places(org_id) == 4


async def test_a_row_that_cannot_be_sent_gives_its_place_to_another(rig: Rig) -> None:
    org_id = uuid.uuid4()
    await rig.put(org_id, 5)
    await admission.admit(rig.relay, rig.windows, 500)
    rows = await outbox_queue.list_due_rows(rig.relay, 500)
    await outbox_queue.set_aside(rig.relay, [rows[0]["seq"]])
    assert await rig.send() == [org_id] * 4  # three of before, and the fifth
    assert await rig.relay.fetchval("select waits from outbox where seq = $1", rows[0]["seq"])


async def test_an_unclaimed_message_loses_its_place(rig: Rig) -> None:
    org_id = uuid.uuid4()
    await rig.put(org_id, 5)
    await rig.send()
    await admission.release_unclaimed(rig.relay)
    assert await rig.places(org_id) == 4
    await rig.age_places(hours=2)
    await admission.release_unclaimed(rig.relay)
    assert await rig.send() == [org_id]


class Admitted:
    """One upload in flight as the relay leaves it, and an attempt at it."""

    def __init__(self, rig: Rig, attempt: AttemptRig) -> None:
        self.rig, self.attempt = rig, attempt
        self.input_id = attempt.message.input_id(attempt.envelope, attempt.event)

    async def send(self) -> None:
        cause = Cause(input_id=uuid.uuid4(), source="test", now=NOW)
        async with org_transaction(self.rig.workers, self.attempt.org_id) as connection:
            await put(connection, self.attempt.event, cause, event_id=self.attempt.envelope.id)
        await self.rig.send()
        assert await self.places() == 1

    async def places(self) -> int:
        return await self.rig.places(self.attempt.org_id)

    async def project(self) -> None:
        async with org_transaction(self.rig.workers, self.attempt.org_id) as connection:
            await project_lifecycle.create_project(connection, self.attempt.event)

    async def cancel(self) -> None:
        cause = Cause(input_id=uuid.uuid4(), source="test", now=NOW)
        async with org_transaction(self.rig.workers, self.attempt.org_id) as connection:
            await project_lifecycle.cancel_project(connection, self.attempt.org_id, self.attempt.project_id, cause)


@pytest.fixture
async def admitted(rig: Rig) -> AsyncIterator[Admitted]:
    sweeper = await create_pool(rig.settings.postgres_relay, size=1)
    made = Admitted(rig, AttemptRig(rig.workers, sweeper, await new_org(rig.settings)))
    await made.send()
    yield made
    await sweeper.close()


async def test_a_finished_event_frees_its_place(admitted: Admitted) -> None:
    assert await admitted.attempt.run(nothing) == "committed"
    assert await admitted.places() == 0


async def test_a_failed_event_frees_its_place(admitted: Admitted) -> None:
    async def broken(_: Any) -> None:
        raise ZeroDivisionError

    assert await admitted.attempt.run(broken) == "dead"
    assert await admitted.places() == 0


async def test_an_event_of_a_cancelled_project_frees_its_place(admitted: Admitted) -> None:
    await admitted.project()
    await admitted.cancel()
    assert await admitted.attempt.run(nothing) == "cancelled"
    assert await admitted.places() == 0


async def test_an_erased_project_frees_its_places(admitted: Admitted) -> None:
    await admitted.project()
    async with org_transaction(admitted.rig.workers, admitted.attempt.org_id) as connection:
        erased = "update projects set state = 'erased' where org_id = $1 and project_id = $2"
        await connection.execute(erased, admitted.attempt.org_id, admitted.attempt.project_id)
    await erase(admitted.rig.workers, NoObjects(), admitted.attempt.org_id, admitted.attempt.project_id)  # type: ignore[arg-type]
    assert await admitted.places() == 0


async def test_a_dead_workers_event_keeps_its_place_and_goes_out_again(admitted: Admitted) -> None:
    attempt = admitted.attempt
    await admitted.project()
    async with org_transaction(admitted.rig.workers, attempt.org_id) as connection:
        await leases.claim(connection, attempt.message, attempt.event, admitted.input_id, "ingest", "dead", 0.0)
    await attempt.until_expired()
    async with transaction(attempt.relay) as connection:
        await connection.execute("delete from outbox")
    await sweep_attempts(attempt.relay)
    assert await admitted.places() == 1
    assert await admitted.rig.send() == [attempt.org_id]  # although its window may be full of others
    assert await attempt.run(nothing) == "committed"
    assert await admitted.places() == 0


async def test_a_span_holds_its_place_until_both_stages_ended(rig: Rig) -> None:
    org_id = await new_org(rig.settings)
    await rig.put(org_id, 1, events.SpanPlanned)
    await rig.send()
    row = await rig.relay.fetchrow("select * from outbox where org_id = $1", org_id)
    for stage, places in (("listen", 1), ("look", 0)):
        async with org_transaction(rig.workers, org_id) as connection:
            await admission.release(connection, org_id, row["input_id"], stage)
        assert await rig.places(org_id) == places


@pytest.mark.parametrize("after_s", [20.0, 333.0, 1000.0])
async def test_a_thousand_projects_delay_anothers_by_less_than_a_clip(rig: Rig, after_s: float) -> None:
    alone, busy, other = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    simulation = Simulation(rig.relay, rig.workers, rig.windows)
    (reference,) = await simulation.upload(alone, 1)
    await simulation.run_until(10_000, reference)
    clip_s = simulation.ended_at_s[reference]
    assert clip_s == sum(SERVICE_S.values()) - SERVICE_S["look"]  # which runs beside listen

    await simulation.upload(busy, 1000)
    began_s = simulation.now_s + after_s
    await simulation.run_until(began_s)
    (project_id,) = await simulation.upload(other, 1)
    await simulation.run_until(began_s + 100_000, project_id)
    delay_s = simulation.ended_at_s[project_id] - began_s - clip_s
    print(f"a clip takes {clip_s} s; after {after_s} s of load it is delayed by {delay_s} s")
    assert delay_s < clip_s


async def fail_projects(rig: Rig, org_id: uuid.UUID, count: int) -> list[uuid.UUID]:
    """Projects whose source could not be read, with their attempts."""
    project_ids = [uuid.uuid4() for _ in range(count)]
    async with org_transaction(rig.workers, org_id) as connection:
        for project_id in project_ids:
            event = example(events.UploadReceived, org_id, project_id)
            assert isinstance(event, events.UploadReceived)
            await project_lifecycle.create_project(connection, event)
            topic, key, partition = route(event)
            envelope = codec.Envelope(id=uuid.uuid4(), source="/t", type=codec.type_name(type(event)), time=NOW)
            await connection.execute(
                """insert into attempts
                     (org_id, input_id, stage, project_id, state, topic, key, partition, headers, payload)
                   values ($1, $2, 'ingest', $3, 'gave_up', $4, $5, $6, $7, $8)""",
                org_id, attempt_input_id(event, envelope.id), project_id, topic.name, str(key), partition,
                codec.encode_headers(envelope), codec.encode(event),
            )  # fmt: skip
        await connection.execute("update projects set state = 'failed' where org_id = $1", org_id)
    return project_ids


async def test_a_thousand_retries_delay_another_by_less_than_a_clip(rig: Rig) -> None:
    busy, alone, other = await new_org(rig.settings), uuid.uuid4(), uuid.uuid4()
    project_ids = await fail_projects(rig, busy, 1000)
    simulation = Simulation(rig.relay, rig.workers, rig.windows)
    (reference,) = await simulation.upload(alone, 1)
    await simulation.run_until(10_000, reference)
    clip_s = simulation.ended_at_s[reference]

    async with org_transaction(rig.workers, busy) as connection:
        for project_id in project_ids:
            project = await project_lifecycle.lock_project(connection, busy, project_id)
            assert project is not None
            retried = await retry_project(connection, project, Cause(input_id=uuid.uuid4(), source="test", now=NOW))
            assert retried.stages == ["ingest"]
    began_s = simulation.now_s + 20
    await simulation.run_until(began_s)
    (project_id,) = await simulation.upload(other, 1)
    await simulation.run_until(began_s + 100_000, project_id)
    delay_s = simulation.ended_at_s[project_id] - began_s - clip_s
    print(f"a clip takes {clip_s} s; behind 1,000 retried projects it is delayed by {delay_s} s")
    assert delay_s < clip_s


async def test_operators_set_windows_as_the_manual_describes(rig: Rig) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "operators.md").read_text()
    (sql,) = re.findall(
        r"```sql\n(.*?insert into org_windows.*?)```", manual.partition("## Shares of organ")[2], re.DOTALL
    )
    org_id = await new_org(rig.settings)
    owner = await asyncpg.connect(rig.settings.postgres_owner)
    async with owner.transaction():
        await set_org(owner, org_id)  # a superuser needs none
        for _ in range(2):
            await owner.execute(sql.replace("11111111-1111-5111-8111-111111111111", str(org_id)))
    await owner.close()
    await rig.put(org_id, 20)
    await admission.admit(rig.relay, rig.windows, 500)
    assert [row["org_id"] for row in await outbox_queue.list_due_rows(rig.relay, 500)].count(org_id) == 8


async def test_an_organisation_has_windows_and_a_priority_of_its_own(rig: Rig) -> None:
    """As a plan would set them."""
    small, large, usual = await new_org(rig.settings), await new_org(rig.settings), uuid.uuid4()
    owner = await asyncpg.connect(rig.settings.postgres_owner)
    insert = "insert into org_windows (org_id, lane, of_queue, of_org, priority) values ($1, 'render', $2, $2, $3)"
    async with owner.transaction():
        for org_id, size, priority in ((small, 1, -1), (large, 9, 1)):
            await set_org(owner, org_id)
            await owner.execute(insert, org_id, size, priority)
    await owner.close()
    for org_id in (small, usual, large):
        await rig.put(org_id, 20)
    await admission.admit(rig.relay, rig.windows, 10)
    rows = await outbox_queue.list_due_rows(rig.relay, 500)
    assert [row["org_id"] for row in rows].count(large) == 9, "it comes first, and as far as its window"
    assert {row["org_id"] for row in rows} == {large, usual}
    await admission.admit(rig.relay, rig.windows, 500)
    sent = [row["org_id"] for row in await outbox_queue.list_due_rows(rig.relay, 500)]
    assert (sent.count(small), sent.count(usual), sent.count(large)) == (1, AdmissionRules().render, 9)
