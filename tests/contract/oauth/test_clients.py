"""OAuth clients of an organisation: who registers, changes and sees them; secrets; the page of the docs."""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import Any
from uuid import uuid4

import pytest

from core.infra.postgres.connection import org_transaction, transaction
from core.settings import Settings
from tests.contract.oauth.test_foreign_clients import served
from tests.contract.rigs.api_world import World
from tests.contract.rigs.oauth import CALLBACK, Registered, machine, register_client
from tests.contract.rigs.people import SignedPerson, join, visitor
from tests.docs.pages import blocks, text_of

pytestmark = pytest.mark.contract
CLIENTS = "/v1/oauth/clients"
BODY = {"name": "App", "kind": "public", "scopes": ["projects:read"], "redirect_uris": [CALLBACK]}


async def token_status(world: World, client: Registered, secret: str | None = None) -> int:
    form = client.form | {"grant_type": "client_credentials"} | ({"client_secret": secret} if secret else {})
    return (await visitor(world).post("/v1/oauth/token", data=form)).status_code


async def test_a_client_is_made_listed_changed_and_deleted(world: World) -> None:
    made = await world.ann.client.post(CLIENTS, json=BODY | {"kind": "confidential"})
    assert made.status_code == 201
    client = made.json()
    path = f"{CLIENTS}/{client['client_id']}"
    assert made.headers["location"] == path
    assert client["client_secret"].startswith("cls_")
    kept = {name: value for name, value in client.items() if name != "client_secret"}
    assert (await world.ann.client.get(path)).json() == kept
    assert (await world.ann.client.get(CLIENTS)).json()["items"] == [kept]
    changed = await world.ann.client.patch(path, json={"name": "Other", "scopes": ["write", "read"]})
    assert changed.json() == kept | {"name": "Other", "scopes": ["read", "write"]}
    second = await register_client(world.ann)
    first_page = (await world.ann.client.get(CLIENTS, params={"limit": 1})).json()
    assert first_page["items"][0]["client_id"] == second.client_id
    rest = await world.ann.client.get(CLIENTS, params={"limit": 1, "cursor": first_page["next_cursor"]})
    assert [item["client_id"] for item in rest.json()["items"]] == [client["client_id"]]
    assert (await world.ann.client.delete(path)).status_code == 204
    for answer in (await world.ann.client.get(path), await world.ann.client.delete(path)):
        assert answer.status_code == 404
    async with org_transaction(world.api, world.ann.org_id) as rows:
        entries = await rows.fetch("select operation from audit_entries order by arrival")
    assert [row["operation"] for row in entries] == [
        "createOAuthClient",
        "changeOAuthClient",
        "createOAuthClient",
        "deleteOAuthClient",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uris": ["http://app.example.org/callback"]},
        {"redirect_uris": ["https://app.example.org/#a"]},
        {"redirect_uris": ["https://*.example.org/"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["com.example.app:/cb"], "kind": "confidential"},
        {"redirect_uris": []},
        {"scopes": []},
        {"name": "Clip\u202eredneleC"},
        {"name": "Clip\nstream"},
        {"name": " Clips"},
        {"scopes": ["admin"]},
        {"scopes": ["keys:write"]},
        {"homepage": "javascript:alert(1)"},
        {"homepage": 'https://a"><script>'},
        {"service_account_id": str(uuid4())},
        {"service_account_id": str(uuid4()), "kind": "confidential"},
        {"client_id": str(uuid4())},
        {"confidential": False},
    ],
)
async def test_what_a_client_cannot_be(world: World, changes: dict[str, Any]) -> None:
    assert (await world.ann.client.post(CLIENTS, json=BODY | changes)).status_code == 422
    assert (await world.ann.client.get(CLIENTS)).json()["items"] == []


async def test_nothing_of_another_organisation_is_seen_or_used(world: World) -> None:
    client = await register_client(world.ann, kind="confidential")
    path = f"{CLIENTS}/{client.client_id}"
    assert (await world.bob.client.get(CLIENTS)).json()["items"] == []
    for answer in (
        await world.bob.client.get(path),
        await world.bob.client.patch(path, json={"redirect_uris": ["https://evil.example/"]}),
        await world.bob.client.post(f"{path}/rotate", json={}),
        await world.bob.client.delete(path),
    ):
        assert answer.status_code == 404
    account = await world.ann.client.post("/v1/service-accounts", json={"name": "A", "role": "admin"})
    theirs = {"kind": "confidential", "service_account_id": account.json()["service_account_id"]}
    assert (await world.bob.client.post(CLIENTS, json=BODY | theirs)).status_code == 422
    tables = ("oauth_clients", "oauth_grants", "oauth_codes", "oauth_refresh_tokens")
    async with org_transaction(world.api, world.bob.org_id) as rows:
        assert [await rows.fetchval(f"select count(*) from {table}") for table in tables] == [0, 0, 0, 0]
    async with transaction(world.api) as rows:
        assert [await rows.fetchval(f"select count(*) from {table}") for table in tables] == [0, 0, 0, 0]


async def test_a_caller_registers_no_more_than_it_may(world: World, postgres: Settings, person: SignedPerson) -> None:
    editor = await join(world, postgres, person, "editor")
    assert (await editor.client.post(CLIENTS, json=BODY)).status_code == 403
    key = await world.bob.client.post("/v1/keys", json={"name": "k", "scopes": ["keys:read", "keys:write"]})
    narrow = visitor(world, key.json()["key"])
    assert (await narrow.post(CLIENTS, json=BODY)).status_code == 403
    client = await machine(world.bob, "admin", ("read", "write"))
    path = f"{CLIENTS}/{client.client_id}"
    for answer in (
        await narrow.post(f"{path}/rotate", json={}),
        await narrow.patch(path, json={"redirect_uris": ["https://evil.example/"]}),
        await narrow.patch(path, json={"scopes": ["projects:read"]}),
    ):
        assert answer.status_code == 403
    assert (await narrow.get(path)).status_code == 200


async def test_a_new_secret_and_the_one_before(world: World) -> None:
    client = await machine(world.ann)
    path = f"{CLIENTS}/{client.client_id}/rotate"
    second = (await world.ann.client.post(path, json={"overlap_hours": 1})).json()["client_secret"]
    assert [await token_status(world, client), await token_status(world, client, second)] == [200, 200]
    third = (await world.ann.client.post(path, json={"overlap_hours": 1})).json()["client_secret"]
    assert [await token_status(world, client, each) for each in (client.secret, second, third)] == [401, 200, 200]
    last = (await world.ann.client.post(path, json={"overlap_hours": 0})).json()["client_secret"]
    assert [await token_status(world, client, each) for each in (second, third, last)] == [401, 401, 200]
    public = await register_client(world.ann)
    refused = await world.ann.client.post(f"{CLIENTS}/{public.client_id}/rotate", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "client-without-secret")


async def test_the_examples_of_the_docs_work(postgres: Settings) -> None:
    async with served(postgres) as (address, world):
        client = await machine(world.ann)
        names = {"API": address, "CLIENT_ID": client.client_id, "CLIENT_SECRET": str(client.secret)}
        page = text_of("docs/oauth.md")
        (example,) = blocks(page, "python")
        (curl,) = (block for block in blocks(page, "sh") if block.startswith("curl"))
        await asyncio.to_thread(exec, compile(example, "docs/oauth.md", "exec"), names)  # type: ignore[arg-type]
        assert names["projects"] == []  # type: ignore[comparison-overlap]
        done = await asyncio.to_thread(
            subprocess.run,
            ["sh", "-c", curl],
            env={"PATH": os.environ["PATH"], "API": address, "CLIENT_ID": client.client_id}
            | {"CLIENT_SECRET": str(client.secret)},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert '"token_type":"Bearer"' in done.stdout
