"""An organisation is erased: no table and no object shows a word of it, and its neighbour keeps every row."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from core.domain.identity.data_rules import DataRules
from core.infra.postgres.connection import transaction
from core.services.audit.audit_log import seal_entries
from core.services.organisation.organisation_erasure import erase_next_organisation
from core.settings import Settings
from core.storage.organisation import erasures
from tests.contract.organisation.rig import Canaries, Rig, open_rig
from tests.contract.rigs.people import PASSWORD
from tests.contract.rigs.servers import Server

pytestmark = pytest.mark.contract
ERASURE = "/v1/organisation/erasure"
ANSWERED_FOR_S = 5.0


@pytest.fixture
async def rig(postgres: Settings, seaweedfs: Server, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(postgres, seaweedfs, tmp_path) as opened:
        yield opened


def new_canaries() -> Canaries:
    return Canaries(words=f"canary{secrets.token_hex(6)}", secrets=[PASSWORD])


async def test_nothing_of_an_erased_organisation_is_found(rig: Rig) -> None:
    """Byte for byte in every table and every object; the neighbour's are all there."""
    mine, neighbours = new_canaries(), new_canaries()
    owner, editor = await rig.fill(rig.world.bob, mine)
    await rig.fill(rig.world.ann, neighbours)
    while await seal_entries(rig.erasure.relay):
        pass
    before = await rig.tables_with(neighbours.words)
    assert before == await rig.tables_with(mine.words), "both organisations have the same"
    assert len(before) >= 20, sorted(before)
    kept = sorted(await rig.objects_with(neighbours.words))
    assert len(await rig.objects_with(mine.words)) == len(kept) > 0
    named = (await owner.client.post(ERASURE, json={"name": "Bob"})).json()
    assert named["code"] == "invalid"
    asked = await owner.client.post(ERASURE, json={"name": mine.words})
    assert (asked.status_code, asked.json()["state"]) == (202, "requested"), asked.text
    assert (await owner.client.post(ERASURE, json={"name": mine.words})).json()["code"] == "erasure-requested"
    await rig.run_rounds()
    (ended,) = (await owner.client.get("/v1/account/erasures")).json()["items"]
    assert ended["state"] == "done", ended
    assert {"projects", "objects", "members", "people", "customers", "rows"} <= ended["counts"].keys()
    assert ended["counts"]["people"] == 1, "the editor; who asked for it keeps their account"
    # the account of who asked for it goes when they say so
    assert await rig.tables_with(mine.words) == {"users"}
    assert (await owner.client.delete("/v1/account")).status_code == 204
    assert await rig.tables_with(mine.words) == set()
    assert await rig.objects_with(mine.words) == []
    assert await rig.objects.list_prefix(f"{rig.world.bob.org_id}/") == []
    assert await rig.tables_with(neighbours.words) == before
    assert sorted(await rig.objects_with(neighbours.words)) == kept
    customers = [customer["metadata"]["org_id"] for customer in rig.books.customers.values()]
    assert customers == [str(rig.world.ann.org_id)]
    async with asyncio.timeout(ANSWERED_FOR_S):
        for client, path in ((rig.world.bob.client, "/v1/projects"), (editor.client, "/v1/account")):
            while (await client.get(path)).status_code != 401:
                await asyncio.sleep(0.2)
    operator = await rig.world.ann.client.get(f"/v1/admin/organisations/{rig.world.bob.org_id}/erasure")
    assert operator.json()["state"] == "done"


async def test_no_table_shows_a_secret(rig: Rig) -> None:
    """API keys, signing secrets, passwords, refresh tokens, seeds of one-time codes: sealed, or hashed, or nowhere."""
    canaries = new_canaries()
    owner, _ = await rig.fill(rig.world.bob, canaries)
    canaries.secrets.append(owner.session["refresh_token"])
    totp = await owner.client.post("/v1/account/totp", json={"password": PASSWORD})
    canaries.secrets.append(totp.json()["secret"])
    assert len(canaries.secrets) == 5
    for secret in canaries.secrets:
        for shown in (secret, secret.rpartition("_")[2]):
            assert await rig.tables_with(shown) == set(), secret[:8]


async def test_an_erasure_is_cancelled_within_its_grace_only(rig: Rig) -> None:
    canaries = new_canaries()
    owner, editor = await rig.fill(rig.world.bob, canaries)
    with_grace = msgspec.structs.replace(rig.settings, data=DataRules(grace_days=1.0))
    rig.world.app.state.context = msgspec.structs.replace(rig.world.app.state.context, settings=with_grace)
    assert (await owner.client.get(ERASURE)).status_code == 404
    assert (await owner.client.delete(ERASURE)).status_code == 404
    for refused in (editor.client, rig.world.bob.client):
        assert (await refused.post(ERASURE, json={"name": canaries.words})).status_code == 403
    assert (await owner.client.post(ERASURE, json={"name": canaries.words})).status_code == 202
    assert await erase_next_organisation(rig.erasure) is False, "the grace has not ended"
    assert (await editor.client.get(ERASURE)).json()["state"] == "requested"
    assert (await editor.client.delete(ERASURE)).status_code == 403
    assert (await owner.client.delete(ERASURE)).status_code == 204
    assert (await owner.client.get(ERASURE)).json()["state"] == "cancelled"
    assert await erase_next_organisation(rig.erasure) is False
    assert (await owner.client.get("/v1/projects")).json()["items"], "everything is as it was"
    rig.world.app.state.context = msgspec.structs.replace(rig.world.app.state.context, settings=rig.settings)
    assert (await owner.client.post(ERASURE, json={"name": canaries.words})).status_code == 202
    assert (await owner.client.delete(ERASURE)).json()["code"] == "erasure-running"


async def test_a_killed_erasure_goes_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends in the middle of its steps, at each of them; the next process does the rest."""
    canaries = new_canaries()
    owner, _ = await rig.fill(rig.world.bob, canaries)
    await owner.client.post(ERASURE, json={"name": canaries.words})
    noted, deaths = erasures.note_progress, [1, 2, 3]

    async def note_or_die(*arguments: object) -> None:
        await noted(*arguments)  # type: ignore[arg-type]
        if deaths:
            deaths[0] -= 1
            if deaths[0] == 0:
                deaths.pop(0)
                raise asyncio.CancelledError

    monkeypatch.setattr(erasures, "note_progress", note_or_die)
    while deaths:
        with pytest.raises(asyncio.CancelledError):
            await erase_next_organisation(rig.erasure)
        assert await erase_next_organisation(rig.erasure) is False, "another process waits until the claim has ended"
        async with transaction(rig.erasure.relay) as rows:
            await rows.execute("update organisation_erasures set next_at = now() where next_at is not null")
    await rig.run_rounds()
    assert await rig.tables_with(canaries.words) == {"users"}
    assert await rig.objects_with(canaries.words) == []


async def test_the_organisation_that_runs_the_installation_stays(rig: Rig) -> None:
    canaries = new_canaries()
    owner, _ = await rig.fill(rig.world.ann, canaries)
    refused = await owner.client.post(ERASURE, json={"name": canaries.words})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
