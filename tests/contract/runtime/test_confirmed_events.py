"""An event that the rows do not confirm is a dead letter: no stage reads or writes anything for it. Real Postgres.

Every event that a stage takes goes to that stage's consumer, from the examples of the contract.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from core.domain.event_confirmation import UNCONFIRMED
from core.infra.kafka.message import Message
from core.infra.postgres.connection import Connection, Pool, create_pool
from core.infra.postgres.outbox import Cause
from core.settings import Settings
from schemas import codec, events
from schemas.topics import PARTITIONS, route
from streams.runtime.attempts import Attempts
from streams.runtime.consumer import EventConsumer
from streams.runtime.health import Pulse
from streams.runtime.leases import Rules
from streams.runtime.metrics import OF_STAGE, ProcessMetrics
from streams.runtime.stage import Commit, Work
from tests.contract.rigs.forged_events import (
    EXAMPLES,
    connect,
    event_of,
    find_taken,
    insert_owner,
    insert_project,
    with_key,
)
from tests.contract.rigs.postgres import new_org
from tests.support.progress import HANG_S

pytestmark = pytest.mark.contract
RULES = Rules(lease_s=60, renew_s=1, patience_s=60, max_tries=3, retry_base_s=0.01, outage_s=60)
TAKEN = find_taken()
OWNED = [(stage, kind) for stage, kind in TAKEN if kind is not events.NoticeDue]
"""Events that name a project or an asset; a notice names its organisation alone."""
REFERRING = [(stage, kind) for stage, kind in TAKEN if [*with_key(EXAMPLES[kind], "k")]]
ENDS = (events.ProjectCompleted, events.ProjectFailed)
EXPORT_ENDS = (events.ExportCompleted, events.ExportFailed, events.ExportCancelled)


class RecordingStage:
    """Any stage whose work is only noted: what it would read, it reads in its work."""

    def __init__(self, name: Any) -> None:
        self.name: events.Stage = name
        self.worked: list[events.AnyEvent] = []

    def wants(self, event: events.AnyEvent) -> bool:
        return True

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        self.worked.append(event)

        async def commit(connection: Connection) -> None:
            return

        return commit

    async def give_up(
        self, connection: Connection, event: events.AnyEvent, reason: str, detail: str, cause: Cause
    ) -> None:
        raise AssertionError("nothing here is given up")


class Rig:
    """Two organisations, and the consumer of any stage."""

    def __init__(self, pool: Pool, owner: Connection, org_id: uuid.UUID, other_id: uuid.UUID) -> None:
        self.pool, self.owner, self.org_id, self.other_id = pool, owner, org_id, other_id
        self.project_id, self.worked = uuid.uuid4(), list[events.AnyEvent]()
        self.partition = uuid.uuid4().int % 10**6 * PARTITIONS

    async def take(self, stage: str, event: events.AnyEvent) -> str:
        """Hand the event to the stage as its worker would."""
        topic, key, _ = route(event)
        envelope = codec.Envelope(
            id=uuid.uuid4(), source="/t", type=codec.type_name(type(event)), time=dt.datetime.now(dt.UTC)
        )
        message = Message(
            topic=topic.name, partition=self.partition, offset=uuid.uuid4().int % 10**9, key=str(key),
            headers=codec.encode_headers(envelope), payload=codec.encode(event),
        )  # fmt: skip
        actor = RecordingStage(stage)
        consumer = EventConsumer(
            attempts=Attempts(pool=self.pool, stage=actor, worker="w", rules=RULES, clock=lambda: envelope.time),
            stage=actor,
            pool=self.pool,
            pulse=Pulse(stall_s=60, now=asyncio.get_running_loop().time),
            verifier=None,
            metrics=ProcessMetrics(OF_STAGE),
        )
        verdict = await asyncio.wait_for(consumer.handle(message), HANG_S)
        self.worked = actor.worked
        return verdict

    async def is_buried(self, stage: str, event: events.AnyEvent) -> None:
        """The event is one more dead letter of nobody, and nothing else."""
        before = await self.rows()
        letters = len(await self.letters())
        assert await self.take(stage, event) == "dead"
        assert self.worked == []
        found = await self.letters()
        assert len(found) == letters + 1
        assert {row["reason"] for row in found} == {UNCONFIRMED}
        assert {row["org_id"] for row in found} == {None}, "only operators see it: its owner is not known"
        assert await self.rows() == before

    async def letters(self) -> list[Any]:
        sql = "select reason, org_id from dead_letters where partition = $1"
        return list(await self.owner.fetch(sql, self.partition))

    async def rows(self) -> list[list[Any]]:
        """Everything that the two organisations have, but for letters."""
        tables = ("projects", "project_stages", "project_events", "exports", "attempts", "outbox", "deliveries")
        orgs = [self.org_id, self.other_id]
        return [list(await self.owner.fetch(f"select * from {t} where org_id = any($1::uuid[])", orgs)) for t in tables]


@pytest.fixture
async def rig(postgres: Settings) -> AsyncIterator[Rig]:
    pool, owner = await create_pool(postgres.postgres_worker, size=2), await connect(postgres.postgres_owner)
    yield Rig(pool, owner, await new_org(postgres), await new_org(postgres))
    await owner.close()
    await pool.close()


@pytest.mark.parametrize(("stage", "kind"), OWNED)
async def test_an_event_of_anothers_project_is_refused(rig: Rig, stage: str, kind: type) -> None:
    await insert_owner(rig.owner, event_of(kind, rig.other_id, rig.project_id))
    await rig.is_buried(stage, event_of(kind, rig.org_id, rig.project_id))
    await rig.is_buried(stage, event_of(kind, uuid.uuid4(), rig.project_id))


@pytest.mark.parametrize(("stage", "kind"), OWNED)
async def test_an_event_of_an_unknown_project_is_refused(rig: Rig, stage: str, kind: type) -> None:
    await insert_owner(rig.owner, event_of(kind, rig.org_id, uuid.uuid4()))
    await rig.is_buried(stage, event_of(kind, rig.org_id, rig.project_id))


async def test_a_notice_of_an_unknown_organisation_is_refused(rig: Rig) -> None:
    await rig.is_buried("deliver", event_of(events.NoticeDue, uuid.uuid4(), rig.project_id))


@pytest.mark.parametrize(("stage", "kind"), REFERRING)
async def test_an_event_with_anothers_object_is_refused(rig: Rig, stage: str, kind: type) -> None:
    """Each object of each event: of another organisation, of another project, by way of its own folder."""
    event, name = event_of(kind, rig.org_id, rig.project_id), "0" * 64
    await insert_owner(rig.owner, event)
    own = f"{rig.org_id}/{rig.project_id}"
    for key in (
        f"{rig.other_id}/{rig.project_id}/t/{name}",
        f"{rig.org_id}/{uuid.uuid4()}/t/{name}",
        f"{rig.org_id}/uploads/u/{name}",
        f"{own}/../../{rig.other_id}/t/{name}",
        f"{own}//t/{name}",
        own,
        name,
        "",
    ):
        for forged in with_key(event, key):
            await rig.is_buried(stage, forged)


@pytest.mark.parametrize("kind", ENDS)
@pytest.mark.parametrize("state", ["queued", "running", "completed", "failed"])
async def test_an_end_that_the_project_has_not_reached_is_refused(rig: Rig, kind: type, state: str) -> None:
    event = event_of(kind, rig.org_id, rig.project_id)
    await insert_owner(rig.owner, event, state=state)
    if state == {events.ProjectCompleted: "completed", events.ProjectFailed: "failed"}[kind]:
        assert await rig.take("deliver", event) == "committed"
        return
    await rig.is_buried("deliver", event)


@pytest.mark.parametrize("kind", EXPORT_ENDS)
async def test_an_end_that_the_export_has_not_reached_is_refused(rig: Rig, kind: type) -> None:
    event = event_of(kind, rig.org_id, rig.project_id)
    await insert_owner(rig.owner, event, export_state="rendering")
    await rig.is_buried("deliver", event)
    await rig.is_buried("deliver", msgspec.structs.replace(event, export_id=uuid.uuid4()))
    elsewhere = uuid.uuid4()
    await insert_project(rig.owner, rig.org_id, elsewhere)
    await rig.owner.execute("update exports set state = 'done' where org_id = $1", rig.org_id)
    await rig.is_buried("deliver", event_of(kind, rig.org_id, elsewhere))


@pytest.mark.parametrize(("stage", "kind"), TAKEN)
async def test_a_confirmed_event_is_worked_on(rig: Rig, stage: str, kind: type) -> None:
    event = event_of(kind, rig.org_id, rig.project_id)
    await insert_owner(rig.owner, event)
    assert await rig.take(stage, event) == "committed"
    assert rig.worked == [event]


PROJECTS = [(stage, kind) for stage, kind in OWNED if not issubclass(kind, events.AssetEvent)]


@pytest.mark.parametrize("state", ["cancelled", "erased"])
@pytest.mark.parametrize(("stage", "kind"), PROJECTS)
async def test_a_late_event_of_an_erased_project_is_not_a_letter(rig: Rig, stage: str, kind: type, state: str) -> None:
    """Of an erased project nothing else is left to compare with: neither source nor exports."""
    event = event_of(kind, rig.org_id, rig.project_id)
    await insert_owner(rig.owner, event, state=state)
    if state == "erased":
        await rig.owner.execute("delete from exports where org_id = $1", rig.org_id)
        event = next(with_key(event, f"{rig.org_id}/uploads/u/{'0' * 64}"), event)
    if state == "cancelled" and kind in ENDS:
        await rig.is_buried(stage, event)
        return
    assert await rig.take(stage, event) == "cancelled"
    assert (await rig.letters(), rig.worked) == ([], [])


async def test_a_failure_of_a_retried_project_is_not_a_letter(rig: Rig) -> None:
    event = event_of(events.ProjectFailed, rig.org_id, rig.project_id)
    for state in ("queued", "running", "completed"):
        await insert_owner(rig.owner, event, state=state)
        await rig.owner.execute("update projects set retries = 1 where org_id = $1", rig.org_id)
        assert await rig.take("deliver", event) == "committed"


async def test_a_failure_of_a_retried_export_is_not_a_letter(rig: Rig) -> None:
    event = event_of(events.ExportFailed, rig.org_id, rig.project_id)
    await insert_owner(rig.owner, event, export_state="rendering")
    await rig.owner.execute("update exports set retries = 1 where org_id = $1", rig.org_id)
    assert await rig.take("deliver", event) == "committed"


@pytest.mark.parametrize(("stage", "kind"), [("listen", events.SpanPlanned), ("render", events.RenderRequested)])
async def test_a_source_that_several_projects_share_is_read(rig: Rig, stage: str, kind: type) -> None:
    """It lies where it was uploaded, or under the project that it was first made for."""
    for key in (f"{rig.org_id}/uploads/u/a.mp4.copy", f"{rig.org_id}/{uuid.uuid4()}/exports/e/clip.mp4"):
        event = event_of(kind, rig.org_id, rig.project_id)
        shared = msgspec.structs.replace(event, source=msgspec.structs.replace(event.source, key=key))
        await insert_owner(rig.owner, event)
        await rig.is_buried(stage, shared)
        source = "update projects set source = jsonb_build_object('key', $2::text) where org_id = $1"
        await rig.owner.execute(source, rig.org_id, key)
        assert await rig.take(stage, shared) == "committed"
