"""An older product's five paths, on a real Postgres and object store: jobs are projects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from schemas.common import ObjectRef
from schemas.documents.export import ExportFiles
from tests.contract.rigs.api_world import Tenant, World, new_clip, new_project, open_store, open_world
from tests.contract.rigs.servers import Server

MIB = 2**20
UPLOAD = "/api/upload-video"


@pytest.fixture
async def store(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "jobs") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, store: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=store, uploads=store) as made:
        yield made


def form(*parts: tuple[str, bytes], end: bytes = b"--cut--\r\n") -> bytes:
    """A form of parts, each with what stands behind `form-data;`."""
    return b"".join(
        b"--cut\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + body + b"\r\n"
        for head, body in parts
    ) + end  # fmt: skip


async def send(tenant: Tenant, body: bytes, *, piece: int = 70_001, boundary: str = "cut", sized: bool = True) -> Any:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), piece):
            yield body[at : at + piece]

    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if sized:
        headers["Content-Length"] = str(len(body))
    return await tenant.client.post(UPLOAD, content=pieces(), headers=headers)


FILE = 'name="file"; filename="My Talk.mp4"'


@pytest.mark.parametrize(
    ("size", "field", "sized", "piece"),
    [
        (1, "file", True, 1),
        (5 * MIB, "video", True, 70_001),
        (12 * MIB + 1, "file", False, 4 * MIB),
        (300, "file", False, 7),
    ],
)
async def test_a_file_in_a_form_is_stored_as_it_is(
    world: World, store: S3Objects, size: int, field: str, sized: bool, piece: int
) -> None:
    body = (b"\r\n--cut" + bytes(range(256))) * (size // 263 + 1)
    body = body[:size].replace(b"\r\n--cut", b"\r\n--cux")
    sent = form((f'name="{field}"; filename="My Talk.mp4"', body), ('name="title"', "Über alles".encode()))
    answer = await send(world.ann, sent, piece=piece, sized=sized)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["status"] == "queued"
    assert answer.headers["location"] == f"/api/status/{job['job_id']}"
    assert 'rel="successor-version"' in answer.headers["link"]
    async with org_transaction(world.api, world.ann.org_id) as rows:
        project = await rows.fetchrow(
            "select object_key, title from projects where project_id = $1", UUID(job["job_id"])
        )
        upload = await rows.fetchrow("select * from uploads")
    assert project["title"] == "Über alles"
    assert (upload["state"], upload["filename"], upload["size_bytes"]) == ("complete", "My Talk.mp4", size)
    assert await store.read_range(project["object_key"], 0, size + 1) == body


async def test_a_url_begins_a_job(world: World) -> None:
    for answer in (
        await world.ann.client.post(UPLOAD, json={"url": "https://video.example/a.mp4", "title": "A"}),
        await send(world.ann, form(('name="url"', b"https://video.example/a.mp4"), ('name="title"', b"A"))),
    ):
        assert answer.status_code == 202, answer.text
        standing = await world.ann.client.get(f"/api/status/{answer.json()['job_id']}")
        assert (standing.status_code, standing.json()["status"], standing.json()["clips"]) == (200, "queued", [])
        assert (await world.bob.client.get(f"/api/status/{answer.json()['job_id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (form((FILE, b"")), (422, "invalid")),
        (form(), (422, "invalid")),
        (form((FILE, b"a"), (FILE, b"b")), (422, "invalid")),
        (form((FILE, b"a"), ('name="url"', b"https://video.example/a.mp4")), (422, "invalid")),
        (form(('name="other"', b"a")), (422, "invalid")),
        (form(('name="file"', b"a")), (422, "invalid")),
        (form(('name="url"', b"https://video.example/\x00")), (422, "invalid")),
        (form(('name="url"', b"\xff")), (400, "malformed-request")),
        (form(('name="title"', b"a" * 5000), (FILE, b"a")), (422, "invalid")),
        (form(('name="title"', b"a" * 20_000)), (413, "body-too-large")),
        (form((FILE, b"a"), end=b""), (400, "malformed-request")),
        (form(("", b"a")), (400, "malformed-request")),
        (form(("x: " + "y" * 9000, b"a")), (400, "malformed-request")),
        (b"--cut\r\n" + b"A: b\r\n" * 50 + b"\r\n", (400, "malformed-request")),
        (b"no form", (400, "malformed-request")),
        (b"", (400, "malformed-request")),
    ],
)
async def test_a_form_is_refused_for_what_is_wrong(world: World, body: bytes, told: tuple[int, str]) -> None:
    answer = await send(world.ann, body)
    assert (answer.status_code, answer.json()["code"]) == told, answer.text
    async with org_transaction(world.api, world.ann.org_id) as rows:
        assert await rows.fetchval("select count(*) from projects") == 0


async def test_other_bodies_are_refused(world: World) -> None:
    ask, url = world.ann.client.post, {"url": "https://video.example/a.mp4"}
    for answer, told in (
        (await ask(UPLOAD, content=b"x"), (415, "unsupported-media-type")),
        (await ask(UPLOAD, json={"url": 1}), (422, "invalid")),
        (await ask(UPLOAD, json=url | {"more": 1}), (422, "invalid")),
        (await ask(UPLOAD, content=b"{", headers={"Content-Type": "application/json"}), (400, "malformed-request")),
        (await ask(UPLOAD, json=url | {"title": "a" * 100_000}), (413, "body-too-large")),
        (await ask(UPLOAD, json=url | {"title": "\0"}), (422, "invalid")),
        (await send(world.ann, b"x", boundary=""), (400, "malformed-request")),
        (await send(world.ann, b"x", boundary="b" * 300), (400, "malformed-request")),
    ):
        assert (answer.status_code, answer.json()["code"]) == told, answer.text


async def test_a_file_above_the_limit_is_refused(postgres: Settings, store: S3Objects) -> None:
    small = msgspec.structs.replace(postgres, max_upload_bytes=1000)
    async with open_world(small, objects=store, uploads=store) as world:
        for sized in (True, False):
            answer = await send(world.ann, form((FILE, b"a" * 2000)), sized=sized)
            assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large"), answer.text


async def test_files_of_a_job_are_named_and_reached(world: World, store: S3Objects) -> None:
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    video = await store.put(f"{world.ann.org_id}/{project_id}/exports/x", b"a film", "video/mp4", ".mp4")
    words = await store.put(f"{world.ann.org_id}/{project_id}/exports/x", b"1\nhi", "application/x-subrip", ".srt")
    picture = ObjectRef(key="none", sha256="0", size=1)
    async with org_transaction(world.worker, world.ann.org_id) as rows:
        await rows.execute(
            """insert into exports (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms, end_ms,
                                    automatic, template, state, files)
               values ($1, $2, $3, $4, 0, '9:16', true, 10000, 40000, true, 'minimal', 'done', $5)""",
            world.ann.org_id, uuid4(), project_id, clip_id, ExportFiles(video=video, thumbnail=picture, srt=words),
        )  # fmt: skip
    job = (await world.ann.client.get(f"/api/status/{project_id}")).json()
    (clip,) = job["clips"]
    assert (clip["filename"], clip["title"], clip["start_ms"]) == ("clip-01-9x16.mp4", "T", 10_000)
    (captions,) = clip["captions"]
    for path, body in ((clip["download_url"], b"a film"), (captions["download_url"], b"1\nhi")):
        answer = await world.ann.client.get(path)
        assert answer.status_code == 307, answer.text
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.get(answer.headers["location"])).content == body
        assert (await world.bob.client.get(path)).status_code == 404
    for path in (
        f"/api/download/clips/{project_id}/{captions['filename']}",
        f"/api/download/captions/{project_id}/{clip['filename']}",
        f"/api/download/clips/{project_id}/..%2Fsecret",
        f"/api/download/clips/{uuid4()}/{clip['filename']}",
    ):
        assert (await world.ann.client.get(path)).status_code == 404, path


async def test_a_job_needs_a_key_and_its_health_none(world: World) -> None:
    bare = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=world.app), base_url="http://api")
    assert (await bare.get("/api/health")).json()["status"] == "ok"
    for method, path in (("POST", UPLOAD), ("GET", f"/api/status/{uuid4()}")):
        assert (await bare.request(method, path)).status_code == 401
