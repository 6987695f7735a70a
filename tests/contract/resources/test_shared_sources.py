"""Several projects of one source: erasing one keeps what the others need; the last leaves nothing.

Real Postgres and object store.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid

import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.services import orphan_cleanup, project_lifecycle
from core.services.erasure import erase
from schemas import events
from schemas.ids import result_id
from streams.background import orphan_sweep
from tests.contract.rigs.postgres import until_blocked
from tests.contract.runtime.test_orphan_cleanup import NOW, Rig, rig

__all__ = ["rig"]
pytestmark = pytest.mark.contract
UPLOAD = """
insert into uploads (org_id, upload_id, object_key, filename, content_type, size_bytes, state)
values ($1, $2, $3, 'a talk.mp4', 'video/mp4', 7, 'complete')
"""


def cause(count: itertools.count[int] = itertools.count()) -> Cause:  # noqa: B008 - one for all
    return Cause(input_id=result_id(uuid.UUID(int=1), "test", str(next(count))), source="test", now=NOW)


async def uploaded(rig: Rig) -> str:
    """Object key of a complete upload."""
    upload_id = uuid.uuid4()
    key = (await rig.objects.put(f"{rig.org_id}/uploads/{upload_id}", b"a video", "video/mp4", ".mp4")).key
    async with org_transaction(rig.api, rig.org_id) as connection:
        await connection.execute(UPLOAD, rig.org_id, upload_id, key)
    return key


async def new_project_of(rig: Rig, key: str) -> uuid.UUID:
    """A project of this object."""
    project_id = uuid.uuid4()
    async with org_transaction(rig.worker, rig.org_id) as connection:
        event = events.UploadReceived(org_id=rig.org_id, project_id=project_id, object_key=key)
        assert await project_lifecycle.create_project(connection, event)
    return project_id


async def erased(rig: Rig, *projects: uuid.UUID) -> None:
    """Erased as the API does it, then removed as the sweeper does, round after round."""
    for project_id in projects:
        async with org_transaction(rig.worker, rig.org_id) as connection:
            assert await project_lifecycle.erase_project(connection, rig.org_id, project_id, cause())
    for _ in orphan_cleanup.ERASED_ROUNDS:
        await asyncio.gather(*(erase(rig.worker, rig.objects, rig.org_id, project_id) for project_id in projects))


async def upload(rig: Rig, key: str) -> tuple[str, str]:
    async with org_transaction(rig.worker, rig.org_id) as connection:
        row = await connection.fetchrow("select filename, state from uploads where object_key = $1", key)
    assert row is not None
    return row["filename"], row["state"]


async def test_an_upload_lives_until_its_last_project_is_erased(rig: Rig) -> None:
    key = await uploaded(rig)
    first, second, third = [await new_project_of(rig, key) for _ in range(3)]
    for gone in (second, first):
        await erased(rig, gone)
        assert await upload(rig, key) == ("a talk.mp4", "complete")
        assert await rig.keys() == {key}
    await erased(rig, third)
    assert await upload(rig, key) == ("", "aborted"), "nothing can be made of it any more"
    assert await rig.keys() == set()


async def test_two_projects_of_one_upload_erased_at_once_leave_nothing(rig: Rig) -> None:
    key = await uploaded(rig)
    await erased(rig, *[await new_project_of(rig, key) for _ in range(2)])
    assert await upload(rig, key) == ("", "aborted")
    assert await rig.keys() == set()


async def test_a_project_created_during_an_erasure_keeps_the_upload(
    rig: Rig,
) -> None:
    """Making one locks the upload's row first, as the API does."""
    key = await uploaded(rig)
    gone = await new_project_of(rig, key)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.erase_project(connection, rig.org_id, gone, cause())
    async with org_transaction(rig.api, rig.org_id) as connection:
        await connection.execute("select 1 from uploads where object_key = $1 for update", key)
        removal = asyncio.create_task(erase(rig.worker, rig.objects, rig.org_id, gone))
        await until_blocked(rig.worker)
        assert not removal.done(), "it waits for the project that is being made"
        event = events.UploadReceived(org_id=rig.org_id, project_id=uuid.uuid4(), object_key=key)
        await project_lifecycle.create_project(connection, event)
    await removal
    assert await upload(rig, key) == ("a talk.mp4", "complete")
    assert await rig.keys() == {key}


async def test_a_clip_of_a_clip_outlives_the_project_it_came_from(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A producer on Kafka may name any object of its organisation, such as an export of another project."""
    key = await uploaded(rig)
    first = await new_project_of(rig, key)
    export = (await rig.objects.put(f"{rig.org_id}/{first}/exports/e", b"a clip", "video/mp4", ".mp4")).key
    await rig.objects.put(f"{rig.org_id}/{first}/heard/h", b"words", "application/json", ".json")
    second = await new_project_of(rig, export)
    monkeypatch.setattr(orphan_sweep, "GRACE", -orphan_cleanup.GRACE)
    async with org_transaction(rig.worker, rig.org_id) as connection:
        await project_lifecycle.fail_project(connection, rig.org_id, first, "media.corrupt", "It is.", cause())
    await rig.sweep()
    assert await rig.keys() == {key, export}, "what no row names goes, what another project is made of stays"
    await erased(rig, first)
    assert await rig.keys() == {export}
    await erased(rig, second)
    assert await rig.keys() == set()


async def test_a_producers_own_object_stays_with_the_producer(rig: Rig) -> None:
    key = (await rig.objects.put(f"{rig.org_id}/newsroom", b"a video", "video/mp4", ".mp4")).key
    await erased(rig, await new_project_of(rig, key))
    assert await rig.keys() == {key}
