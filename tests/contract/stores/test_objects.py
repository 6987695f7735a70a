"""The `Objects` and `Uploads` ports on the real SeaweedFS."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from core.errors import InputRejected, Unavailable
from core.infra.s3.object_store import S3Objects, ensure_bucket
from core.ports.stores import UploadPart
from schemas.common import ObjectRef
from tests.contract.rigs.servers import Server, make_settings, run_seaweedfs
from tests.support.port_contracts import objects_keep_what_they_promise
from tests.support.progress import HANG_S, Patience

pytestmark = pytest.mark.contract
BUCKET = "clips"
MIB = 2**20
MAX_REFUSAL_STARTS = 10
"""Bound of a call to a store that is down, in starts of that store: the client tries three times with pauses."""


def _open(server: Server) -> S3Objects:
    return S3Objects(endpoint=server.url, access_key=server.user, secret_key=server.password, bucket=BUCKET)


@pytest.fixture
async def store(seaweedfs: Server) -> AsyncIterator[S3Objects]:
    settings = make_settings(
        s3=seaweedfs.url, s3_access_key=seaweedfs.user, s3_secret_key=seaweedfs.password, s3_bucket=BUCKET
    )
    await ensure_bucket(settings)
    await ensure_bucket(settings)
    objects = _open(seaweedfs)
    yield objects
    objects.close()


@pytest.fixture
def prefix() -> str:
    return f"{uuid4()}/{uuid4()}"


async def test_the_store_keeps_the_promises_of_its_twin(store: S3Objects, tmp_path: Path) -> None:
    await objects_keep_what_they_promise(store, tmp_path)


async def test_bytes_come_back_and_the_key_is_their_sha256(store: S3Objects, prefix: str) -> None:
    body = os.urandom(100_000)
    ref = await store.put(f"{prefix}/spans", body, "audio/flac", ".flac")
    assert ref.key == f"{prefix}/spans/{hashlib.sha256(body).hexdigest()}.flac"
    assert await store.get(ref) == body
    assert await store.size(ref.key) == len(body)
    assert (await store.head(ref.key)).content_type == "audio/flac"
    assert await store.put(f"{prefix}/spans", body, "audio/flac", ".flac") == ref


async def test_ranges_are_read(store: S3Objects, prefix: str) -> None:
    ref = await store.put(prefix, bytes(range(256)) * 4, "video/mp4")
    assert await store.read_range(ref.key, 250, 12) == bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3, 4, 5])
    assert await store.read_range(ref.key, 1020, 100) == bytes([252, 253, 254, 255])
    assert await store.read_range(ref.key, 1024, 10) == b""
    assert await store.read_range(ref.key, 0, 0) == b""


async def test_a_missing_object_is_a_key_error(store: S3Objects, prefix: str) -> None:
    ref = await store.put(prefix, b"x", "text/plain")
    for missing in (store.size(prefix + "/nope"), store.read_range(prefix + "/nope", 0, 1)):
        with pytest.raises(KeyError):
            await missing
    await store.delete_prefix(prefix)
    with pytest.raises(KeyError):
        await store.get(ref)


async def test_a_file_is_stored_in_parts_with_progress(store: S3Objects, prefix: str, tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    block = os.urandom(MIB)
    path.write_bytes(block * 70)
    counts = list[int]()
    ref = await store.put_file(prefix, path, "video/mp4", ".mp4", counts.append)
    assert ref.sha256 == hashlib.sha256(block * 70).hexdigest()
    assert counts == sorted(counts)
    assert max(after - before for before, after in itertools.pairwise(counts)) <= 16 * MIB
    assert counts[-1] == 2 * 70 * MIB
    assert ref.size == 70 * MIB
    assert await store.read_range(ref.key, 69 * MIB, MIB) == block


async def test_deleting_a_prefix_removes_exactly_its_objects(store: S3Objects, prefix: str) -> None:
    await asyncio.gather(*(store.put(f"{prefix}/a", f"{n}".encode(), "text/plain") for n in range(23)))
    kept = await store.put(f"{prefix}b", b"another project", "text/plain")
    assert len(await store.list_prefix(f"{prefix}/", limit=10)) == 10
    assert await store.delete_prefix(f"{prefix}/") == 23
    assert await store.delete_prefix(f"{prefix}/") == 0
    assert await store.get(kept) == b"another project"
    with pytest.raises(ValueError, match="prefix"):
        await store.delete_prefix("/")


async def test_a_presigned_url_answers_get_and_range_under_a_name(store: S3Objects, prefix: str) -> None:
    ref = await store.put(prefix, b"0123456789", "video/mp4")
    url = store.presign_get(ref.key, filename='Zürich "take" 1.mp4', expires_s=60)
    async with httpx2.AsyncClient() as http:
        answer = await http.get(url, headers={"Range": "bytes=2-4"})
        tampered = await http.get(url.replace(ref.sha256, "0" * 64))
        nobody = await http.get(url.split("?")[0])
    assert "X-Amz-Expires=120" in url, "given again for a minute, it still lives for one"
    assert (answer.status_code, answer.content) == (206, b"234")
    assert "filename*=UTF-8''Z%C3%BCrich%20%22take%22%201.mp4" in answer.headers["content-disposition"]
    assert tampered.status_code == 403
    assert nobody.status_code == 403


def test_a_repeated_request_gets_the_same_url() -> None:
    now = [1000.0]
    store = S3Objects(
        endpoint="http://127.0.0.1:1", access_key="a", secret_key="b", bucket="c", now=lambda: now[0]
    )  # fmt: skip
    first = store.presign_get("org/a.mp4", filename="a.mp4", expires_s=60)
    assert store.presign_get("org/a.mp4", filename="a.mp4", expires_s=60) is first
    assert store.presign_get("org/a.mp4", filename="b.mp4", expires_s=60) != first
    now[0] += 60
    assert store.presign_get("org/a.mp4", filename="a.mp4", expires_s=60) is not first
    store.close()


async def test_a_presigned_put_takes_its_content_type_only(store: S3Objects, prefix: str) -> None:
    key = f"{prefix}/uploads/talk.mp4"
    url = store.presign_put(key, content_type="video/mp4", expires_s=60, size=5)
    async with httpx2.AsyncClient() as http:
        refused = await http.put(url, content=b"12345", headers={"Content-Type": "text/html"})
        longer = await http.put(url, content=b"123456", headers={"Content-Type": "video/mp4"})
        taken = await http.put(
            url, content=b"12345", headers={"Content-Type": "video/mp4", "Origin": "http://app.test"}
        )
    assert (refused.status_code, longer.status_code, taken.status_code) == (403, 403, 200)
    assert taken.headers["access-control-allow-origin"] in ("*", "http://app.test")
    assert (await store.head(key)).size == 5


async def test_an_upload_in_parts_resumes_and_completes(store: S3Objects, prefix: str) -> None:
    key = f"{prefix}/uploads/big.mp4"
    upload = await store.create_multipart(key, content_type="video/mp4")
    pieces = {1: os.urandom(5 * MIB), 2: b"tail"}
    async with httpx2.AsyncClient(timeout=HANG_S) as http:
        for number, piece in pieces.items():
            answer = await http.put(store.sign_part(key, upload, number, expires_s=60), content=piece)
            assert answer.status_code == 200
            arrived = await store.list_parts(key, upload)
            assert [part.number for part in arrived] == list(range(1, number + 1))
            assert arrived[-1].etag == answer.headers["etag"].strip('"')
    made = await store.complete_multipart(key, upload, await store.list_parts(key, upload))
    assert made.size == 5 * MIB + 4
    assert await store.read_range(key, 5 * MIB - 1, 9) == pieces[1][-1:] + b"tail"
    with pytest.raises(KeyError):
        await store.list_parts(key, upload)


async def test_parts_that_do_not_fit_are_refused_and_an_abort_works(store: S3Objects, prefix: str) -> None:
    key = f"{prefix}/uploads/x.mp4"
    upload = await store.create_multipart(key, content_type="video/mp4")
    async with httpx2.AsyncClient() as http:
        await http.put(store.sign_part(key, upload, 1, expires_s=60), content=b"one")
    with pytest.raises(InputRejected, match=r"upload\.parts"):
        await store.complete_multipart(key, upload, [UploadPart(number=1, etag="0" * 32)])
    with pytest.raises(InputRejected, match="between 1"):
        store.sign_part(key, upload, 0, expires_s=60)
    await store.abort_multipart(key, upload)
    await store.abort_multipart(key, upload)
    with pytest.raises(KeyError):
        await store.size(key)


async def test_a_restarted_store_has_everything_again(tmp_path: Path) -> None:
    with run_seaweedfs(tmp_path) as server:
        settings = make_settings(
            s3=server.url, s3_access_key=server.user, s3_secret_key=server.password, s3_bucket=BUCKET
        )
        await ensure_bucket(settings)
        store = _open(server)
        ref = await store.put("a", b"kept", "text/plain")
        server.stop(signal.SIGKILL)
        began_at = time.monotonic()
        with pytest.raises(Unavailable):
            await store.get(ref)
        assert time.monotonic() - began_at < MAX_REFUSAL_STARTS * server.started_s()
        server.start()
        assert await _once_back(store, ref) == b"kept"
        store.close()


async def _once_back(store: S3Objects, ref: ObjectRef) -> bytes:
    """An object from a store that answers, but finds its volumes a moment later."""
    patience = Patience("the object, once the store is back")
    while True:
        try:
            return await store.get(ref)
        except Unavailable:
            patience.check()
            await asyncio.sleep(0.2)
