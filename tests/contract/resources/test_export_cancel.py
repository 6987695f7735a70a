"""Cancelled exports on a real Postgres: their work stops, and siblings go on."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core.infra.kafka.message import Message
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.usage_meter import count
from core.services.export_groups import split_exports
from core.services.exports import fail_export
from core.settings import Settings
from schemas import codec, events
from schemas.common import FramedSibling, TimeRange
from schemas.topics import TOPIC_OF
from streams.runtime.attempts import Attempts
from streams.runtime.stage import Commit, Work
from tests.contract.rigs.api_world import World, new_clip, new_project, open_world, outbox
from tests.contract.rigs.attempt_rig import RULES
from tests.contract.rigs.forged_events import own_ref
from tests.support.progress import HANG_S

pytestmark = pytest.mark.contract
CAUSE = Cause(input_id=uuid.UUID(int=5), source="render", now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
Script = Callable[[Work], Awaitable[None]]


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


class Render:
    """An export stage that runs the test's script and commits each export as render does."""

    name: events.Stage = "render"

    def __init__(self, script: Script) -> None:
        self.script = script

    def wants(self, event: events.AnyEvent) -> bool:
        return True

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        assert isinstance(event, events.RenderRequested)
        await self.script(work)

        async def commit(connection: Connection) -> None:
            for one in split_exports(event):
                await fail_export(connection, one, "render", "a.b", "no picture", work.cause)

        return commit

    async def give_up(self, *_: Any) -> None:
        raise AssertionError("nothing is given up here")


class Story:
    """A clip with two exports that are made together."""

    def __init__(self, world: World, project_id: uuid.UUID, clip_id: uuid.UUID, exports: list[uuid.UUID]) -> None:
        self.world, self.project_id, self.clip_id, self.exports = world, project_id, clip_id, exports

    def request(self, *exports: uuid.UUID) -> events.RenderRequested:
        first, *others = exports
        return events.RenderRequested(
            org_id=self.world.ann.org_id,
            project_id=self.project_id,
            clip_id=self.clip_id,
            export_id=first,
            ordinal=0,
            rendition=events.Rendition(range=TimeRange(start_ms=0, end_ms=9), aspect="9:16", captions=True),
            plan=own_ref(self.world.ann.org_id, self.project_id),
            source=own_ref(self.world.ann.org_id, self.project_id),
            index=own_ref(self.world.ann.org_id, self.project_id),
            siblings=[
                FramedSibling(export_id=one, aspect="1:1", plan=own_ref(self.world.ann.org_id, self.project_id))
                for one in others
            ],
        )

    async def run(self, script: Script, *exports: uuid.UUID, event_id: uuid.UUID | None = None) -> str:
        headers, payload = self.sent(self.request(*exports), event_id)
        envelope, decoded = codec.decode(TOPIC_OF[events.RenderRequested], headers, payload)
        message = Message(
            topic="renders.v1", partition=0, offset=1, key=str(self.project_id), headers=headers, payload=payload
        )
        made = Attempts(
            pool=self.world.worker, stage=Render(script), worker="a", rules=RULES, clock=lambda: dt.datetime.now(dt.UTC)
        )
        return await made.run(message, envelope, decoded)

    def sent(self, event: events.AnyEvent, event_id: uuid.UUID | None) -> tuple[dict[str, str], bytes]:
        envelope = codec.Envelope(
            id=event_id or uuid.uuid4(), source="/t", type=codec.type_name(type(event)), time=CAUSE.now
        )
        return codec.encode_headers(envelope), codec.encode(event)

    async def cancel(self, export_id: uuid.UUID) -> Any:
        return await self.world.ann.client.post(f"/v1/exports/{export_id}/cancel")

    async def states(self) -> list[str]:
        found = [await self.world.ann.client.get(f"/v1/exports/{one}") for one in self.exports]
        return [one.json()["state"] for one in found]

    async def count_events(self) -> Counter[str]:
        kinds = [
            row["headers"]["ce_type"].removeprefix("clipstream.") for row in await outbox(self.world, self.world.ann)
        ]
        return Counter(kind for kind in kinds if kind in ("ExportCancelled", "ExportFailed", "CostIncurred"))

    async def rows(self, sql: str) -> list[Any]:
        async with org_transaction(self.world.worker, self.world.ann.org_id) as connection:
            return list(await connection.fetch(sql, self.project_id))


@pytest.fixture
async def story(world: World) -> Story:
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    wish = {"aspects": ["9:16", "1:1"]}
    made = (await world.ann.client.post(f"/v1/clips/{clip_id}/exports", json=wish)).json()["items"]
    return Story(world, project_id, clip_id, [uuid.UUID(one["export_id"]) for one in made])


async def nothing(work: Work) -> None:
    work.report(1)


async def test_an_export_is_cancelled_once_and_repeats_under_a_new_id(story: Story) -> None:
    first, second = story.exports
    answers = [await story.cancel(first) for _ in range(2)]
    assert [(one.status_code, one.json()["state"]) for one in answers] == [(200, "cancelled")] * 2
    assert answers[0].json()["finished_at"] == answers[1].json()["finished_at"] is not None
    assert (await story.count_events())["ExportCancelled"] == 1
    assert await story.states() == ["cancelled", "waiting"]
    again = await story.world.ann.client.post(f"/v1/clips/{story.clip_id}/export", json={"aspect": "9:16"})
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    assert again.json()["export_id"] != str(first)
    assert (await story.world.bob.client.post(f"/v1/exports/{second}/cancel")).status_code == 404
    assert await story.run(nothing, second) == "committed"
    ended = await story.cancel(second)
    assert (ended.status_code, ended.json()["code"]) == (409, "export-ended")
    assert "failed" in ended.json()["detail"]


async def test_an_event_of_cancelled_exports_alone_is_not_worked_on(story: Story) -> None:
    for one in story.exports:
        await story.cancel(one)

    async def never(work: Work) -> None:
        raise AssertionError("nobody wants it")

    assert await story.run(never, *story.exports) == "cancelled"
    assert await story.rows("select 1 from attempts where project_id = $1 and stage = 'render'") == []


async def test_only_the_siblings_of_a_cancelled_export_are_made(story: Story) -> None:
    first, second = story.exports

    async def cancels(work: Work) -> None:
        await story.cancel(first)
        await asyncio.sleep(RULES.renew_s * 3)
        work.report(1)

    assert await story.run(cancels, first, second) == "committed"
    assert await story.states() == ["cancelled", "failed"]
    assert await story.count_events() == Counter(ExportCancelled=1, ExportFailed=1)


async def test_a_worker_stops_at_a_renewal_and_its_usage_stays(story: Story) -> None:
    first, _ = story.exports

    async def hangs(work: Work) -> None:
        count("read_bytes", 4711)
        await story.cancel(first)
        await asyncio.Event().wait()

    event_id = uuid.uuid4()
    assert await asyncio.wait_for(story.run(hangs, first, event_id=event_id), HANG_S) == "cancelled"
    (attempt,) = await story.rows("select state, lease_until from attempts where project_id = $1 and stage = 'render'")
    assert (attempt["state"], attempt["lease_until"]) == ("cancelled", None)
    assert (await story.count_events())["ExportFailed"] == 0
    assert await story.run(nothing, first, event_id=event_id) == "cancelled", "when it comes again"
    (cost,) = await story.rows("select kind, amount from costs where project_id = $1")
    assert (cost["kind"], cost["amount"]) == ("read_bytes", 4711), "what was used stays in the ledger"


async def test_each_export_ends_once_when_cancelled_at_its_end(story: Story) -> None:
    """Events of the clip's exports in any order: each export ends once."""
    seen = Counter[tuple[str, str]]()
    for number in range(12):
        export_id = uuid.UUID(
            (await story.world.ann.client.post(f"/v1/clips/{story.clip_id}/export", json={"aspect": "16:9"})).json()[
                "export_id"
            ]
        )
        before = await story.count_events()
        starts = asyncio.Event()

        async def waits(work: Work, starts: asyncio.Event = starts) -> None:
            starts.set()
            work.report(1)

        async def stops(export_id: uuid.UUID = export_id, starts: asyncio.Event = starts, number: int = number) -> int:
            await starts.wait()
            await asyncio.sleep(number % 4 * 0.002)
            return int((await story.cancel(export_id)).status_code)

        verdict, status = await asyncio.gather(story.run(waits, export_id), stops())
        told = await story.count_events() - before
        state = (await story.world.ann.client.get(f"/v1/exports/{export_id}")).json()["state"]
        assert (status, state, told["ExportCancelled"], told["ExportFailed"]) in (
            (200, "cancelled", 1, 0),
            (409, "failed", 0, 1),
        ), (verdict, status)
        assert (verdict == "committed") == (state == "failed")
        seen[(verdict, state)] += 1
    assert sum(seen.values()) == 12


async def test_a_project_ends_with_its_last_export_cancelled(story: Story) -> None:
    async with org_transaction(story.world.worker, story.world.ann.org_id) as rows:
        await rows.execute(
            """update project_stages set state = case when stage in ('frame', 'render') then 'running' else 'done' end,
                 parts_total = 2 where project_id = $1""",
            story.project_id,
        )
        await rows.execute("update projects set state = 'running' where project_id = $1", story.project_id)
        await rows.execute("update exports set automatic = true where project_id = $1", story.project_id)
        await rows.execute("update exports set state = 'rendering' where export_id = $1", story.exports[0])
        await rows.execute(
            "update project_stages set parts_done = 1 where project_id = $1 and stage = 'frame'", story.project_id
        )
    path = f"/v1/projects/{story.project_id}"
    await story.cancel(story.exports[0])
    assert (await story.world.ann.client.get(path)).json()["state"] == "running"
    await story.cancel(story.exports[1])
    project = (await story.world.ann.client.get(path)).json()
    assert (project["state"], project["warnings"]) == ("completed", ["2 of 2 files of clips were cancelled"])
    parts = {one["stage"]: (one["state"], one["parts_done"], one["parts_total"]) for one in project["stages"]}
    assert (parts["frame"], parts["render"]) == (("done", 2, 2), ("done", 2, 2))


async def test_a_cancelled_project_leaves_no_export_that_waits(story: Story) -> None:
    answer = await story.world.ann.client.post(f"/v1/projects/{story.project_id}/cancel")
    assert answer.json()["state"] == "cancelled"
    assert await story.states() == ["cancelled", "cancelled"]
    assert (await story.count_events())["ExportCancelled"] == 0, "the cancelled project has an event already"
    assert [(await story.cancel(one)).status_code for one in story.exports] == [200, 200]
