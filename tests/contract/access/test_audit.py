"""The audit log: an entry for each write, one chain an organisation, and every change of it is found."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from core.domain.identity.actors import SYSTEM
from core.domain.identity.audit_chain import BrokenChainError, ChainEnd, verify_lines
from core.domain.retention_rules import RetentionRules
from core.infra.postgres.connection import Pool, create_pool, org_transaction, set_org
from core.services.audit.audit_log import append, seal_entries
from core.settings import Settings
from core.storage.identity.audit import AuditEntry
from streams.background.sweeper import delete_old
from tests.contract.rigs.api_world import URL, Tenant, World, client_of, new_project, open_world

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


@pytest.fixture
async def relay(postgres: Settings) -> AsyncIterator[Pool]:
    async with open_relay(postgres) as pool:
        yield pool


@asynccontextmanager
async def open_relay(settings: Settings) -> AsyncIterator[Pool]:
    pool = await create_pool(settings.postgres_relay, size=4, name="sealer-test")
    try:
        yield pool
    finally:
        await pool.close()


async def audited(tenant: Tenant, **filters: Any) -> list[dict[str, Any]]:
    response = await tenant.client.get("/v1/audit", params={"limit": 100} | filters)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def exported(tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    response = await tenant.client.get("/v1/audit/export", params=query)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


async def seal_all(relay: Pool) -> None:
    while await seal_entries(relay):
        pass


async def alter(world: World, tenant: Tenant, change: str, *, where: str = "true") -> None:
    """Change rows of an organisation behind everybody's back, as who owns the tables."""
    async with world.owner.transaction():
        await set_org(world.owner, tenant.org_id)
        tag = await world.owner.execute(f"{change} where org_id = $1 and {where}", tenant.org_id)
    assert tag.rpartition(" ")[2] != "0"


async def test_each_write_says_who_did_what_from_where(world: World) -> None:
    """POST, PATCH and DELETE; what failed left nothing, what was forbidden is told."""
    ann = client_of(world.app, world.ann.key, address="192.0.2.7", **{"User-Agent": "curl/8 \x07" + "x" * 300})
    made = (await ann.post("/v1/keys", json={"name": "Secret plan", "scopes": ["read"]})).json()
    key_id = made["key_id"]
    await ann.patch(f"/v1/keys/{key_id}", json={"name": "Other plan"})
    await ann.patch(f"/v1/keys/{key_id}", json={"name": ""})
    await ann.patch(f"/v1/keys/{uuid4()}", json={"name": "x"})
    reader = client_of(world.app, made["key"])
    project = await reader.post("/v1/projects", json=URL, headers={"X-Request-Id": "asked-for-this"})
    assert project.status_code == 403
    assert (await reader.delete(f"/v1/projects/{uuid4()}")).status_code == 403
    await ann.delete(f"/v1/keys/{uuid4()}")
    await ann.delete(f"/v1/keys/{key_id}")
    await ann.get("/v1/keys")
    entries = list(reversed(await audited(world.ann)))
    told = [(one["operation"], one["outcome"], one["target_kind"]) for one in entries]
    assert told == [
        ("createKey", "done", "key"),
        ("changeKey", "done", "key"),
        ("createProject", "refused", ""),
        ("eraseProject", "refused", "project"),
        ("revokeKey", "done", "key"),
    ]
    assert {one["target_ids"][0] for one in entries if one["target_kind"] == "key"} == {key_id}
    first, refused = entries[0], entries[2]
    assert first["actor"] == {"kind": "key", "id": str(world.ann.key_id)}
    assert (first["key_id"], first["address"]) == (str(world.ann.key_id), "192.0.2.7")
    assert first["user_agent"].startswith("curl/8 ?x")
    assert len(first["user_agent"]) == 200
    assert refused["request_id"] == "asked-for-this"
    assert refused["actor"] == {"kind": "key", "id": key_id}
    for word in ("plan", made["key"], made["key"][-10:]):
        assert word not in json.dumps(entries)
    assert await audited(world.bob) == []


async def test_the_target_is_what_was_made(world: World) -> None:
    project_id = await new_project(world.ann)
    await world.ann.client.post(f"/v1/projects/{project_id}/cancel")
    cancelled, made = await audited(world.ann)
    for entry in (made, cancelled):
        assert (entry["target_kind"], entry["target_ids"]) == ("project", [str(project_id)])
    await world.ann.client.delete(f"/v1/projects/{project_id}")
    (erased,) = await audited(world.ann, operation="eraseProject")
    assert erased["target_ids"] == [str(project_id)]


async def test_a_rotated_key_is_named_before_the_new_one(world: World) -> None:
    old = (await world.ann.client.post("/v1/keys", json={"name": "x", "scopes": ["keys:write"]})).json()
    new = (await world.ann.client.post(f"/v1/keys/{old['key_id']}/rotate", json={})).json()
    (entry,) = await audited(world.ann, operation="rotateKey")
    assert (entry["target_kind"], entry["target_ids"]) == ("key", [old["key_id"], new["key_id"]])


async def test_an_attempt_to_get_more_leaves_an_entry(world: World) -> None:
    """Refused by the operation, whose transaction was rolled back."""
    weak = (await world.ann.client.post("/v1/keys", json={"name": "x", "scopes": ["keys:write"]})).json()
    client = client_of(world.app, weak["key"])
    assert (await client.post("/v1/keys", json={"name": "y", "scopes": ["admin"]})).status_code == 403
    assert (await client.post(f"/v1/keys/{world.ann.key_id}/rotate", json={})).status_code == 403
    told = [(one["operation"], one["outcome"], one["target_ids"]) for one in await audited(world.ann)]
    assert told[:2] == [("rotateKey", "refused", [str(world.ann.key_id)]), ("createKey", "refused", [])]


async def test_the_log_is_filtered_and_paged(world: World) -> None:
    projects = [await new_project(world.ann) for _ in range(5)]
    await world.ann.client.delete(f"/v1/projects/{projects[0]}")
    assert len(await audited(world.ann, target_id=str(projects[0]))) == 2
    assert len(await audited(world.ann, operation="createProject")) == 5
    assert len(await audited(world.ann, actor=f"key:{world.ann.key_id}")) == 6
    assert await audited(world.ann, actor=f"key:{world.bob.key_id}") == []
    everything = await audited(world.ann)
    since, until = everything[3]["created_at"], everything[1]["created_at"]
    assert await audited(world.ann, since=since, until=until) == everything[2:4]
    seen: list[Any] = []
    cursor: str | None = None
    while cursor or not seen:
        place = {"cursor": cursor} if cursor else {}
        page = (await world.ann.client.get("/v1/audit", params={"limit": 4} | place)).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert seen == everything
    refused = await world.ann.client.get("/v1/audit", params={"since": until, "until": since})
    assert refused.status_code == 422
    assert (await world.ann.client.get("/v1/audit", params={"actor": "nobody"})).status_code == 422


async def test_two_hundred_posts_of_one_key_make_one_project_and_one_entry(world: World) -> None:
    headers = {"Idempotency-Key": "once-and-only-once"}
    answers = await asyncio.gather(
        *(world.ann.client.post("/v1/projects", json=URL, headers=headers) for _ in range(200))
    )
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.content for answer in answers if answer.status_code == 202}) == 1
    again = await world.ann.client.post("/v1/projects", json=URL, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await world.ann.client.get("/v1/projects")).json()["items"]) == 1
    assert [one["operation"] for one in await audited(world.ann)] == ["createProject"]


async def test_concurrent_writers_and_sealers_keep_one_chain(world: World, relay: Pool) -> None:
    """Writers of two organisations, and three sealers at once."""
    done = asyncio.Event()

    async def keep_sealing() -> None:
        while not done.is_set():
            await seal_entries(relay, limit=7)

    sealers = [asyncio.create_task(keep_sealing()) for _ in range(3)]
    for _ in range(5):
        await asyncio.gather(*(new_project(tenant) for tenant in (world.ann, world.bob) for _ in range(12)))
    done.set()
    await asyncio.gather(*sealers)
    await seal_all(relay)
    for tenant in (world.ann, world.bob):
        lines = await exported(tenant)
        assert [line["position"] for line in lines[1:-1]] == list(range(1, 61))
        assert verify_lines(lines).position == 60
        assert all(line["org_id"] == str(tenant.org_id) for line in lines)
        assert {one["position"] for one in await audited(tenant)} == set(range(1, 61))


@pytest.fixture
async def sealed(world: World, relay: Pool) -> World:
    for _ in range(6):
        await new_project(world.ann)
    await seal_all(relay)
    assert verify_lines(await exported(world.ann)).position == 6
    return world


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("operation = 'listKeys'", "position 4 was changed"),
        ("actor = 'key:00000000-0000-0000-0000-000000000000'", "position 4 was changed"),
        ("created_at = created_at - interval '1 microsecond'", "position 4 was changed"),
        ("target_ids = '{}'", "position 4 was changed"),
        ("outcome = 'refused'", "position 4 was changed"),
        ("address = '192.0.2.66'", "position 4 was changed"),
        ("hash = sha256('x')", "position 4 was changed"),
        ("previous_hash = sha256('x')", "position 4 was changed"),
    ],
)
async def test_a_flipped_row_is_found(sealed: World, change: str, found: str) -> None:
    await alter(sealed, sealed.ann, f"update audit_entries set {change}", where="position = 4")
    with pytest.raises(BrokenChainError, match=found):
        verify_lines(await exported(sealed.ann))


async def test_a_removed_row_is_found(sealed: World) -> None:
    known = verify_lines(await exported(sealed.ann))
    await alter(sealed, sealed.ann, "delete from audit_entries", where="position = 6")
    with pytest.raises(BrokenChainError, match="positions 6 to 6 are missing at the end"):
        verify_lines(await exported(sealed.ann))
    await alter(sealed, sealed.ann, "delete from audit_entries", where="position = 3")
    with pytest.raises(BrokenChainError, match="position 3 is missing"):
        verify_lines(await exported(sealed.ann))
    await alter(sealed, sealed.ann, "delete from audit_entries", where="position = 1")
    with pytest.raises(BrokenChainError, match="position 1 is missing"):
        verify_lines(await exported(sealed.ann))
    assert known.position == 6


async def test_reordered_rows_are_found(sealed: World) -> None:
    for position, other in ((2, 100), (5, 2), (100, 5)):
        change = f"update audit_entries set position = {other}"
        await alter(sealed, sealed.ann, change, where=f"position = {position}")
    with pytest.raises(BrokenChainError, match="position 2 was changed"):
        verify_lines(await exported(sealed.ann))


async def test_a_chain_that_was_written_again_is_found_by_who_kept_its_head(sealed: World, relay: Pool) -> None:
    known = verify_lines(await exported(sealed.ann))
    await alter(
        sealed,
        sealed.ann,
        """update audit_entries set position = null, previous_hash = null, hash = null, sealed_at = null,
             address = '192.0.2.66'""",
    )
    await alter(sealed, sealed.ann, "update audit_chains set position = 0, hash = decode(repeat('00', 32), 'hex')")
    await seal_all(relay)
    lines = await exported(sealed.ann)
    assert verify_lines(lines).position == 6
    with pytest.raises(BrokenChainError, match="position 6 has another hash than it had"):
        verify_lines(lines, passes=known)


async def test_who_appends_cannot_change_what_was_appended(sealed: World) -> None:
    for statement in (
        "update audit_entries set outcome = 'done'",
        "delete from audit_entries",
        "update audit_chains set position = 0",
        "insert into audit_entries (org_id, entry_id, actor, operation, outcome, created_at) "
        "values (current_org(), gen_random_uuid(), 'a', 'b', 'done', now() - interval '1 year')",
        "insert into audit_entries (org_id, entry_id, actor, operation, outcome, position) "
        "values (current_org(), gen_random_uuid(), 'a', 'b', 'done', 7)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with org_transaction(sealed.api, sealed.ann.org_id) as rows:
                await rows.execute(statement)


async def test_what_is_left_after_retention_is_still_a_chain(sealed: World, relay: Pool) -> None:
    known = ChainEnd(position=3, hash=bytes.fromhex((await exported(sealed.ann))[3]["hash"]))
    old = "update audit_entries set sealed_at = now() - interval '400 days'"
    await alter(sealed, sealed.ann, old, where="position < 4")
    await delete_old(relay, RetentionRules(audit_days=300))
    lines = await exported(sealed.ann)
    assert (lines[0]["line"], lines[0]["position"], lines[0]["hash"]) == ("checkpoint", 3, known.hash.hex())
    assert [line["position"] for line in lines[1:-1]] == [4, 5, 6]
    assert verify_lines(lines, passes=known).position == 6
    await new_project(sealed.ann)
    await seal_all(relay)
    assert verify_lines(await exported(sealed.ann)).position == 7
    increment = await exported(sealed.ann, after=6)
    assert [line["line"] for line in increment] == ["checkpoint", "entry", "head"]
    assert verify_lines(increment).position == 7
    assert [line["line"] for line in await exported(sealed.ann, after=7)] == ["checkpoint", "head"]
    for position in (1, 8):
        refused = await sealed.ann.client.get("/v1/audit/export", params={"after": position})
        assert refused.status_code == 422, refused.text


async def test_a_table_for_people_holds_no_formulas(world: World, relay: Pool) -> None:
    client = client_of(world.app, world.ann.key, **{"User-Agent": "=cmd|' /C calc'!A0"})
    await client.post("/v1/projects", json=URL)
    await seal_all(relay)
    response = await world.ann.client.get("/v1/audit/export", params={"format": "csv"})
    assert response.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(response.text))
    assert row["user_agent"].startswith("'=cmd")
    assert (row["operation"], row["position"], row["outcome"]) == ("createProject", "1", "done")


async def test_an_empty_log_verifies(world: World) -> None:
    assert verify_lines(await exported(world.ann)) == ChainEnd(position=0, hash=bytes(32))


async def test_an_entry_of_a_service_is_in_the_same_chain(world: World, relay: Pool) -> None:
    """What is appended without an operation: a sign-in, the system."""
    async with org_transaction(world.api, world.ann.org_id) as rows:
        entry = AuditEntry(org_id=world.ann.org_id, actor=SYSTEM, operation="signIn", user_agent="\u202ebad\n")
        await append(rows, entry)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with org_transaction(world.api, world.bob.org_id) as rows:
            await append(rows, entry)
    await seal_all(relay)
    (found,) = await audited(world.ann)
    assert (found["operation"], found["user_agent"], found["position"]) == ("signIn", "?bad?", 1)
    assert verify_lines(await exported(world.ann)).position == 1
