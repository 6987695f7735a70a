"""Retries on a real Postgres: what failed is claimed again, what is done stays, and each end is reported."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from core.errors import InputRejected
from core.infra.kafka.message import Message
from core.infra.postgres.connection import Connection, org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.services.export_groups import split_exports
from core.services.exports import fail_export
from core.services.spans import end_span
from core.settings import Settings
from schemas import codec, events
from schemas.common import FramedSibling, ObjectRef, TimeRange
from schemas.topics import TOPIC_OF, route
from streams.runtime.attempts import Attempts
from streams.runtime.stage import Commit, Work
from tests.contract.rigs.api_world import World, new_clip, new_project, open_world, outbox
from tests.contract.rigs.attempt_rig import NOW, RULES
from tests.contract.rigs.forged_events import own_ref

pytestmark = pytest.mark.contract
REF = ObjectRef(key="k", sha256="0" * 64, size=1)
Commits = Callable[[Connection, Any, Cause], Awaitable[None]]
BROKEN = InputRejected("media.corrupt", "It is broken.")


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


class Scripted:
    """A stage that fails with an error, or commits what the test says; it gives up as the real stages do."""

    def __init__(self, name: events.Stage, script: Exception | Commits) -> None:
        self.name, self.script = name, script

    def wants(self, event: events.AnyEvent) -> bool:
        return True

    async def work(self, event: events.AnyEvent, work: Work) -> Commit:
        script = self.script
        if isinstance(script, Exception):
            raise script

        async def commit(connection: Connection) -> None:
            await script(connection, event, work.cause)

        return commit

    async def give_up(self, connection: Connection, event: Any, reason: str, detail: str, cause: Cause) -> None:
        if isinstance(event, events.SpanPlanned):
            await end_span(connection, event, "heard", None, cause, window=4)
        elif isinstance(event, events.RenderRequested):
            for one in split_exports(event):
                await fail_export(connection, one, "render", reason, detail, cause)
        else:
            await project_lifecycle.fail_project(connection, event.org_id, event.project_id, reason, detail, cause)


class Story:
    """A project, its messages, and what became of them."""

    def __init__(self, world: World, project_id: uuid.UUID) -> None:
        self.world, self.project_id = world, project_id

    def message(self, event: events.AnyEvent) -> Message:
        topic, key, partition = route(event)
        envelope = codec.Envelope(id=uuid.uuid4(), source="/t", type=codec.type_name(type(event)), time=NOW)
        return Message(
            topic=topic.name,
            partition=partition,
            offset=1,
            key=str(key),
            headers=codec.encode_headers(envelope),
            payload=codec.encode(event),
        )

    async def run(self, stage: events.Stage, message: Message, script: Exception | Commits) -> str:
        envelope, event = codec.decode(TOPIC_OF_NAME[message.topic], message.headers, message.payload)
        attempts = Attempts(
            pool=self.world.worker,
            stage=Scripted(stage, script),
            worker="a",
            rules=RULES,
            clock=lambda: dt.datetime.now(dt.UTC),
        )
        return await attempts.run(message, envelope, event)

    async def retry(self, body: dict[str, Any] | None = None, **headers: str) -> Any:
        path = f"/v1/projects/{self.project_id}/retry"
        answer = await self.world.ann.client.post(path, json=body or {}, headers=headers)
        await self.relay()
        return answer

    async def relay(self) -> None:
        """Send what waits for a place."""
        await self.world.owner.execute(
            "update outbox set waits = false, published_at = now() where project_id = $1 and waits", self.project_id
        )

    async def show(self) -> Any:
        return (await self.world.ann.client.get(f"/v1/projects/{self.project_id}")).json()

    async def stages(self) -> dict[str, tuple[str, int]]:
        return {one["stage"]: (one["state"], one["parts_done"]) for one in (await self.show())["stages"]}

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        async with org_transaction(self.world.worker, self.world.ann.org_id) as connection:
            return list(await connection.fetch(sql, *values))

    async def kinds(self) -> list[str]:
        return [
            row["headers"]["ce_type"].removeprefix("clipstream.") for row in await outbox(self.world, self.world.ann)
        ]

    def owner(self) -> dict[str, uuid.UUID]:
        return {"org_id": self.world.ann.org_id, "project_id": self.project_id}


TOPIC_OF_NAME = {topic.name: topic for topic in TOPIC_OF.values()}


@pytest.fixture
async def story(world: World) -> Story:
    return Story(world, await new_project(world.ann))


async def ingested(connection: Connection, event: Any, cause: Cause) -> None:
    for stage in ("listen", "look", "close", "study", "detect"):
        await project_lifecycle.expect_parts(connection, event.org_id, event.project_id, stage, 1)
    await project_lifecycle.end_part(connection, event.org_id, event.project_id, "ingest", cause)


def upload(story: Story) -> Message:
    return story.message(events.UploadReceived(source_url="https://example.org/a", **story.owner()))


async def test_a_source_that_could_not_be_read_is_read_again(story: Story) -> None:
    message = upload(story)
    assert (await story.retry()).json()["code"] == "nothing-to-retry"
    assert await story.run("ingest", message, BROKEN) == "refused"
    assert (await story.stages())["listen"] == ("skipped", 0)
    answers = [await story.retry(**{"Idempotency-Key": "again"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 202], answers[0].text
    assert answers[0].content == answers[1].content
    assert (answers[0].json()["state"], answers[0].json()["stages"]) == ("queued", ["ingest"])
    shown = await story.show()
    assert (shown["state"], shown["failure"], shown["finished_at"]) == ("queued", None, None)
    assert {one for one, _ in (await story.stages()).values()} == {"waiting"}
    sent = [row for row in await outbox(story.world, story.world.ann) if row["for_stage"] == "ingest"]
    assert [(row["event_id"], row["payload"]) for row in sent] == [
        (uuid.UUID(message.headers["ce_id"]), message.payload)
    ]
    assert not [name for name in sent[0]["headers"] if "signature" in name], "the relay signs it"
    assert (await story.retry()).json()["code"] == "nothing-to-retry", "it is at work"
    assert await story.run("ingest", message, ingested) == "committed"
    assert ((await story.show())["state"], (await story.stages())["ingest"]) == ("running", ("done", 1))


async def test_a_project_may_fail_and_be_retried_repeatedly(story: Story) -> None:
    message = upload(story)
    for _ in range(3):
        assert await story.run("ingest", message, BROKEN) == "refused"
        assert (await story.retry()).status_code == 202
    assert (await story.kinds()).count("ProjectFailed") == 3


async def test_another_organisation_cannot_retry_the_project(story: Story) -> None:
    await story.run("ingest", upload(story), BROKEN)
    answer = await story.world.bob.client.post(f"/v1/projects/{story.project_id}/retry", json={})
    assert answer.status_code == 404
    assert (await story.show())["state"] == "failed"


@pytest.mark.parametrize(
    ("method", "path", "code"), [("POST", "/cancel", "project-ended"), ("DELETE", "", "project-erased")]
)
async def test_an_erased_or_cancelled_project_is_not_retried(story: Story, method: str, path: str, code: str) -> None:
    await story.world.ann.client.request(method, f"/v1/projects/{story.project_id}{path}")
    assert (await story.retry()).json()["code"] == code


async def test_a_lost_span_and_the_stages_after_it_run_again(story: Story) -> None:
    await story.run("ingest", upload(story), ingested)
    span = events.SpanPlanned(
        ordinal=0,
        span_count=1,
        range=TimeRange(start_ms=0, end_ms=9),
        padded=TimeRange(start_ms=0, end_ms=9),
        source=own_ref(**story.owner()),
        index=own_ref(**story.owner()),
        audio=own_ref(**story.owner()),
        has_video=False,
        **story.owner(),
    )
    insert = (
        "insert into spans (org_id, project_id, ordinal, event, planned_at, seen) values ($1, $2, 0, $3, now(), 'done')"
    )
    await story.rows(insert, *story.owner().values(), span)
    message = story.message(span)
    assert await story.run("listen", message, BROKEN) == "refused"
    found = story.message(events.UnderstandingCompleted(missing=["transcript"], **story.owner()))
    assert await story.run("detect", found, KeyError("a bug")) == "dead"
    before = (await story.kinds()).count("SpansHeard")

    retried = (await story.retry()).json()
    assert (retried["state"], retried["stages"]) == ("running", ["listen"])
    assert (await story.show())["warnings"] == []
    stages = await story.stages()
    assert {name: stages[name] for name in ("ingest", "listen", "close", "detect")} == {
        "ingest": ("done", 1),
        "listen": ("waiting", 0),
        "close": ("waiting", 0),
        "detect": ("waiting", 0),
    }

    async def hear(connection: Connection, event: Any, cause: Cause) -> None:
        await end_span(connection, event, "heard", REF, cause, window=4)

    assert await story.run("listen", message, hear) == "committed"
    assert (await story.kinds()).count("SpansHeard") == before + 1
    assert (await story.stages())["listen"] == ("done", 1)


async def with_exports(story: Story) -> tuple[list[uuid.UUID], Message]:
    """Two automatic exports that are made together, and their message."""
    clip_id = await new_clip(story.world, story.world.ann, story.project_id)
    made = await story.world.ann.client.post(f"/v1/clips/{clip_id}/exports", json={"aspects": ["9:16", "1:1"]})
    ids = [uuid.UUID(one["export_id"]) for one in made.json()["items"]]
    await story.rows("update exports set automatic = true, state = 'rendering' where project_id = $1", story.project_id)
    await story.rows(
        """update project_stages set state = 'done', parts_done = 1, parts_total = 1
           where project_id = $1 and stage <> 'render'""",
        story.project_id,
    )
    await story.rows(
        "update project_stages set parts_total = 2 where project_id = $1 and stage = 'render'", story.project_id
    )
    request = events.RenderRequested(
        clip_id=clip_id,
        export_id=ids[0],
        ordinal=0,
        rendition=events.Rendition(range=TimeRange(start_ms=0, end_ms=9), aspect="9:16", captions=True),
        plan=own_ref(**story.owner()),
        source=own_ref(**story.owner()),
        index=own_ref(**story.owner()),
        siblings=[FramedSibling(export_id=ids[1], aspect="1:1", plan=own_ref(**story.owner()))],
        **story.owner(),
    )
    return ids, story.message(request)


async def test_a_project_without_a_clip_makes_its_exports_again(story: Story) -> None:
    ids, message = await with_exports(story)
    assert await story.run("render", message, BROKEN) == "refused"
    shown = await story.show()
    assert (shown["state"], shown["failure"]["reason"]) == ("failed", "clips.all_failed")
    retried = (await story.retry({"export_id": str(ids[1])})).json()
    assert (retried["state"], retried["export_ids"]) == ("running", sorted(map(str, ids)))
    assert (await story.stages())["render"] == ("waiting", 0)

    async def one_works(connection: Connection, event: Any, cause: Cause) -> None:
        first, second = split_exports(event)
        await connection.execute("update exports set state = 'done' where export_id = $1", first.export_id)
        await project_lifecycle.end_part(connection, *story.owner().values(), "render", cause)
        await fail_export(connection, second, "render", "a.b", "no picture", cause)

    assert await story.run("render", message, one_works) == "committed"
    assert (await story.kinds()).count("ExportFailed") == 3, "its second failure is reported as well"
    assert ((await story.show())["state"], (await story.show())["warnings"]) == (
        "completed",
        ["1 of 2 files of clips failed"],
    )

    retried = (await story.retry({"stage": "render"})).json()
    assert (retried["state"], retried["export_ids"]) == ("completed", [str(ids[1])])
    assert (await story.show())["warnings"] == []
    states = await story.rows("select state from exports where project_id = $1 order by state", story.project_id)
    assert [row["state"] for row in states] == ["done", "rendering"]


async def test_replaying_a_dead_letter_revives_its_project(story: Story) -> None:
    message = upload(story)
    await story.run("ingest", message, KeyError("a bug"))
    assert (await story.show())["state"] == "failed"
    (letter,) = await story.rows("select dead_id from dead_letters where project_id = $1", story.project_id)
    await story.rows(
        'update dead_letters set headers = headers || \'{"clipstream-signature": "x"}\' where dead_id = $1',
        letter["dead_id"],
    )
    path = f"/v1/admin/dead-letters/{letter['dead_id']}/replay"
    assert (await story.world.ann.client.post(path)).status_code == 202
    assert await story.run("ingest", message, ingested) == "busy", "the one that waits for its place goes first"
    await story.relay()
    shown = await story.show()
    assert (shown["state"], shown["failure"]) == ("queued", None)
    assert await story.run("ingest", message, ingested) == "committed"
    assert (await story.show())["state"] == "running"


async def test_a_follower_of_a_retried_project_is_not_sent_away(story: Story) -> None:
    await story.run("ingest", upload(story), BROKEN)
    version = len(await story.rows("select 1 from project_events where project_id = $1", story.project_id))
    followed = f"/v1/projects/{story.project_id}/events?after={version}"
    assert (await story.world.ann.client.head(followed)).status_code == 204
    await story.retry()
    assert (await story.world.ann.client.head(followed)).status_code == 200


def names_of(stream: str) -> list[str]:
    return [line.removeprefix("event: ") for line in stream.splitlines() if line.startswith("event: project.")]


async def test_a_follower_sees_the_failure_the_retry_and_the_end(story: Story) -> None:
    """The failure before a retry is no end: under its own name a client would stop there."""
    message, path = upload(story), f"/v1/projects/{story.project_id}/events"
    await story.run("ingest", message, BROKEN)
    assert "project.failed" in names_of((await story.world.ann.client.get(path)).text)
    await story.retry()
    await story.run("ingest", message, BROKEN)
    whole = (await story.world.ann.client.get(path)).text
    names = [name for name in names_of(whole) if name != "project.progressed"]
    assert names == ["project.failure_retried", "project.retried", "project.failed"]
    ids = [int(line.removeprefix("id: ")) for line in whole.splitlines() if line.startswith("id: ")]
    assert ids == sorted(set(ids))
    for at in range(len(ids) - 1):
        resumed = (await story.world.ann.client.get(path, headers={"Last-Event-ID": str(ids[at])})).text
        assert [int(line.removeprefix("id: ")) for line in resumed.splitlines() if line.startswith("id: ")] == ids[
            at + 1 :
        ]


async def test_a_retry_is_reported_where_the_project_moves_again(story: Story) -> None:
    await story.run("ingest", upload(story), BROKEN)
    await story.retry()
    rows = await outbox(story.world, story.world.ann)
    (body,) = [row["payload"] for row in rows if row["headers"]["ce_type"] == "clipstream.ProjectRetried"]
    assert codec.decode(TOPIC_OF_NAME["projects.v1"], headers_of(rows, "ProjectRetried"), body)[1].stages == ["ingest"]
    ids, render = await with_exports(story)
    await story.run("render", render, BROKEN)
    await story.rows("update projects set state = 'completed' where project_id = $1", story.project_id)
    assert (await story.retry({"export_id": str(ids[0])})).json()["state"] == "completed"
    assert (await story.kinds()).count("ProjectRetried") == 1, "a completed project does not move"


def headers_of(rows: list[Any], name: str) -> dict[str, str]:
    (headers,) = [row["headers"] for row in rows if row["headers"]["ce_type"] == f"clipstream.{name}"]
    return dict(headers)
