"""Edits of clips on a real Postgres: no change is overwritten, versions stay, exports name theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from schemas.common import Segment, Word
from schemas.documents import encode_document
from schemas.documents.source import AudioTrack, PacketTable, SourceIndex, VideoTrack
from schemas.documents.transcript import Transcript
from schemas.events import ClipEdited
from schemas.ids import result_id
from schemas.options.caption_template import version_of
from tests.contract.rigs.api_world import Tenant, World, open_store, open_world
from tests.contract.rigs.servers import Server

pytestmark = pytest.mark.contract
MUTE = {"op": "mute", "segment_id": "s1"}
DELETE = {"op": "delete_words", "first_word": 1, "end_word": 2}


@pytest.fixture
async def objects(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "edits") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, objects: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=objects) as opened:
        yield opened


async def clip_of(world: World, tenant: Tenant, objects: S3Objects | None = None) -> str:
    """A clip from 10 to 40 s of a project of 100 s; with ``objects``, one word is spoken each second."""
    made = await tenant.client.post("/v1/projects", json={"source_url": "https://video.example/a.mp4"})
    project_id, clip_id = UUID(made.json()["project_id"]), uuid4()
    async with org_transaction(world.worker, tenant.org_id) as rows:
        await rows.execute(
            "update projects set duration_ms = 100000, width_px = 1920, height_px = 1080 where project_id = $1",
            project_id,
        )
        await rows.execute(
            """insert into clips (org_id, clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title,
                                  reason, signals) values ($1, $2, $3, 0, 10000, 40000, 71.5, 0.6, 'T', 'R', '[]')""",
            tenant.org_id, clip_id, project_id,
        )  # fmt: skip
        if objects is not None:
            words = [
                Word(text=f"w{at}", start_ms=20_000 + 1_000 * at, end_ms=20_700 + 1_000 * at, probability=0.5)
                for at in range(4)
            ]
            said = Segment(start_ms=20_000, end_ms=23_700, text="w0 w1 w2 w3", first_word=0, end_word=4)
            told = Transcript(
                language="en", language_probability=1.0, duration_ms=100_000, words=words, segments=[said], speech=[],
                model="m",
            )  # fmt: skip
            body = encode_document(told)
            ref = await objects.put(f"{tenant.org_id}/{project_id}/transcript/t", body, "application/json", ".json")
            await rows.execute(
                """insert into transcripts (org_id, project_id, version, object, language, word_count)
                   values ($1, $2, 1, $3, 'en', 4)""",
                tenant.org_id, project_id, ref,
            )  # fmt: skip
    return f"/v1/clips/{clip_id}"


async def patched(
    tenant: Tenant, path: str, *operations: dict[str, Any], held: str | None = '"edit-1"', **more: Any
) -> Any:
    headers = {} if held is None else {"If-Match": held}
    return await tenant.client.patch(f"{path}/edit", json={"operations": operations, **more}, headers=headers)


@pytest.mark.parametrize("held", ["*", 'W/"edit-1"', '"edit-9", "edit-1"'])
async def test_a_tag_matches_in_every_form_that_a_proxy_passes_on(world: World, objects: S3Objects, held: str) -> None:
    path = await clip_of(world, world.ann, objects)
    assert (await patched(world.ann, path, DELETE, held=held)).status_code == 200


@pytest.mark.parametrize(("held", "status"), [(None, 428), ("", 428), ('"edit-2"', 412), ('"edit-1', 412)])
async def test_an_edit_without_a_current_tag_is_refused(
    world: World, objects: S3Objects, held: str | None, status: int
) -> None:
    path = await clip_of(world, world.ann, objects)
    assert (await patched(world.ann, path, DELETE, held=held)).status_code == status


async def test_an_edit_is_a_new_version_and_the_machines_stays(world: World, objects: S3Objects) -> None:
    path = await clip_of(world, world.ann, objects)
    first = await world.ann.client.get(f"{path}/edit")
    assert (first.json()["version"], first.headers["etag"], first.json()["length_ms"]) == (1, '"edit-1"', 30_000)
    done = await patched(world.ann, path, DELETE, note="shorter")
    assert done.status_code == 200, done.text
    assert (done.json()["version"], done.json()["base_version"], done.headers["etag"]) == (2, 1, '"edit-2"')
    assert [(one["start_ms"], one["end_ms"]) for one in done.json()["segments"]] == [(10_000, 20_940), (21_940, 40_000)]
    assert done.json()["segments"][1]["output_start_ms"] == 10_940
    assert (await world.ann.client.get(f"{path}/edit")).json() | {"changed": True} == done.json()
    async with org_transaction(world.api, world.ann.org_id) as rows:
        (told,) = await rows.fetch("select * from project_events where type = 'clipstream.ClipEdited'")
        sent = await rows.fetchval("select payload from outbox where event_id = $1", told["event_id"])
    event = msgspec.json.decode(sent, type=ClipEdited)
    assert (event.edit_version, event.base_version, event.segment_count, event.length_ms) == (2, 1, 2, 29_000)
    assert (event.operations, event.version) == (["delete_words"], told["version"])
    assert b"shorter" not in sent, "no word of a customer's travels"
    assert (await world.ann.client.get(f"{path}/edit", params={"version": 1})).content == first.content
    newest, oldest = (await world.ann.client.get(f"{path}/edit/versions")).json()["items"]
    assert (newest["made_by"], newest["actor"]["id"], newest["note"]) == ("person", str(world.ann.key_id), "shorter")
    assert newest["operations"] == [DELETE]
    assert (oldest["version"], oldest["made_by"]) == (1, "machine")


async def test_a_segment_has_its_own_caption_style(world: World, objects: S3Objects) -> None:
    path = await clip_of(world, world.ann, objects)
    own = {"op": "style", "segment_id": "s1", "template": "minimal", "overrides": {"wrap": {"max_words": 2}}}
    done = await patched(world.ann, path, own)
    assert done.json()["segments"][0]["style"] == {
        "template": "minimal",
        "template_version": version_of("minimal"),
        "overrides": {"wrap": {"max_words": 2}},
    }
    assert (await world.ann.client.get(f"{path}/edit")).json() | {"changed": True} == done.json()
    refused = await patched(world.ann, path, MUTE, own | {"template": "comic"}, held='"edit-2"')
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/operations/1/template")
    back = await patched(world.ann, path, {"op": "style", "segment_id": "s1"}, held='"edit-2"')
    assert back.json()["segments"][0]["style"] is None


async def test_undo_and_redo_are_versions_too(world: World) -> None:
    path = await clip_of(world, world.ann)
    assert (await patched(world.ann, path, MUTE)).status_code == 200
    undone = await patched(world.ann, path, {"op": "restore", "version": 1}, held='"edit-2"')
    redone = await patched(world.ann, path, {"op": "restore", "version": 2}, held='"edit-3"')
    assert [answer.json()["segments"][0]["muted"] for answer in (undone, redone)] == [False, True]
    page = (await world.ann.client.get(f"{path}/edit/versions", params={"limit": 2})).json()
    assert ([one["version"] for one in page["items"]], page["next_before"]) == ([4, 3], 3)
    rest = (await world.ann.client.get(f"{path}/edit/versions", params={"limit": 2, "before": 3})).json()
    assert ([one["version"] for one in rest["items"]], rest["next_before"]) == ([2, 1], None)


async def test_a_page_of_versions_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred requests of a whole body each would not fit into the API's memory."""
    path = await clip_of(world, world.ann)
    for version in range(1, 6):
        many = [{**MUTE, "muted": bool((at + version + 1) % 2)} for at in range(30)]
        assert (await patched(world.ann, path, *many, held=f'"edit-{version}"')).status_code == 200
    monkeypatch.setattr("api.clips.edits.PAGE_BYTES", 2_000)
    seen, before = [], None
    while True:
        asked = {"limit": 100} | ({"before": before} if before else {})
        page = (await world.ann.client.get(f"{path}/edit/versions", params=asked)).json()
        assert 1 <= len(page["items"]) <= 2
        seen += [one["version"] for one in page["items"]]
        before = page["next_before"]
        if before is None:
            break
    assert seen == [6, 5, 4, 3, 2, 1]


async def test_one_of_several_concurrent_edits_wins_the_rest_get_412(world: World) -> None:
    path = await clip_of(world, world.ann)
    answers = await asyncio.gather(*(patched(world.ann, path, MUTE, note=str(at)) for at in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 412} == {"edit-changed"}
    assert {answer.headers["etag"] for answer in answers} == {'"edit-2"'}, "who lost learns the version to merge with"
    missing = await patched(world.ann, path, MUTE, held=None)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition-required")
    assert missing.headers["content-type"] == "application/problem+json"


async def test_the_same_request_again_has_one_effect(world: World) -> None:
    path = await clip_of(world, world.ann)
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": '"edit-1"'}
    answers = [
        await world.ann.client.patch(f"{path}/edit", json={"operations": [MUTE]}, headers=headers) for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["etag"] == '"edit-2"'


async def test_an_invalid_edit_says_why(world: World) -> None:
    path = await clip_of(world, world.ann)
    bad = await patched(world.ann, path, MUTE, {"op": "split", "segment_id": "s9", "at_ms": 15_000})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/operations/1/segment_id")
    for operation in ({"op": "explode"}, {"op": "speed", "segment_id": "s1", "speed": 9}, {"op": "mute"}):
        assert (await patched(world.ann, path, operation)).status_code == 422
    assert (await patched(world.ann, path, MUTE, transcript_version=4)).json()["errors"][0]["pointer"] == (
        "/transcript_version"
    )
    assert (await world.ann.client.get(f"{path}/edit")).json()["version"] == 1, "nothing of it was kept"
    assert (await world.ann.client.get(f"{path}/edit", params={"version": 9})).status_code == 404


async def test_edits_are_confined_to_their_organisation(world: World) -> None:
    path = await clip_of(world, world.ann)
    assert (await patched(world.ann, path, MUTE)).status_code == 200
    for answer in (
        await world.bob.client.get(f"{path}/edit"),
        await world.bob.client.get(f"{path}/edit/versions"),
        await patched(world.bob, path, MUTE, held="*"),
    ):
        assert answer.status_code == 404
    for pool in (world.api, world.worker):
        async with org_transaction(pool, world.bob.org_id) as rows:
            assert await rows.fetchval("select count(*) from clip_edits") == 0
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        assert await rows.fetchval("select count(*) from clip_edits") == 1
        await rows.execute("delete from clips where org_id = $1", world.ann.org_id)
        assert await rows.fetchval("select count(*) from clip_edits") == 0, "it goes with its clip"


async def test_an_export_plays_the_newest_or_the_requested_version(world: World) -> None:
    path = await clip_of(world, world.ann)
    clip_id = UUID(path.rsplit("/", 1)[1])
    await patched(world.ann, path, {"op": "insert", "start_ms": 50_000, "end_ms": 60_000})

    async def export(**wish: Any) -> Any:
        return await world.ann.client.post(f"{path}/export", json=wish)

    newest, again, first = [(await export(**wish)).json() for wish in ({}, {"edit_version": 2}, {"edit_version": 1})]
    assert (newest["edit_version"], newest["start_ms"], newest["end_ms"]) == (2, 10_000, 60_000)
    assert newest["export_id"] == again["export_id"] == str(result_id(clip_id, "export", "9:16/True/edit-2"))
    assert (first["edit_version"], first["end_ms"], first["number"]) == (1, 40_000, 2)
    assert {one["transcript_version"] for one in (newest, first)} == {0}, "nothing is said"
    for wish in ({"edit_version": 7}, {"edit_version": 2, "start_ms": 12_000}):
        bad = await export(**wish)
        assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/edit_version")
    async with org_transaction(world.api, world.ann.org_id) as rows:
        sent = await rows.fetch("select payload from outbox where topic = 'moments.v1'")
    assert {msgspec.json.decode(row["payload"])["edit_version"] for row in sent} == {1, 2}


async def test_an_export_keeps_the_words_of_its_request(world: World, objects: S3Objects) -> None:
    path = await clip_of(world, world.ann, objects)
    clip = (await world.ann.client.get(path)).json()
    wishes: list[dict[str, Any]] = [{}, {"transcript_version": 1}]
    before, named = [(await world.ann.client.post(f"{path}/export", json=wish)).json() for wish in wishes]
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            """insert into transcripts (org_id, project_id, version, object, language, word_count)
               select org_id, project_id, 2, object, language, word_count from transcripts where project_id = $1""",
            UUID(clip["project_id"]),
        )
    after, old = [(await world.ann.client.post(f"{path}/export", json=wish)).json() for wish in wishes]
    assert before["export_id"] == named["export_id"] == old["export_id"] != after["export_id"]
    assert (before["transcript_version"], old["transcript_version"], after["transcript_version"]) == (1, 1, 2)
    async with org_transaction(world.api, world.ann.org_id) as rows:
        sent = await rows.fetch("select payload from outbox where topic = 'moments.v1' order by seq")
    assert [msgspec.json.decode(row["payload"])["transcript_version"] for row in sent] == [1, 2]
    bad = await world.ann.client.post(f"{path}/export", json={"transcript_version": 3})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/transcript_version")


async def test_an_edit_is_handed_over_to_editing_programs(world: World, objects: S3Objects) -> None:
    path = await clip_of(world, world.ann, objects)
    early = await world.ann.client.get(f"{path}/edit/handover")
    assert (early.status_code, early.json()["code"]) == (404, "not-ready")
    await indexed(world, world.ann, objects)
    gain = {"op": "gain", "segment_id": "s2", "gain_db": -6}
    await patched(world.ann, path, {"op": "insert", "start_ms": 50_000, "end_ms": 60_000, "before": "s1"}, gain)

    async def handed(**asked: Any) -> Any:
        return await world.ann.client.get(f"{path}/edit/handover", params=asked)

    edl = await handed(format="edl", start="10:00:00:00", reel="A001")
    assert edl.status_code == 200, edl.text
    assert edl.headers["content-disposition"] == 'attachment; filename="clip-01-edit-2.edl"'
    assert msgspec.json.decode(edl.headers["clipstream-warnings"]) == ["edl: a list has no levels; s2 plays at -6 dB"]
    assert "001  A001     AA/V  C        10:00:50:00 10:01:00:00 01:00:00:00 01:00:10:00" in edl.text
    assert "* FROM CLIP NAME:  a.mp4" in edl.text
    assert "* LOC: 01:00:20:00 YELLOW  w0 w1" in edl.text
    first = await handed(format="edl", version=1)
    assert first.text.count("* FROM CLIP NAME") == 1
    for wanted in ("otio", "fcpxml", "fcp7"):
        answer = await handed(format=wanted, media="/Volumes/A/b.mov", rate="29.97")
        assert (answer.status_code, "file:///Volumes/A/b.mov" in answer.text) == (200, True), answer.text
    for bad in (
        {"media": "a\n"},
        {"reel": "../x"},
        {"reel": "A\n"},
        {"start": "99:00:00:00"},
        {"format": "aaf"},
        {"rate": "12"},
    ):
        assert (await handed(**bad)).status_code == 422, bad
    assert (await handed(version=7)).status_code == (await handed(transcript_version=7)).status_code == 404
    assert (await world.bob.client.get(f"{path}/edit/handover")).status_code == 404


async def indexed(world: World, tenant: Tenant, objects: S3Objects) -> None:
    """The tenant's projects have a source of 25 pictures a second, with stereo sound."""
    video = VideoTrack(
        stream_index=0, codec="h264", pixel_format="yuv420p", coded_width=1280, coded_height=720, display_width=1280,
        display_height=720, rotation_deg=0, sample_aspect=(1, 1), time_base=(1, 12_800), frame_rate=(25, 1),
        start_pts=0, duration_ms=100_000,
    )  # fmt: skip
    audio = AudioTrack(
        stream_index=1, codec="aac", sample_rate_hz=48_000, channels=2, time_base=(1, 48_000), start_pts=0,
        duration_ms=100_000,
    )  # fmt: skip
    index = SourceIndex(
        format="mp4", size_bytes=1, duration_ms=100_000, origin_us=0, seekable=True, video=video, audio=audio,
        packets=PacketTable(pts=[0], pos=[0], size=[1], key=[True]),
    )  # fmt: skip
    ref = await objects.put(f"{tenant.org_id}/index", msgspec.msgpack.encode(index), "application/msgpack", ".msgpack")
    async with org_transaction(world.worker, tenant.org_id) as rows:
        await rows.execute("update projects set source_index = $2 where org_id = $1", tenant.org_id, ref)


NOTHING: tuple[list[dict[str, Any]], ...] = (
    [{"op": "drop_fillers"}],
    [{"op": "mute", "segment_id": "s1", "muted": False}],
    [{"op": "crop", "aspect": "9:16", "keys": []}],
    [{"op": "split", "segment_id": "s1", "at_ms": 15_000}, {"op": "join", "segment_id": "s1"}],
    [{"op": "restore", "version": 1}],
)


async def test_an_edit_without_effect_makes_no_version_and_no_event(world: World, objects: S3Objects) -> None:
    """Without fillers `drop_fillers` keeps the current version, and so does every operation without effect."""
    path = await clip_of(world, world.ann, objects)
    for version in (1, 2):
        before = await world.ann.client.get(f"{path}/edit")
        for operations in NOTHING[: 4 if version == 2 else 5]:
            answer = await patched(world.ann, path, *operations, held=f'"edit-{version}"')
            assert (answer.status_code, answer.json()["changed"]) == (200, False), operations
            assert answer.headers["etag"] == f'"edit-{version}"'
            assert {name: value for name, value in answer.json().items() if name != "changed"} == before.json()
        if version == 1:
            made = await patched(world.ann, path, DELETE)
            assert (made.json()["changed"], made.json()["version"]) == (True, 2)
    versions = (await world.ann.client.get(f"{path}/edit/versions")).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]
    async with org_transaction(world.api, world.ann.org_id) as rows:
        told = await rows.fetch("select * from project_events where type = 'clipstream.ClipEdited'")
        sent = await rows.fetch("select * from outbox where headers->>'ce_type' = 'clipstream.ClipEdited'")
    assert (len(told), len(sent)) == (1, 1)


LENGTH_MS, WIDE, HIGH = 100_000, 1920, 1080
CROP = {"x": 0, "y": 0, "width": 608, "height": 1080}
BEYOND: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("PATCH", "/edit", {"op": "trim", "segment_id": "s1", "end_ms": LENGTH_MS + 1}, "/operations/0/end_ms"),
    ("PATCH", "/edit", {"op": "insert", "start_ms": 0, "end_ms": LENGTH_MS + 1}, "/operations/0/end_ms"),
    ("PATCH", "/edit", {"op": "text", "start_ms": 0, "end_ms": LENGTH_MS + 1, "text": "a"}, "/operations/0/end_ms"),
    ("PATCH", "/edit", {"op": "split", "segment_id": "s1", "at_ms": LENGTH_MS + 1}, "/operations/0/at_ms"),
    *(
        (
            "PATCH", "/edit", {"op": "crop", "aspect": "9:16", "keys": [{"at_ms": at, "crop": CROP | box}]},
            f"/operations/0/keys/0/{field}",
        )
        for at, box, field in (
            (LENGTH_MS + 1, {}, "at_ms"),
            (0, {"x": WIDE - 607}, "crop/x"),
            (0, {"y": 1}, "crop/y"),
            (0, {"width": WIDE + 1}, "crop/width"),
            (0, {"height": HIGH + 1}, "crop/height"),
        )
    ),
    *(
        ("POST", route, wish | shape, pointer)
        for route, shape in (("/export", {}), ("/exports", {"aspects": ["1:1"]}), ("/preview?at_ms=0", {}))
        for wish, pointer in (({"end_ms": LENGTH_MS + 1}, "/end_ms"), ({"start_ms": LENGTH_MS}, "/start_ms"))
    ),
    ("POST", "/preview?at_ms=30000", {}, "?at_ms"),
    ("POST", "/preview?at_ms=99999999", {}, "?at_ms"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "route", "wish", "pointer"), BEYOND)
async def test_edits_beyond_the_source_frame_or_clip_are_refused(
    world: World, objects: S3Objects, method: str, route: str, wish: dict[str, Any], pointer: str
) -> None:
    path = await clip_of(world, world.ann, objects)
    body = {"operations": [wish]} if method == "PATCH" else wish
    answer = await world.ann.client.request(method, path + route, json=body, headers={"If-Match": '"edit-1"'})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert any(sign.isdigit() for sign in answer.json()["detail"]), "the bounds are named"
    assert len((await world.ann.client.get(f"{path}/edit/versions")).json()["items"]) == 1
    assert (await world.ann.client.get(path)).json()["exports"] == []
