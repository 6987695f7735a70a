"""Seals of uploads on a real store: what a project is made of stays, though the signed URL still takes a PUT."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from core.services.upload_seals import find_sealed_key
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_store, open_world
from tests.contract.rigs.servers import Server

pytestmark = pytest.mark.contract
COPY_ID = uuid.UUID(int=1)
FIRST, SECOND = b"first bytes.", b"other bytes!"


class Story:
    """An upload, its signed URL, and what ingest reads of it."""

    def __init__(self, world: World, store: S3Objects, signed: Any) -> None:
        self.world, self.store, self.signed = world, store, signed

    async def put(self, body: bytes) -> int:
        async with httpx2.AsyncClient(timeout=30) as client:
            answer = await client.put(self.signed["url"], content=body, headers=self.signed["headers"])
        return answer.status_code

    async def post_project(self) -> Any:
        return await self.world.ann.client.post("/v1/projects", json={"upload_id": self.signed["upload_id"]})

    async def read_as_ingest(self, copy_id: uuid.UUID = COPY_ID) -> bytes:
        key = await find_sealed_key(
            self.world.worker, self.store, self.world.ann.org_id, self.signed["object_key"], copy_id
        )
        return await self.store.read_range(key, 0, 100)


@pytest.fixture
async def story(postgres: Settings, seaweedfs: Server) -> AsyncIterator[Story]:
    async with (
        open_store(postgres, seaweedfs, "sealed") as store,
        open_world(postgres, uploads=store, objects=store) as world,
    ):
        request = {"filename": "a b.mp4", "size_bytes": len(FIRST), "content_type": "video/mp4"}
        signed = await world.ann.client.post("/v1/uploads/sign", json=request)
        yield Story(world, store, signed.json())


async def test_a_second_put_after_the_project_changes_nothing(story: Story) -> None:
    assert await story.put(FIRST) == 200
    assert (await story.post_project()).status_code == 202
    assert await story.put(SECOND) == 200, "the URL is still valid"
    assert await story.read_as_ingest() == FIRST
    assert (await story.post_project()).status_code == 202
    assert await story.read_as_ingest() == FIRST, "a second project is made of the same bytes"


async def test_a_second_put_after_completing_changes_nothing(story: Story) -> None:
    assert await story.put(FIRST) == 200
    done = await story.world.ann.client.post(f"/v1/uploads/{story.signed['upload_id']}/complete", json={})
    assert done.status_code == 200
    assert await story.put(SECOND) == 200
    assert (await story.post_project()).status_code == 202
    assert await story.read_as_ingest() == FIRST


async def test_ingest_seals_an_object_named_by_a_producer(story: Story) -> None:
    assert await story.put(FIRST) == 200
    assert await story.read_as_ingest() == FIRST
    assert await story.put(SECOND) == 200
    assert await story.read_as_ingest() == FIRST, "a later attempt"
    assert await story.read_as_ingest(uuid.UUID(int=2)) == FIRST, "another project"


async def test_the_copies_are_removed_with_the_upload(story: Story) -> None:
    assert await story.put(FIRST) == 200
    await story.post_project()
    assert len(await story.store.list_prefix(story.signed["object_key"])) == 2
    assert await story.store.delete_prefix(story.signed["object_key"]) == 2


async def test_an_object_that_did_not_arrive_is_not_sealed(story: Story) -> None:
    assert (await story.post_project()).json()["code"] == "upload-not-complete"
    with pytest.raises(KeyError):
        await story.read_as_ingest()
    async with org_transaction(story.world.worker, story.world.ann.org_id) as rows:
        assert await rows.fetchval("select sealed_key from uploads") is None
