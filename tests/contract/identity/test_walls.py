"""Walls of what belongs to people: their rows are shown to them alone, and streams end with their session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import msgspec
import pytest

from core.infra.postgres.connection import org_transaction, person_transaction, transaction
from core.settings import Settings
from tests.contract.rigs.api_world import World, new_project, open_world
from tests.contract.rigs.oauth import BASE, register_client, tokens_for
from tests.contract.rigs.people import PASSWORD, SignedPerson, invite, join, new_email, visitor
from tests.support.browser import Browser
from tests.support.progress import HANG_S, await_while_moving

pytestmark = pytest.mark.contract
SHARED = {"memberships", "oauth_grants", "users"}
"""Tables whose rows the person's organisations see, too."""
WRITTEN_ONLY = {"mails", "notification_deliveries", "notifications", "person_erasures"}
"""Tables that the API only adds to; of the second the row comes with the end of the person's own."""
OF_TOKENS = ("invitations", "sign_in_failures")


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(msgspec.structs.replace(postgres, public=BASE)) as opened:
        yield opened


@pytest.fixture
async def person(world: World, postgres: Settings) -> SignedPerson:
    """Somebody with a row in each table."""
    made = await join(world, postgres, world.bob, "owner")
    body = {"email": made.email, "password": "not the password"}
    await visitor(world).post("/v1/auth/login", json=body)
    await visitor(world).post("/v1/auth/password-reset", json={"email": made.email})
    await made.client.post("/v1/account/totp", json={"password": PASSWORD})
    await invite(made.client, new_email(), "viewer")
    await world.owner.execute("select set_config('app.user', $1, false)", str(made.user_id))
    app = await register_client(world.ann)
    await tokens_for(world, made, app)
    await world.owner.execute("insert into recovery_codes (user_id, hash) values ($1, $2)", made.user_id, uuid4().bytes)
    await world.owner.execute(
        """insert into passkeys (user_id, passkey_id, credential_id, public_key, sign_count, name, backed_up)
           values ($1, $2, $3, '', 0, '', false)""",
        made.user_id,
        uuid4(),
        uuid4().bytes,
    )
    await world.owner.execute(
        """insert into linked_identities (user_id, identity_id, issuer, subject, provider)
           values ($1, $2, 'https://id.example', $3, 'acme')""",
        made.user_id,
        uuid4(),
        f"subject-{made.user_id}",
    )
    body = {"items": [{"kind": "clips.ready", "mail": "off"}]}
    assert (await made.client.patch("/v1/account/notifications", json=body)).status_code == 200
    subscription = Browser().subscription("https://push.example.org/made")
    assert (await made.client.post("/v1/account/push-subscriptions", json=subscription)).status_code == 201
    return made


async def tables_of_people(world: World) -> list[str]:
    rows = await world.owner.fetch(
        """select table_name from information_schema.columns
           where table_schema = 'public' and column_name = 'user_id' order by table_name"""
    )
    return [row["table_name"] for row in rows]


async def test_rows_of_a_person_are_shown_to_no_other(world: World, person: SignedPerson) -> None:
    """The catalogue: each table with a person's id, as the API's role, in every place but the person's own."""
    tables = set(await tables_of_people(world)) - WRITTEN_ONLY
    assert tables == SHARED | {
        "linked_identities", "notification_preferences", "passkeys", "recovery_codes", "refresh_tokens",
        "push_subscriptions", "sessions", "single_use_tokens",
        "totp_secrets",
    }  # fmt: skip
    for table in tables:
        count = f"select count(*) from {table} where user_id = $1"
        async with person_transaction(world.api, person.user_id) as rows:
            assert await rows.fetchval(count, person.user_id) > 0, f"the test has no row in {table}"
        async with transaction(world.api) as rows:
            assert await rows.fetchval(count, person.user_id) == 0, table
        async with person_transaction(world.api, uuid4()) as rows:
            assert await rows.fetchval(count, person.user_id) == 0, table
        async with org_transaction(world.api, world.ann.org_id) as rows:
            assert await rows.fetchval(count, person.user_id) == 0, table
        async with org_transaction(world.api, world.bob.org_id) as rows:
            assert (await rows.fetchval(count, person.user_id) > 0) is (table in SHARED), table


async def test_rows_of_tokens_are_shown_to_who_has_them(world: World, person: SignedPerson) -> None:
    for table in OF_TOKENS:
        async with transaction(world.api) as rows:
            assert await rows.fetchval(f"select count(*) from {table}") == 0, table
        async with person_transaction(world.api, person.user_id) as rows:
            assert await rows.fetchval(f"select count(*) from {table}") == 0, table
    async with org_transaction(world.api, world.bob.org_id) as rows:
        assert await rows.fetchval("select count(*) from invitations") == 2


async def test_no_row_is_written_for_another_person(world: World, person: SignedPerson) -> None:
    signing_in = ("totp_secrets", "passkeys", "linked_identities")
    tables = ("sessions", "users", "memberships", "single_use_tokens", *signing_in)
    for table in tables:
        async with person_transaction(world.api, uuid4()) as rows:
            changed = {
                "sessions": "update sessions set revoked_at = null where user_id = $1",
                "totp_secrets": "delete from totp_secrets where user_id = $1",
                "passkeys": "delete from passkeys where user_id = $1",
                "users": "update users set password_hash = null where user_id = $1",
                "memberships": "update memberships set role = 'owner' where user_id = $1",
                "linked_identities": "delete from linked_identities where user_id = $1",
                "single_use_tokens": "update single_use_tokens set used_at = null where user_id = $1",
            }[table]
            assert (await rows.execute(changed, person.user_id)).endswith(" 0"), table
    with pytest.raises(Exception, match="row-level security"):
        async with person_transaction(world.api, person.user_id) as rows:
            await rows.execute(
                "insert into memberships (org_id, user_id, role) values ($1, $2, 'owner')",
                world.ann.org_id,
                person.user_id,
            )


@pytest.mark.parametrize("ended", ["session", "membership", "role"])
async def test_a_stream_ends_with_what_let_it_begin(world: World, postgres: Settings, ended: str) -> None:
    owner = await join(world, postgres, world.bob, "owner")
    person = await join(world, postgres, owner, "editor")
    project_id = await new_project(world.bob)
    following = asyncio.create_task(person.client.get(f"/v1/projects/{project_id}/events"))

    async def followed() -> bool:
        return len(world.listeners._waiting.get(project_id, ())) == 1

    await await_while_moving(followed, "an open stream", every_s=0.01)
    world.listeners.wake(project_id)
    await asyncio.sleep(0.2)
    assert not following.done()
    member = f"/v1/members/{person.user_id}"
    if ended == "session":
        body = {"refresh_token": person.session["refresh_token"]}
        fresh = (await visitor(world).post("/v1/auth/refresh", json=body)).json()["access_token"]
        assert (await visitor(world, fresh).post("/v1/auth/logout")).status_code == 204
    elif ended == "membership":
        assert (await owner.client.delete(member)).status_code == 204
    else:
        assert (await owner.client.patch(member, json={"role": "billing"})).status_code == 200
    world.listeners.wake(project_id)
    assert (await asyncio.wait_for(following, HANG_S)).status_code == 200
