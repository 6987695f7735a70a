"""A POST calls other parts outside any transaction, and has one effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from core.errors import InputRejected, Unavailable
from core.ports.stores import ObjectHead
from tests.api.conftest import OpenClient
from tests.api.fakes import ORG, ObjectsTwin, PoolTwin

UPLOAD = uuid4()
OPEN: Mapping[str, Any] = {
    "org_id": ORG, "upload_id": UPLOAD, "state": "open", "multipart_id": None, "size_bytes": 5, "object_key": "k",
    "purpose": "source", "appended": False,
}  # fmt: skip

FREE: Mapping[str, Any] = dict.fromkeys(("fingerprint", "status", "headers", "body")) | {"locked": True}
"""A key without an answer."""


def make_pool(**more: Any) -> PoolTwin:
    """Postgres with one open upload."""
    answers = {"pg_try_advisory": FREE, "from uploads": OPEN, "update uploads": {**OPEN, "state": "complete"}}
    return PoolTwin(answers | more)


def held(pool: PoolTwin) -> bool:
    """Whether a transaction is open."""
    first = [sql.split(";")[0] for sql, _ in pool.rows.statements]
    return [word for word in first if word in ("begin", "commit", "rollback")][-1:] == ["begin"]


class WatchfulObjects(ObjectsTwin):
    """Object storage that records whether it was called inside a transaction."""

    def __init__(self, pool: PoolTwin) -> None:
        super().__init__()
        self._pool = pool
        self.asked_while_held: list[bool] = []
        self.away = False
        self.meanwhile: Mapping[str, Any] = {}
        """Rows that change while the store is asked."""

    async def head(self, key: str) -> ObjectHead:
        self._note()
        self._pool.rows._script = {**self._pool.rows._script, **self.meanwhile}  # type: ignore[assignment]
        return ObjectHead(key=key, size=5, etag="e")

    async def copy(self, key: str, to: str) -> ObjectHead:
        return await self.head(to)

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        self._note()
        return f"begun {key}"

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        self._note()

    def _note(self) -> None:
        self.asked_while_held.append(held(self._pool))
        if self.away:
            raise Unavailable("objects", "away")


async def test_object_storage_is_read_between_two_transactions(open_client: OpenClient) -> None:
    pool = make_pool()
    objects = WatchfulObjects(pool)
    async with open_client(pool=pool, uploads=objects) as client:
        answer = await client.post("/v1/projects", json={"upload_id": str(UPLOAD)}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202, answer.text
    assert objects.asked_while_held == [False]
    assert not held(pool)
    written = [sql for sql, _ in pool.rows.statements if "insert into projects" in sql]
    assert len(written) == 1


async def test_commit_rechecks_rows_changed_since_prepare(open_client: OpenClient) -> None:
    pool = make_pool()
    objects = WatchfulObjects(pool)
    objects.meanwhile = {"from uploads": {**OPEN, "state": "aborted"}}
    async with open_client(pool=pool, uploads=objects) as client:
        answer = await client.post("/v1/projects", json={"upload_id": str(UPLOAD)}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (409, "upload-closed")
    assert objects.asked_while_held == [False]
    assert not [sql for sql, _ in pool.rows.statements if sql.lstrip().startswith(("insert", "update"))]


async def test_both_phases_run_once(open_client: OpenClient) -> None:
    """The commit phase finds the upload complete, so no phase asks the store again."""
    pool = make_pool()
    objects = WatchfulObjects(pool)
    objects.meanwhile = {"from uploads": {**OPEN, "state": "complete"}}
    async with open_client(pool=pool, uploads=objects) as client:
        answer = await client.post("/v1/projects", json={"upload_id": str(UPLOAD)})
    assert answer.status_code == 202, answer.text
    assert objects.asked_while_held == [False]
    assert not [sql for sql, _ in pool.rows.statements if sql.lstrip().startswith("update uploads")]


async def test_a_key_is_free_while_the_store_is_read(open_client: OpenClient) -> None:
    pool = make_pool()
    objects = WatchfulObjects(pool)
    async with open_client(pool=pool, uploads=objects) as client:
        await client.post("/v1/projects", json={"upload_id": str(UPLOAD)}, headers={"Idempotency-Key": "k"})
    locks = [sql for sql, _ in pool.rows.statements if "pg_try_advisory" in sql]
    kept = [sql for sql, _ in pool.rows.statements if "insert into idempotency_keys" in sql]
    assert (len(locks), len(kept)) == (2, 1), "looked up before the question, taken again with the effect"


async def test_an_unavailable_store_leaves_no_row(open_client: OpenClient) -> None:
    pool = make_pool()
    objects = WatchfulObjects(pool)
    objects.away = True
    async with open_client(pool=pool, uploads=objects) as client:
        answer = await client.post("/v1/projects", json={"upload_id": str(UPLOAD)})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert objects.asked_while_held == [False]
    assert not [sql for sql, _ in pool.rows.statements if sql.lstrip().startswith(("insert", "update"))]


async def test_names_are_resolved_with_no_transaction_open(open_client: OpenClient) -> None:
    pool = make_pool()
    seen: list[bool] = []

    async def check(url: str) -> None:
        seen.append(held(pool))
        if "private" in url:
            raise InputRejected("url.address", "It leads to a private address.")

    async with open_client(pool=pool, check_url=check) as client:
        accepted = await client.post("/v1/projects", json={"source_url": "https://example.com/a.mp4"})
        refused = await client.post("/v1/projects", json={"source_url": "https://private.example/a.mp4"})
    assert accepted.status_code == 202, accepted.text
    assert (refused.status_code, refused.json()["code"]) == (422, "url-refused")
    assert seen == [False, False]


async def test_a_stored_answer_needs_no_other_part(open_client: OpenClient) -> None:
    pool = make_pool()
    objects = WatchfulObjects(pool)
    headers = {"Idempotency-Key": "k"}
    async with open_client(pool=pool, uploads=objects) as client:
        first = await client.post("/v1/projects", json={"upload_id": str(UPLOAD)}, headers=headers)
        arguments = next(args for sql, args in pool.rows.statements if "insert into idempotency_keys" in sql)
        kept = dict(zip(("fingerprint", "status", "headers", "body"), arguments[2:6], strict=True))
        pool.rows._script = {**pool.rows._script, "pg_try_advisory": {**FREE, **kept}}  # type: ignore[assignment]
        again = await client.post("/v1/projects", json={"upload_id": str(UPLOAD)}, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    assert objects.asked_while_held == [False]


async def test_an_upload_in_parts_is_begun_once_with_no_transaction_open(open_client: OpenClient) -> None:
    """A slow store must not hold database connections: all callers share a few."""
    pool = make_pool()
    objects = WatchfulObjects(pool)
    wanted = {"filename": "a.mp4", "size_bytes": 11 * 2**20, "parts": 2}
    async with open_client(pool=pool, uploads=objects) as client:
        answer = await client.post("/v1/uploads/sign", json=wanted, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 201, answer.text
    assert objects.asked_while_held == [False]
    (written,) = [arguments for sql, arguments in pool.rows.statements if "insert into uploads" in sql]
    assert str(written[1]) == answer.json()["upload_id"]
    assert f"begun {written[2]}" in written, "the row names what was begun under its own key"


async def test_an_upload_stays_aborted_where_the_store_is_unavailable(
    open_client: OpenClient,
) -> None:
    pool = make_pool(**{"from uploads": {**OPEN, "multipart_id": "m"}})
    objects = WatchfulObjects(pool)
    objects.away = True
    async with open_client(pool=pool, uploads=objects) as client:
        answer = await client.delete(f"/v1/uploads/{UPLOAD}")
    assert answer.status_code == 503
    assert objects.asked_while_held == [False]
    assert [sql for sql, _ in pool.rows.statements if "state = 'aborted'" in sql], "no project is made of it any more"
