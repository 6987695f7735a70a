"""Export requests on a real Postgres: equal requests share an export, aspects share an event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from schemas.events import ExportRequested
from schemas.ids import result_id
from schemas.options.export_options import ExportOptions, VideoWish
from schemas.options.project import ProjectOptions
from tests.contract.rigs.api_world import World, new_clip, new_project, open_world, outbox


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def test_an_exports_caption_template_is_its_own_or_its_projects(world: World) -> None:
    known = (await world.ann.client.get("/v1/caption-templates")).json()
    assert known["items"][0]["template_id"] == known["default"]
    one = await world.ann.client.get("/v1/caption-templates/karaoke_fill")
    assert one.json() in known["items"]
    strange = (await world.ann.client.get("/v1/caption-templates/nobody")).json()
    assert strange["code"] == "not-found"
    assert "karaoke_fill" in strange["detail"]
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        chosen = ProjectOptions(
            captions_template="minimal", mask_profanity=True, export=ExportOptions(video=VideoWish(quality="best"))
        )
        await rows.execute("update projects set options = $2 where project_id = $1", project_id, chosen)
    path = f"/v1/clips/{clip_id}/export"
    draft = {"video": {"quality": "draft"}}
    wishes: list[dict[str, object]] = [
        {},
        {"template": "minimal"},
        {"template": "boxed_word", "mask_profanity": False, "options": draft},
    ]
    usual, same, own = [(await world.ann.client.post(path, json=wish)).json() for wish in wishes]
    assert usual["export_id"] == same["export_id"] != own["export_id"]
    assert (usual["template"], usual["mask_profanity"]) == ("minimal", True)
    read = (await world.ann.client.get(f"/v1/exports/{own['export_id']}")).json()
    assert (read["template"], read["mask_profanity"], read["options"]) == ("boxed_word", False, draft)
    assert usual["options"] == {"video": {"quality": "best"}}
    sent = [row for row in await outbox(world, world.ann) if row["headers"]["ce_type"] == "clipstream.ExportRequested"]
    events = [msgspec.json.decode(row["payload"], type=ExportRequested) for row in sent]
    assert {
        (event.rendition.template, event.rendition.mask_profanity, event.rendition.options.video.quality)
        for event in events
    } == {
        ("minimal", True, "best"),
        ("boxed_word", False, "draft"),
    }
    bad = await world.ann.client.post(path, json={"template": "nobody"})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/template")
    assert "boxed_word" in bad.json()["detail"]
    refused = await world.ann.client.post(
        "/v1/projects", json={"source_url": "https://a.example/a.mp4", "options": {"captions_template": "nobody"}}
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/options/captions_template")
    assert "boxed_word" in refused.json()["detail"]


async def test_aspects_of_one_request_share_one_event(world: World) -> None:
    """An export that exists is returned in its place; a repeated request has one effect."""
    clip_id = await new_clip(world, world.ann, await new_project(world.ann))
    one, path, post = f"/v1/clips/{clip_id}/export", f"/v1/clips/{clip_id}/exports", world.ann.client.post
    square = (await post(one, json={"aspect": "1:1", "captions": False})).json()
    wish = {"aspects": ["9:16", "1:1", "16:9"], "captions": False}
    headers = {"Idempotency-Key": str(uuid4())}
    answers = [await post(path, json=wish, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    tall, same, wide = answers[0].json()["items"]
    assert same == square
    assert [(one["aspect"], one["state"], one["number"]) for one in (tall, wide)] == [
        ("9:16", "waiting", 2), ("16:9", "waiting", 3),
    ]  # fmt: skip
    again = (await post(path, json=wish | {"aspects": ["16:9", "9:16"]})).json()["items"]
    assert [one["export_id"] for one in again] == [wide["export_id"], tall["export_id"]]
    assert (await post(one, json={"aspect": "16:9", "captions": False})).json()["export_id"] == wide["export_id"]
    sent = [row for row in await outbox(world, world.ann) if row["headers"]["ce_type"] == "clipstream.ExportRequested"]
    first, event = [msgspec.json.decode(row["payload"], type=ExportRequested) for row in sent]
    assert (str(first.export_id), first.siblings) == (square["export_id"], [])
    assert (str(event.export_id), event.rendition.aspect, event.rendition.captions) == (
        tall["export_id"],
        "9:16",
        False,
    )
    assert [(str(one.export_id), one.aspect) for one in event.siblings] == [(wide["export_id"], "16:9")]
    for bad, pointer in (
        ({"aspects": []}, "/aspects"),
        ({"aspects": ["1:1", "1:1"]}, "/aspects"),
        ({"aspects": ["9:16", "4:5", "1:1", "16:9", "9:16"]}, "/aspects"),
        ({"aspects": ["2:1"]}, "/aspects/0"),
        ({"aspects": ["1:1"], "aspect": "1:1"}, None),
        ({}, None),
        ({"aspects": ["1:1"], "template": "nobody"}, "/template"),
        ({"aspects": ["1:1"], "end_ms": 200_000}, "/end_ms"),
    ):
        refused = await post(path, json=bad)
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json"), bad
        assert pointer is None or refused.json()["errors"][0]["pointer"] == pointer, refused.text
    assert (await world.bob.client.post(path, json=wish)).status_code == 404


async def test_the_same_request_gives_the_same_export(world: World) -> None:
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    path = f"/v1/clips/{clip_id}/export"
    wishes = [{"aspect": "1:1"}, {"aspect": "1:1", "start_ms": 10_000, "end_ms": 40_000}, {"aspect": "16:9"}]
    first, same, other = [(await world.ann.client.post(path, json=wish)).json() for wish in wishes]
    assert first["export_id"] == same["export_id"] == str(result_id(clip_id, "export", "1:1/True"))
    assert other["export_id"] != first["export_id"]
    assert (first["number"], other["number"], other["edit_version"]) == (1, 2, 1)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update exports set state = 'failed' where export_id = $1", UUID(first["export_id"]))
    again = (await world.ann.client.post(path, json=wishes[0])).json()
    assert again["export_id"] not in (first["export_id"], other["export_id"])
    types = [row["headers"]["ce_type"] for row in await outbox(world, world.ann)]
    assert types.count("clipstream.ExportRequested") == 3
    for wish, pointer in (({"end_ms": 200_000}, "/end_ms"), ({"start_ms": 39_500}, "/start_ms")):
        bad = await world.ann.client.post(path, json=wish)
        assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, pointer)
    clips = (await world.ann.client.get(f"/v1/projects/{project_id}/clips")).json()["items"]
    assert [len(clip["exports"]) for clip in clips] == [3]
    assert clips[0]["signals"][0]["name"] == "hook"
    assert {tuple(export["framing"]) for export in clips[0]["exports"]} == {()}, "nothing is framed yet"
    assert clips[0]["without_words"] is None
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        held = {
            "start_ms": 0,
            "end_ms": 9000,
            "shows": "person",
            "reason": "no face: holds on a person",
            "mode": "hold",
        }
        certificate = {"framing": [held], "verdict": "warn"}
        await rows.execute("update exports set certificate = $2 where clip_id = $1", clip_id, certificate)
        await rows.execute("update clips set without_words = 'Nothing is said.' where clip_id = $1", clip_id)
        await rows.execute("update projects set without_words = 'It is music.' where project_id = $1", project_id)
    clip = (await world.ann.client.get(f"/v1/clips/{clip_id}")).json()
    assert clip["without_words"] == "Nothing is said."
    assert [export["framing"] for export in clip["exports"]] == [[held]] * 3
    assert {export["verdict"] for export in clip["exports"]} == {"warn"}
    assert (await world.ann.client.get(f"/v1/projects/{project_id}")).json()["without_words"] == "It is music."


async def test_a_clip_has_a_bounded_number_of_exports(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/v1/clips/{await new_clip(world, world.ann, await new_project(world.ann))}/export"
    monkeypatch.setattr("api.exports.create.MAX_UNFINISHED_EXPORTS", 2)
    wishes = [{"aspect": aspect} for aspect in ("9:16", "1:1", "16:9", "4:5")]
    first, second, third, _ = [await world.ann.client.post(path, json=wish) for wish in wishes]
    assert (first.status_code, second.status_code) == (202, 202)
    assert (third.status_code, third.json()["code"]) == (409, "limit-reached")
    assert (await world.ann.client.post(path, json=wishes[0])).status_code == 202, "that one is there already"
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update exports set state = 'done' where export_id = $1", UUID(first.json()["export_id"]))
    assert (await world.ann.client.post(path, json=wishes[2])).status_code == 202
    monkeypatch.setattr("api.exports.create.MAX_EXPORTS_PER_CLIP", 3)
    monkeypatch.setattr("api.exports.create.MAX_UNFINISHED_EXPORTS", 200)
    assert (await world.ann.client.post(path, json=wishes[3])).json()["detail"] == "A clip has at most 3 exports."
