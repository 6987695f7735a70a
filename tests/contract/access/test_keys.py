"""API keys and service accounts: nobody gives what they lack, and every wall of a key holds."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.http.auth import CACHE_S
from api.problems.problem_types import CATALOGUE
from api.wiring import REFUSALS_PER_MINUTE
from core.infra.postgres.connection import org_transaction, set_org
from core.infra.secrets import check_api_key
from core.settings import Settings
from core.storage.billing.usage import add_usage
from tests.contract.rigs.api_world import URL, Tenant, World, client_of, new_clip, open_app, open_world

pytestmark = pytest.mark.contract
EFFECTIVE_S = 5.0


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def new_key(tenant: Tenant, *scopes: str, **more: Any) -> dict[str, Any]:
    wanted = {"name": "Import", "scopes": list(scopes) or ["read"], **more}
    response = await tenant.client.post("/v1/keys", json=wanted)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def change_row(world: World, tenant: Tenant, key_id: str, assignment: str) -> None:
    async with world.owner.transaction():
        await set_org(world.owner, tenant.org_id)
        await world.owner.execute(f"update api_keys set {assignment} where key_id = $1", key_id)


async def test_a_key_is_shown_once_and_works(world: World) -> None:
    made = await new_key(world.ann, "projects:read", "read", allowed_addresses=["127.0.0.0/8"])
    assert made["key"].startswith("clp_live_")
    assert not check_api_key(made["key"])
    assert (made["scopes"], made["created_by"]) == (
        ["read", "projects:read"],
        {"kind": "key", "id": str(world.ann.key_id)},
    )
    client = client_of(world.app, made["key"])
    assert (await client.get("/v1/projects")).status_code == 200
    assert (await client.post("/v1/projects", json=URL)).status_code == 403
    me = (await client.get("/v1/me")).json()
    assert (me["key_last4"], me["test"]) == (made["key"][-4:], False)
    read = (await world.ann.client.get(f"/v1/keys/{made['key_id']}")).json()
    assert "key" not in read
    assert read["last_used_at"] is not None
    listed = (await world.ann.client.get("/v1/keys")).json()["items"]
    assert [key["key_id"] for key in listed] == [made["key_id"], str(world.ann.key_id)]
    async with world.owner.transaction():
        await set_org(world.owner, world.ann.org_id)
        rows = [dict(row) for table in ("api_keys", "audit_entries") for row in await _rows(world, world.ann, table)]
    assert made["key"] not in str(rows)


async def _rows(world: World, tenant: Tenant, table: str) -> list[Any]:
    return list(await world.owner.fetch(f"select * from {table} where org_id = $1", tenant.org_id))


async def test_keys_are_listed_by_page_and_state(world: World) -> None:
    made = [await new_key(world.ann, name=f"key {number}") for number in range(5)]
    await world.ann.client.delete(f"/v1/keys/{made[0]['key_id']}")
    await change_row(world, world.ann, made[1]["key_id"], "expires_at = now()")
    seen: list[str] = []
    cursor: str | None = None
    while cursor or not seen:
        page = (
            await world.ann.client.get("/v1/keys", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [key["key_id"] for key in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [*(key["key_id"] for key in reversed(made)), str(world.ann.key_id)]
    for state, key in (("revoked", made[0]), ("expired", made[1])):
        page = (await world.ann.client.get("/v1/keys", params={"state": state})).json()
        assert [(one["key_id"], one["state"]) for one in page["items"]] == [(key["key_id"], state)]


@pytest.mark.parametrize("scopes", [["read"], ["admin"], ["projects:write"], ["keys:write", "audit:read"]])
async def test_a_scope_that_the_caller_lacks_is_refused(world: World, scopes: list[str]) -> None:
    weak = client_of(world.app, (await new_key(world.ann, "keys:write", "keys:read"))["key"])
    before = len((await weak.get("/v1/keys")).json()["items"])
    response = await weak.post("/v1/keys", json={"name": "More", "scopes": scopes})
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert len((await weak.get("/v1/keys")).json()["items"]) == before
    assert (await weak.post("/v1/keys", json={"name": "Same", "scopes": ["keys:read"]})).status_code == 201


async def test_another_key_or_account_gives_no_more(world: World) -> None:
    weak = client_of(world.app, (await new_key(world.ann, "keys:write", "keys:read"))["key"])
    strong = f"/v1/keys/{world.ann.key_id}"
    account = (await world.ann.client.post("/v1/service-accounts", json={"name": "a", "role": "viewer"})).json()
    path = f"/v1/service-accounts/{account['service_account_id']}"
    for response in (
        await weak.post(f"{strong}/rotate", json={}),
        await weak.patch(strong, json={"expires_at": None}),
        await weak.post("/v1/service-accounts", json={"name": "b", "role": "admin"}),
        await weak.patch(path, json={"role": "admin"}),
        await world.ann.client.post("/v1/service-accounts", json={"name": "c", "role": "billing"}),
        await world.ann.client.post("/v1/keys", json={"name": "d", "scopes": ["billing:write"]}),
        await world.bob.client.post("/v1/keys", json={"name": "e", "scopes": ["installation:operate"]}),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "forbidden"), response.text
    owner = await world.ann.client.post("/v1/service-accounts", json={"name": "f", "role": "owner"})
    assert owner.status_code == 422
    assert (await weak.patch(path, json={"name": "another"})).status_code == 200


async def test_what_belongs_to_others_is_not_there(world: World) -> None:
    key = f"/v1/keys/{world.ann.key_id}"
    account = (await world.ann.client.post("/v1/service-accounts", json={"name": "a", "role": "viewer"})).json()
    path = f"/v1/service-accounts/{account['service_account_id']}"
    bob = world.bob.client
    for response in (
        await bob.get(key),
        await bob.patch(key, json={"name": "mine"}),
        await bob.post(f"{key}/rotate", json={}),
        await bob.delete(key),
        await bob.get(path),
        await bob.patch(path, json={"name": "mine"}),
        await bob.delete(path),
    ):
        assert response.status_code == 404, response.text
    wanted = {"name": "x", "scopes": ["read"], "service_account_id": account["service_account_id"]}
    assert (await bob.post("/v1/keys", json=wanted)).status_code == 422
    assert (await world.ann.client.get("/v1/me")).status_code == 200


@pytest.mark.parametrize(
    ("allowed", "address", "status"),
    [
        ("192.0.2.0/24", "192.0.2.7", 200),
        ("192.0.2.0/24", "::ffff:192.0.2.7", 200),
        ("192.0.2.0/24", "192.0.3.7", 403),
        ("192.0.2.0/24", "::ffff:192.0.3.7", 403),
        ("::ffff:192.0.2.0/120", "192.0.2.7", 200),
        ("::ffff:192.0.2.0/120", "::ffff:192.0.2.7", 200),
        ("::ffff:192.0.2.0/120", "192.0.3.7", 403),
        ("2001:db8::/32", "2001:db8::1", 200),
        ("2001:db8::/32", "2001:db9::1", 403),
        ("2001:db8::/32", "192.0.2.7", 403),
        ("192.0.2.7", "192.0.2.7", 200),
        ("192.0.2.7", "no address", 403),
    ],
)
async def test_a_key_is_used_from_its_networks_only(world: World, allowed: str, address: str, status: int) -> None:
    made = await new_key(world.ann, allowed_addresses=[allowed])
    response = await client_of(world.app, made["key"], address=address).get("/v1/projects")
    assert response.status_code == status, response.text


@pytest.mark.parametrize("wrong", ["192.0.2.7/24", "192.0.2.0/33", "example.org", "::g", "0x7f.1", "10.0.0.0/8 "])
async def test_what_is_no_network_is_refused(world: World, wrong: str) -> None:
    wanted = {"name": "x", "scopes": ["read"], "allowed_addresses": ["10.0.0.0/8", wrong]}
    response = await world.ann.client.post("/v1/keys", json=wanted)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == ["/allowed_addresses/1"]


async def test_a_key_ends_by_itself(world: World) -> None:
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    made = await new_key(world.ann, expires_at=ends.isoformat())
    assert (await client_of(world.app, made["key"]).get("/v1/projects")).status_code == 200
    other = await new_key(world.ann, expires_at=ends.isoformat())
    await change_row(world, world.ann, other["key_id"], "expires_at = now()")
    assert (await client_of(world.app, other["key"]).get("/v1/projects")).status_code == 401
    path = f"/v1/keys/{other['key_id']}"
    for response in (
        await world.ann.client.patch(path, json={"expires_at": None}),
        await world.ann.client.post(f"{path}/rotate", json={}),
    ):
        assert response.json()["code"] == "key-ended"
    past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    for response in (
        await world.ann.client.post("/v1/keys", json={"name": "x", "scopes": ["read"], "expires_at": past.isoformat()}),
        await world.ann.client.patch(f"/v1/keys/{made['key_id']}", json={"expires_at": past.isoformat()}),
    ):
        assert response.status_code == 422


async def test_both_keys_open_during_the_overlap(world: World) -> None:
    old = await new_key(world.ann, "read", "projects:write", allowed_addresses=["127.0.0.0/8"])
    response = await world.ann.client.post(f"/v1/keys/{old['key_id']}/rotate", json={"overlap_hours": 48})
    new = response.json()
    assert response.status_code == 201
    assert new["replaces"] == old["key_id"]
    kept = ("name", "scopes", "test", "allowed_addresses", "service_account_id")
    assert {name: new[name] for name in kept} == {name: old[name] for name in kept}
    for key in (old, new):
        assert (await client_of(world.app, key["key"]).get("/v1/projects")).status_code == 200
    row = (await world.ann.client.get(f"/v1/keys/{old['key_id']}")).json()
    left = dt.datetime.fromisoformat(row["expires_at"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(hours=47) < left < dt.timedelta(hours=48)
    assert (await world.ann.client.get(f"/v1/keys/{new['key_id']}")).json()["expires_at"] is None
    at_once = await world.ann.client.post(f"/v1/keys/{new['key_id']}/rotate", json={"overlap_hours": 0})
    assert at_once.status_code == 201
    assert (await world.ann.client.get(f"/v1/keys/{new['key_id']}")).json()["state"] == "expired"
    too_long = await world.ann.client.post(f"/v1/keys/{old['key_id']}/rotate", json={"overlap_hours": 169})
    assert too_long.status_code == 422


async def test_a_revoked_key_opens_nothing_after_five_seconds(world: World, postgres: Settings) -> None:
    """Two apps with caches of their own, both warm; the first revokes."""
    made = await new_key(world.ann)
    async with open_app(postgres, world.api, world.listeners) as other:
        clients = [client_of(app, made["key"]) for app in (world.app, other)]
        for client in clients:
            assert (await client.get("/v1/projects")).status_code == 200
        assert (await world.ann.client.delete(f"/v1/keys/{made['key_id']}")).status_code == 204
        revoked = time.monotonic()
        for client in clients:
            while (status := (await client.get("/v1/projects")).status_code) == 200:
                assert time.monotonic() - revoked < EFFECTIVE_S
                await asyncio.sleep(0.1)
            assert status == 401
    assert CACHE_S < EFFECTIVE_S
    assert (await world.ann.client.delete(f"/v1/keys/{made['key_id']}")).status_code == 204


async def test_guessing_keys_is_slowed(world: World) -> None:
    answers = [
        (await client_of(world.app, f"clp_live_{number:036d}", address="198.51.100.9").get("/v1/projects")).status_code
        for number in range(80)
    ]
    assert answers[0] == 401
    assert set(answers) == {401, 429}
    assert answers.count(401) <= REFUSALS_PER_MINUTE


async def test_a_service_account_calls_with_its_keys(world: World) -> None:
    account = (await world.ann.client.post("/v1/service-accounts", json={"name": "Bot", "role": "viewer"})).json()
    account_id = account["service_account_id"]
    made = await new_key(world.ann, "read", "write", service_account_id=account_id)
    client = client_of(world.app, made["key"])
    me = (await client.get("/v1/me")).json()
    assert me["actor"] == {"kind": "service_account", "id": account_id}
    assert "projects:read" in me["permissions"]
    assert "projects:write" not in me["permissions"]
    path = f"/v1/service-accounts/{account_id}"
    changed = (await world.ann.client.patch(path, json={"role": "editor", "name": "Robot"})).json()
    assert (changed["role"], changed["name"]) == ("editor", "Robot")
    listed = (await world.ann.client.get("/v1/service-accounts")).json()["items"]
    assert [one["service_account_id"] for one in listed] == [account_id]
    of_it = (await world.ann.client.get("/v1/keys", params={"service_account_id": account_id})).json()["items"]
    assert [one["key_id"] for one in of_it] == [made["key_id"]]
    assert (await world.ann.client.delete(path)).status_code == 204
    assert (await world.ann.client.delete(path)).status_code == 204
    fresh = await new_key(world.ann, "read")
    await change_row(world, world.ann, fresh["key_id"], f"service_account_id = '{account_id}'")
    assert (await client_of(world.app, fresh["key"]).get("/v1/projects")).status_code == 401
    assert (await world.ann.client.patch(path, json={"role": "viewer"})).json()["code"] == "service-account-disabled"
    wanted = {"name": "x", "scopes": ["read"], "service_account_id": account_id}
    assert (await world.ann.client.post("/v1/keys", json=wanted)).status_code == 422


async def test_what_a_test_key_makes_is_a_marked_draft(world: World) -> None:
    made = await new_key(world.ann, "read", "write", "keys:write", test=True)
    assert made["key"].startswith("clp_test_")
    assert check_api_key(made["key"])
    client = client_of(world.app, made["key"])
    wanted = URL | {"options": {"export": {"video": {"quality": "best"}}}}
    project_id = (await client.post("/v1/projects", json=wanted)).json()["project_id"]
    project = (await client.get(f"/v1/projects/{project_id}")).json()
    assert project["test"] is True
    assert project["options"]["export"]["video"]["quality"] == "draft"
    live_id = (await world.ann.client.post("/v1/projects", json=URL)).json()["project_id"]
    assert (await client.get(f"/v1/projects/{live_id}")).json()["test"] is False
    refused = await client.post("/v1/keys", json={"name": "live", "scopes": ["read"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await client.post("/v1/keys", json={"name": "t", "scopes": ["read"], "test": True})).status_code == 201


async def test_what_a_test_key_makes_is_not_in_the_ledger(world: World) -> None:
    made = await new_key(world.ann, "read", "write", test=True)
    for client, written_count in ((client_of(world.app, made["key"]), 0), (world.ann.client, 1)):
        project_id = UUID((await client.post("/v1/projects", json=URL | {"reuse": True})).json()["project_id"])
        async with org_transaction(world.worker, world.ann.org_id) as rows:
            now = dt.datetime.now(dt.UTC)
            await add_usage(rows, world.ann.org_id, project_id, "source_ms", 60_000, project_id=project_id, at=now)
        entries = await _rows(world, world.ann, "usage_entries")
        assert len(entries) == written_count, "and a live key reuses no project of a test key"


async def test_an_export_is_marked_where_key_or_project_is_a_test(world: World) -> None:
    made = await new_key(world.ann, "read", "write", test=True)
    test, live = client_of(world.app, made["key"]), world.ann.client
    of_test = (await test.post("/v1/projects", json=URL)).json()["project_id"]
    of_live = (await live.post("/v1/projects", json=URL)).json()["project_id"]
    expected = {(of_test, "test"): True, (of_test, "live"): True, (of_live, "test"): True, (of_live, "live"): False}
    ids = set()
    for project_id in (of_test, of_live):
        clip_id = await new_clip(world, world.ann, project_id)
        for name, client in (("test", test), ("live", live)):
            response = await client.post(f"/v1/clips/{clip_id}/export", json={"aspect": "1:1"})
            assert response.status_code == 202, response.text
            export = response.json()
            assert export["test"] is expected[project_id, name]
            quality = export["options"].get("video", {}).get("quality", "good")
            assert quality == ("draft" if export["test"] else "good")
            ids.add(export["export_id"])
    assert len(ids) == 3, "a test of a live project is a file of its own; in a test project both are the same"
    async with world.owner.transaction():
        await set_org(world.owner, world.ann.org_id)
        bodies = [json.loads(row["payload"]) for row in await _rows(world, world.ann, "outbox")]
    marked = [body["rendition"]["test"] for body in bodies if "rendition" in body]
    assert sorted(marked) == [False, True, True]


async def test_new_problems_have_pages(world: World) -> None:
    for code in ("key-ended", "service-account-disabled"):
        assert CATALOGUE[code].status == 409
        assert (await world.ann.client.get(f"/problems/{code}")).status_code == 200


async def test_two_hundred_posts_of_one_key_make_one_key(world: World) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    wanted = {"name": "once", "scopes": ["read"]}
    first = await world.ann.client.post("/v1/keys", json=wanted, headers=headers)
    again = await world.ann.client.post("/v1/keys", json=wanted, headers=headers)
    assert first.content == again.content
    assert len((await world.ann.client.get("/v1/keys")).json()["items"]) == 2
