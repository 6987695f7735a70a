"""Rotation on a real Postgres: rows are sealed again, cut off and taken up, and API keys outlive their secret."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from api.http.auth import ApiKeys
from core.infra.key_ring import KeyRing, MissingSecretError, secret_id_of
from core.infra.postgres.connection import Pool, create_pool, transaction
from core.infra.secrets import mint_api_key
from core.services.key_rotation import SEALED, reseal
from core.settings import Settings
from tests.contract.rigs.postgres import run_postgres
from tests.support.keys import named_ring, ring_of

pytestmark = pytest.mark.contract

FIRST, SECOND, THIRD = b"1" * 32, b"2" * 32, b"3" * 32
ENDPOINTS = 25


@pytest.fixture(scope="module")
def own_postgres() -> Any:
    """A server of its own: a rotation is of a whole installation, and other tests seal with other secrets."""
    with run_postgres() as settings:
        yield settings


class Rig(msgspec.Struct, kw_only=True):
    """Rows sealed by one ring."""

    org_id: uuid.UUID
    owner: Any
    keys: Pool
    api: Pool

    async def sealed_by(self) -> dict[str, set[str]]:
        """Ids of the secrets that sealed a table's rows."""
        return {
            one.table: {secret_id_of(row[0]) for row in await self.owner.fetch(f"select {one.column} from {one.table}")}
            for one in SEALED
        }

    async def opened(self, ring: KeyRing) -> set[bytes]:
        rows = await self.owner.fetch("select secret_encrypted from webhook_endpoints")
        return {ring.open("secrets", row[0]) for row in rows}


@pytest.fixture(name="rig")
async def make_rig(own_postgres: Settings) -> AsyncIterator[Rig]:
    owner = await asyncpg.connect(own_postgres.postgres_owner)
    await owner.execute("truncate orgs cascade; truncate peppers, installation_keys; truncate users cascade")
    org_id, ring = uuid.uuid4(), ring_of(FIRST)
    await owner.execute("insert into orgs (org_id, name) values ($1, 'a')", org_id)
    for number in range(ENDPOINTS):
        await owner.execute(
            "insert into webhook_endpoints (org_id, endpoint_id, url, events, secret_encrypted) "
            "values ($1, $2, '', $3, $4)",
            org_id, uuid.uuid4(), [], ring.seal("secrets", b"whsec_%d" % number),
        )  # fmt: skip
    await owner.execute(
        "insert into webhook_former_secrets (org_id, endpoint_id, secret_id, signing, secret_encrypted, expires_at) "
        "select org_id, endpoint_id, $2, 'hmac', $3, now() from webhook_endpoints where org_id = $1 limit 1",
        org_id, uuid.uuid4(), ring.seal("secrets", b"whsec_before"),
    )  # fmt: skip
    await owner.execute(
        "insert into producer_keys (org_id, key_id, secret_encrypted) values ($1, 'pk', $2)",
        org_id, ring.seal("secrets", b"p"),
    )  # fmt: skip
    await owner.execute(
        "insert into idempotency_keys (org_id, key, fingerprint, status, headers, body) "
        "values ($1, 'i', '', 201, '{}', $2)",
        org_id, ring.seal("idempotency", b"body"),
    )  # fmt: skip
    await owner.execute(
        "insert into mails (mail_id, receiver, template, locale, sealed) values ($1, 'r', 'invitation', 'en', $2)",
        uuid.uuid4(), ring.seal("mails", b"{}"),
    )  # fmt: skip
    person_id = uuid.uuid4()
    await owner.execute("select set_config('app.user', $1, false)", str(person_id))
    await owner.execute("insert into users (user_id, email) values ($1, $2)", person_id, f"{person_id}@example.org")
    await owner.execute(
        "insert into totp_secrets (user_id, sealed) values ($1, $2)", person_id, ring.seal("second-factors", b"s")
    )
    session_id = uuid.uuid4()
    await owner.execute(
        "insert into sessions (session_id, user_id, methods, address, user_agent, idle_until, expires_at) "
        "values ($1, $2, '{}', '', '', now(), now())",
        session_id, person_id,
    )  # fmt: skip
    await owner.execute(
        "insert into push_subscriptions (subscription_id, user_id, session_id, endpoint_hash, host, sealed) "
        "values ($1, $2, $3, '', '', $4)",
        uuid.uuid4(), person_id, session_id, ring.seal("push", b"{}"),
    )  # fmt: skip
    await owner.execute("set role clipstream_api")
    await owner.execute(
        "insert into installation_keys (name, public_key, sealed) values ('vapid', '', $1)", ring.seal("push", b"k")
    )
    await owner.execute("reset role")
    keys = await create_pool(own_postgres.postgres_keys, size=2)
    api = await create_pool(own_postgres.postgres_api, size=2)
    yield Rig(org_id=org_id, owner=owner, keys=keys, api=api)
    await owner.close()
    await keys.close()
    await api.close()


async def test_all_rows_are_sealed_again_and_a_repeat_has_no_effect(rig: Rig) -> None:
    both = named_ring(k2=SECOND, **{"": FIRST})
    result = await reseal(rig.keys, both, batch_rows=10)
    one_each = (
        "producer_keys",
        "webhook_former_secrets",
        "idempotency_keys",
        "mails",
        "totp_secrets",
        "push_subscriptions",
        "installation_keys",
    )
    assert result.changed == {"webhook_endpoints": ENDPOINTS} | dict.fromkeys(one_each, 1)
    assert (result.closed, result.left) == ([], 0)
    assert await rig.sealed_by() == {one.table: {"k2"} for one in SEALED}
    assert await rig.opened(named_ring(k2=SECOND)) == {b"whsec_%d" % number for number in range(ENDPOINTS)}
    assert (await reseal(rig.keys, both)).changed == {}


async def test_a_rotation_that_was_cut_off_is_taken_up(rig: Rig) -> None:
    """The third batch fails: rows of both secrets remain, and both open; the next run does the rest."""
    both = named_ring(k2=SECOND, **{"": FIRST})
    calls = iter([bytes(12)] * 17)

    class Cut(KeyRing):
        def seal(self, *arguments: Any) -> bytes:
            next(calls)
            return super().seal(*arguments)

    with pytest.raises(RuntimeError):
        await reseal(rig.keys, Cut(lambda: both.secrets), batch_rows=5)
    assert (await rig.sealed_by())["webhook_endpoints"] == {"k2", ""}
    assert len(await rig.opened(both)) == ENDPOINTS
    result = await reseal(rig.keys, both)
    assert 0 < result.changed["webhook_endpoints"] < ENDPOINTS
    assert await rig.sealed_by() == {one.table: {"k2"} for one in SEALED}


async def test_a_row_without_its_secret_is_named_and_stays(rig: Rig) -> None:
    result = await reseal(rig.keys, named_ring(k2=SECOND))
    assert len(result.closed) == ENDPOINTS + 7
    assert "put it back into CLIPSTREAM_SECRETS" in result.closed[0]
    assert (await rig.sealed_by())["webhook_endpoints"] == {""}


async def test_an_api_key_outlives_two_rotations(rig: Rig) -> None:
    """Its hash stays as it is: the pepper is kept sealed, and the secret that it came from leaves the ring."""
    first = ring_of(FIRST)
    minted = mint_api_key(first.derive("api-keys"))
    await rig.owner.execute(
        "insert into api_keys (org_id, key_id, hash, last4, scopes) values ($1, $2, $3, 'abcd', '{read}')",
        rig.org_id, uuid.uuid4(), minted.hash,
    )  # fmt: skip

    async def caller(ring: KeyRing) -> Any:
        keys = ApiKeys(pool=rig.api, ring=ring, now=lambda: 0.0, clock=lambda: dt.datetime.now(dt.UTC))
        return await keys.caller(minted.plain)

    assert (await caller(first)).org_id == rig.org_id
    assert await caller(named_ring(k2=SECOND)) is None
    await reseal(rig.keys, named_ring(k2=SECOND, **{"": FIRST}))
    assert (await caller(named_ring(k2=SECOND))).org_id == rig.org_id
    await reseal(rig.keys, named_ring(k3=THIRD, k2=SECOND))
    assert (await caller(named_ring(k3=THIRD))).org_id == rig.org_id
    with pytest.raises(MissingSecretError):
        await caller(named_ring(k4=FIRST))


async def test_the_rotation_role_reads_only_sealed_columns(rig: Rig) -> None:
    for statement in ("select url from webhook_endpoints", "select hash from api_keys", "select 1 from projects",
                      "update producer_keys set revoked_at = now()", "delete from idempotency_keys"):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with transaction(rig.keys) as connection:
                await connection.execute(statement)
