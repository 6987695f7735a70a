"""The archive of an organisation: all of it, nothing of others, no secret; made again after a kill; removed in time."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from core.domain.identity.data_rules import DataRules
from core.infra.postgres.connection import transaction
from core.services.organisation.archive_contents import RESOURCES
from core.services.organisation.archives import write_next_archive
from core.settings import Settings
from tests.contract.organisation.rig import Rig, open_rig
from tests.contract.organisation.test_organisation_erasure import new_canaries
from tests.contract.rigs.api_world import client_of
from tests.contract.rigs.servers import Server

pytestmark = pytest.mark.contract
ARCHIVES = "/v1/organisation/archives"


@pytest.fixture
async def rig(postgres: Settings, seaweedfs: Server, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(postgres, seaweedfs, tmp_path) as opened:
        yield opened


async def make(client: httpx2.AsyncClient, **body: Any) -> str:
    asked = await client.post(ARCHIVES, json=body)
    assert (asked.status_code, asked.json()["state"]) == (202, "queued"), asked.text
    assert asked.headers["Location"] == f"{ARCHIVES}/{asked.json()['archive_id']}"
    return str(asked.json()["archive_id"])


async def due(rig: Rig) -> None:
    async with transaction(rig.archives.relay) as rows:
        await rows.execute("update organisation_archives set next_at = now() where next_at is not null")


async def download(client: httpx2.AsyncClient, archive_id: str) -> tuple[dict[str, Any], zipfile.ZipFile]:
    read = (await client.get(f"{ARCHIVES}/{archive_id}")).json()
    assert read["state"] == "done", read
    async with httpx2.AsyncClient() as plain:
        body = (await plain.get(read["url"])).content
    assert (len(body), hashlib.sha256(body).hexdigest()) == (read["size_bytes"], read["sha256"])
    return read, zipfile.ZipFile(io.BytesIO(body))


async def test_an_archive_holds_everything_and_no_secret(rig: Rig, tmp_path: Path) -> None:
    canaries, foreign = new_canaries(), new_canaries()
    owner, editor = await rig.fill(rig.world.bob, canaries)
    await rig.fill(rig.world.ann, foreign)
    canaries.secrets.append(owner.session["refresh_token"])
    assert (await editor.client.post(ARCHIVES, json={})).status_code == 403
    archive_id = await make(rig.world.bob.client, media=True)
    assert (await owner.client.post(ARCHIVES, json={})).json()["code"] == "archive-at-work"
    assert (await rig.world.ann.client.get(f"{ARCHIVES}/{archive_id}")).status_code == 404
    assert await write_next_archive(rig.archives)
    assert (await editor.client.get(f"{ARCHIVES}/{archive_id}")).json()["url"] is None, "an editor sees its state alone"
    read, archive = await download(owner.client, archive_id)
    manifest = json.loads(archive.read("manifest.json"))
    assert {file["name"] for file in manifest["files"]} | {"manifest.json"} == set(archive.namelist())
    bodies = {file["name"]: archive.read(file["name"]) for file in manifest["files"]}
    for file in manifest["files"]:
        body = bodies[file["name"]]
        assert (len(body), hashlib.sha256(body).hexdigest()) == (file["size_bytes"], file["sha256"])
    assert {f"{name}.jsonl" for name in RESOURCES} <= bodies.keys()
    assert read["counts"]["projects"] == read["counts"]["organisation"] == 1
    for name in ("projects", "members", "clips", "exports", "webhook_endpoints", "brand_kits", "project_presets"):
        assert canaries.words.encode() in bodies[f"{name}.jsonl"], name
    for name in ("invitations", "keys"):
        assert canaries.words.encode() in bodies[f"{name}.jsonl"], name
    (project,) = [json.loads(line) for line in bodies["projects.jsonl"].splitlines()]
    shown = (await owner.client.get(f"/v1/projects/{project['project_id']}")).json()
    same = project.keys() & shown.keys()
    assert {"title", "state", "metadata", "tags", "source_url", "options", "test"} <= same
    assert {name: project[name] for name in ("title", "state", "metadata", "tags", "source_url")} == {
        name: shown[name] for name in ("title", "state", "metadata", "tags", "source_url")
    }
    suffixes = {name.rpartition(".")[2] for name in bodies if name.startswith("files/")}
    assert suffixes == {"json", "mp4"}
    everything = b"".join(bodies.values())
    for secret in [*canaries.secrets, foreign.words]:
        assert secret.encode() not in everything, secret[:8]
    assert list((tmp_path / "archives").iterdir()) == [], "the working folder is empty again"


async def test_an_archive_without_media_has_texts_alone(rig: Rig) -> None:
    await rig.fill(rig.world.bob, new_canaries())
    archive_id = await make(rig.world.bob.client)
    await write_next_archive(rig.archives)
    _, archive = await download(rig.world.bob.client, archive_id)
    assert {name.rpartition(".")[2] for name in archive.namelist() if name.startswith("files/")} == {"json"}


async def test_a_killed_archive_is_made_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.fill(rig.world.bob, new_canaries())
    archive_id = await make(rig.world.bob.client)
    complete = rig.objects.complete_multipart

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rig.objects, "complete_multipart", die)
    with pytest.raises(KeyboardInterrupt):
        await write_next_archive(rig.archives)
    monkeypatch.setattr(rig.objects, "complete_multipart", complete)
    assert not await write_next_archive(rig.archives), "the claim has not ended"
    await due(rig)
    assert await write_next_archive(rig.archives)
    await download(rig.world.bob.client, archive_id)


async def test_an_archive_that_cannot_be_written_fails(rig: Rig) -> None:
    archive_id = await make(rig.world.bob.client)
    async with transaction(rig.archives.relay) as rows:
        await rows.execute("update organisation_archives set tries = 5")
    await write_next_archive(rig.archives)
    read = (await rig.world.bob.client.get(f"{ARCHIVES}/{archive_id}")).json()
    assert (read["state"], read["failure_reason"]) == ("failed", "archive.not_written")


async def test_an_archive_of_an_erased_organisation_leaves_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is erased while the archive is written."""
    await rig.fill(rig.world.bob, new_canaries())
    await make(rig.world.bob.client)
    put_part = rig.objects.put_part

    async def erase_first(*arguments: Any) -> Any:
        await rig.world.owner.execute("delete from organisation_archives")
        return await put_part(*arguments)

    monkeypatch.setattr(rig.objects, "put_part", erase_first)
    assert await write_next_archive(rig.archives)
    assert await rig.objects.list_prefix(f"{rig.world.bob.org_id}/archives/") == []


async def test_an_archive_is_removed_in_time(rig: Rig) -> None:
    await rig.fill(rig.world.bob, new_canaries())
    archive_id = await make(rig.world.bob.client)
    await write_next_archive(rig.archives)
    prefix = f"{rig.world.bob.org_id}/archives/"
    assert len(await rig.objects.list_prefix(prefix)) == 1
    await due(rig)
    await write_next_archive(rig.archives)
    assert await rig.objects.list_prefix(prefix) == []
    read = (await rig.world.bob.client.get(f"{ARCHIVES}/{archive_id}")).json()
    assert (read["state"], read["url"]) == ("expired", None)
    assert [one["state"] for one in (await rig.world.bob.client.get(ARCHIVES)).json()["items"]] == ["expired"]


async def test_an_archive_that_would_be_too_large_fails(rig: Rig) -> None:
    await rig.fill(rig.world.bob, new_canaries())
    archive_id = await make(rig.world.bob.client)
    await write_next_archive(msgspec.structs.replace(rig.archives, rules=DataRules(archive_gb=1e-9)))
    read = (await rig.world.bob.client.get(f"{ARCHIVES}/{archive_id}")).json()
    assert (read["state"], read["failure_reason"]) == ("failed", "archive.too_large")


async def test_a_test_key_makes_no_archive(rig: Rig) -> None:
    body = {"name": "t", "scopes": ["admin"], "test": True}
    made = (await rig.world.bob.client.post("/v1/keys", json=body)).json()
    refused = await client_of(rig.world.app, made["key"]).post(ARCHIVES, json={})
    assert refused.json()["code"] == "forbidden"
