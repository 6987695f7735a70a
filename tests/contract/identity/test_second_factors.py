"""Second factors: codes of an authenticator app, recovery codes, passkeys; each counts once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pyotp
import pytest

from core.services.identity.sign_in_guard import FREE_TRIES
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.authenticator import Authenticator
from tests.contract.rigs.people import PASSWORD, SignedPerson, join, mails_to, visitor

pytestmark = pytest.mark.contract
PUBLIC, RP_ID = "https://clips.example.org", "clips.example.org"
CONFIRM = {"password": PASSWORD}


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(msgspec.structs.replace(postgres, public=PUBLIC)) as opened:
        yield opened


@pytest.fixture
async def person(world: World, postgres: Settings) -> SignedPerson:
    return await join(world, postgres, world.bob, "viewer")


async def enrol(person: SignedPerson) -> tuple[pyotp.TOTP, list[str]]:
    """An authenticator app, confirmed by the code of this step; the next one counts for the test."""
    made = await person.client.post("/v1/account/totp", json=CONFIRM)
    assert made.status_code == 200, made.text
    app = pyotp.TOTP(made.json()["secret"])
    assert f"secret={app.secret}" in made.json()["uri"]
    confirmed = await person.client.post("/v1/account/totp/confirm", json={"code": app.now()})
    assert confirmed.status_code == 200, confirmed.text
    return app, confirmed.json()["recovery_codes"]


def next_code(app: pyotp.TOTP) -> str:
    """The code of the next step, which counts already."""
    return app.at(time.time() + 30)


async def challenge(world: World, person: SignedPerson) -> dict[str, Any]:
    body = {"email": person.email, "password": PASSWORD}
    made: dict[str, Any] = (await visitor(world).post("/v1/auth/login", json=body)).json()
    return made


async def answer(world: World, challenged: str, **codes: str) -> httpx2.Response:
    return await visitor(world).post("/v1/auth/login/verify", json={"challenge": challenged, **codes})


async def forget_failures(world: World) -> None:
    async with world.owner.transaction():
        await world.owner.execute("alter table sign_in_failures disable row level security")
        await world.owner.execute("update sign_in_failures set failures = 0, locked_until = null")
        await world.owner.execute("alter table sign_in_failures enable row level security")


async def test_a_code_signs_in_behind_the_password(world: World, postgres: Settings, person: SignedPerson) -> None:
    app, codes = await enrol(person)
    assert len(set(codes)) == 10
    challenged = await challenge(world, person)
    assert (challenged["state"], challenged["access_token"], challenged["refresh_token"]) == (
        "second_factor", None, None,
    )  # fmt: skip
    assert set(challenged["factors"]) == {"totp", "recovery_code"}
    as_token = await visitor(world, challenged["challenge"]).get("/v1/account")
    assert as_token.status_code == 401, "a challenge is no session"
    code = next_code(app)
    signed = await answer(world, challenged["challenge"], code=code)
    assert signed.status_code == 200, signed.text
    client = visitor(world, signed.json()["access_token"])
    listed = (await client.get("/v1/account/sessions")).json()["items"]
    assert next(one["methods"] for one in listed if one["current"]) == ["password", "totp"]
    used = await answer(world, challenged["challenge"], code=code)
    assert used.json()["code"] == "code-invalid", "a challenge counts once"
    again = await answer(world, (await challenge(world, person))["challenge"], code=code)
    assert again.json()["code"] == "wrong-credentials", "a code counts once"
    assert "second-factor-changed" in [kind for kind, _ in await mails_to(world, postgres, person.email)]
    factors = (await person.client.get("/v1/account/second-factors")).json()
    assert factors == {"totp": True, "passkeys": 0, "recovery_codes_left": 10}


async def test_one_code_at_many_places_counts_once(world: World, person: SignedPerson) -> None:
    app, _ = await enrol(person)
    challenges = [(await challenge(world, person))["challenge"] for _ in range(3)]
    await forget_failures(world)
    code = next_code(app)
    answers = await asyncio.gather(*(answer(world, one, code=code) for one in challenges))
    assert sorted(one.status_code for one in answers) == [200, 401, 401]


async def test_wrong_codes_are_slowed(world: World, person: SignedPerson) -> None:
    app, _ = await enrol(person)
    challenged = (await challenge(world, person))["challenge"]
    codes = {app.at(time.time() + shift) for shift in (-60, -30, 0, 30, 60)}
    wrong = next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in codes)
    answers = [await answer(world, challenged, code=wrong) for _ in range(FREE_TRIES)]
    assert [one.status_code for one in answers] == [401] * (FREE_TRIES - 1) + [429], "the password's try counts, too"
    for malformed in ("12345a", "      ", "１２３４５６", "0000000000"):
        await forget_failures(world)
        assert (await answer(world, challenged, code=malformed)).status_code == 401, malformed
    assert (await answer(world, challenged)).status_code == 422
    assert (await answer(world, challenged, code=wrong, recovery_code="x")).status_code == 422
    unknown = await answer(world, "clc_" + "A" * 43, code=next_code(app))
    assert unknown.json()["code"] == "code-invalid"


async def test_a_recovery_code_counts_once(world: World, postgres: Settings, person: SignedPerson) -> None:
    _, codes = await enrol(person)
    signed = await answer(
        world, (await challenge(world, person))["challenge"], recovery_code=codes[0].upper().replace("-", " ")
    )
    assert signed.status_code == 200
    again = await answer(world, (await challenge(world, person))["challenge"], recovery_code=codes[0])
    assert again.json()["code"] == "wrong-credentials"
    texts = [message.text for kind, message in await mails_to(world, postgres, person.email) if "factor" in kind]
    assert any("9 are left" in text for text in texts)
    renewed = await person.client.post("/v1/account/recovery-codes", json=CONFIRM)
    assert set(renewed.json()["recovery_codes"]) & set(codes) == set()
    await forget_failures(world)
    old = await answer(world, (await challenge(world, person))["challenge"], recovery_code=codes[1])
    assert old.status_code == 401
    stored = await world.owner.fetch("select hash from recovery_codes")
    assert all(code.encode() not in bytes(row["hash"]) for row in stored for code in codes)


async def test_changing_a_factor_asks_for_the_password(world: World, person: SignedPerson) -> None:
    for path in ("/v1/account/totp", "/v1/account/passkeys/options"):
        refused = await person.client.post(path, json={"password": "not the password"})
        assert (refused.status_code, refused.json()["code"]) == (401, "wrong-credentials"), path
    await enrol(person)
    exists = await person.client.post("/v1/account/totp", json=CONFIRM)
    assert (exists.status_code, exists.json()["code"]) == (409, "second-factor-exists")
    for path in ("/v1/account/totp/disable", "/v1/account/recovery-codes"):
        await forget_failures(world)
        refused = await person.client.post(path, json={"password": "not the password"})
        assert refused.json()["code"] == "wrong-credentials", path
    assert (await person.client.post("/v1/account/totp/disable", json=CONFIRM)).status_code == 204
    assert (await challenge(world, person))["state"] == "signed_in"
    factors = (await person.client.get("/v1/account/second-factors")).json()
    assert factors == {"totp": False, "passkeys": 0, "recovery_codes_left": 0}


async def test_an_enrolment_without_a_code_asks_for_none(world: World, person: SignedPerson) -> None:
    made = await person.client.post("/v1/account/totp", json=CONFIRM)
    refused = await person.client.post("/v1/account/totp/confirm", json={"code": "000000"})
    assert refused.status_code == 401
    assert (await challenge(world, person))["state"] == "signed_in"
    again = await person.client.post("/v1/account/totp", json=CONFIRM)
    assert again.json()["secret"] != made.json()["secret"]


async def test_secrets_are_sealed(world: World, person: SignedPerson) -> None:
    app, _ = await enrol(person)
    await world.owner.execute("select set_config('app.user', $1, false)", str(person.user_id))
    sealed = await world.owner.fetchval("select sealed from totp_secrets where user_id = $1", person.user_id)
    assert app.secret.encode() not in sealed


async def register(person: SignedPerson, key: Authenticator, name: str = "Laptop", **changes: Any) -> httpx2.Response:
    asked = (await person.client.post("/v1/account/passkeys/options", json=CONFIRM)).json()
    body = {"ticket": asked["ticket"], "credential": key.create(asked["options"]), "name": name}
    return await person.client.post("/v1/account/passkeys", json=body | changes)


async def sign_in_with(world: World, key: Authenticator, challenged: str | None = None, **more: Any) -> httpx2.Response:
    client, body = visitor(world), {"challenge": challenged}
    asked = (await client.post("/v1/auth/passkey/options", json=body)).json()
    body |= {"ticket": asked["ticket"], "credential": key.get(asked["options"])}
    return await client.post("/v1/auth/passkey", json=body | more)


async def test_a_passkey_signs_in_alone(world: World, person: SignedPerson) -> None:
    key = Authenticator(origin=PUBLIC, rp_id=RP_ID)
    made = await register(person, key)
    assert made.status_code == 201, made.text
    assert len(made.json()["recovery_codes"]) == 10
    signed = await sign_in_with(world, key)
    assert signed.status_code == 200, signed.text
    client = visitor(world, signed.json()["access_token"])
    assert (await client.get("/v1/account")).json()["email"] == person.email
    (listed,) = (await client.get("/v1/account/passkeys")).json()["items"]
    assert (listed["name"], listed["last_used_at"] is not None) == ("Laptop", True)
    key.verifies = False
    refused = await sign_in_with(world, key)
    assert refused.json()["code"] == "wrong-credentials", "alone, it must verify its user"


async def test_a_passkey_is_the_second_factor(world: World, postgres: Settings, person: SignedPerson) -> None:
    key, foreign = (Authenticator(origin=PUBLIC, rp_id=RP_ID) for _ in range(2))
    await register(person, key)
    stranger = await join(world, postgres, world.bob, "viewer")
    await register(stranger, foreign)
    challenged = await challenge(world, person)
    assert (challenged["state"], set(challenged["factors"])) == ("second_factor", {"passkey", "recovery_code"})
    refused = await sign_in_with(world, foreign, challenged["challenge"])
    assert refused.json()["code"] == "wrong-credentials", "it is another person's"
    key.verifies = False
    signed = await sign_in_with(world, key, challenged["challenge"])
    assert signed.status_code == 200, signed.text
    spent = await visitor(world).post("/v1/auth/passkey/options", json={"challenge": challenged["challenge"]})
    assert spent.json()["code"] == "code-invalid"


async def test_a_passkey_of_another_page_is_refused(world: World, person: SignedPerson) -> None:
    for key in (
        Authenticator(origin="https://evil.example", rp_id=RP_ID),
        Authenticator(origin=PUBLIC, rp_id="evil.example"),
        Authenticator(origin="http://clips.example.org", rp_id=RP_ID),
    ):
        refused = await register(person, key)
        assert (refused.status_code, refused.json()["code"]) == (401, "wrong-credentials")
    key = Authenticator(origin=PUBLIC, rp_id=RP_ID)
    await register(person, key)
    key.origin = "https://evil.example"
    assert (await sign_in_with(world, key)).json()["code"] == "wrong-credentials", "phishing"


async def test_an_answer_of_a_passkey_counts_once(world: World, person: SignedPerson) -> None:
    key, client = Authenticator(origin=PUBLIC, rp_id=RP_ID), visitor(world)
    await register(person, key)
    asked = (await client.post("/v1/auth/passkey/options", json={})).json()
    body = {"ticket": asked["ticket"], "credential": key.get(asked["options"])}
    assert (await client.post("/v1/auth/passkey", json=body)).status_code == 200
    assert (await client.post("/v1/auth/passkey", json=body)).json()["code"] == "code-invalid"
    other = (await client.post("/v1/auth/passkey/options", json={})).json()
    mixed = await client.post("/v1/auth/passkey", json=body | {"ticket": other["ticket"]})
    assert mixed.json()["code"] == "wrong-credentials"
    key.count = 0
    assert (await sign_in_with(world, key)).json()["code"] == "wrong-credentials", "a copy counts from the start"


async def test_malformed_credentials_are_refused(world: World, person: SignedPerson) -> None:
    key, client = Authenticator(origin=PUBLIC, rp_id=RP_ID), visitor(world)
    await register(person, key)
    good = key.get({"challenge": "AA"})
    for credential in (
        {}, {"id": 1}, {"id": "é"}, {"id": ""}, {"id": good["id"]}, good | {"response": {}}, good | {"rawId": "AA"},
        good | {"type": "password"}, good | {"response": good["response"] | {"signature": "AA"}},
        good | {"response": good["response"] | {"authenticatorData": "AA"}}, good | {"response": [1]},
        good | {"response": good["response"] | {"clientDataJSON": "W10"}},
    ):  # fmt: skip
        asked = (await client.post("/v1/auth/passkey/options", json={})).json()
        body = {"ticket": asked["ticket"], "credential": credential}
        refused = await client.post("/v1/auth/passkey", json=body)
        assert refused.json()["code"] == "wrong-credentials", credential
        registered = await register(person, key, credential=credential)
        assert registered.json()["code"] == "wrong-credentials", credential


async def test_passkeys_are_their_persons_alone(world: World, postgres: Settings, person: SignedPerson) -> None:
    key = Authenticator(origin=PUBLIC, rp_id=RP_ID)
    made = (await register(person, key)).json()
    stranger = await join(world, postgres, world.bob, "viewer")
    path = f"/v1/account/passkeys/{made['passkey_id']}"
    assert (await stranger.client.get("/v1/account/passkeys")).json()["items"] == []
    assert (await stranger.client.delete(path)).status_code == 404
    taken = await register(stranger, key)
    assert (taken.status_code, taken.json()["code"]) == (409, "second-factor-exists")
    assert (await person.client.delete(path)).status_code == 204
    assert (await sign_in_with(world, key)).json()["code"] == "wrong-credentials"
    assert (await challenge(world, person))["state"] == "signed_in"
