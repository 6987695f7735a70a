"""Previews on real stores: requested, framed, made, private to their organisation, and few kept."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import AsyncIterator
from math import ceil
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from PIL import Image

from api.exports.previews import MAX_WAITING_PREVIEWS
from core.infra.postgres.connection import create_pool, org_transaction, set_org
from core.infra.s3.object_store import S3Objects
from core.services.previews import MAX_KEPT_PREVIEWS
from core.settings import Settings
from schemas import codec, events
from schemas.common import ObjectRef
from schemas.ids import result_id
from schemas.quantities import spoken_range
from schemas.topics import BY_NAME
from streams.background.sweeper import delete_old
from streams.frame.agent import FrameStage
from streams.preview.agent import PreviewStage
from tests.contract.resources.test_edits import DELETE, clip_of, patched
from tests.contract.rigs.api_world import World, open_store, open_world
from tests.contract.rigs.forged_events import own_ref
from tests.contract.rigs.servers import Server
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.contract.stages.test_stages_making import framed, selected

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
ASYNC = {"Prefer": "respond-async"}
_INSERT = """
insert into previews (org_id, preview_id, project_id, clip_id, at_ms, state, created_at)
values ($1, $2, $3, $4, 0, $5, now() - $6 * interval '1 hour')
"""


def preview_request(clip: events.ClipSelected, **changes: Any) -> events.PreviewRequested:
    fields = {name: getattr(clip, name) for name in ("org_id", "project_id", "clip_id", "ordinal", "rendition")}
    fields |= {"preview_id": uuid.uuid4(), "edit_version": 1, "at_ms": 700}
    return events.PreviewRequested(**(fields | changes))


async def remembered(rig: Rig, *requests: events.PreviewRequested, state: str = "waiting", hours: float = 0.0) -> None:
    """The rows that the API writes."""
    api = await asyncpg.connect(rig.context.settings.postgres_api)
    async with api.transaction():
        await set_org(api, rig.org_id)
        for one in requests:
            await api.execute(_INSERT, rig.org_id, one.preview_id, rig.project_id, one.clip_id, state, hours)
    await api.close()


async def row_of(rig: Rig, preview_id: uuid.UUID) -> Any:
    found = await rig.rows("select * from previews where org_id = $1 and project_id = $2")
    return next(row for row in found if row["preview_id"] == preview_id)


async def test_a_picture_is_framed_as_an_export_and_made(rig: Rig, tmp_path: Path) -> None:
    """>> PreviewRequested << PreviewPlanned << PreviewCompleted; an existing plan needs no framing."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    automatic = await framed(rig, clip)
    square = preview_request(clip, rendition=msgspec.structs.replace(clip.rendition, aspect="1:1"))
    await remembered(rig, square)
    assert not FrameStage(rig.context).wants(
        events.PreviewPlanned(plan=own_ref(*rig.owner), **msgspec.structs.asdict(square))
    )
    assert await rig.send(FrameStage(rig.context), square, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    assert isinstance(sent.event, events.PreviewPlanned)
    assert (sent.event.rendition.aspect, sent.event.at_ms) == ("1:1", 700)
    assert (await row_of(rig, square.preview_id))["plan"]["sha256"] == sent.event.plan.sha256
    upright = events.PreviewPlanned(plan=automatic.plan, **msgspec.structs.asdict(preview_request(clip)))
    await remembered(rig, preview_request(clip, preview_id=upright.preview_id))
    stage = PreviewStage(rig.context)
    for planned, input_id, size in ((sent.event, sent.id, (1080, 1080)), (upright, uuid.uuid4(), (1080, 1920))):
        assert await rig.send(stage, planned, input_id) == "committed"
        (done,) = await rig.fresh()
        assert isinstance(done.event, events.PreviewCompleted)
        assert done.id == result_id(input_id, "preview", f"PreviewCompleted/{planned.preview_id}")
        assert Image.open(io.BytesIO(await rig.objects.get(done.event.picture))).size == size
        row = await row_of(rig, planned.preview_id)
        assert (row["state"], row["picture"]["key"]) == ("done", done.event.picture.key)
        assert await rig.send(stage, planned, input_id) == "done"
    cost = await rig.rows("select kind from costs where org_id = $1 and project_id = $2 and stage = 'preview'")
    assert "cpu_ms" in {row["kind"] for row in cost}


async def test_a_failed_preview_says_so_and_few_previews_are_stored(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    unknown = preview_request(clip, clip_id=uuid.uuid4())
    assert await rig.send(FrameStage(rig.context), unknown, uuid.uuid4()) == "refused"
    (sent,) = await rig.fresh()
    assert isinstance(sent.event, events.PreviewFailed)
    assert (sent.event.reason, sent.event.preview_id) == ("clip.unknown", unknown.preview_id)
    old = [preview_request(clip) for _ in range(MAX_KEPT_PREVIEWS + 5)]
    await remembered(rig, *old, state="done", hours=1)
    await remembered(rig, latest := preview_request(clip))
    gone = events.PreviewPlanned(plan=own_ref(*rig.owner), **msgspec.structs.asdict(latest))
    assert await rig.send(PreviewStage(rig.context), gone, uuid.uuid4()) == "dead", "its plan is away"
    assert await rig.count_events() == {"DeadLetter": 1, "PreviewFailed": 1}
    planned = events.PreviewPlanned(plan=(await framed(rig, clip)).plan, **msgspec.structs.asdict(latest))
    assert await rig.send(PreviewStage(rig.context), planned, uuid.uuid4()) == "committed"
    rows = await rig.rows("select * from previews where org_id = $1 and project_id = $2")
    assert len(rows) == MAX_KEPT_PREVIEWS
    assert latest.preview_id in {row["preview_id"] for row in rows}
    await remembered(rig, preview_request(clip), state="done", hours=25)
    relay = await create_pool(rig.context.settings.postgres_relay, size=1)
    assert await delete_old(relay) >= 1
    await relay.close()
    assert len(await rig.rows("select * from previews where org_id = $1 and project_id = $2")) == MAX_KEPT_PREVIEWS
    sweeps = await rig.rows("select * from object_sweeps where org_id = $1 and subject_id = $2")
    assert len(sweeps) == 1, "the pictures of what was forgotten are looked for"


@pytest.fixture
async def objects(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "previews") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, objects: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=objects) as opened:
        yield opened


async def outbox(world: World) -> list[Any]:
    async with org_transaction(world.api, world.ann.org_id) as rows:
        found = await rows.fetch("select * from outbox where topic = 'previews.v1' order by seq")
    return [codec.decode(BY_NAME["previews.v1"], row["headers"], row["payload"])[1] for row in found]


async def ended(world: World, preview_id: str, **fields: Any) -> None:
    names = ", ".join(f"{name} = ${place}" for place, name in enumerate(fields, start=2))
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        project_id = await rows.fetchval(
            f"update previews set {names} where preview_id = $1 returning project_id",
            uuid.UUID(preview_id), *fields.values(),
        )  # fmt: skip
    world.listeners.wake(project_id)


async def test_each_caller_gets_the_preview_once_it_exists(world: World, objects: S3Objects) -> None:
    path = f"{await clip_of(world, world.ann)}/preview"
    waits = asyncio.create_task(world.ann.client.post(path, json={}, params={"at_ms": 1_200}))
    while not (sent := await outbox(world)):
        await asyncio.sleep(0.02)
    (event,) = sent
    assert isinstance(event, events.PreviewRequested), "it is not known yet how the clip is framed"
    assert (event.at_ms, event.edit_version, event.rendition.range.start_ms) == (1_200, 1, 10_000)
    early = await world.ann.client.get(f"/v1/previews/{event.preview_id}")
    assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (404, "not-ready", "1")
    ref = await objects.put(f"{event.org_id}/{event.project_id}/previews/x", b"a picture", "image/png", ".png")
    await ended(world, str(event.preview_id), state="done", picture=ref)
    came = await waits
    assert (came.status_code, came.headers["content-type"], came.content) == (200, "image/png", b"a picture")
    again = await world.ann.client.post(path, json={}, params={"at_ms": 1_200})
    read = await world.ann.client.get(f"/v1/previews/{event.preview_id}")
    assert again.content == read.content == b"a picture"
    assert again.headers["content-location"] == f"/v1/previews/{event.preview_id}"
    assert len(await outbox(world)) == 1, "the same wish, the same picture"
    assert (await world.bob.client.get(f"/v1/previews/{event.preview_id}")).status_code == 404
    assert (await world.bob.client.post(path, json={}, params={"at_ms": 1_200})).status_code == 404


async def test_a_slow_preview_is_answered_with_its_location(world: World) -> None:
    clip = await clip_of(world, world.ann)
    path = f"{clip}/preview"
    plan = ObjectRef(key="plan", sha256="1" * 64, size=1)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            """insert into exports (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms, end_ms,
                 automatic, plan) select org_id, $2, project_id, clip_id, 0, '9:16', true, 10000, 40000, true, $3
               from clips where clip_id = $1""",
            uuid.UUID(clip.rsplit("/", 1)[1]), uuid.uuid4(), plan,
        )  # fmt: skip
    wish = {"template": "karaoke_fill", "options": {"captions": {"overrides": {"letters": {"fill": "#00ff00"}}}}}
    headers = {**ASYNC, "Idempotency-Key": "one"}
    first, same = [await world.ann.client.post(path, json=wish, params={"at_ms": 0}, headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()["state"]) == (202, "waiting")
    assert first.headers["location"] == same.headers["location"] == f"/v1/previews/{first.json()['preview_id']}"
    other = await world.ann.client.post(path, json=wish, params={"at_ms": 1}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    (event,) = await outbox(world)
    assert isinstance(event, events.PreviewPlanned), "the export of this shape says how it is framed"
    assert (event.plan, event.rendition.template) == (plan, "karaoke_fill")
    assert msgspec.to_builtins(event.rendition.options) == wish["options"]
    await ended(world, first.json()["preview_id"], state="failed", failure_detail="There is no picture.")
    failed = await world.ann.client.get(first.headers["location"])
    assert (failed.status_code, failed.json()["code"], failed.json()["detail"]) == (
        409, "preview-failed", "There is no picture.",
    )  # fmt: skip
    tried = await world.ann.client.post(path, json=wish, params={"at_ms": 0}, headers=ASYNC)
    assert tried.json()["preview_id"] != first.json()["preview_id"]


async def test_an_invalid_preview_is_refused(world: World) -> None:
    path = await clip_of(world, world.ann)
    ask = f"{path}/preview"
    late = await world.ann.client.post(ask, json={}, params={"at_ms": 30_000}, headers=ASYNC)
    assert (late.status_code, late.json()["errors"][0]) == (
        422, {
            "pointer": "?at_ms",
            "detail": "It must be from 0 ms to 29.999 s (0 to 29999 ms), not 30 s (30000 ms): the clip ends there.",
        },
    )  # fmt: skip
    for query in ({}, {"at_ms": -1}, {"at_ms": "soon"}, {"at_ms": 1, "width": 3}):
        assert (await world.ann.client.post(ask, json={}, params=query, headers=ASYNC)).status_code == 422
    for body in ({"template": "nobody"}, {"edit_version": 9}, {"aspect": "3:1"}):
        assert (await world.ann.client.post(ask, json=body, params={"at_ms": 1}, headers=ASYNC)).status_code == 422
    low = {"options": {"captions": {"overrides": {"shapes": {"tall": {"y": 0.99}}}}}}
    outside = await world.ann.client.post(ask, json=low, params={"at_ms": 1}, headers=ASYNC)
    assert outside.json()["errors"][0]["pointer"] == "/options/captions/overrides/shapes/tall"
    english = {"options": {"captions": {"language": "en"}}}
    untranslated = await world.ann.client.post(ask, json=english, params={"at_ms": 1}, headers=ASYNC)
    assert untranslated.json()["errors"][0]["pointer"] == "/options/captions/language"
    nobodys = await world.ann.client.post(f"/v1/clips/{uuid.uuid4()}/preview", json={}, params={"at_ms": 1})
    assert nobodys.status_code == 404


async def test_an_edited_clip_has_its_own_length_and_its_own_pictures(world: World, objects: S3Objects) -> None:
    path = await clip_of(world, world.ann, objects)
    ask = f"{path}/preview"
    before = await world.ann.client.post(ask, json={}, params={"at_ms": 29_900}, headers=ASYNC)
    assert before.status_code == 202
    edited = (await patched(world.ann, path, DELETE)).json()
    late = await world.ann.client.post(ask, json={}, params={"at_ms": 29_900}, headers=ASYNC)
    ends = edited["length_ms"]
    assert late.json()["errors"][0]["detail"].startswith(f"It must be {spoken_range(0, ceil(ends) - 1, 'ms')}, not ")
    old = await world.ann.client.post(ask, json={"edit_version": 1}, params={"at_ms": 29_900}, headers=ASYNC)
    assert old.json()["preview_id"] == before.json()["preview_id"]
    new = await world.ann.client.post(ask, json={}, params={"at_ms": 100}, headers=ASYNC)
    assert new.status_code == 202
    assert (await outbox(world))[-1].edit_version == 2
    for at_ms in range(200, 200 + MAX_WAITING_PREVIEWS):
        many = await world.ann.client.post(ask, json={}, params={"at_ms": at_ms}, headers=ASYNC)
    assert (many.status_code, many.json()["code"]) == (409, "limit-reached")
