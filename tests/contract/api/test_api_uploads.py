"""Uploads through signed URLs on a real Postgres and object store: whole, in parts, resumed, aborted."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx2
import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import ensure_bucket, open_objects
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.servers import Server

MIB = 2**20


@pytest.fixture
async def world(postgres: Settings, seaweedfs: Server) -> AsyncIterator[World]:
    settings = msgspec.structs.replace(
        postgres,
        s3=seaweedfs.url,
        s3_access_key=seaweedfs.user,
        s3_secret_key=seaweedfs.password,
        s3_bucket=f"api-{uuid.uuid4().hex[:8]}",
    )
    await ensure_bucket(settings)
    objects = open_objects(settings)
    async with open_world(settings, objects=objects, uploads=objects) as opened:
        yield opened
    objects.close()


async def sign(world: World, size: int, **more: Any) -> dict[str, Any]:
    wanted = {"filename": "Talk.mp4", "size_bytes": size, **more}
    answer = await world.ann.client.post("/v1/uploads/sign", json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def put(url: str, body: bytes, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.put(url, content=body, headers=headers)


async def test_a_file_in_one_piece_becomes_a_project(world: World) -> None:
    signed = await sign(world, 1000)
    assert signed["method"] == "put"
    wanted = {"upload_id": signed["upload_id"], "title": "Mine"}
    early = await world.ann.client.post("/v1/projects", json=wanted)
    assert (early.status_code, early.json()["code"]) == (409, "upload-not-complete")
    assert (await put(signed["url"], b"x" * 999, **signed["headers"] | {"Content-Length": "999"})).status_code >= 400
    assert (await put(signed["url"], b"x" * 1000, **signed["headers"])).status_code == 200
    made = await world.ann.client.post("/v1/projects", json=wanted)
    assert made.status_code == 202, made.text
    async with org_transaction(world.api, world.ann.org_id) as rows:
        key = await rows.fetchval("select object_key from projects")
    assert key == signed["object_key"] == f"{world.ann.org_id}/uploads/{signed['upload_id']}/source.mp4"
    state = (await world.ann.client.get(f"/v1/uploads/{signed['upload_id']}")).json()
    assert state["state"] == "complete"


async def test_a_multipart_upload_resumes_and_is_not_joined_early(world: World) -> None:
    size = 11 * MIB
    signed = await sign(world, size, parts=2)
    assert (signed["method"], signed["part_count"], len(signed["parts"])) == ("multipart", 2, 2)
    length = signed["part_size_bytes"]
    assert (await put(signed["parts"][0]["url"], b"a" * length)).status_code == 200
    path = f"/v1/uploads/{signed['upload_id']}"
    standing = (await world.ann.client.get(path)).json()
    assert [(part["number"], part["size_bytes"]) for part in standing["arrived"]] == [(1, length)]
    early = await world.ann.client.post(f"{path}/complete", json={})
    assert (early.status_code, early.json()["code"]) == (409, "upload-not-complete")
    assert (await put(signed["parts"][1]["url"], b"b" * (size - length))).status_code == 200
    done = await world.ann.client.post(f"{path}/complete", json={})
    assert (done.status_code, done.json()["state"]) == (200, "complete"), done.text


async def test_parts_are_joined_as_stated_and_joining_twice_is_fine(world: World) -> None:
    size = 11 * MIB
    signed = await sign(world, size, parts=2)
    path, length = f"/v1/uploads/{signed['upload_id']}", signed["part_size_bytes"]
    again = (await world.ann.client.post(f"{path}/parts", json={"numbers": [2]})).json()["parts"][0]
    beyond = await world.ann.client.post(f"{path}/parts", json={"numbers": [3, 4]})
    assert (beyond.status_code, beyond.json()["errors"][0]["pointer"]) == (422, "/numbers/0"), "there are two"
    etags = [
        (await put(url, body)).headers["etag"]
        for url, body in ((signed["parts"][0]["url"], b"a" * length), (again["url"], b"b" * (size - length)))
    ]
    wrong = {"parts": [{"number": 1, "etag": '"0"'}, {"number": 2, "etag": etags[1]}]}
    refused = await world.ann.client.post(f"{path}/complete", json=wrong)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    right = {"parts": [{"number": number, "etag": etag} for number, etag in enumerate(etags, 1)]}
    for _ in range(2):
        done = await world.ann.client.post(f"{path}/complete", json=right)
        assert (done.status_code, done.json()["state"]) == (200, "complete"), done.text
    assert (await world.ann.client.delete(path)).status_code == 409
    assert (await world.ann.client.post(f"{path}/parts", json={"numbers": [1]})).json()["code"] == "upload-closed"


async def test_a_part_takes_its_own_bytes_and_no_more(world: World) -> None:
    """Otherwise a key with the scope `write` could fill the store with parts that are never joined."""
    size = 11 * MIB
    signed = await sign(world, size, parts=2)
    path, length = f"/v1/uploads/{signed['upload_id']}", signed["part_size_bytes"]
    assert [part["size_bytes"] for part in signed["parts"]] == [length, size - length]
    more = (await world.ann.client.post(f"{path}/parts", json={"numbers": [1, 2]})).json()["parts"]
    assert [part["size_bytes"] for part in more] == [length, size - length]
    for one, other in (*zip(signed["parts"], more, strict=True),):
        for url in (one["url"], other["url"]):
            for wrong in (one["size_bytes"] + 1, one["size_bytes"] - 1, 12 * MIB):
                assert (await put(url, b"a" * wrong)).status_code == 403
    assert (await world.ann.client.get(path)).json()["arrived"] == []
    assert (await put(more[1]["url"], b"b" * (size - length))).status_code == 200


async def test_an_upload_without_a_stored_split_is_signed_as_before(world: World) -> None:
    signed = await sign(world, 11 * MIB, parts=2)
    async with org_transaction(world.api, world.ann.org_id) as rows:
        await rows.execute("update uploads set part_bytes = null")
    path = f"/v1/uploads/{signed['upload_id']}"
    (part,) = (await world.ann.client.post(f"{path}/parts", json={"numbers": [3]})).json()["parts"]
    assert (part["number"], part["size_bytes"]) == (3, None)
    assert (await put(part["url"], b"a" * MIB)).status_code == 200


async def test_an_aborted_upload_takes_no_further_part(world: World) -> None:
    signed = await sign(world, 11 * MIB, parts=2)
    path = f"/v1/uploads/{signed['upload_id']}"
    for _ in range(2):
        assert (await world.ann.client.delete(path)).status_code == 204
    assert (await put(signed["parts"][0]["url"], b"a" * 5 * MIB)).status_code >= 400
    used = await world.ann.client.post("/v1/projects", json={"upload_id": signed["upload_id"]})
    assert (used.status_code, used.json()["code"]) == (409, "upload-closed")
    assert (await world.ann.client.post(f"{path}/complete", json={})).json()["code"] == "upload-closed"


@pytest.fixture
async def deadlocks_stand(postgres: Settings) -> AsyncIterator[None]:
    """Raise Postgres' deadlock timeout: it would resolve a deadlock after a second, and so hide it."""
    owner = await asyncpg.connect(postgres.postgres_owner)
    await owner.execute("alter system set deadlock_timeout = '1h'")
    await owner.execute("select pg_reload_conf()")
    yield
    await owner.execute("alter system reset deadlock_timeout")
    await owner.execute("select pg_reload_conf()")
    await owner.close()


@pytest.mark.usefixtures("deadlocks_stand")
async def test_two_projects_of_one_upload_do_not_wait_for_each_other(world: World) -> None:
    """Both requests find the upload open and complete it: a shared row lock would let each wait for the other."""
    for _ in range(5):
        signed = await sign(world, 10)
        await put(signed["url"], b"x" * 10, **signed["headers"])
        wanted = {"upload_id": signed["upload_id"]}
        answers = await asyncio.gather(*(world.ann.client.post("/v1/projects", json=wanted) for _ in range(4)))
        assert [answer.status_code for answer in answers] == [202] * 4, [answer.text for answer in answers]
