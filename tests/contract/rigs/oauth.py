"""OAuth on the real API: register clients, walk the pages as a browser would, redeem codes."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import msgspec

from tests.contract.rigs.api_world import Tenant, World
from tests.contract.rigs.people import PASSWORD, SignedPerson, visitor

CALLBACK = "https://app.example.org/callback"
BASE = "http://api"
OWN = {"Origin": BASE}
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class Registered(msgspec.Struct, kw_only=True):
    """A registered client, and how it authenticates."""

    client_id: str
    secret: str | None
    scopes: list[str]

    @property
    def form(self) -> dict[str, str]:
        return {"client_id": self.client_id} | ({"client_secret": self.secret} if self.secret else {})

    @property
    def basic(self) -> dict[str, str]:
        joined = f"{self.client_id}:{self.secret}".encode()
        return {"Authorization": "Basic " + base64.b64encode(joined).decode()}


class Pkce(msgspec.Struct, kw_only=True):
    """A verifier with its challenge."""

    verifier: str = msgspec.field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


async def register_client(
    tenant: Tenant, *, kind: str = "public", scopes: tuple[str, ...] = ("projects:read", "projects:write"), **more: Any
) -> Registered:
    body = {"name": "Clip Calendar", "kind": kind, "scopes": list(scopes), "redirect_uris": [CALLBACK]} | more
    answer = await tenant.client.post("/v1/oauth/clients", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Registered(client_id=made["client_id"], secret=made["client_secret"], scopes=made["scopes"])


async def machine(tenant: Tenant, role: str = "editor", scopes: tuple[str, ...] = ("projects:read",)) -> Registered:
    """A confidential client that calls as a service account."""
    account = await tenant.client.post("/v1/service-accounts", json={"name": "Importer", "role": role})
    account_id = account.json()["service_account_id"]
    return await register_client(
        tenant, kind="confidential", scopes=scopes, redirect_uris=[], service_account_id=account_id
    )


def request_of(client: Registered, pkce: Pkce, **changes: str | None) -> dict[str, str]:
    """Parameters of an authorisation request."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": CALLBACK,
        "scope": " ".join(client.scopes),
        "state": "a state & more",
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (parameters | changes).items() if value is not None}


async def browser_of(world: World, person: SignedPerson) -> httpx2.AsyncClient:
    """A browser in which a person has signed in."""
    client = visitor(world)
    body = {"email": person.email, "password": PASSWORD, "cookies": True}
    answer = await client.post("/v1/auth/login", json=body, headers=OWN | {"Clipstream-Client": "web"})
    assert answer.status_code == 200, answer.text
    return client


def fields_of(page: httpx2.Response) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}


def returned(answer: httpx2.Response, callback: str = CALLBACK) -> dict[str, str]:
    """The parameters with which a browser is sent back to the app."""
    assert answer.status_code == 303, answer.text
    place, _, query = answer.headers["location"].partition("?")
    assert place == callback, answer.headers["location"]
    return {name: values[0] for name, values in parse_qs(query, strict_parsing=True).items()}


async def allow(
    browser: httpx2.AsyncClient, parameters: dict[str, str], *, org_id: UUID | None = None, decision: str = "allow"
) -> dict[str, str]:
    """Walk the consent page; returns what the app is told."""
    page = await browser.get("/oauth/authorize", params=parameters)
    assert page.status_code == 200, page.text
    assert "asks for access" in page.text
    form = fields_of(page) | {"decision": decision} | ({"org_id": str(org_id)} if org_id else {})
    answer = await browser.post("/oauth/authorize", data=form, headers=OWN)
    callback = urlsplit(parameters["redirect_uri"])._replace(query="").geturl()
    return returned(answer, callback)


async def redeem(world: World, client: Registered, code: str, pkce: Pkce, **changes: str) -> httpx2.Response:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": pkce.verifier, "redirect_uri": CALLBACK}
    return await visitor(world).post("/v1/oauth/token", data=client.form | form | changes)


async def tokens_for(
    world: World, person: SignedPerson, client: Registered, *, org_id: UUID | None = None, **changes: str | None
) -> dict[str, Any]:
    """Tokens of a person's consent."""
    pkce = Pkce()
    told = await allow(await browser_of(world, person), request_of(client, pkce, **changes), org_id=org_id)
    answer = await redeem(world, client, told["code"], pkce)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def refresh(world: World, client: Registered, token: str, **changes: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await visitor(world).post("/v1/oauth/token", data=client.form | form | changes)
