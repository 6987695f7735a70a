"""New passwords, confirmation of addresses, and brute force: slowed, locked, told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from structlog.testing import capture_logs

from core.infra.password_hashes import PasswordHashes
from core.services.identity.identity_parts import Visitor
from core.services.identity.people import check_sign_in
from core.services.identity.people import sign_in as begin_person_session
from core.services.identity.refusals import IdentityRefused
from core.services.identity.sign_in_guard import ADDRESS_TRIES, FREE_TRIES, LOCK_TRIES
from core.settings import Settings
from tests.contract.identity.test_sign_in import until_refused
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.people import (
    PASSWORD,
    SignedPerson,
    join,
    mailed_code,
    mails_to,
    new_email,
    sign_in,
    visitor,
)

pytestmark = pytest.mark.contract
OTHER = "staple correct horse"


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


@pytest.fixture
async def person(world: World, postgres: Settings) -> SignedPerson:
    return await join(world, postgres, world.ann, "viewer")


async def log_in(client: httpx2.AsyncClient, email: str, password: str) -> httpx2.Response:
    return await client.post("/v1/auth/login", json={"email": email, "password": password})


async def test_a_forgotten_password_is_replaced(world: World, postgres: Settings, person: SignedPerson) -> None:
    client = visitor(world)
    answers = [
        await client.post("/v1/auth/password-reset", json={"email": email}) for email in (person.email, new_email())
    ]
    assert [(one.status_code, one.content) for one in answers] == [(204, b""), (204, b"")]
    first = await mailed_code(world, postgres, person.email, "reset-password")
    await client.post("/v1/auth/password-reset", json={"email": person.email})
    code = await mailed_code(world, postgres, person.email, "reset-password")
    confirm = "/v1/auth/password-reset/confirm"
    for wrong in (first, code[:-2], "clm_" + "A" * 43):
        refused = await client.post(confirm, json={"code": wrong, "password": OTHER})
        assert refused.json()["code"] == "code-invalid"
    weak = await client.post(confirm, json={"code": code, "password": "password1234"})
    assert weak.status_code == 422
    assert (await client.post(confirm, json={"code": code, "password": OTHER})).status_code == 204
    assert (await client.post(confirm, json={"code": code, "password": OTHER})).json()["code"] == "code-invalid"
    await until_refused(person.client)
    assert (await log_in(client, person.email, PASSWORD)).status_code == 401
    assert (await log_in(client, person.email, OTHER)).status_code == 200
    assert "password-changed" in [template for template, _ in await mails_to(world, postgres, person.email)]


async def test_a_code_expires(world: World, postgres: Settings, person: SignedPerson) -> None:
    client = visitor(world)
    await client.post("/v1/auth/password-reset", json={"email": person.email})
    code = await mailed_code(world, postgres, person.email, "reset-password")
    await world.owner.execute("select set_config('app.user', $1, false)", str(person.user_id))
    await world.owner.execute("update single_use_tokens set expires_at = now()")
    refused = await client.post("/v1/auth/password-reset/confirm", json={"code": code, "password": OTHER})
    assert refused.json()["code"] == "code-invalid"
    other_purpose = await client.post("/v1/auth/verify-email", json={"code": code})
    assert other_purpose.json()["code"] == "code-invalid"


async def test_a_password_is_changed_by_the_old_one(world: World, person: SignedPerson) -> None:
    other = await sign_in(world, person.email)
    path = "/v1/account/password"
    wrong = await person.client.post(path, json={"current_password": OTHER, "password": OTHER})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong-credentials")
    weak = await person.client.post(path, json={"current_password": PASSWORD, "password": "short"})
    assert weak.status_code == 422
    assert (await person.client.post(path, json={"current_password": PASSWORD, "password": OTHER})).status_code == 204
    await until_refused(other.client)
    assert (await person.client.get("/v1/account")).status_code == 200
    assert (await log_in(visitor(world), person.email, OTHER)).status_code == 200


async def test_weaker_hashes_are_renewed_at_sign_in(world: World, person: SignedPerson) -> None:
    weak = await PasswordHashes(memory_kib=8 * 1024, passes=1).hash(PASSWORD)
    await world.owner.execute("select set_config('app.user', $1, false)", str(person.user_id))
    await world.owner.execute("update users set password_hash = $2 where user_id = $1", person.user_id, weak)
    await sign_in(world, person.email)
    stored = await world.owner.fetchval("select password_hash from users where user_id = $1", person.user_id)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_an_account_is_slowed_then_locked(world: World, postgres: Settings, person: SignedPerson) -> None:
    async def end_pauses() -> None:
        """Let the pauses pass, which the clock of Postgres counts."""
        async with world.owner.transaction():
            await world.owner.execute("alter table sign_in_failures disable row level security")
            await world.owner.execute("update sign_in_failures set locked_until = null where subject like 'account:%'")
            await world.owner.execute("alter table sign_in_failures enable row level security")

    with capture_logs() as logs:
        waits = []
        for number in range(1, LOCK_TRIES + 1):
            refused = await log_in(visitor(world), person.email, f"guess number {number}")
            assert refused.json()["code"] == "wrong-credentials", number
            after = await log_in(visitor(world), person.email, PASSWORD) if number >= FREE_TRIES else None
            if after is not None:
                assert (after.status_code, after.json()["code"]) == (429, "sign-in-locked"), "the right one waits too"
                waits.append(int(after.headers["retry-after"]))
            if number < LOCK_TRIES:
                await end_pauses()
    assert waits == pytest.approx([2, 4, 8, 16, 32, 900], abs=1)
    locked = [one for one in logs if one.get("action") == "sign-in.locked"]
    assert [(one["actor"], one["failures"]) for one in locked] == [(f"user:{person.user_id}", LOCK_TRIES)]
    assert person.email not in str(logs)
    assert [kind for kind, _ in await mails_to(world, postgres, person.email)].count("sign-in-locked") == 1
    await visitor(world).post("/v1/auth/password-reset", json={"email": person.email})
    code = await mailed_code(world, postgres, person.email, "reset-password")
    confirm = {"code": code, "password": OTHER}
    assert (await visitor(world).post("/v1/auth/password-reset/confirm", json=confirm)).status_code == 204
    assert (await log_in(visitor(world), person.email, OTHER)).status_code == 200, "the mail unlocks"


async def test_many_guesses_at_once_do_not_slip_through(world: World, person: SignedPerson) -> None:
    answers = await asyncio.gather(
        *(log_in(visitor(world), person.email, f"guess number {number}") for number in range(3 * LOCK_TRIES))
    )
    tried = [one for one in answers if one.json()["code"] == "wrong-credentials"]
    assert FREE_TRIES <= len(tried) <= LOCK_TRIES
    assert all(one.status_code == 429 for one in answers if one not in tried)


async def test_an_unknown_address_is_locked_like_a_known_one(world: World) -> None:
    email = new_email()
    codes = [(await log_in(visitor(world), email, "not the password")).json()["code"] for _ in range(FREE_TRIES + 1)]
    assert codes == ["wrong-credentials"] * FREE_TRIES + ["sign-in-locked"]


async def test_an_address_that_tries_many_accounts_is_locked(world: World, person: SignedPerson) -> None:
    client = visitor(world)
    for _ in range(3):
        assert (await log_in(client, person.email, PASSWORD)).status_code == 200, "what succeeds does not count"
    for number in range(ADDRESS_TRIES):
        refused = await log_in(client, new_email(), "not the password")
        assert refused.json()["code"] == "wrong-credentials", number
    locked = await log_in(client, person.email, PASSWORD)
    assert (locked.status_code, locked.json()["code"]) == (429, "sign-in-locked")
    assert (await log_in(visitor(world), person.email, PASSWORD)).status_code == 200, "others come from elsewhere"


async def test_old_passwords_are_counted_as_sign_ins(world: World, person: SignedPerson) -> None:
    body = {"current_password": "not the password", "password": OTHER}
    answers = [await person.client.post("/v1/account/password", json=body) for _ in range(FREE_TRIES + 1)]
    assert [one.status_code for one in answers] == [401] * FREE_TRIES + [429]


async def test_unknown_addresses_take_as_long(world: World, person: SignedPerson) -> None:
    """Work is compared, not time: a hash is verified for an unknown address, too."""
    hashes = 0
    passwords = world.app.state.context.identity.passwords
    matches = passwords._matches

    def counted(stored: str, password: str) -> bool:
        nonlocal hashes
        hashes += 1
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        return bool(matches(stored, password))

    passwords._matches = counted
    for email in (person.email, new_email()):
        await log_in(visitor(world), email, "not the password")
    assert hashes == 2


async def test_a_password_that_was_changed_meanwhile_begins_no_session(
    world: World, postgres: Settings, person: SignedPerson
) -> None:
    """The old password was right when it was looked at; the new one has ended all sessions since."""
    parts = world.app.state.context.identity
    place = Visitor(address="10.99.0.1", user_agent="test")
    looked_at = await check_sign_in(parts, person.email, PASSWORD, place)
    await visitor(world).post("/v1/auth/password-reset", json={"email": person.email})
    code = await mailed_code(world, postgres, person.email, "reset-password")
    confirm = {"code": code, "password": OTHER}
    assert (await visitor(world).post("/v1/auth/password-reset/confirm", json=confirm)).status_code == 204
    with pytest.raises(IdentityRefused):
        await begin_person_session(parts, looked_at, place, ["password"])
