"""One-time codes that sign an installation's owner in: who makes one, what it opens, and how it is attacked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import msgspec
import pyotp
import pytest

from core.infra.postgres.connection import org_transaction, person_transaction
from core.services.identity.opaque_tokens import hash_token
from core.settings import MissingSettingError, Settings
from streams.setup.bootstrap import ORG_ID, bootstrap
from streams.setup.sign_in_codes import OWNER_EMAIL, make_sign_in_code
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.people import visitor

pytestmark = pytest.mark.contract
PATH = "/v1/auth/one-time-code"
OWN = {"Origin": "http://api", "Clipstream-Client": "web"}


@pytest.fixture
def settings(postgres: Settings) -> Settings:
    rules = msgspec.structs.replace(postgres.sign_in, codes="on")
    return msgspec.structs.replace(postgres, public="http://api", sign_in=rules)


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    await bootstrap(settings)
    async with open_world(settings) as opened:
        yield opened


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def owner_id(world: World) -> UUID:
    async with org_transaction(world.api, ORG_ID) as rows:
        user_id: UUID = await rows.fetchval(
            "select u.user_id from users u join memberships m using (user_id) where u.email = $1", OWNER_EMAIL
        )
    return user_id


async def audited(world: World) -> list[tuple[str, str]]:
    """Operations and outcomes of the owner's codes, newest first."""
    async with org_transaction(world.api, ORG_ID) as rows:
        found = await rows.fetch(
            "select operation, outcome from audit_entries where operation like 'sign-in%' order by arrival desc limit 3"
        )
    return [(row["operation"], row["outcome"]) for row in found]


async def test_a_code_signs_the_owner_in_once(world: World, settings: Settings) -> None:
    made = await make_sign_in_code(settings)
    assert (made.email, made.minutes, len(made.code)) == (OWNER_EMAIL, 15.0, 47)
    client = visitor(world)
    answer = await client.post(PATH, json={"code": made.code, "cookies": True}, headers=OWN)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["state"], body["access_token"], body["org_id"]) == ("signed_in", None, str(ORG_ID))
    me = (await client.get("/v1/me")).json()
    assert me["actor"] == {"kind": "user", "id": str(await owner_id(world))}
    assert {"projects:write", "members:write", "billing:write", "organisation:erase"} <= set(me["permissions"])
    (session,) = [one for one in (await client.get("/v1/account/sessions")).json()["items"] if one["current"]]
    assert session["methods"] == ["one-time-code"]
    again = await visitor(world).post(PATH, json={"code": made.code})
    assert told(again) == (400, "code-invalid")
    assert await audited(world) == [
        ("sign-in.code-used-again", "refused"), ("sign-in", "done"), ("sign-in-code.made", "done"),
    ]  # fmt: skip
    assert (await client.get("/v1/account")).status_code == 200, "the owner stays signed in"


async def test_a_second_code_is_of_the_same_account(world: World, settings: Settings) -> None:
    codes = [(await make_sign_in_code(settings)).code for _ in range(2)]
    assert len(set(codes)) == 2
    people = set()
    for code in codes:
        session = (await visitor(world).post(PATH, json={"code": code})).json()
        account = await visitor(world, session["access_token"]).get("/v1/account")
        people.add(account.json()["user_id"])
    assert people == {str(await owner_id(world))}


async def test_only_one_of_many_at_once_gets_in(world: World, settings: Settings) -> None:
    code = (await make_sign_in_code(settings)).code
    answers = await asyncio.gather(*(visitor(world).post(PATH, json={"code": code}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


async def test_an_expired_code_is_refused_and_noted(world: World, settings: Settings) -> None:
    code = (await make_sign_in_code(settings)).code
    async with person_transaction(world.api, await owner_id(world)) as rows:
        await rows.execute(
            "update single_use_tokens set expires_at = now() where hash = $1 and used_at is null", hash_token(code)
        )
    assert told(await visitor(world).post(PATH, json={"code": code})) == (400, "code-invalid")
    assert (await audited(world))[0] == ("sign-in.failed", "refused")


async def test_another_page_cannot_sign_a_visitor_in(world: World, settings: Settings) -> None:
    """Login CSRF: a page that posts a code of its own account, or a form that does."""
    code = (await make_sign_in_code(settings)).code
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        OWN | {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        refused = await visitor(world).post(PATH, json={"code": code, "cookies": True}, headers=headers)
        assert told(refused) == (403, "cross-site")
        assert "set-cookie" not in refused.headers
    form = await visitor(world).post(PATH, content=b"code=x", headers={"Content-Type": "text/plain", **OWN})
    assert form.status_code == 415
    assert (await visitor(world).post(PATH, json={"code": code})).status_code == 200, "none of them used it up"


async def test_guessing_locks_the_address(world: World) -> None:
    guesser = visitor(world)
    states = [(await guesser.post(PATH, json={"code": f"cln_{number:043d}"})).status_code for number in range(53)]
    assert states[:49] == [400] * 49
    assert states[-1] == 429
    assert (await visitor(world).post(PATH, json={"code": "cln_x"})).status_code == 400, "another address"


async def test_a_second_factor_comes_behind_a_code(world: World, settings: Settings) -> None:
    await make_sign_in_code(settings)
    user_id, secret = await owner_id(world), pyotp.random_base32()
    sealed = world.app.state.context.ring.seal("second-factors", secret.encode())
    async with person_transaction(world.api, user_id) as rows:
        await rows.execute(
            "insert into totp_secrets (user_id, sealed, confirmed_at) values ($1, $2, now())", user_id, sealed
        )
    try:
        body = {"code": (await make_sign_in_code(settings)).code}
        asked = (await visitor(world).post(PATH, json=body)).json()
        assert (asked["state"], asked["access_token"]) == ("second_factor", None)
        answer = {"challenge": asked["challenge"], "code": pyotp.TOTP(secret).now()}
        verified = await visitor(world).post("/v1/auth/login/verify", json=answer)
        assert verified.status_code == 200, verified.text
    finally:
        async with person_transaction(world.api, user_id) as rows:
            await rows.execute("delete from totp_secrets where user_id = $1", user_id)


async def test_codes_are_off_unless_the_operator_turns_them_on(postgres: Settings, settings: Settings) -> None:
    assert postgres.sign_in.codes == "off"
    await bootstrap(postgres)
    with pytest.raises(MissingSettingError, match="CLIPSTREAM_SIGN_IN_CODES is off"):
        await make_sign_in_code(postgres)
    code = (await make_sign_in_code(settings)).code
    async with open_world(postgres) as world:
        assert told(await visitor(world).post(PATH, json={"code": code})) == (403, "forbidden")


async def test_the_owner_has_no_password(world: World, settings: Settings) -> None:
    await make_sign_in_code(settings)
    for password in ("", " ", "None", "owner"):
        answer = await visitor(world).post("/v1/auth/login", json={"email": OWNER_EMAIL, "password": password or "x"})
        assert told(answer) == (401, "wrong-credentials")
