"""PATCH with If-Match where it is optional: an outdated version changes nothing, and without one the change is made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.infra.postgres.connection import transaction
from core.settings import Settings
from tests.contract.generated.people_states import make_member
from tests.contract.rigs.api_world import World, open_world

pytestmark = pytest.mark.contract
ENDPOINT = {"url": "https://receiver.example/hook", "events": ["project.failed"]}
CLIENT = {"name": "App", "kind": "confidential", "scopes": ["read"], "redirect_uris": ["https://app.example/"]}
MADE: dict[str, tuple[str, str, dict[str, Any], list[dict[str, Any]]]] = {
    "endpoint": ("/v1/webhooks/endpoints", "endpoint_id", ENDPOINT, [{"paused": True}, {"description": "Mine"}]),
    "key": ("/v1/keys", "key_id", {"name": "CI", "scopes": ["read"]}, [{"name": "A"}, {"expires_at": None}]),
    "service account": (
        "/v1/service-accounts", "service_account_id", {"name": "A", "role": "viewer"},
        [{"role": "editor"}, {"name": "B"}],
    ),
    "client": ("/v1/oauth/clients", "client_id", CLIENT, [{"name": "Other"}, {"homepage": "https://app.example/"}]),
}  # fmt: skip
"""Where a resource is made, its id, its body, and two changes of it."""


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def check_conditions(world: World, path: str, first: dict[str, Any], second: dict[str, Any], held: str) -> None:
    """``held``: the ETag that is there. Each change is made, or refused, as the condition says."""
    client = world.ann.client
    changed = await client.patch(path, json=first, headers={"If-Match": held})
    assert changed.status_code == 200, changed.text
    now = changed.headers["etag"]
    assert now != held
    refused = await client.patch(path, json=second, headers={"If-Match": held})
    assert (refused.status_code, refused.json()["code"]) == (412, "changed-meanwhile")
    assert refused.headers["etag"] == now
    for headers in ({"If-Match": f'"other-1", W/{now}'}, {"If-Match": "*"}, {}):
        answer = await client.patch(path, json=second, headers=headers)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", MADE)
async def test_what_was_changed_meanwhile_is_not_overwritten(world: World, kind: str) -> None:
    where, name, body, (first, second) = MADE[kind]
    made = await world.ann.client.post(where, json=body)
    assert made.status_code == 201, made.text
    path = f"{where}/{made.json()[name]}"
    read = await world.ann.client.get(path)
    assert (await world.ann.client.get(path)).headers["etag"] == read.headers["etag"]
    await check_conditions(world, path, first, second, read.headers["etag"])


async def test_the_organisation_takes_a_condition(world: World) -> None:
    path = "/v1/organisation"
    read = await world.ann.client.get(path)
    origins = {"allowed_origins": ["https://app.example.org"]}
    await check_conditions(world, path, {"name": "Another"}, origins, read.headers["etag"])


async def test_a_members_condition_is_the_role(world: World) -> None:
    async with transaction(world.api) as rows:
        user_id = await make_member(rows, world.ann.org_id, "viewer")
    path = f"/v1/members/{user_id}"
    await check_conditions(world, path, {"role": "editor"}, {"role": "viewer"}, '"member-viewer"')
    gone = await world.ann.client.patch(
        f"/v1/members/{world.ann.key_id}", json={"role": "editor"}, headers={"If-Match": '"member-viewer"'}
    )
    assert gone.status_code == 404


async def test_a_plan_takes_a_condition(world: World) -> None:
    names = [plan["name"] for plan in (await world.ann.client.get("/v1/plans")).json()["items"]]
    path = f"/v1/admin/organisations/{world.bob.org_id}/plan"
    held = (await world.bob.client.get("/v1/limits")).headers["etag"]
    first, second = [
        name for name in names if name != (await world.bob.client.get("/v1/limits")).json()["plan"]["name"]
    ][:2]
    changed = await world.ann.client.patch(path, json={"plan": first}, headers={"If-Match": held})
    assert (changed.status_code, changed.headers["etag"] != held) == (200, True)
    refused = await world.ann.client.patch(path, json={"plan": second}, headers={"If-Match": held})
    assert (refused.status_code, refused.headers["etag"]) == (412, changed.headers["etag"])
    assert (await world.ann.client.patch(path, json={"plan": second})).status_code == 200
