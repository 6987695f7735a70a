"""Shares of organisations on the real stack: who comes last with little does not wait for who came first with much."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg
import msgspec
import pytest

from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import set_org
from core.infra.secrets import mint_api_key
from core.settings import load_settings
from core.storage import organisations
from tests.e2e.rig import ENDED, ROUGH, Api
from tests.support.media.shared_media import media

CLIP = "talking/hamilton_whitehouse_10s_360p.mp4"
BUSY_COUNT = 7
SHORT: dict[str, Any] = {"max_clips": 1, "min_clip_ms": 3000} | ROUGH


async def _second_organisation(api: Api) -> str:
    """Another organisation; gives its API key."""
    settings = load_settings(os.environ | api.stack.env, "bootstrap")
    minted = mint_api_key(open_key_ring(settings).derive("api-keys"))
    org_id = uuid.uuid4()
    owner = await asyncpg.connect(settings.postgres_owner)
    try:
        async with owner.transaction():
            await set_org(owner, org_id)
            await owner.execute("insert into orgs (org_id, name) values ($1, 'second')", org_id)
            await organisations.insert_api_key(
                owner, org_id, uuid.uuid4(), key_hash=minted.hash, last4=minted.last4, scopes=["read", "write"]
            )
    finally:
        await owner.close()
    return minted.plain


@pytest.fixture(scope="module")
def second(api: Api) -> Iterator[Api]:
    """The API, as another organisation."""
    with Api(msgspec.structs.replace(api.stack, api_key=asyncio.run(_second_organisation(api)))) as client:
        yield client


def test_a_project_overtakes_those_of_a_busy_organisation(api: Api, second: Api) -> None:
    upload_id = api.upload(media(CLIP))
    busy = [
        str(api.post("/v1/projects", {"upload_id": upload_id, "options": SHORT}, expect=202)["project_id"])
        for _ in range(BUSY_COUNT)
    ]
    last = second.start(media(CLIP), **SHORT)
    ended = second.wait(last)
    assert ended["state"] == "completed", ended["failure"]
    unfinished = [one for one in busy if api.get(f"/v1/projects/{one}")["state"] not in ENDED]
    assert len(unfinished) >= BUSY_COUNT // 2, "it ended before most of those that were there first"
    failures = [project["failure"] for project in api.wait_all(busy).values() if project["state"] != "completed"]
    assert failures == []
