"""A person is erased: their traces go from every log, the chains still hold, and what they did stays without a name."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.domain.identity.audit_chain import BrokenChainError, verify_lines
from core.infra.postgres.connection import transaction
from core.services.audit.audit_log import seal_entries
from core.services.organisation.person_traces import ROUNDS, erase_traces
from core.settings import Settings
from tests.contract.organisation.rig import Rig, open_rig
from tests.contract.rigs.people import invite, join
from tests.contract.rigs.servers import Server

pytestmark = pytest.mark.contract
ADDRESS = "203.0.113.77"


@pytest.fixture
async def rig(postgres: Settings, seaweedfs: Server, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(postgres, seaweedfs, tmp_path) as opened:
        yield opened


async def seal_all(rig: Rig) -> None:
    while await seal_entries(rig.erasure.relay):
        pass


async def run_traces(rig: Rig) -> None:
    for _ in range(len(ROUNDS) + 1):
        async with transaction(rig.erasure.relay) as rows:
            await rows.execute("update person_erasures set due_at = now()")
        assert await erase_traces(rig.erasure.relay)
    assert not await erase_traces(rig.erasure.relay), "the row went with the last round"


async def exported(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/v1/audit/export")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_traces_of_a_person_go_and_the_chain_holds(rig: Rig) -> None:
    """Of the organisation that they belong to, and of one that they left."""
    word = f"canary{secrets.token_hex(6)}"
    bob, ann = rig.world.bob, rig.world.ann
    person = await join(rig.world, rig.settings, bob, "admin", email=f"{word}@example.org")
    token = person.session["access_token"]
    transport = httpx2.ASGITransport(app=rig.world.app, client=(ADDRESS, 1))
    headers = {"Authorization": f"Bearer {token}", "User-Agent": word}
    async with httpx2.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
        await client.patch("/v1/account", json={"name": word})
        made = await client.post("/v1/projects", json={"source_url": "https://video.example/a.mp4"})
        assert made.status_code == 202, made.text
        await rig.world.app.state.context.request_log.write()
    await invite(ann.client, person.email, "viewer")
    await seal_all(rig)
    assert await rig.tables_with(word) == {"users", "invitations", "audit_entries"}
    assert await rig.tables_with(ADDRESS) == {"audit_entries", "request_log"}
    before = await exported(bob.client)
    head = verify_lines(before)
    assert (await person.client.delete("/v1/account")).status_code == 204
    await rig.world.app.state.context.request_log.write()
    await run_traces(rig)
    assert await rig.tables_with(word) == set()
    assert await rig.tables_with(ADDRESS) == set()
    assert await rig.tables_with(person.email) == set()
    after = await exported(bob.client)
    assert verify_lines(after) == head, "the chain is the same, and holds"
    (entry,) = [line for line in after if line.get("operation") == "createProject"]
    assert (entry["actor"], entry["address"], entry["salt"]) == (f"user:{person.user_id}", "", None)
    assert (await bob.client.get(f"/v1/projects/{made.json()['project_id']}")).status_code == 200
    for changed in ({"address": ADDRESS}, {"user_agent": word}, {"commitment": "0" * 64}, {"outcome": "refused"}):
        with pytest.raises(BrokenChainError, match="was changed"):
            verify_lines([line | changed if line is entry else line for line in after])


async def test_another_address_in_a_whole_entry_is_found(rig: Rig) -> None:
    await rig.world.bob.client.post("/v1/keys", json={"name": "k", "scopes": ["read"]})
    await seal_all(rig)
    lines = await exported(rig.world.bob.client)
    assert lines[1]["salt"] is not None
    with pytest.raises(BrokenChainError, match="address or browser"):
        verify_lines([line | {"address": ADDRESS} if line is lines[1] else line for line in lines])


async def test_the_last_owner_hands_over_or_erases_first(rig: Rig) -> None:
    owner = await join(rig.world, rig.settings, rig.world.bob, "owner")
    refused = await owner.client.delete("/v1/account")
    assert (refused.status_code, refused.json()["code"]) == (409, "last-owner")
    assert "erase the organisation" in refused.json()["detail"]
    await owner.client.post("/v1/organisation/erasure", json={"name": "Bob"})
    await rig.run_rounds()
    assert (await owner.client.delete("/v1/account")).status_code == 204
