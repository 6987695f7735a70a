"""Each operation that writes leaves its entry: generated from the table of operations, on real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from api.http.operations import AUDITED, Operation, path_parameters
from api.routes import OPERATIONS
from core.settings import Settings
from tests.contract.rigs.api_world import World, client_of, open_world
from tests.contract.rigs.people import PASSWORD, join, sign_in, visitor

pytestmark = pytest.mark.contract
WITH_PERMISSION = [
    operation
    for operation in OPERATIONS
    if operation.method in AUDITED
    and not operation.unaudited
    and operation.permission not in ("public", "authenticated")
]


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def entries(world: World, **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after = None
    while True:
        params = {"limit": 100} | filters | ({"after": after} if after else {})
        page = (await world.ann.client.get("/v1/audit", params=params)).json()
        items += page["items"]
        after = page.get("next_after")
        if not after:
            return items


def address(operation: Operation) -> str:
    path = operation.path
    for name in path_parameters(path):
        path = path.replace("{" + name + "}", str(uuid4()))
    return path


async def test_each_write_that_is_forbidden_leaves_an_entry(world: World) -> None:
    """A key without the permission calls all of them: the dispatcher that appends this entry appends the others."""
    weak = (await world.ann.client.post("/v1/keys", json={"name": "x", "scopes": ["scoring:read"]})).json()
    client = client_of(world.app, weak["key"])
    for operation in WITH_PERMISSION:
        answer = await client.request(operation.method, address(operation))
        assert answer.status_code == 403, (operation.name, answer.text)
    refused = {entry["operation"] for entry in await entries(world) if entry["outcome"] == "refused"}
    assert {operation.name for operation in WITH_PERMISSION} - refused == set()


async def test_the_way_to_a_session_is_in_the_log(world: World, postgres: Settings) -> None:
    """Joined, signed in, failed to, asked for a new password: told to the organisation, and to no other."""
    person = await join(world, postgres, world.ann, "editor")
    await visitor(world).post("/v1/auth/login", json={"email": person.email, "password": "a wrong one"})
    await visitor(world).post("/v1/auth/login", json={"email": "nobody@example.org", "password": "a wrong one"})
    await sign_in(world, person.email, PASSWORD)
    await visitor(world).post("/v1/auth/password-reset", json={"email": person.email})
    listed = await entries(world, actor=f"user:{person.user_id}")
    assert [(entry["operation"], entry["outcome"]) for entry in reversed(listed)] == [
        ("invitation.accepted", "done"),
        ("sign-in.failed", "refused"),
        ("sign-in", "done"),
        ("password.reset-asked", "done"),
    ]
    assert all(entry["target_ids"] == [str(person.user_id)] for entry in listed)
    assert listed[0]["address"].startswith("10.")
    other = (await world.bob.client.get("/v1/audit", params={"limit": 100})).json()["items"]
    assert [entry for entry in other if entry["actor"]["id"] == str(person.user_id)] == []


async def test_a_stolen_session_is_in_the_log(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "editor")
    stolen = person.session["refresh_token"]
    first = await visitor(world).post("/v1/auth/refresh", json={"refresh_token": stolen})
    await visitor(world).post("/v1/auth/refresh", json={"refresh_token": first.json()["refresh_token"]})
    answer = await visitor(world).post("/v1/auth/refresh", json={"refresh_token": stolen})
    assert answer.status_code == 401
    (entry,) = await entries(world, operation="session.stolen")
    assert (entry["outcome"], entry["actor"]["id"]) == ("refused", str(person.user_id))
