"""Access tokens that are not ours, or count no longer: every one is refused with the same 401."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from core.infra.key_ring import open_key_ring
from core.services.identity.access_tokens import AccessTokens
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.people import SignedPerson, join, visitor
from tests.support.keys import ring_of

pytestmark = pytest.mark.contract


class Forge(msgspec.Struct, kw_only=True):
    """What an attacker has: a valid token, the public key, and, to prove each check by itself, even the private one."""

    token: str
    private: Ed25519PrivateKey
    public: dict[str, Any]

    @property
    def header(self) -> dict[str, Any]:
        return part_of(self.token, 0)

    @property
    def claims(self) -> dict[str, Any]:
        return part_of(self.token, 1)

    def signed(self, header: bytes | dict[str, Any], claims: bytes | dict[str, Any]) -> str:
        """A token with our own signature, whatever its parts hold."""
        signed_part = b".".join(encoded(part) for part in (header, claims))
        return (signed_part + b"." + encoded(self.private.sign(signed_part))).decode()

    def with_claims(self, **changes: Any) -> str:
        return self.signed(self.header, {k: v for k, v in (self.claims | changes).items() if v is not ...})

    def with_header(self, **changes: Any) -> str:
        return self.signed({k: v for k, v in (self.header | changes).items() if v is not ...}, self.claims)


def part_of(token: str, index: int) -> dict[str, Any]:
    part = token.split(".")[index]
    made: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return made


def encoded(part: bytes | dict[str, Any]) -> bytes:
    raw = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def hs256(forge: Forge, key: bytes) -> str:
    """HMAC with what is public as its key: RS/HS confusion, for EdDSA."""
    signed_part = encoded(forge.header | {"alg": "HS256"}) + b"." + encoded(forge.claims)
    return (signed_part + b"." + encoded(hmac.new(key, signed_part, hashlib.sha256).digest())).decode()


def other_key(forge: Forge, **header: Any) -> str:
    key = Ed25519PrivateKey.generate()
    signed_part = encoded(forge.header | header) + b"." + encoded(forge.claims)
    return (signed_part + b"." + encoded(key.sign(signed_part))).decode()


def own_jwk() -> dict[str, Any]:
    return dict(OKPKey.generate_key("Ed25519").as_dict(private=False))


def of_key(forge: Forge, algorithm: str, key: Any) -> str:
    return jwt.encode(forge.header | {"alg": algorithm}, forge.claims, key, algorithms=[algorithm])


def unsigned(forge: Forge, algorithm: str, signature: str = "") -> str:
    header = encoded(forge.header | {"alg": algorithm}).decode()
    return f"{header}.{encoded(forge.claims).decode()}.{signature}"


NOW = int(time.time())
RSA = RSAKey.import_key(rsa.generate_private_key(65537, 2048))  # type: ignore[arg-type]
EC = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))  # type: ignore[arg-type]
ATTACKS: dict[str, Callable[[Forge], str]] = {
    "alg none": lambda forge: unsigned(forge, "none"),
    "alg None": lambda forge: unsigned(forge, "None"),
    "alg none with our signature": lambda forge: unsigned(forge, "none", forge.token.rpartition(".")[2]),
    "alg empty": lambda forge: forge.with_header(alg=""),
    "alg missing": lambda forge: forge.with_header(alg=...),
    "alg a list": lambda forge: forge.with_header(alg=["Ed25519"]),
    "alg EdDSA, of before RFC 9864": lambda forge: forge.with_header(alg="EdDSA"),
    "HS256 by the public key's bytes": lambda forge: hs256(
        forge, base64.urlsafe_b64decode(forge.public["x"] + "=")
    ),
    "HS256 by the public key's text": lambda forge: hs256(forge, forge.public["x"].encode()),
    "HS256 by the JWK": lambda forge: hs256(forge, json.dumps(forge.public).encode()),
    "HS256 by an empty key": lambda forge: hs256(forge, b""),
    "HS256 by the key id": lambda forge: hs256(forge, forge.public["kid"].encode()),
    "RS256": lambda forge: of_key(forge, "RS256", RSA),
    "ES256": lambda forge: of_key(forge, "ES256", EC),
    "HS512": lambda forge: of_key(forge, "HS512", OctKey.import_key("k" * 64)),
    "another key under our key id": other_key,
    "another key in jwk": lambda forge: other_key(forge, jwk=own_jwk()),
    "our key, with a jwk": lambda forge: forge.with_header(jwk=own_jwk()),
    "our key, with a jku": lambda forge: forge.with_header(jku="https://evil.example/jwks.json"),
    "our key, with an x5u": lambda forge: forge.with_header(x5u="https://evil.example/chain.pem"),
    "our key, with an x5c": lambda forge: forge.with_header(x5c=["MIIB"]),
    "kid unknown": lambda forge: forge.with_header(kid="unknown"),
    "kid missing": lambda forge: forge.with_header(kid=...),
    "kid a path": lambda forge: forge.with_header(kid="../../../../dev/null"),
    "kid SQL": lambda forge: forge.with_header(kid="' or '1'='1"),
    "kid a number": lambda forge: forge.with_header(kid=0),
    "kid a list": lambda forge: forge.with_header(kid=[forge.public["kid"]]),
    "typ JWT": lambda forge: forge.with_header(typ="JWT"),
    "typ missing": lambda forge: forge.with_header(typ=...),
    "typ in capitals": lambda forge: forge.with_header(typ="AT+JWT"),
    "crit": lambda forge: forge.with_header(crit=["exp"]),
    "crit unknown": lambda forge: forge.with_header(crit=["x"], x=1),
    "b64 false": lambda forge: forge.with_header(b64=False, crit=["b64"]),
    "zip": lambda forge: forge.with_header(zip="DEF"),
    "cty JWT": lambda forge: forge.with_header(cty="JWT"),
    "iss of others": lambda forge: forge.with_claims(iss="https://evil.example"),
    "iss missing": lambda forge: forge.with_claims(iss=...),
    "aud of others": lambda forge: forge.with_claims(aud="https://evil.example"),
    "aud a list": lambda forge: forge.with_claims(aud=[forge.claims["aud"], "https://evil.example"]),
    "aud missing": lambda forge: forge.with_claims(aud=...),
    "exp in the past": lambda forge: forge.with_claims(iat=NOW - 700, exp=NOW - 100),
    "exp far away": lambda forge: forge.with_claims(exp=NOW + 10**9),
    "exp beyond 15 minutes": lambda forge: forge.with_claims(exp=forge.claims["iat"] + 901),
    "exp missing": lambda forge: forge.with_claims(exp=...),
    "exp a text": lambda forge: forge.with_claims(exp=str(NOW + 300)),
    "exp a fraction": lambda forge: forge.with_claims(exp=NOW + 300.5),
    "exp true": lambda forge: forge.with_claims(exp=True),
    "exp huge": lambda forge: forge.with_claims(exp=10**400),
    "exp infinite": lambda forge: forge.signed(
        forge.header, json.dumps(forge.claims | {"exp": float("inf")}).encode()
    ),
    "iat in the future": lambda forge: forge.with_claims(iat=NOW + 3_000, exp=NOW + 3_300),
    "iat missing": lambda forge: forge.with_claims(iat=...),
    "nbf in the future": lambda forge: forge.with_claims(nbf=NOW + 3_000),
    "jti missing": lambda forge: forge.with_claims(jti=...),
    "sub missing": lambda forge: forge.with_claims(sub=...),
    "sub of another person": lambda forge: forge.with_claims(sub=str(uuid4())),
    "sub SQL": lambda forge: forge.with_claims(sub="'; drop table users --"),
    "sub a list": lambda forge: forge.with_claims(sub=[forge.claims["sub"]]),
    "sid missing": lambda forge: forge.with_claims(sid=...),
    "sid unknown": lambda forge: forge.with_claims(sid=str(uuid4())),
    "org not a UUID": lambda forge: forge.with_claims(org="*"),
    "org null": lambda forge: forge.with_claims(org=None),
    "claims of others": lambda forge: forge.with_claims(role="owner", scope="admin"),
    "a claim twice": lambda forge: forge.signed(
        forge.header, json.dumps(forge.claims).encode()[:-1] + b',"exp":%d}' % (NOW + 200)
    ),
    "a header twice": lambda forge: forge.signed(
        json.dumps(forge.header).encode()[:-1] + b',"alg":"Ed25519"}', forge.claims
    ),
    "claims a list": lambda forge: forge.signed(forge.header, json.dumps([forge.claims]).encode()),
    "claims a text": lambda forge: forge.signed(forge.header, b'"x"'),
    "claims empty": lambda forge: forge.signed(forge.header, b""),
    "claims not UTF-8": lambda forge: forge.signed(forge.header, b'{"sub":"\xff"}'),
    "claims nested deeply": lambda forge: forge.signed(forge.header, b"[" * 700 + b"]" * 700),
    "a huge token": lambda forge: forge.with_claims(jti="x" * 60_000),
    "a part too few": lambda forge: forge.token.rpartition(".")[0] + ".",
    "a part too many": lambda forge: forge.token + "." + forge.token.rpartition(".")[2],
    "truncated": lambda forge: forge.token[:-10],
    "signature empty": lambda forge: forge.token.rpartition(".")[0] + ".",
    "signature of zeros": lambda forge: forge.token.rpartition(".")[0] + "." + "A" * 86,
    "claims of another token": lambda forge: ".".join(
        (forge.token.split(".")[0], encoded(forge.claims | {"sub": str(uuid4())}).decode(), forge.token.split(".")[2])
    ),
    "padding": lambda forge: forge.token + "==",
    "standard base64": lambda forge: forge.token.replace("-", "+").replace("_", "/") + "+",
    "a space inside": lambda forge: forge.token.replace(".", " .", 1),
    "a line break at the end of a part": lambda forge: forge.token.replace(".", "%0a.", 1),
    "JSON serialisation": lambda forge: json.dumps(
        dict(zip(("protected", "payload", "signature"), forge.token.split("."), strict=True))
    ).replace(" ", ""),
    "the refresh token": lambda forge: "clr_" + "A" * 43,
}  # fmt: skip


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


async def make_forge(world: World, postgres: Settings, person: SignedPerson) -> Forge:
    private = Ed25519PrivateKey.from_private_bytes(open_key_ring(postgres).derive("access-tokens"))
    public = (await visitor(world).get("/.well-known/jwks.json")).json()["keys"][0]
    return Forge(token=person.session["access_token"], private=private, public=public)


async def ask(world: World, token: str) -> httpx2.Response:
    return await visitor(world, token).get("/v1/account")


async def test_every_attack_is_refused_alike(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "owner")
    forge = await make_forge(world, postgres, person)
    assert (await ask(world, forge.token)).status_code == 200
    assert (await ask(world, forge.with_claims())).status_code == 200, "the forge makes valid ones"
    assert len(ATTACKS) >= 30
    answers = {}
    for name, attack in ATTACKS.items():
        answer = await ask(world, attack(forge))
        answers[name] = (answer.status_code, answer.json()["code"], answer.json()["detail"])
    alike = (401, "unauthenticated", "The API key is not valid, or the session has ended.")
    assert {name: answer for name, answer in answers.items() if answer != alike} == {}


async def test_tokens_of_other_installations_are_refused(world: World, postgres: Settings) -> None:
    person = await join(world, postgres, world.ann, "owner")
    session = (person.user_id, person.session["session_id"], world.ann.org_id)

    def clock() -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    life, ring = dt.timedelta(minutes=5), open_key_ring(postgres)
    own = AccessTokens(ring, issuer=postgres.public_address, life=life, clock=clock)
    assert (await ask(world, own.issue(*session))).status_code == 200  # type: ignore[arg-type]
    for other in (
        AccessTokens(ring_of(b"x" * 32), issuer=postgres.public_address, life=life, clock=clock),
        AccessTokens(ring, issuer="https://clips.example.org", life=life, clock=clock),
    ):
        assert (await ask(world, other.issue(*session))).status_code == 401  # type: ignore[arg-type]


async def test_a_token_for_a_foreign_organisation_sees_nothing(world: World, postgres: Settings) -> None:
    """Even one with our signature: the rows say who belongs where."""
    person = await join(world, postgres, world.ann, "owner")
    forge = await make_forge(world, postgres, person)
    client = visitor(world, forge.with_claims(org=str(world.bob.org_id)))
    me = (await client.get("/v1/me")).json()
    assert (me["permissions"], me["org_name"]) == ([], "")
    assert (await client.get("/v1/projects")).status_code == 403


async def test_tokens_of_erased_and_disabled_people_end(world: World, postgres: Settings) -> None:
    for statement in (
        "delete from users where user_id = $1",
        "update users set disabled_at = now() where user_id = $1",
    ):
        person = await join(world, postgres, world.ann, "viewer")
        fresh = visitor(world, person.session["access_token"])
        await world.owner.execute("select set_config('app.user', $1, false)", str(person.user_id))
        await world.owner.execute(statement, person.user_id)
        world.app.state.context.callers._found.clear()
        assert (await fresh.get("/v1/account")).status_code == 401
        body = {"refresh_token": person.session["refresh_token"]}
        assert (await visitor(world).post("/v1/auth/refresh", json=body)).status_code == 401
