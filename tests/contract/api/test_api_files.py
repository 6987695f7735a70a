"""Kinds of file and the zip of exports, on the API and a real Postgres."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from schemas.common import ObjectRef
from schemas.documents.export import ClipThumbnail, ExportFiles, Storyboard
from tests.api.fakes import ObjectsTwin
from tests.contract.rigs.api_world import World, new_clip, new_project, open_world, store_transcript

pytestmark = pytest.mark.contract
NOON = dt.datetime(2026, 5, 6, 12, 0, 2, tzinfo=dt.UTC)


def store_file(objects: ObjectsTwin, name: str, body: bytes) -> ObjectRef:
    objects.stored[name] = body
    return ObjectRef(key=name, sha256=hashlib.sha256(body).hexdigest(), size=len(body))


async def finish(world: World, objects: ObjectsTwin, export_id: str, body: bytes, *, stems: bool = False) -> None:
    """Write the row as render would."""
    files = ExportFiles(
        video=store_file(objects, f"{export_id}/v", body), thumbnail=store_file(objects, f"{export_id}/t", b"jpeg"),
        srt=store_file(objects, f"{export_id}/s", b"1\n"),
        stems={"voice": store_file(objects, f"{export_id}/v.flac", b"fLaC")} if stems else {},
        thumbnails=[
            ClipThumbnail(
                at_ms=0, score=0.5, sharp=0.5, contrast=1.0, image=store_file(objects, f"{export_id}/t", b"jpeg")
            ),
            ClipThumbnail(
                at_ms=900, score=0.4, sharp=0.5, contrast=1.0, image=store_file(objects, f"{export_id}/t2", b"j2")
            ),
        ],
        storyboard=Storyboard(
            tile_width=90, tile_height=160, columns=2, count=2, step_ms=500.0, length_ms=1_000.0,
            image=store_file(objects, f"{export_id}/sprite", b"sprite"),
        ),
    )  # fmt: skip
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            "update exports set state = 'done', files = $2, finished_at = $3 where export_id = $1",
            UUID(export_id), files, NOON,
        )  # fmt: skip


async def fail(world: World, export_id: str) -> None:
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute("update exports set state = 'failed' where export_id = $1", UUID(export_id))


async def test_file_kinds_are_requested_linked_and_refused(postgres: Settings) -> None:
    objects = ObjectsTwin()
    async with open_world(postgres, objects=objects) as world:
        clip_id = await new_clip(world, world.ann, await new_project(world.ann))
        path, post = f"/v1/clips/{clip_id}/export", world.ann.client.post
        webm = (await post(path, json={"options": {"file": {"container": "webm"}}})).json()
        assert webm["options"] == {"file": {"container": "webm"}}
        await finish(world, objects, webm["export_id"], b"film")
        links = (await world.ann.client.get(f"/v1/exports/{webm['export_id']}")).json()["files"]
        assert (links["video"]["filename"], links["video"]["content_type"]) == ("clip-01-9x16.webm", "video/webm")
        assert (links["srt"]["filename"], links["srt"]["content_type"]) == ("clip-01-9x16.srt", "application/x-subrip")
        assert (links["vtt"], links["stems"]) == (None, {})
        assert [(one["filename"], one["scores"]["at_ms"]) for one in links["thumbnails"]] == [
            ("clip-01-9x16.jpg", 0), ("clip-01-9x16-thumbnail-2.jpg", 900),
        ]  # fmt: skip
        assert links["storyboard"]["filename"] == "clip-01-9x16-storyboard.jpg"
        board = f"/v1/exports/{webm['export_id']}/storyboard.vtt"
        signed, named = await world.ann.client.get(board), await world.ann.client.get(board, params={"image": "a.jpg"})
        assert signed.headers["content-type"].startswith("text/vtt")
        assert f"http://objects/{webm['export_id']}/sprite?" in signed.text
        assert "a.jpg#xywh=90,0,90,160" in named.text
        for bad in ("a/b", "a.jpg\n", "a.jpg\n\n00:00.000 --> 00:09.000\nsaid"):
            assert (await world.ann.client.get(board, params={"image": bad})).status_code == 422
        assert (await world.bob.client.get(board)).status_code == 404
        wished = (await post(path, json={"options": {"stems": True}})).json()
        await finish(world, objects, wished["export_id"], b"film", stems=True)
        stem = (await world.ann.client.get(f"/v1/exports/{wished['export_id']}")).json()["files"]["stems"]["voice"]
        assert (stem["filename"], stem["content_type"]) == ("clip-01-9x16-v2-voice.flac", "audio/flac")
        silent = await post(path, json={"options": {"stems": True, "file": {"container": "gif"}}})
        assert (silent.status_code, silent.json()["errors"][0]["pointer"]) == (422, "/options/stems")
        wrong = await post(path, json={"options": {"file": {"container": "gif", "video_codec": "h264"}}})
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["pointer"] == "/options/file/video_codec"
        assert "gif holds none" in wrong.json()["detail"]
        options = {"export": {"file": {"video_codec": "vp9"}}}
        whole = await post("/v1/projects", json={"source_url": "https://a.example/a.mp4", "options": options})
        assert (whole.status_code, whole.json()["errors"][0]["pointer"]) == (422, "/options/export/file/video_codec")
        known = (await world.ann.client.get("/v1/presets")).json()["presets"]
        assert known["reels"]["max_ms"] == 900_000
        preset = await post(path, json={"options": {"preset": "linkedin", "file": {"container": "webm"}}})
        assert (preset.status_code, preset.json()["errors"][0]["pointer"]) == (422, "/options/file/container")
        assert "mp4 for LinkedIn" in preset.json()["detail"]
        unknown = await post(path, json={"options": {"file": {"container": "avi"}}})
        assert unknown.status_code == 422


async def test_the_files_of_all_finished_exports_come_as_one_zip(postgres: Settings) -> None:
    objects = ObjectsTwin()
    async with open_world(postgres, objects=objects) as world:
        project_id = await new_project(world.ann)
        clip_id = await new_clip(world, world.ann, project_id)
        path, zip_path = f"/v1/clips/{clip_id}/export", f"/v1/projects/{project_id}/exports.zip"
        none = await world.ann.client.get(zip_path)
        assert (none.status_code, none.json()["code"], none.headers["retry-after"]) == (404, "not-ready", "5")
        wishes = [{}, {"options": {"file": {"container": "gif"}}}, {"aspect": "1:1"}]
        first, gif, unfinished = [(await world.ann.client.post(path, json=wish)).json() for wish in wishes]
        bodies = {first["export_id"]: b"film" * 999, gif["export_id"]: b"GIF89a"}
        for export_id, body in bodies.items():
            await finish(world, objects, export_id, body)
        answer = await world.ann.client.get(zip_path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        assert answer.headers["content-length"] == str(len(answer.content))
        assert f"clips-{project_id}.zip" in answer.headers["content-disposition"]
        head = await world.ann.client.head(zip_path)
        assert (head.headers["content-length"], head.content) == (answer.headers["content-length"], b"")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            manifest = json.loads(archive.read("manifest.json"))
            inside = {one.filename: archive.read(one) for one in archive.infolist()}
        assert (manifest["title"], len(manifest["files"])) == ("A talk", 12)
        assert {one["name"]: one["sha256"] for one in manifest["files"]} == {
            name: hashlib.sha256(body).hexdigest() for name, body in inside.items() if name != "manifest.json"
        }
        assert (inside["clip-01-9x16.mp4"], inside["clip-01-9x16-v2.gif"]) == tuple(bodies.values())
        one = await world.ann.client.get(zip_path, params={"export_ids": gif["export_id"]})
        with zipfile.ZipFile(io.BytesIO(one.content)) as archive:
            assert sorted(archive.namelist()) == [
                "clip-01-9x16-v2-storyboard.jpg", "clip-01-9x16-v2-storyboard.vtt", "clip-01-9x16-v2-thumbnail-2.jpg",
                "clip-01-9x16-v2.gif", "clip-01-9x16-v2.jpg", "clip-01-9x16-v2.srt", "manifest.json",
            ]  # fmt: skip
        both = f"{gif['export_id']},{unfinished['export_id']}"
        early = await world.ann.client.get(zip_path, params={"export_ids": both})
        assert (early.status_code, early.json()["code"]) == (404, "not-ready")
        assert early.json()["detail"] == f"Still being made: {unfinished['export_id']}."
        await fail(world, unfinished["export_id"])
        never = await world.ann.client.get(zip_path, params={"export_ids": both})
        assert (never.status_code, never.json()["code"]) == (409, "export-not-done")
        strange = await world.ann.client.get(zip_path, params={"export_ids": str(clip_id)})
        assert (strange.status_code, strange.json()["code"]) == (404, "not-found")
        assert (await world.ann.client.get(zip_path, params={"export_ids": "x"})).status_code == 422
        assert (await world.bob.client.get(zip_path)).status_code == 404


async def test_a_zip_without_files_is_refused_with_the_reason(postgres: Settings) -> None:
    async with open_world(postgres, objects=ObjectsTwin()) as world:
        project_id = await new_project(world.ann)
        clip_id = await new_clip(world, world.ann, project_id)
        zip_path = f"/v1/projects/{project_id}/exports.zip"
        async with org_transaction(world.worker, world.ann.org_id) as rows:
            await rows.execute("update projects set state = 'completed' where project_id = $1", project_id)
        nothing = await world.ann.client.get(zip_path)
        assert (nothing.status_code, nothing.json()["code"]) == (409, "export-not-done")
        assert "it has no exports" in nothing.json()["detail"]
        waiting = (await world.ann.client.post(f"/v1/clips/{clip_id}/export", json={})).json()["export_id"]
        soon = await world.ann.client.get(zip_path)
        assert (soon.json()["code"], soon.headers["retry-after"]) == ("not-ready", "5")
        assert waiting in soon.json()["detail"]
        await fail(world, waiting)
        assert "all 1 exports of it failed" in (await world.ann.client.get(zip_path)).json()["detail"]


class Erasing(ObjectsTwin):
    """A store that erases the project while one of its objects is being read."""

    def __init__(self, erase: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._erase = erase

    async def get(self, ref: ObjectRef) -> bytes:
        await self._erase()
        return await super().get(ref)


async def test_an_erasure_during_a_download_is_not_a_server_error(postgres: Settings) -> None:
    asked: list[UUID] = []

    async def erase() -> None:
        async with org_transaction(world.worker, world.ann.org_id) as rows:
            await rows.execute("update projects set state = 'erased' where project_id = any($1)", asked)

    async with open_world(postgres, objects=Erasing(erase)) as world:
        project_id = await new_project(world.ann)
        clip_id, preview_id = await new_clip(world, world.ann, project_id), uuid4()
        ref = ObjectRef(key="gone", sha256="0" * 64, size=1)
        await store_transcript(world, project_id, ref)
        async with org_transaction(world.worker, world.ann.org_id) as rows:
            await rows.execute(
                "insert into moments (org_id, project_id, object, candidate_count) values ($1, $2, $3, 1)",
                world.ann.org_id, project_id, ref,
            )  # fmt: skip
        async with org_transaction(world.api, world.ann.org_id) as rows:
            await rows.execute(
                """insert into previews (org_id, preview_id, project_id, clip_id, at_ms, state, picture)
                   values ($1, $2, $3, $4, 0, 'done', $5)""",
                world.ann.org_id, preview_id, project_id, clip_id, ref,
            )  # fmt: skip
        lost = await world.ann.client.get(f"/v1/projects/{project_id}/transcript")
        assert lost.status_code == 500, "a living project without its document is a fault"
        asked.append(project_id)
        for path, status, code in (
            (f"/v1/projects/{project_id}/transcript", 410, "project-erased"),
            (f"/v1/projects/{project_id}/moments", 410, "project-erased"),
            (f"/v1/previews/{preview_id}", 404, "not-found"),
        ):
            async with org_transaction(world.worker, world.ann.org_id) as rows:
                await rows.execute("update projects set state = 'completed' where project_id = $1", project_id)
            answer = await world.ann.client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (status, code), path


async def test_exports_of_one_request_are_listed_in_its_order(postgres: Settings) -> None:
    """Those that came with a clip were written at one time: the first is the one that its project asks for first."""
    async with open_world(postgres, objects=ObjectsTwin()) as world:
        project_id = await new_project(world.ann)
        clip_id = await new_clip(world, world.ann, project_id)
        wish = {"aspects": ["16:9", "4:5", "1:1", "9:16"]}
        made = (await world.ann.client.post(f"/v1/clips/{clip_id}/exports", json=wish)).json()["items"]
        (clip,) = (await world.ann.client.get(f"/v1/projects/{project_id}/clips")).json()["items"]
        assert [one["aspect"] for one in clip["exports"]] == wish["aspects"]
        assert [one["export_id"] for one in clip["exports"]] == [one["export_id"] for one in made]
        assert [one["number"] for one in clip["exports"]] == [1, 2, 3, 4]
