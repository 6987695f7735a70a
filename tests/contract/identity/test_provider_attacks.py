"""Attacks on sign-in with providers: answers that lie, answers of others, addresses inside, pages to be led to."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from core.settings import Settings
from tests.contract.identity.test_providers import ANYONE, OWN, PAGE, Scene, come_back, path_of, scene_of, told
from tests.contract.rigs.api_world import open_world
from tests.contract.rigs.openid_providers import (
    CLIENT_ID,
    SECRET,
    LyingProvider,
    described,
    lying_provider,
    with_providers,
)
from tests.contract.rigs.people import join, visitor

pytestmark = pytest.mark.contract
NOW = time.time()


@pytest.fixture(scope="module")
def strange_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"})


@pytest.fixture
async def scene(postgres: Settings, tmp_path: Path) -> AsyncIterator[Scene]:
    """A provider whose people may register: what does not fail signs in."""
    async with scene_of(postgres, tmp_path, {"identity": ANYONE}, confirms_email=True) as opened:
        yield opened


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(encoded(msgspec.json.encode(part)) for part in (header | {"alg": "none"}, claims)) + "."


def by_secret(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return jwt.encode(header | {"alg": "HS256"}, claims, OctKey.import_key(SECRET * 2), algorithms=["HS256"])


def without_signature(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return unsigned(header, claims).rstrip(".") + ".AAAA"


TOKEN_LIES: dict[str, Callable[[LyingProvider, RSAKey], None]] = {
    "another issuer": lambda p, _: setattr(p, "claims", {"iss": "https://accounts.example.com"}),
    "issuer with a slash": lambda p, _: setattr(p, "claims", {"iss": p.issuer + "/"}),
    "no issuer": lambda p, _: setattr(p, "claims", {"iss": None}),
    "another client": lambda p, _: setattr(p, "claims", {"aud": "another"}),
    "no audience": lambda p, _: setattr(p, "claims", {"aud": None}),
    "several audiences without azp": lambda p, _: setattr(p, "claims", {"aud": [CLIENT_ID, "another"]}),
    "azp of another": lambda p, _: setattr(p, "claims", {"azp": "another"}),
    "another nonce": lambda p, _: setattr(p, "claims", {"nonce": "A" * 43}),
    "no nonce": lambda p, _: setattr(p, "claims", {"nonce": None}),
    "expired": lambda p, _: setattr(p, "claims", {"exp": int(NOW) - 3600, "iat": int(NOW) - 7200}),
    "no end": lambda p, _: setattr(p, "claims", {"exp": None}),
    "end as text": lambda p, _: setattr(p, "claims", {"exp": "9999999999"}),
    "of the future": lambda p, _: setattr(p, "claims", {"iat": int(NOW) + 86_400, "exp": int(NOW) + 90_000}),
    "not yet": lambda p, _: setattr(p, "claims", {"nbf": int(NOW) + 86_400}),
    "no subject": lambda p, _: setattr(p, "claims", {"sub": None}),
    "empty subject": lambda p, _: setattr(p, "claims", {"sub": ""}),
    "subject as number": lambda p, _: setattr(p, "claims", {"sub": 7}),
    "subject too long": lambda p, _: setattr(p, "claims", {"sub": "s" * 256}),
    "at_hash of another": lambda p, _: setattr(p, "claims", {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
    "alg none": lambda p, _: setattr(p, "token", unsigned),
    "alg none with bytes": lambda p, _: setattr(p, "token", without_signature),
    "alg HS256 by the secret": lambda p, _: setattr(p, "token", by_secret),
    "alg HS256 by the public key": lambda p, _: setattr(
        p,
        "token",
        lambda header, claims: jwt.encode(
            header | {"alg": "HS256"},
            claims,
            OctKey.import_key(base64.urlsafe_b64encode(p.key.as_pem(private=False)).decode()),
            algorithms=["HS256"],
        ),
    ),
    "another key under the same id": lambda p, key: setattr(p, "signing_key", key),
    "unknown key id": lambda p, _: setattr(p, "header", {"kid": "nobody's"}),
    "key in the header": lambda p, key: (
        setattr(p, "signing_key", key),
        setattr(p, "header", {"kid": "nobody's", "jwk": key.as_dict(private=False)}),
    )[0],
    "crit": lambda p, _: setattr(
        p, "token", lambda header, claims: _recut(jwt.encode(header, claims, p.key), {"crit": ["exp"]})
    ),
    "typ of an access token": lambda p, _: setattr(p, "header", {"typ": "at+jwt"}),
    "no token": lambda p, _: setattr(p, "tokens", {"id_token": ""}),
    "no JWT": lambda p, _: setattr(p, "tokens", {"id_token": "a.b.c"}),
    "huge token": lambda p, _: setattr(p, "tokens", {"id_token": "a" * 20_000 + ".b.c"}),
    "token of another type": lambda p, _: setattr(p, "tokens", {"token_type": "mac"}),
    "no access token": lambda p, _: setattr(p, "tokens", {"access_token": ""}),
    "key of 1024 bits": lambda p, _: weaken(p),
    "keys for encryption": lambda p, _: setattr(p, "keys", [key | {"use": "enc"} for key in p.keys]),
    "symmetric key in the set": lambda p, _: (
        setattr(p, "keys", [{"kty": "oct", "kid": "first", "k": base64.urlsafe_b64encode(SECRET.encode()).decode()}]),
        setattr(p, "token", by_secret),
    )[0],
    "EC token against an RSA key": lambda p, _: setattr(p, "token", _by_ec),
}


def _by_ec(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return jwt.encode(header | {"alg": "ES256"}, claims, ECKey.generate_key("P-256"), algorithms=["ES256"])


def _recut(token: str, more: dict[str, Any]) -> str:
    header, rest = token.split(".", 1)
    decoded = msgspec.json.decode(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    return encoded(msgspec.json.encode(decoded | more)) + "." + rest


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def weaken(provider: LyingProvider) -> None:
    """Sign by a key that is too short, which no library makes without a warning."""
    weak = rsa.generate_private_key(65537, 1024)
    numbers = weak.public_key().public_numbers()
    provider.keys = [{"kty": "RSA", "kid": "first", "n": encoded(numbers.n.to_bytes(128)), "e": "AQAB"}]

    def sign(header: dict[str, Any], claims: dict[str, Any]) -> str:
        signed = ".".join(encoded(msgspec.json.encode(part)) for part in (header, claims))
        return f"{signed}.{encoded(weak.sign(signed.encode(), PKCS1v15(), SHA256()))}"

    provider.token = sign


async def test_no_lie_of_a_token_signs_in(scene: Scene, strange_key: RSAKey) -> None:
    """Each lie on its own; the truth before, between and after signs in, so nothing else is the reason."""
    truth = {
        name: getattr(scene.provider, name) for name in ("claims", "header", "token", "tokens", "signing_key", "keys")
    }
    through: list[str] = []
    for name, lie in TOKEN_LIES.items():
        lie(scene.provider, strange_key)
        forget_keys(scene)
        answer = await come_back(scene, visitor(scene.world), f"s{uuid4().hex[:8]}")
        if (answer.status_code, answer.json().get("code")) != (502, "provider-failed"):
            through.append(f"{name}: {answer.status_code} {answer.text}")
        for field, value in truth.items():
            setattr(scene.provider, field, value)
    assert through == []
    forget_keys(scene)
    assert (await come_back(scene, visitor(scene.world), "truth")).json()["state"] == "signed_in"
    assert len(TOKEN_LIES) >= 35


def forget_keys(scene: Scene) -> None:
    """As after an hour, so that each lie meets the keys of now."""
    client = scene.world.app.state.context.identity.providers["acme"]
    client._keys, client._keys_asked_at, client._failed_at = None, float("-inf"), float("-inf")


async def test_honest_variants_sign_in(scene: Scene) -> None:
    for claims in (
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID},
        {"at_hash": encoded(hashlib.sha256(b"token-of-same").digest()[:16])},
        {"email": None},
    ):
        scene.provider.claims = claims
        answer = await come_back(scene, visitor(scene.world), "same")
        assert answer.json().get("state") == "signed_in", (claims, answer.text)


async def test_an_answer_of_another_browser_does_not_count(scene: Scene) -> None:
    """Login CSRF: the attacker's own answer, opened by the victim; then the victim's state in the attacker's hands."""
    attacker, victim = visitor(scene.world), visitor(scene.world)
    page = (await attacker.get("/v1/auth/providers/acme/start")).headers["location"]
    back = path_of(scene.provider.authorize(page, "attacker"))
    refused = await victim.get(back)
    assert (refused.status_code, refused.json()["code"]) == (403, "sign-in-refused")
    assert "set-cookie" not in refused.headers
    await victim.get("/v1/auth/providers/acme/start")
    page = (await attacker.get("/v1/auth/providers/acme/start")).headers["location"]
    back = path_of(scene.provider.authorize(page, "attacker"))
    assert (await victim.get(back)).status_code == 403, "a cookie of its own is none of the other's"
    assert (await attacker.get(back)).status_code == 403, "and the state is spent"


async def test_a_program_reads_the_page_as_json(scene: Scene) -> None:
    browser = visitor(scene.world, Accept="application/json")
    answer = await browser.get("/v1/auth/providers/acme/start")
    assert answer.status_code == 200
    back = await browser.get(path_of(scene.provider.authorize(answer.json()["url"], "program")))
    assert back.json()["state"] == "signed_in"


async def test_states_are_known_whole_and_count_once(scene: Scene) -> None:
    browser = visitor(scene.world)
    pages = [(await browser.get("/v1/auth/providers/acme/start")).headers["location"] for _ in range(2)]
    backs = [path_of(scene.provider.authorize(page, "twice")) for page in pages]
    swapped = httpx2.URL(backs[0]).copy_set_param("state", "A" * 43)
    assert (await browser.get(str(swapped))).status_code == 403
    first = httpx2.URL(backs[0]).params["state"]
    mixed = httpx2.URL(backs[1]).copy_set_param("state", first)
    assert (await browser.get(str(mixed))).status_code == 502, "the nonce of the one is not that of the other"
    scene.provider.once = False
    assert (await browser.get(backs[0])).status_code == 403, "its state was used by the mixture"
    page = (await browser.get("/v1/auth/providers/acme/start")).headers["location"]
    back = path_of(scene.provider.authorize(page, "twice"))
    assert (await browser.get(back)).status_code == 200
    assert (await browser.get(back)).status_code == 403, "even where the provider would take the code again"


async def test_a_code_that_was_used_does_not_count(scene: Scene) -> None:
    browser = visitor(scene.world)
    page = (await browser.get("/v1/auth/providers/acme/start")).headers["location"]
    back = httpx2.URL(path_of(scene.provider.authorize(page, "used")))
    assert (await browser.get(str(back))).status_code == 200
    again = (await browser.get("/v1/auth/providers/acme/start")).headers["location"]
    replayed = httpx2.URL(path_of(scene.provider.authorize(again, "used"))).copy_set_param("code", back.params["code"])
    refused = await browser.get(str(replayed))
    assert (refused.status_code, refused.json()["code"]) == (403, "sign-in-refused")


async def test_parallel_returns_begin_one_session(scene: Scene) -> None:
    browser = visitor(scene.world)
    scene.provider.once = False
    page = (await browser.get("/v1/auth/providers/acme/start")).headers["location"]
    back = path_of(scene.provider.authorize(page, "parallel"))
    answers = await asyncio.gather(*(browser.get(back) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7


async def test_a_provider_cannot_answer_for_another(postgres: Settings, tmp_path: Path) -> None:
    """Mix-up: the answer's address and issuer, and the token's issuer, must all be of the provider that was asked."""
    async with AsyncExitStack() as stack:
        honest = await stack.enter_async_context(lying_provider())
        evil = await stack.enter_async_context(lying_provider())
        listed = [described(name, one.issuer, confirms_email=True) for name, one in (("good", honest), ("evil", evil))]
        settings = with_providers(postgres, tmp_path / "settings", *listed, identity=ANYONE)
        world = await stack.enter_async_context(open_world(settings))
        browser = visitor(world)
        page = (await browser.get("/v1/auth/providers/good/start")).headers["location"]
        back = httpx2.URL(path_of(honest.authorize(page, "eve")))
        moved = str(back).replace("/providers/good/", "/providers/evil/")
        assert (await browser.get(moved)).status_code == 403
        assert evil.forms == [], "the honest one's code is not given to the other"
        page = (await browser.get("/v1/auth/providers/good/start")).headers["location"]
        named = honest.authorize(page, "eve", iss=evil.issuer)
        refused = await browser.get(path_of(named))
        assert (refused.status_code, refused.json()["code"]) == (403, "sign-in-refused")
        assert honest.forms == []
        evil.claims = {"iss": honest.issuer}
        page = (await browser.get("/v1/auth/providers/evil/start")).headers["location"]
        assert (await browser.get(path_of(evil.authorize(page, "eve")))).status_code == 502
        subject = f"s{uuid4().hex[:8]}"
        evil.claims = {"email": None}
        evil.instead["/me"] = _no_email
        accounts = []
        for name, one in (("good", honest), ("evil", evil)):
            browser = visitor(world)
            page = (await browser.get(f"/v1/auth/providers/{name}/start")).headers["location"]
            answer = await browser.get(path_of(one.authorize(page, subject)))
            accounts.append(answer.json().get("state", answer.json().get("code")))
        assert accounts == ["signed_in", "forbidden"], "the same subject of another issuer is somebody else"


async def _no_email(request: Request) -> Response:
    return JSONResponse({"sub": request.headers["authorization"].removeprefix("Bearer token-of-")})


async def test_a_promised_issuer_must_be_named(scene: Scene) -> None:
    scene.provider.metadata = {"authorization_response_iss_parameter_supported": True}
    browser = visitor(scene.world)
    outcomes = []
    for extra in ({}, {"iss": ""}, {"iss": scene.provider.issuer + "/"}, {"iss": scene.provider.issuer}):
        page = (await browser.get("/v1/auth/providers/acme/start")).headers["location"]
        outcomes.append((await browser.get(path_of(scene.provider.authorize(page, "iss", **extra)))).status_code)
    assert outcomes == [403, 403, 403, 200]


async def test_who_says_no_is_led_back(scene: Scene) -> None:
    browser = visitor(scene.world)
    for error in ("access_denied", "<script>alert(1)</script>", "login_required&x=1"):
        answer = await browser.get("/v1/auth/providers/acme/start", params={"return_to": PAGE})
        state = httpx2.URL(answer.headers["location"]).params["state"]
        back = await browser.get("/v1/auth/providers/acme/callback", params={"state": state, "error": error})
        assert told(back) == {"error": "sign-in-refused", "provider": "acme"}
        answer = await browser.get("/v1/auth/providers/acme/start")
        state = httpx2.URL(answer.headers["location"]).params["state"]
        refused = await browser.get("/v1/auth/providers/acme/callback", params={"state": state, "error": error})
        assert refused.status_code == 403
        assert "<" not in refused.text


RETURNS = (
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://app.example.org",
    "https://app.example.org/",
    "https://app.example.org/signed-in/",
    "https://app.example.org/signed-in/../x",
    "https://app.example.org/signed-in?next=https://evil.example",
    "https://app.example.org/signed-in#x",
    "https://app.example.org/signed-in\r\nSet-Cookie: a=b",
    "https://app.example.org/signed-in%0d%0aSet-Cookie:%20a=b",
    "https://app.example.org@evil.example/signed-in",
    "https://app.example.org.evil.example/signed-in",
    "https://evil.example/https://app.example.org/signed-in",
    "http://app.example.org/signed-in",
    "HTTPS://APP.EXAMPLE.ORG/signed-in",
    "https://app.example.org:443/signed-in",
    "https://app.example.org\u3002/signed-in",
    "https://app.example.org/signed\u2010in",
    " https://app.example.org/signed-in",
    "https://app.example.org/signed-in ",
    "https://app.example.org/signed-in\t",
    "/signed-in",
    ".",
)


async def test_no_page_outside_the_list_is_led_to(scene: Scene) -> None:
    browser = visitor(scene.world)
    person = await join(scene.world, scene.settings, scene.world.ann, "viewer")
    for page in RETURNS:
        answers = [
            await browser.get(f"/v1/auth/providers/acme/start?return_to={quote(page, safe='')}"),
            await browser.post("/v1/auth/providers/acme/start", json={"return_to": page}, headers=OWN),
            await person.client.post("/v1/account/identities", json={"provider": "acme", "return_to": page}),
        ]
        assert [answer.status_code for answer in answers] == [422] * 3, page
        assert all("location" not in answer.headers for answer in answers)
    twice = await browser.get("/v1/auth/providers/acme/start", params=[("return_to", PAGE), ("return_to", RETURNS[0])])
    assert twice.status_code == 422
    assert len(RETURNS) >= 15


async def test_a_session_that_was_planted_is_not_taken_over(scene: Scene) -> None:
    browser = visitor(scene.world)
    browser.cookies.set("clipstream", "planted", domain="api")
    browser.cookies.set("clipstream-refresh", "clr_planted", domain="api")
    answer = await come_back(scene, browser, "fixed")
    made = " ".join(answer.headers.get_list("set-cookie"))
    assert "clipstream=ey" in made
    assert "planted" not in made
    first, second = answer.json()["session_id"], (await come_back(scene, browser, "fixed")).json()["session_id"]
    assert first != second


async def test_a_link_ends_with_the_session_that_began_it(scene: Scene) -> None:
    person = await join(scene.world, scene.settings, scene.world.ann, "editor")
    asked = (await person.client.post("/v1/account/identities", json={"provider": "acme"})).json()["url"]
    back = path_of(scene.provider.authorize(asked, "late"))
    assert (await person.client.post("/v1/auth/logout")).status_code == 204
    assert (await person.client.get(back)).status_code == 401
    asked = scene.provider.authorize(asked, "late")
    assert (await visitor(scene.world).get(path_of(asked))).status_code == 403


async def test_writes_of_other_pages_begin_nothing(scene: Scene) -> None:
    browser = visitor(scene.world)
    await come_back(scene, browser, "crossed")
    for headers in ({}, {"Origin": "https://evil.example", "Clipstream-Client": "x"}, {"Origin": "http://api"}):
        for path, body in (("/v1/account/identities", {"provider": "acme"}), ("/v1/auth/providers/acme/start", {})):
            refused = await browser.post(path, json=body, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross-site")


async def huge(_: Request) -> Response:
    return Response(b'{"keys": [' + b'{"kty": "RSA"},' * 40_000 + b"{}]}", media_type="application/json")


async def many(_: Request) -> Response:
    return JSONResponse({"keys": [{"kty": "RSA", "kid": str(number)} for number in range(101)]})


async def inside(_: Request) -> Response:
    return RedirectResponse("http://169.254.169.254/latest/meta-data/")


async def broken(_: Request) -> Response:
    return Response(b"<html>gateway</html>", status_code=502)


async def text(_: Request) -> Response:
    return Response(b"\xff\xfe{", media_type="application/json")


async def nested(_: Request) -> Response:
    return Response(b"[" * 100_000, media_type="application/json")


async def wrong_type(_: Request) -> Response:
    return JSONResponse([1, 2, 3])


async def slow(_: Request) -> Response:
    await asyncio.sleep(30)
    return JSONResponse({})


BROKEN_ANSWERS = {
    "huge": huge,
    "many": many,
    "inside": inside,
    "broken": broken,
    "text": text,
    "nested": nested,
    "list": wrong_type,
}
BAD_METADATA: tuple[dict[str, Any], ...] = (
    {"issuer": "https://accounts.example.com"},
    {"token_endpoint": "http://169.254.169.254/token"},
    {"token_endpoint": "http://10.0.0.1/token"},
    {"token_endpoint": "file:///etc/passwd"},
    {"token_endpoint": "https://user:password@evil.example/token"},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"authorization_endpoint": "https://evil.example/auth?client_id=x"},
    {"authorization_endpoint": "https://evil.example/auth#"},
    {"authorization_endpoint": "http://evil.example/auth"},
    {"authorization_endpoint": "https://evil.example/\r\nSet-Cookie: a=b"},
    {"authorization_endpoint": ""},
    {"jwks_uri": "ftp://evil.example/keys"},
    {"jwks_uri": ""},
    {"userinfo_endpoint": "gopher://evil.example/"},
    {"token_endpoint": None},
)


async def test_broken_answers_are_no_errors_of_ours(scene: Scene) -> None:
    wrong: list[str] = []
    for path in ("/.well-known/openid-configuration", "/jwks", "/token", "/me"):
        for name, answer in BROKEN_ANSWERS.items():
            if name == "many" and path != "/jwks":
                continue
            scene.provider.instead = {path: answer}
            scene.provider.claims = {"email": None} if path == "/me" else {}
            forget_all(scene)
            browser = visitor(scene.world)
            begun = await browser.get("/v1/auth/providers/acme/start")
            if begun.status_code == 303:
                page = begun.headers["location"]
                begun = await browser.get(path_of(scene.provider.authorize(page, f"s{uuid4().hex[:8]}")))
            if (begun.status_code, begun.json().get("code")) != (502, "provider-failed"):
                wrong.append(f"{path} {name}: {begun.status_code} {begun.text[:200]}")
    assert wrong == []


def forget_all(scene: Scene) -> None:
    forget_keys(scene)
    scene.world.app.state.context.identity.providers["acme"]._metadata = None


async def test_discovery_leads_nowhere_else(scene: Scene) -> None:
    for metadata in BAD_METADATA:
        scene.provider.metadata = metadata
        forget_all(scene)
        answer = await visitor(scene.world).get("/v1/auth/providers/acme/start")
        assert (answer.status_code, answer.json()["code"]) == (502, "provider-failed"), metadata
        assert "169.254" not in answer.text
        assert "location" not in answer.headers


async def test_inside_addresses_are_not_called(postgres: Settings, tmp_path: Path) -> None:
    """The issuer's own address, where no setting allows it; and keys that lie at another port of ours."""
    async with lying_provider() as provider, lying_provider() as other:
        settings = with_providers(postgres, tmp_path / "a", described("acme", provider.issuer), fetch_allow=())
        async with open_world(settings) as world:
            answer = await visitor(world).get("/v1/auth/providers/acme/start")
            assert answer.status_code == 502
        assert provider.calls == []
        settings = with_providers(postgres, tmp_path / "b", described("acme", provider.issuer))
        provider.metadata = {"jwks_uri": f"{other.issuer}/jwks"}
        async with open_world(settings) as world:
            scene = Scene(world=world, settings=settings, provider=provider)
            assert (await come_back(scene, visitor(world), "eve")).status_code == 502
        assert other.calls == []


async def test_a_provider_that_is_away_is_called_once(scene: Scene) -> None:
    scene.provider.instead = {"/.well-known/openid-configuration": broken}
    answers = [await visitor(scene.world).get("/v1/auth/providers/acme/start") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {502}
    assert len(scene.provider.calls) == 1


async def test_a_slow_provider_is_given_up(postgres: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.infra.openid.provider_client.CALL_S", 0.3)
    async with scene_of(postgres, tmp_path) as scene:
        scene.provider.instead = {"/.well-known/openid-configuration": slow}
        answer = await visitor(scene.world).get("/v1/auth/providers/acme/start")
        assert (answer.status_code, answer.json()["code"]) == (502, "provider-failed")


async def test_new_keys_are_found_and_strange_ids_are_not(scene: Scene) -> None:
    assert (await come_back(scene, visitor(scene.world), "rotated")).status_code == 200
    client = scene.world.app.state.context.identity.providers["acme"]
    new = RSAKey.generate_key(2048, {"kid": "second"})
    scene.provider.keys.append(dict(new.as_dict(private=False)))
    scene.provider.signing_key, scene.provider.header = new, {"kid": "second"}
    client._keys_asked_at -= 61
    assert (await come_back(scene, visitor(scene.world), "rotated")).status_code == 200
    asked = scene.provider.calls.count("/jwks")
    scene.provider.header = {"kid": "third"}
    for _ in range(5):
        assert (await come_back(scene, visitor(scene.world), "rotated")).status_code == 502
    assert scene.provider.calls.count("/jwks") == asked == 2


async def test_a_cookie_that_binds_nothing_is_replaced(scene: Scene) -> None:
    for planted in ("", "short", "x" * 44, "x" * 42 + "!"):
        browser = visitor(scene.world, Cookie=f"clipstream-sign-in={planted}")
        answer = await browser.get("/v1/auth/providers/acme/start")
        assert len(answer.cookies["clipstream-sign-in"]) == 43
    browser = visitor(scene.world)
    kept = {(await browser.get("/v1/auth/providers/acme/start")).cookies["clipstream-sign-in"] for _ in range(2)}
    assert len(kept) == 1, "two tabs share one"
    assert (await browser.get("/v1/auth/providers/..%2Facme/start")).status_code == 404
