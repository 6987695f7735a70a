"""tus 1.0.0 on a real Postgres and object store: each rule of the protocol, and the traps of tus over S3."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from api.http.limits.turns import Turns
from api.uploads.appending import MAX_APPENDED_BYTES, MAX_PART_BYTES, part_bytes_of
from core.errors import Unavailable
from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from core.ports.stores import UploadPart
from core.settings import Settings
from core.storage.appended.appended_uploads import find_appended
from tests.contract.rigs.api_world import Tenant, World, open_store, open_world
from tests.contract.rigs.servers import Server
from tests.support.progress import await_while_moving

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}
PATH = "/v1/uploads/tus"
MIB = 2**20


@pytest.fixture
async def store(postgres: Settings, seaweedfs: Server) -> AsyncIterator[S3Objects]:
    async with open_store(postgres, seaweedfs, "tus") as opened:
        yield opened


@pytest.fixture
async def world(postgres: Settings, store: S3Objects) -> AsyncIterator[World]:
    async with open_world(postgres, objects=store, uploads=store) as made:
        yield made


def metadata(**pairs: str) -> str:
    return ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in pairs.items())


async def begin(tenant: Tenant, size: int, body: bytes = b"", **headers: str) -> httpx2.Response:
    sent = TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata(filename="Talk.mp4", filetype="video/mp4")}
    return await tenant.client.post(PATH, headers=sent | (BYTES if body else {}) | headers, content=body)


async def begun(tenant: Tenant, size: int) -> str:
    answer = await begin(tenant, size)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def send(tenant: Tenant, path: str, offset: int, body: Any, **headers: str) -> httpx2.Response:
    return await tenant.client.patch(path, headers=TUS | BYTES | {"Upload-Offset": str(offset)} | headers, content=body)


async def head(tenant: Tenant, path: str) -> httpx2.Response:
    return await tenant.client.head(path, headers=TUS)


def code(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["tus-resumable"] == "1.0.0"
    return answer.status_code, answer.json()["code"]


async def stored(store: S3Objects, tenant: Tenant, path: str) -> bytes:
    key = (await tenant.client.get(path.replace("/tus/files", ""))).json()["object_key"]
    return await store.read_range(key, 0, (await store.head(key)).size)


async def until_taken(world: World, path: str) -> None:
    """Return once a request writes to the upload."""

    async def is_taken() -> bool:
        async with org_transaction(world.api, world.ann.org_id) as rows:
            upload = await find_appended(rows, world.ann.org_id, UUID(path.rpartition("/")[2]))
        return upload is not None and upload.taken

    await await_while_moving(is_taken, "a writer")


async def leftovers(store: S3Objects, tenant: Tenant) -> list[str]:
    return [item.key for item in await store.list_prefix(f"{tenant.org_id}/") if ".tail." in item.key]


async def test_an_upload_in_odd_pieces_becomes_a_project(world: World, store: S3Objects) -> None:
    body = bytes(range(256)) * 4096 * 12 + b"end"
    path, at = await begun(world.ann, len(body)), 0
    upload_id = path.rpartition("/")[2]
    for piece in (1, 3 * MIB, 2 * MIB - 1, 5 * MIB, 7, 10**9):
        early = await world.ann.client.post("/v1/projects", json={"upload_id": upload_id})
        assert code_of(early) == (409, "upload-not-complete")
        answer = await send(world.ann, path, at, body[at : at + piece])
        at = min(at + piece, len(body))
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(at)), answer.text
        now = await head(world.ann, path)
        assert (now.status_code, now.headers["upload-offset"]) == (200, str(at))
        assert now.headers["upload-length"] == str(len(body))
        assert now.headers["upload-metadata"] == metadata(filename="Talk.mp4", filetype="video/mp4")
        assert now.headers["cache-control"] == "no-store"
    assert await stored(store, world.ann, path) == body
    assert await leftovers(store, world.ann) == []
    standing = (await world.ann.client.get(path.replace("/tus/files", ""))).json()
    assert (standing["state"], standing["filename"], standing["content_type"]) == ("complete", "Talk.mp4", "video/mp4")
    made = await world.ann.client.post("/v1/projects", json={"upload_id": upload_id})
    assert made.status_code == 202, made.text


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_version_and_extensions_are_answered(world: World) -> None:
    answer = await world.ann.client.options(PATH)
    assert answer.status_code == 204
    told = {name: answer.headers[name] for name in ("tus-version", "tus-extension", "tus-checksum-algorithm")}
    assert told == {
        "tus-version": "1.0.0",
        "tus-extension": "creation,creation-with-upload,expiration,checksum,termination",
        "tus-checksum-algorithm": "sha1,sha256,md5",
    }
    assert int(answer.headers["tus-max-size"]) == 20 * 2**30


async def test_an_upload_of_another_organisation_is_not_there(world: World) -> None:
    path = await begun(world.ann, 10)
    for answer in (
        await world.bob.client.head(path, headers=TUS),
        await send(world.bob, path, 0, b"x" * 10),
        await world.bob.client.delete(path, headers=TUS),
        await world.bob.client.post(path, headers=TUS | {"X-HTTP-Method-Override": "DELETE"}),
        await world.bob.client.head(f"{PATH}/files/{uuid4()}", headers=TUS),
        await world.bob.client.head(f"{PATH}/files/here", headers=TUS),
    ):
        assert answer.status_code == 404
    assert (await send(world.ann, path, 0, b"x" * 10)).status_code == 204
    assert (await world.ann.client.head(path)).status_code == 412, "no Tus-Resumable"
    bare = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=world.app), base_url="http://api")
    assert code(await bare.patch(path, headers=TUS | BYTES | {"Upload-Offset": "0"}, content=b"x")) == (
        401,
        "unauthenticated",
    )


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Tus-Resumable": "0.2.2"}, (412, "tus-version")),
        ({"Upload-Length": "0"}, (400, "malformed-request")),
        ({"Upload-Length": "-1"}, (400, "malformed-request")),
        ({"Upload-Length": "1e9"}, (400, "malformed-request")),
        ({"Upload-Length": ""}, (400, "malformed-request")),
        ({"Upload-Length": str(20 * 2**30 + 1)}, (413, "body-too-large")),
        ({"Upload-Defer-Length": "1"}, (400, "malformed-request")),
        ({"Upload-Metadata": "filename"}, (201, "")),
        ({"Upload-Metadata": ""}, (201, "")),
        ({"Upload-Metadata": "filename !!!"}, (400, "malformed-request")),
        ({"Upload-Metadata": "filename /w=="}, (400, "malformed-request")),
        ({"Upload-Metadata": "filename AA=="}, (400, "malformed-request")),
        ({"Upload-Metadata": "a YQ==,a YQ=="}, (400, "malformed-request")),
        ({"Upload-Metadata": ",,"}, (400, "malformed-request")),
        ({"Upload-Metadata": "a " + "YWFh" * 3000}, (400, "malformed-request")),
        ({"Upload-Metadata": metadata(filename="a" * 256)}, (422, "invalid")),
        ({"Upload-Metadata": metadata(filetype="no type")}, (422, "invalid")),
        ({"Upload-Metadata": metadata(purpose="other")}, (422, "invalid")),
        ({"Upload-Metadata": metadata(purpose="image"), "Upload-Length": str(2**30)}, (422, "invalid")),
        ({"Upload-Checksum": "crc32 AAAAAA=="}, (400, "malformed-request")),
    ],
)
async def test_a_beginning_is_refused_for_what_is_wrong(
    world: World, headers: dict[str, str], told: tuple[int, str]
) -> None:
    answer = await begin(world.ann, 10, **headers)
    if told[0] == 201:
        assert answer.status_code == 201, answer.text
    else:
        assert code(answer) == told, answer.text


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Tus-Resumable": "2"}, (412, "tus-version")),
        ({"Upload-Offset": "1"}, (409, "offset-mismatch")),
        ({"Upload-Offset": "x"}, (400, "malformed-request")),
        ({"Upload-Offset": "9" * 30}, (400, "malformed-request")),
        ({"Content-Type": "application/octet-stream"}, (415, "unsupported-media-type")),
        ({"Content-Encoding": "gzip"}, (415, "unsupported-media-type")),
        ({"Upload-Checksum": "sha1"}, (400, "malformed-request")),
        ({"Upload-Checksum": "sha1 YQ=="}, (400, "malformed-request")),
        ({"Upload-Checksum": "md5 " + base64.b64encode(bytes(16)).decode()}, (460, "checksum-mismatch")),
    ],
)
async def test_bytes_are_refused_for_what_is_wrong(
    world: World, headers: dict[str, str], told: tuple[int, str]
) -> None:
    path = await begun(world.ann, 10)
    answer = await send(world.ann, path, 0, b"12345", **headers)
    assert code(answer) == told, answer.text
    assert (await head(world.ann, path)).headers["upload-offset"] == "0"
    assert (await send(world.ann, path, 0, b"1234567890")).status_code == 204


async def test_more_bytes_than_announced_are_refused(world: World, store: S3Objects) -> None:
    path = await begun(world.ann, 10)
    assert code(await send(world.ann, path, 0, b"x" * 11)) == (413, "body-too-large")

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"12345"

    assert code(await send(world.ann, path, 0, unannounced())) == (413, "body-too-large")
    assert (await head(world.ann, path)).headers["upload-offset"] == "0"
    assert (await begin(world.ann, 10, b"x" * 11)).status_code == 413
    assert (await send(world.ann, path, 0, b"1234567890")).status_code == 204
    assert code(await send(world.ann, path, 10, b"1")) == (409, "upload-closed")
    assert (await send(world.ann, path, 10, b"")).status_code == 204
    assert await stored(store, world.ann, path) == b"1234567890"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
async def test_nothing_is_kept_of_bytes_with_another_checksum(world: World, store: S3Objects, algorithm: str) -> None:
    body = bytes(range(251)) * 50_000
    path = await begun(world.ann, len(body))

    def checksum(of: bytes) -> dict[str, str]:
        digest = hashlib.new(algorithm, of).digest()
        return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}

    assert (await send(world.ann, path, 0, body[:1000], **checksum(body[:1000]))).status_code == 204
    rest = body[1000:]
    damaged = b"?" + rest[1:]
    assert code(await send(world.ann, path, 1000, damaged, **checksum(rest))) == (460, "checksum-mismatch")
    assert (await head(world.ann, path)).headers["upload-offset"] == "1000"
    assert (await send(world.ann, path, 1000, rest, **checksum(rest))).status_code == 204
    assert await stored(store, world.ann, path) == body
    assert await leftovers(store, world.ann) == []


@pytest.mark.parametrize("first", [1, 5 * MIB, 5 * MIB + 3, 6 * MIB])
async def test_a_beginning_may_carry_bytes(world: World, store: S3Objects, first: int) -> None:
    body = bytes(range(256)) * 4096 * 6
    answer = await begin(world.ann, len(body), body[:first])
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(first)), answer.text
    path = answer.headers["location"]
    if first < len(body):
        assert (await send(world.ann, path, first, body[first:])).status_code == 204
    assert await stored(store, world.ann, path) == body


async def test_a_size_decides_the_size_of_parts() -> None:
    for size in (1, 5 * MIB, 20 * 2**30, MAX_APPENDED_BYTES):
        part = part_bytes_of(size)
        assert part % MIB == 0
        assert 5 * MIB <= part <= MAX_PART_BYTES
        assert -(-size // part) <= 10_000


async def test_one_of_two_writers_is_locked_out(world: World, store: S3Objects) -> None:
    path, going_on = await begun(world.ann, 10), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"12345"
        await going_on.wait()
        yield b"67890"

    first = asyncio.create_task(send(world.ann, path, 0, slow()))
    await until_taken(world, path)
    answer = await send(world.ann, path, 0, b"")
    assert code(answer) == (423, "upload-locked")
    assert "retry-after" in answer.headers
    assert code(await send(world.ann, path, 5, b"?")) == (423, "upload-locked")
    going_on.set()
    assert (await first).status_code == 204
    assert await stored(store, world.ann, path) == b"1234567890"


async def test_a_writer_that_lost_its_lease_changes_nothing(world: World, store: S3Objects) -> None:
    """As a process that stood still and wakes up: another one has taken its place meanwhile."""
    path, going_on = await begun(world.ann, 10), asyncio.Event()
    upload_id = path.rpartition("/")[2]

    async def slow() -> AsyncIterator[bytes]:
        yield b"?????"
        await going_on.wait()

    first = asyncio.create_task(send(world.ann, path, 0, slow()))
    await until_taken(world, path)
    async with org_transaction(world.api, world.ann.org_id) as rows:
        await rows.execute(
            "update appended_uploads set writer_until = now() - interval '1 s' where upload_id = $1", upload_id
        )
    assert (await send(world.ann, path, 0, b"12345")).status_code == 204
    going_on.set()
    assert code(await first)[0] in (409, 423)
    assert (await send(world.ann, path, 5, b"67890")).status_code == 204
    assert await stored(store, world.ann, path) == b"1234567890"
    assert await leftovers(store, world.ann) == []


async def test_an_ended_upload_frees_what_it_held(world: World, store: S3Objects) -> None:
    path = await begun(world.ann, 11 * MIB)
    assert (await send(world.ann, path, 0, b"x" * 6 * MIB)).status_code == 204
    assert len(await leftovers(store, world.ann)) == 1
    assert (await world.ann.client.delete(path, headers=TUS)).status_code == 204
    assert await leftovers(store, world.ann) == []
    assert (await head(world.ann, path)).status_code == 410
    assert code(await send(world.ann, path, 6 * MIB, b"x")) == (410, "upload-gone")
    assert code(await world.ann.client.delete(path, headers=TUS)) == (410, "upload-gone")
    async with org_transaction(world.api, world.ann.org_id) as rows:
        assert await rows.fetchval("select count(*) from appended_parts") == 0
        assert await rows.fetchval("select metadata from appended_uploads") == ""
    async with org_transaction(world.api, world.ann.org_id) as rows:
        row = await rows.fetchrow("select object_key, multipart_id from uploads")
    with pytest.raises(KeyError):
        await store.list_parts(row["object_key"], row["multipart_id"])


async def test_a_complete_upload_is_not_ended(world: World) -> None:
    path = await begun(world.ann, 3)
    assert (await send(world.ann, path, 0, b"abc")).status_code == 204
    assert code(await world.ann.client.delete(path, headers=TUS)) == (409, "upload-closed")
    assert (await head(world.ann, path)).headers["upload-offset"] == "3"


async def test_patch_and_delete_may_come_as_post(world: World, store: S3Objects) -> None:
    path = await begun(world.ann, 3)
    over = TUS | BYTES | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert (await world.ann.client.post(path, headers=over, content=b"abc")).status_code == 204
    assert await stored(store, world.ann, path) == b"abc"
    other = await begun(world.ann, 3)
    over = TUS | {"X-HTTP-Method-Override": "DELETE"}
    assert (await world.ann.client.post(other, headers=over)).status_code == 204
    assert (await head(world.ann, other)).status_code == 410
    assert code(await world.ann.client.post(other, headers=TUS)) == (405, "method-not-allowed")


async def test_the_signed_ways_leave_a_tus_upload_alone(world: World, store: S3Objects) -> None:
    path = await begun(world.ann, 6 * MIB)
    plain = path.replace("/tus/files", "")
    assert (await send(world.ann, path, 0, b"x" * 5 * MIB)).status_code == 204
    assert code_of(await world.ann.client.post(f"{plain}/parts", json={"numbers": [2]})) == (409, "upload-closed")
    assert code_of(await world.ann.client.post(f"{plain}/complete", json={})) == (409, "upload-not-complete")
    arrived = (await world.ann.client.get(plain)).json()["arrived"]
    assert [(part["number"], part["size_bytes"]) for part in arrived] == [(1, 5 * MIB)]
    assert (await world.ann.client.delete(plain)).status_code == 204
    assert (await head(world.ann, path)).status_code == 410


class AwayAtTheEnd:
    """A store whose join of parts fails once, after it was done or before."""

    def __init__(self, store: S3Objects, *, done: bool) -> None:
        self._store, self._done, self.failed = store, done, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def complete_multipart(self, key: str, upload_id: str, parts: Any) -> Any:
        if not self.failed:
            self.failed = True
            if self._done:
                await self._store.complete_multipart(key, upload_id, parts)
            raise Unavailable("objects", "away")
        return await self._store.complete_multipart(key, upload_id, parts)


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("way", ["head", "complete"])
async def test_an_end_that_was_not_seen_is_made_up_for(
    postgres: Settings, store: S3Objects, done: bool, way: str
) -> None:
    away = AwayAtTheEnd(store, done=done)
    async with open_world(postgres, objects=store, uploads=away) as world:
        path = await begun(world.ann, 6 * MIB)
        assert (await send(world.ann, path, 0, b"x" * 6 * MIB)).status_code == 503
        if way == "head":
            assert (await head(world.ann, path)).headers["upload-offset"] == str(6 * MIB)
        else:
            assert (
                await world.ann.client.post(f"{path.replace('/tus/files', '')}/complete", json={})
            ).status_code == 200
        assert await stored(store, world.ann, path) == b"x" * 6 * MIB
        made = await world.ann.client.post("/v1/projects", json={"upload_id": path.rpartition("/")[2]})
        assert made.status_code == 202


class WithoutLists:
    """A store whose list of parts lags behind: it shows none."""

    def __init__(self, store: S3Objects) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def list_parts(self, key: str, upload_id: str) -> list[UploadPart]:
        raise AssertionError("parts are never derived from a list")


async def test_the_list_of_the_store_is_never_read(postgres: Settings, store: S3Objects) -> None:
    async with open_world(postgres, objects=store, uploads=WithoutLists(store)) as world:
        body = bytes(range(256)) * 4096 * 11
        path = await begun(world.ann, len(body))
        for at in range(0, len(body), 3 * MIB):
            assert (await send(world.ann, path, at, body[at : at + 3 * MIB])).status_code == 204
        assert await stored(store, world.ann, path) == body


async def test_memory_is_waited_for_in_turns(postgres: Settings, store: S3Objects) -> None:
    """With one place, a slow writer keeps what came, leaves the place to another one, and goes on after it."""
    async with open_world(postgres, objects=store, uploads=store, appends=Turns(1, per_name=9, seconds=0.0)) as world:
        slow_path, quick_path, going_on = await begun(world.ann, 10), await begun(world.ann, 3), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"12345"
            await going_on.wait()
            yield b"67"
            yield b"890"

        first = asyncio.create_task(send(world.ann, slow_path, 0, slow()))
        await until_taken(world, slow_path)
        second = asyncio.create_task(send(world.ann, quick_path, 0, b"abc"))
        await asyncio.sleep(0.1)
        assert not second.done()
        going_on.set()
        assert (await second).status_code == 204
        assert (await first).status_code == 204
        assert await stored(store, world.ann, slow_path) == b"1234567890"


async def test_no_more_writers_wait_than_may(postgres: Settings, store: S3Objects) -> None:
    async with open_world(postgres, objects=store, uploads=store, appends=Turns(1, per_name=0)) as world:
        path = await begun(world.ann, 3)
        assert code(await send(world.ann, path, 0, b"abc")) == (429, "rate-limited")


ODD = ("", "0", "1", "-1", "10", "1e3", "9" * 40, "\t", "a" * 9000, "\xff", "sha1 YQ==", "a YQ==", "a", ",", "1.0.0")
NAMES = (
    "Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum", "Upload-Defer-Length",
    "Upload-Concat", "Content-Type", "Content-Encoding", "X-HTTP-Method-Override", "Clipstream-Version",
)  # fmt: skip


async def test_odd_headers_never_cause_a_server_error(world: World) -> None:
    dice, statuses = random.Random(7), Counter[int]()
    paths = [await begun(world.ann, 10) for _ in range(20)]
    for _ in range(300):
        method = dice.choice(("POST", "PATCH", "PATCH", "HEAD", "DELETE", "OPTIONS"))
        path = PATH if method == "OPTIONS" or dice.random() < 0.2 else dice.choice(paths)
        headers = TUS | BYTES | {"Upload-Offset": "0", "Upload-Length": "10"}
        headers |= {name: dice.choice(ODD) for name in dice.sample(NAMES, dice.randrange(3))}
        sent = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
        body = dice.choice((b"", b"12345", b"x" * 11))
        answer = await world.ann.client.request(method, path, headers=sent, content=body)
        assert answer.status_code < 500, (method, headers, answer.text)
        assert answer.headers.get("tus-resumable") == "1.0.0" or answer.status_code == 405
        statuses[answer.status_code] += 1
    assert {201, 204, 400, 409, 412, 415} <= set(statuses), statuses


async def test_beginning_and_end_are_in_the_audit_log(world: World) -> None:
    path = await begun(world.ann, 10)
    for at in range(3):
        assert (await send(world.ann, path, at, b"x")).status_code == 204
    assert (await world.ann.client.delete(path, headers=TUS)).status_code == 204
    entries = await world.owner.fetch(
        "select operation, target_ids from audit_entries where org_id = $1", world.ann.org_id
    )
    upload_id = UUID(path.rpartition("/")[2])
    assert sorted((entry["operation"], list(entry["target_ids"])) for entry in entries) == [
        ("createTusUpload", [upload_id]),
        ("endTusUpload", [upload_id]),
    ]
