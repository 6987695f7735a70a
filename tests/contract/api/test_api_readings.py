"""Every GET on real stores returns a complete reading, and the check of that finds gaps."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from core.infra.clickhouse import migrate_clickhouse, open_analytics
from core.infra.meilisearch import migrate_meilisearch
from core.settings import Settings
from tests.contract.rigs.api_world import World, new_clip, new_letter, new_project, open_world
from tests.contract.rigs.search_keys import open_api_search
from tests.contract.rigs.servers import Server
from tests.support.api_readings import gets, read_all_async

pytestmark = pytest.mark.contract
UNREACHED = {
    "getUpload", "getExport", "getStoryboard", "getPreview", "getReplay", "getAsset", "getBrandKit",
    "listBrandKitVersions", "getEndpoint", "downloadCaptions", "downloadClip", "listDeliveries", "getDelivery",
    "getArchive", "getShare", "getPublicShare", "getSharedCaptions",
    "startProviderSignIn", "finishProviderSignIn",
}  # fmt: skip


@pytest.fixture
async def world(postgres: Settings, clickhouse_front: Server, search_front: Server) -> AsyncIterator[World]:
    settings = msgspec.structs.replace(
        postgres, clickhouse=clickhouse_front.url, meilisearch=search_front.url, meilisearch_key=search_front.password
    )
    await migrate_clickhouse(settings)
    await migrate_meilisearch(settings)
    analytics, search = await open_analytics(settings), open_api_search(settings)
    async with open_world(settings, analytics=analytics, search=search) as opened:
        yield opened
    await analytics.close()
    search.close()


async def test_every_get_is_read_or_named_as_unread(world: World) -> None:
    project_id = await new_project(world.ann)
    await new_clip(world, world.ann, project_id)
    await new_letter(world, world.ann)
    await world.ann.client.post("/v1/project-presets", json={"name": "A preset", "options": {}})
    await world.ann.client.post("/v1/service-accounts", json={"name": "A program", "role": "viewer"})
    app = {"name": "An app", "kind": "public", "scopes": ["read"], "redirect_uris": ["https://app.example/"]}
    await world.ann.client.post("/v1/oauth/clients", json=app)
    found = await read_all_async(world.ann.client, str(project_id), without=UNREACHED)
    assert not found.failures()
    assert set(found.operations.values()) | found.unread == {operation.name for operation in gets()}
    assert found.answers["/v1/projects/" + str(project_id)].status == 200
    assert {"getClip", "getDeadLetter", "getCaptionTemplate", "handOverClip"} <= set(found.operations.values())
    for wrong in (UNREACHED - {"getUpload"}, UNREACHED | {"getProject"}):
        with pytest.raises(AssertionError, match="not read"):
            await read_all_async(world.ann.client, str(project_id), without=wrong)


async def test_nothing_of_another_organisation_is_read(world: World) -> None:
    project_id = await new_project(world.ann)
    clip_id = await new_clip(world, world.ann, project_id)
    found = await read_all_async(world.bob.client, str(project_id), ids={"clip_id": [str(clip_id)]}, without=None)
    assert not found.failures()
    walled = [answer for path, answer in found.answers.items() if str(project_id) in path or str(clip_id) in path]
    assert {answer.status for answer in walled if answer.status != 422} == {404}
