"""The live stream of an organisation on a real Postgres: every kind of change, resumed, walled, bounded, ended."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.http.browsers.cookies import cookie_names
from api.organisation import live_changes
from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.settings import Settings
from core.storage.organisation.changes import HistoryPoint, list_changes
from tests.contract.rigs.api_world import Tenant, World, new_clip, new_project, open_world
from tests.contract.rigs.people import join
from tests.support.event_streams import EventStream, Message, open_stream
from tests.support.progress import HANG_S

PATH = "/v1/events"
pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(live_changes, "LOOK_S", 0.02)
    monkeypatch.setattr(live_changes, "MAX_PAUSE_S", 0.05)
    async with open_world(postgres) as opened:
        yield opened


async def fail(world: World, tenant: Tenant, project_id: UUID) -> None:
    cause = Cause(input_id=project_id, source="test", now=dt.datetime.now(dt.UTC))
    async with org_transaction(world.worker, tenant.org_id) as rows:
        await project_lifecycle.lock_project(rows, tenant.org_id, project_id)
        await project_lifecycle.start_stage(rows, tenant.org_id, project_id, "ingest", cause)
        await project_lifecycle.fail_project(rows, tenant.org_id, project_id, "media.corrupt", "It is broken.", cause)


async def next_of(stream: EventStream, event: str, **fields: Any) -> Message:
    """The next message of a kind with these fields; what comes before is something else that changed."""
    while (message := await stream.next()) is not None:
        if message.event == event and fields.items() <= message.data.items():
            return message
    raise AssertionError(f"the stream ended before {event}")


async def opened(stream: EventStream) -> Message:
    message = await stream.next()
    assert message is not None
    assert (message.event, message.data) == ("stream.reset", {"reason": "opened"})
    return message


async def test_every_kind_of_change_comes_as_it_stands_now(world: World) -> None:
    ann = world.ann
    project_id = await new_project(ann)
    async with open_stream(world.app, PATH, ann.key) as stream:
        await opened(stream)
        clip_id = str(await new_clip(world, ann, project_id))
        made = await next_of(stream, "clip.changed")
        assert made.data == {"clip_id": clip_id, "project_id": str(project_id), "title": "T", "revision": 1}
        edits = {"operations": [{"op": "mute", "segment_id": "s1"}]}
        await ann.client.patch(f"/v1/clips/{clip_id}/edit", json=edits, headers={"If-Match": "*"})
        edited = (await next_of(stream, "clip.edited")).data
        assert (edited["clip_id"], edited["edit_version"]) == (clip_id, 2)
        assert edited["actor"] == {"kind": "key", "id": str(ann.key_id)}
        export_id = (await ann.client.post(f"/v1/clips/{clip_id}/export", json={"aspect": "1:1"})).json()["export_id"]
        waiting = (await next_of(stream, "export.changed", export_id=export_id)).data
        assert (waiting["state"], waiting["percent"], waiting["aspect"]) == ("waiting", 0, "1:1")
        await ann.client.post(f"/v1/exports/{export_id}/cancel")
        assert (await next_of(stream, "export.changed", state="cancelled")).data["failure"] is None
        await ann.client.patch(f"/v1/projects/{project_id}", json={"title": "Other"}, headers={"If-Match": "*"})
        assert (await next_of(stream, "project.changed", title="Other")).data["revision"] == 2
        await fail(world, ann, project_id)
        failed = (await next_of(stream, "project.changed", state="failed")).data
        assert failed["failure"] == {"reason": "media.corrupt", "detail": "It is broken."}
        whole = (await ann.client.get(f"/v1/projects/{project_id}")).json()
        assert failed["percent"] == whole["percent"]
        assert [stage["state"] for stage in failed["stages"]] == [stage["state"] for stage in whole["stages"]]
        await ann.client.delete(f"/v1/projects/{project_id}")
        erased = (await next_of(stream, "project.changed", state="erased")).data
        assert (erased["title"], erased["stages"]) == ("", [])


async def test_a_correction_names_its_version_and_who_made_it(world: World) -> None:
    project_id = await new_project(world.ann)
    async with open_stream(world.app, PATH, world.ann.key) as stream:
        await opened(stream)
        async with org_transaction(world.api, world.ann.org_id) as rows:
            for statement in (
                """insert into transcripts (org_id, project_id, version, object, language, word_count)
                   values ($1, $2, 2, '{}', null, 0)""",
                """insert into transcript_edits (org_id, project_id, version, base_version, actor, note, changes)
                   values ($1, $2, 2, 1, 'user:0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21', '', '[]')""",
            ):
                await rows.execute(statement, world.ann.org_id, project_id)
        told = (await next_of(stream, "transcript.corrected")).data
    assert (told["project_id"], told["version"], told["actor"]["kind"]) == (str(project_id), 2, "user")


async def test_a_stream_that_broke_is_resumed_without_a_gap(world: World) -> None:
    async with open_stream(world.app, PATH, world.ann.key) as stream:
        place = (await opened(stream)).id
    assert place
    projects = {str(await new_project(world.ann)) for _ in range(3)}
    async with open_stream(world.app, PATH, world.ann.key, **{"last-event-id": place}) as stream:
        messages = [await next_of(stream, "project.changed") for _ in projects]
        assert {message.data["project_id"] for message in messages} == projects
        last = messages[-1].id
    assert last
    async with open_stream(world.app, PATH, world.ann.key, **{"last-event-id": last}) as stream:
        await new_project(world.ann)
        message = await next_of(stream, "project.changed")
        assert message.data["project_id"] not in projects, "what was told does not come again"


async def test_a_stream_without_news_gives_its_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_changes, "PLACE_S", 0.0)
    async with open_stream(world.app, PATH, world.ann.key) as stream:
        first = (await opened(stream)).id
        while stream.last_id == first:
            await asyncio.sleep(0.01)
        place = stream.last_id
    async with open_stream(world.app, PATH, world.ann.key, **{"last-event-id": place}) as stream:
        project_id = await new_project(world.ann)
        message = await stream.next()
        assert message is not None
        assert (message.event, message.data["project_id"]) == ("project.changed", str(project_id)), (
            "it goes on, not anew"
        )


async def test_what_is_committed_late_is_not_passed_over(world: World) -> None:
    """A transaction that began first and ends last: a counter would have passed it."""
    ann = world.ann
    slow, quick = await new_project(ann), await new_project(ann)
    async with open_stream(world.app, PATH, ann.key) as stream:
        await opened(stream)
        async with org_transaction(world.worker, ann.org_id) as rows:
            cause = Cause(input_id=slow, source="test", now=dt.datetime.now(dt.UTC))
            await project_lifecycle.start_stage(rows, ann.org_id, slow, "ingest", cause)
            await fail(world, ann, quick)
            await next_of(stream, "project.changed", project_id=str(quick))
        await next_of(stream, "project.changed", project_id=str(slow), state="running")


@pytest.mark.parametrize("held", ["1", "x" * 5000, "", "id.AAAA", "of-bob"])
async def test_a_foreign_or_broken_place_resets_the_stream(world: World, held: str) -> None:
    if held == "of-bob":
        async with open_stream(world.app, PATH, world.bob.key) as stream:
            held = (await opened(stream)).id or ""
    async with open_stream(world.app, PATH, world.ann.key, **{"last-event-id": held}) as stream:
        message = await stream.next()
        assert message is not None
        assert (message.event, message.data) == ("stream.reset", {"reason": "expired" if held else "opened"})


async def test_a_place_is_signed_and_ends_with_its_rows(world: World) -> None:
    ring, org_id = world.app.state.context.ring, world.ann.org_id
    now, moment = dt.datetime.now(dt.UTC), HistoryPoint(snapshot="10:20:12", lineage="1/1")
    text = live_changes.encode_place(ring, org_id, moment, now)
    assert text
    assert live_changes.decode_place(ring, org_id, text, now) == moment
    assert live_changes.decode_place(ring, uuid4(), text, now) is None
    assert live_changes.decode_place(ring, org_id, text, now + live_changes.RESUMED_FOR) is None
    long = HistoryPoint(snapshot="1:9999:" + ",".join(map(str, range(2000))), lineage="1/1")
    assert live_changes.encode_place(ring, org_id, long, now) is None


async def test_too_much_at_once_is_one_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_changes, "MAX_CHANGES", 3)
    async with open_stream(world.app, PATH, world.ann.key) as stream:
        place = (await opened(stream)).id
    for _ in range(4):
        await new_project(world.ann)
    async with open_stream(world.app, PATH, world.ann.key, **{"last-event-id": place or ""}) as stream:
        message = await stream.next()
        assert message is not None
        assert (message.event, message.data) == ("stream.reset", {"reason": "too-much"})


async def test_a_place_of_another_database_resets_the_stream(world: World) -> None:
    async with org_transaction(world.api, world.ann.org_id) as rows:
        moment, nothing = await list_changes(rows, world.ann.org_id, None, limit=10)
    assert nothing == []
    ring = world.app.state.context.ring
    other = live_changes.encode_place(
        ring, world.ann.org_id, HistoryPoint(snapshot=moment.snapshot, lineage="another/1"), dt.datetime.now(dt.UTC)
    )
    async with open_stream(world.app, PATH, world.ann.key, **{"last-event-id": other or ""}) as stream:
        message = await stream.next()
        assert message is not None
        assert message.data == {"reason": "expired"}


async def test_nothing_of_another_organisation_comes(world: World) -> None:
    async with open_stream(world.app, PATH, world.bob.key) as stream:
        await opened(stream)
        foreign = await new_project(world.ann)
        await fail(world, world.ann, foreign)
        own = await new_project(world.bob)
        message = await stream.next()
        assert message is not None
        assert message.data["project_id"] == str(own)
    async with org_transaction(world.api, world.bob.org_id) as rows:
        seen = await rows.fetch("select distinct org_id from organisation_changes")
    assert [row["org_id"] for row in seen] == [world.bob.org_id]


@pytest.mark.parametrize("limit", ["MAX_STREAMS_OF_ORG", "MAX_STREAMS_OF_CALLER"])
async def test_an_organisation_and_a_caller_have_a_limit_of_streams(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(live_changes, limit, 1)
    async with open_stream(world.app, PATH, world.ann.key) as stream:
        await opened(stream)
        refused = await world.ann.client.get(PATH)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate-limited")
    async with open_stream(world.app, PATH, world.ann.key) as stream:
        await opened(stream)


@pytest.mark.parametrize("ended", ["key", "role"])
async def test_a_stream_ends_with_what_let_it_begin(world: World, postgres: Settings, ended: str) -> None:
    owner = await join(world, postgres, world.bob, "owner")
    person = await join(world, postgres, owner, "editor")
    token = world.bob.key if ended == "key" else person.session["access_token"]
    async with open_stream(world.app, PATH, token) as stream:
        await opened(stream)
        if ended == "key":
            await world.owner.execute("update api_keys set revoked_at = now() where key_id = $1", world.bob.key_id)
        else:
            member = f"/v1/members/{person.user_id}"
            assert (await owner.client.patch(member, json={"role": "billing"})).status_code == 200
        while await stream.next() is not None:
            pass


async def test_a_stream_ends_with_its_tokens_life(
    world: World, postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await join(world, postgres, world.bob, "owner")
    whole, lives = live_changes.seconds_of_token, []

    def shorten(call: Any) -> float:
        lives.append(whole(call))
        return 0.3

    monkeypatch.setattr(live_changes, "seconds_of_token", shorten)
    async with open_stream(world.app, PATH, person.session["access_token"]) as stream:
        await opened(stream)
        assert await stream.next() is None
    assert 0 < lives[0] <= 60 * postgres.identity.access_minutes


async def test_a_browser_is_followed_by_its_cookie(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.bob, "owner")
    cookie = f"{cookie_names(secure=False)[0]}={person.session['access_token']}"
    async with open_stream(world.app, PATH, None, cookie=cookie) as stream:
        await opened(stream)
        project_id = await new_project(world.bob)
        message = await next_of(stream, "project.changed", project_id=str(project_id))
        assert message.data["state"] == "queued"


async def test_a_head_request_is_answered_at_once(world: World) -> None:
    head = await asyncio.wait_for(world.ann.client.head(PATH), HANG_S)
    assert (head.status_code, head.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
