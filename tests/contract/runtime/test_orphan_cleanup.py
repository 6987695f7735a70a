"""Objects that no row names are removed in time, and no others. Real Postgres and object store."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import AsyncIterator

import msgspec
import pytest

from core.infra.postgres.connection import Pool, create_pool, org_transaction
from core.infra.postgres.outbox import Cause
from core.infra.s3.object_store import S3Objects, ensure_bucket
from core.services import orphan_cleanup, project_lifecycle
from core.services.erasure import erase
from core.settings import Settings
from core.storage.appended.appended_uploads import find_appended, insert_appended
from schemas import events
from schemas.common import ObjectRef
from schemas.ids import result_id
from schemas.options.brand_kit import BrandKit, CheckedAsset, Placed
from streams.background import orphan_sweep
from tests.contract.rigs.postgres import new_org
from tests.contract.rigs.servers import Server, make_settings

pytestmark = pytest.mark.contract
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
AT_ONCE = dt.timedelta()


class Rig:
    """One project of an organisation of its own, its objects, and the sweeper's two pools."""

    def __init__(self, relay: Pool, worker: Pool, api: Pool, objects: S3Objects, org_id: uuid.UUID) -> None:
        self.relay, self.worker, self.api, self.objects = relay, worker, api, objects
        self.org_id, self.project_id = org_id, uuid.uuid4()
        self.owner = (self.org_id, self.project_id)

    async def put(self, kind: str, body: bytes, suffix: str = ".json") -> ObjectRef:
        prefix = f"{self.org_id}/{self.project_id}/{kind}/{result_id(self.project_id, kind)}"
        return await self.objects.put(prefix, body, "application/octet-stream", suffix)

    async def keys(self) -> set[str]:
        return {item.key for item in await self.objects.list_prefix(f"{self.org_id}/", limit=None)}

    async def due(self) -> None:
        """Make every sweep of this organisation due before those of other tests: one run takes twenty."""
        async with org_transaction(self.worker, self.org_id) as connection:
            await connection.execute("update object_sweeps set due_at = now() - interval '10 days'")

    async def sweep(self) -> int:
        await self.due()
        return await orphan_sweep.sweep_orphans(self.relay, self.worker, self.objects)

    async def planned(self) -> list[tuple[str, int]]:
        async with org_transaction(self.worker, self.org_id) as connection:
            return [tuple(row) for row in await connection.fetch("select kind, round from object_sweeps order by 1")]

    async def run(self, statement: str, *values: object) -> None:
        async with org_transaction(self.worker, self.org_id) as connection:
            await connection.execute(statement, *values)


@pytest.fixture
async def rig(postgres: Settings, seaweedfs: Server) -> AsyncIterator[Rig]:
    settings = make_settings(
        s3=seaweedfs.url, s3_access_key=seaweedfs.user, s3_secret_key=seaweedfs.password, s3_bucket="leftovers"
    )
    await ensure_bucket(settings)
    objects = S3Objects(
        endpoint=seaweedfs.url, access_key=seaweedfs.user, secret_key=seaweedfs.password, bucket="leftovers"
    )
    relay = await create_pool(postgres.postgres_relay, size=2)
    worker = await create_pool(postgres.postgres_worker, size=2)
    org_id = await new_org(postgres)
    api = await create_pool(postgres.postgres_api, size=2)
    made = Rig(relay, worker, api, objects, org_id)
    async with org_transaction(worker, org_id) as connection:
        upload = events.UploadReceived(org_id=org_id, project_id=made.project_id, source_url="https://a.org/v")
        await project_lifecycle.create_project(connection, upload)
    yield made
    objects.close()
    for pool in (relay, worker, api):
        await pool.close()


def cause(project_id: uuid.UUID, count: itertools.count[int] = itertools.count()) -> Cause:  # noqa: B008 - one for all
    return Cause(input_id=result_id(project_id, "test", str(next(count))), source="test", now=NOW)


async def test_an_object_put_after_an_erasure_is_removed_too(rig: Rig) -> None:
    async with org_transaction(rig.worker, rig.org_id) as connection:
        assert await project_lifecycle.erase_project(connection, *rig.owner, cause(rig.project_id))
    for round_ in range(len(orphan_cleanup.ERASED_ROUNDS)):
        assert await rig.planned() == [("project", round_)]
        await rig.put("heard", f"late {round_}".encode())
        assert await rig.sweep() == 1
        assert await rig.keys() == set()
    assert await rig.planned() == []


async def test_rows_that_an_erasure_missed_go_with_the_next_round(rig: Rig) -> None:
    """It may be a bug, or an outbox row that was sent but not marked: nothing else would bring it back."""
    await rig.run("update projects set title = 'words of the customer' where project_id = $1", rig.project_id)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.add_warning(connection, *rig.owner, "words of the customer")
        await project_lifecycle.erase_project(connection, *rig.owner, cause(rig.project_id))
    await rig.sweep()
    async with org_transaction(rig.worker, rig.org_id) as connection:
        left = await connection.fetchrow("select state, title, warnings from projects")
    assert tuple(left) == ("erased", "", [])


async def test_an_ended_project_keeps_only_the_named_objects(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    thumbnail = await rig.put("seen", b"jpeg", ".jpg")
    seen = await rig.put("seen", msgspec.json.encode({"pictures": [{"thumbnail": thumbnail}]}))
    loser = await rig.put("seen", b'{"the": "loser of a fence"}')
    await rig.run(
        "insert into spans (org_id, project_id, ordinal, event, seen_ref) values ($1, $2, 0, '{}', $3)",
        *rig.owner,
        seen,
    )
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.fail_project(connection, *rig.owner, "media.corrupt", "it is", cause(rig.project_id))
    assert await rig.sweep() == 0, "young objects may belong to an attempt in flight"
    assert loser.key in await rig.keys()
    monkeypatch.setattr(orphan_sweep, "GRACE", -dt.timedelta(minutes=5))
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await orphan_cleanup.plan_project_sweep(connection, *rig.owner, AT_ONCE)
    assert await rig.sweep() == 1
    assert await rig.keys() == {thumbnail.key, seen.key}


async def test_a_project_at_work_is_left_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphan_sweep, "GRACE", -dt.timedelta(minutes=5))
    put = await rig.put("heard", b"not committed yet")
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await orphan_cleanup.plan_project_sweep(connection, *rig.owner, AT_ONCE)
    assert await rig.sweep() == 0
    assert await rig.keys() == {put.key}
    assert await rig.planned() == [("project", 1)], "it is looked at again"


@pytest.mark.parametrize("used", [True, False])
async def test_an_upload_without_a_project_goes_after_a_day(rig: Rig, used: bool) -> None:
    upload_id = uuid.uuid4()
    prefix = f"{rig.org_id}/uploads/{upload_id}"
    key = (await rig.objects.put(prefix, b"a video", "video/mp4")).key
    await _announce(rig, upload_id, key)
    if used:
        await rig.run("update projects set object_key = $3 where org_id = $1 and project_id = $2", *rig.owner, key)
    assert await rig.sweep() == (0 if used else 1)
    assert (key in await rig.keys()) is used
    assert await rig.planned() == []


@pytest.mark.parametrize("used", [True, False])
async def test_tails_of_appended_uploads_go_after_a_day(rig: Rig, used: bool) -> None:
    """A process that was killed between the bytes of a tail and its row left one."""
    upload_id = uuid.uuid4()
    key = (await rig.objects.put(f"{rig.org_id}/uploads/{upload_id}", b"a video", "video/mp4")).key
    await rig.objects.write(f"{key}.tail.0", b"the rest")
    await _announce(rig, upload_id, key)
    async with org_transaction(rig.api, rig.org_id) as connection:
        await insert_appended(connection, rig.org_id, upload_id, "filename YQ==", dt.timedelta(days=1))
        await connection.execute("update uploads set part_bytes = 7, multipart_id = 'm'")
    if used:
        await rig.run("update projects set object_key = $3 where org_id = $1 and project_id = $2", *rig.owner, key)
    assert await rig.sweep() == (1 if used else 2)
    assert await rig.keys() == ({key} if used else set())
    async with org_transaction(rig.api, rig.org_id) as connection:
        assert (await find_appended(connection, rig.org_id, upload_id) is None) is not used
    if used:
        await rig.run("update projects set state = 'erased' where org_id = $1 and project_id = $2", *rig.owner)
        assert await erase(rig.worker, rig.objects, *rig.owner) == 1
        async with org_transaction(rig.api, rig.org_id) as connection:
            assert await find_appended(connection, rig.org_id, upload_id) is None, "customers' words went with it"


@pytest.mark.parametrize(("state", "kept"), [("received", True), ("checked", False)])
async def test_an_upload_that_awaits_its_brand_check_stays(rig: Rig, state: str, kept: bool) -> None:
    upload_id = uuid.uuid4()
    key = (await rig.objects.put(f"{rig.org_id}/uploads/{upload_id}", b"a logo", "image/png")).key
    await _announce(rig, upload_id, key)
    async with org_transaction(rig.api, rig.org_id) as connection:
        await connection.execute(
            """insert into assets (org_id, asset_id, upload_id, object_key, kind, state)
               values ($1, $2, $2, $3, 'image', $4)""",
            rig.org_id,
            upload_id,
            key,
            state,
        )
    assert await rig.sweep() == (0 if kept else 1)
    assert (key in await rig.keys()) is kept


@pytest.mark.parametrize("named", [True, False])
async def test_a_deleted_brand_file_goes_unless_a_kit_names_it(rig: Rig, named: bool) -> None:
    asset_id, kit_id = uuid.uuid4(), uuid.uuid4()
    ref = await rig.objects.put(f"{rig.org_id}/assets/{asset_id}", b"a logo", "image/png", ".png")
    async with org_transaction(rig.api, rig.org_id) as connection:
        await connection.execute(
            """insert into assets (org_id, asset_id, upload_id, object_key, kind, name, state, checked)
               values ($1, $2, $2, 'k', 'image', 'Our logo', 'checked', $3)""",
            rig.org_id,
            asset_id,
            CheckedAsset(kind="image", object=ref),
        )
        await connection.execute(
            "insert into brand_kits (org_id, kit_id, version) values ($1, $2, 1)", rig.org_id, kit_id
        )
        kit = BrandKit(name="K", logo=Placed(asset_id=asset_id if named else uuid.uuid4()))
        await connection.execute(
            "insert into brand_kit_versions (org_id, kit_id, version, kit) values ($1, $2, 1, $3)",
            rig.org_id,
            kit_id,
            kit,
        )
        await orphan_cleanup.plan_asset_sweep(connection, rig.org_id, asset_id)
    assert await rig.sweep() == 0, "it is in use"
    async with org_transaction(rig.api, rig.org_id) as connection:
        await connection.execute("update assets set archived_at = now() where asset_id = $1", asset_id)
        await orphan_cleanup.plan_asset_sweep(connection, rig.org_id, asset_id)
    assert await rig.sweep() == (0 if named else 1)
    assert (ref.key in await rig.keys()) is named
    async with org_transaction(rig.api, rig.org_id) as connection:
        row = await connection.fetchrow("select name, checked from assets where asset_id = $1", asset_id)
    assert (row["name"], row["checked"] is not None) == (("Our logo", True) if named else ("", False))


async def _announce(rig: Rig, upload_id: uuid.UUID, key: str) -> None:
    async with org_transaction(rig.api, rig.org_id) as connection:
        await connection.execute(
            """insert into uploads (org_id, upload_id, object_key, filename, content_type, size_bytes, state)
               values ($1, $2, $3, 'a.mp4', 'video/mp4', 7, 'complete')""",
            rig.org_id,
            upload_id,
            key,
        )
        await orphan_cleanup.plan_upload_sweep(connection, rig.org_id, upload_id)


async def test_a_sweep_planned_during_a_sweep_is_not_lost(rig: Rig) -> None:
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.fail_project(connection, *rig.owner, "media.corrupt", "it is", cause(rig.project_id))
    await rig.due()

    class Slow(S3Objects):
        """Erases the project while its sweep is running."""

        def __init__(self) -> None:
            self._rig = rig

        async def list_prefix(self, prefix: str, *, limit: int | None = 1000):  # type: ignore[no-untyped-def]
            async with org_transaction(rig.worker, rig.org_id) as connection:
                await project_lifecycle.erase_project(connection, *rig.owner, cause(rig.project_id))
            return []

    await orphan_sweep.sweep_orphans(rig.relay, rig.worker, Slow())
    assert await rig.planned() == [("project", 0)]


async def test_a_sweep_that_fails_does_not_block_the_others(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = uuid.uuid4()
    async with org_transaction(rig.api, rig.org_id) as connection:
        await project_lifecycle.lock_project(connection, *rig.owner)
        await orphan_cleanup.plan_upload_sweep(connection, rig.org_id, upload_id)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        assert await project_lifecycle.erase_project(connection, *rig.owner, cause(rig.project_id))
    await rig.put("heard", b"late")

    async def broken(*_: object) -> int:
        raise KeyError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(orphan_sweep, "_sweep_upload", broken)
        assert await rig.sweep() == 1
    assert ("upload", 0) in await rig.planned()
    await rig.sweep()
    assert ("upload", 0) not in await rig.planned()
