"""Providers for tests of sign-in: the maker's own on Node, and one of our own that lies as it is told."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import msgspec
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.domain.identity.identity_rules import SignInRules
from core.settings import Settings
from local.supervisor.processes import tie_to_parent
from tests.contract.rigs.servers import free_ports
from tests.openapi.tools import node_packages
from tests.support.progress import HANG_S, await_while_moving

NODE = Path(__file__).parents[2] / "openid"
CLIENT_ID, SECRET = "clipstream-test", "a secret of this test alone"
API = "http://api"
Lie = Callable[[dict[str, Any]], dict[str, Any]]
Answer = Callable[[Request], Awaitable[Response]]


def callback(provider: str, api: str = API) -> str:
    return f"{api}/v1/auth/providers/{provider}/callback"


def described(name: str, issuer: str, **more: Any) -> dict[str, Any]:
    """A provider as the operator's file has it."""
    return {"name": name, "label": name.title(), "issuer": issuer, "client_id": CLIENT_ID} | more


def with_providers(settings: Settings, place: Path, *providers: dict[str, Any], **changes: Any) -> Settings:
    """Settings with a file of providers whose hosts are allowed."""
    place.mkdir(exist_ok=True)
    file = place / "providers.json"
    file.write_bytes(msgspec.json.encode(providers))
    rules = SignInRules(
        providers_file=file,
        provider_secrets=tuple(f"{one['name']}:{SECRET}" for one in providers),
        return_pages=changes.pop("return_pages", ()),
    )
    hosts = tuple(urlsplit(one["issuer"]).netloc for one in providers)
    return msgspec.structs.replace(settings, **({"public": API, "fetch_allow": hosts, "sign_in": rules} | changes))


@asynccontextmanager
async def real_provider(log: Path, redirect_uri: str) -> AsyncIterator[str]:
    """npm's certified `oidc-provider`; yields its issuer."""
    (port,) = free_ports(1)
    packages = node_packages("openid-node", NODE)
    program = log.with_name("provider.mjs")
    program.write_text((NODE / "provider.mjs").read_text())
    (log.with_name("node_modules")).symlink_to(packages)
    with log.open("wb") as written:
        process = subprocess.Popen(
            ["node", str(program), CLIENT_ID, SECRET, redirect_uri, str(port)],
            stdout=written,
            stderr=written,
            preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
        )
    try:

        async def is_ready() -> bool:
            assert process.poll() is None, log.read_text()
            return "ready" in log.read_text()

        await await_while_moving(is_ready, "the start of oidc-provider")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


async def drive_browser(place: Path, start: str, login: str, read: str) -> dict[str, Any]:
    """Sign in through a real Chromium; the answer of ``browser.mjs``, whose packages lie in ``place``."""
    program = place / "browser.mjs"
    program.write_text((NODE / "browser.mjs").read_text())
    env = {**os.environ, "CHROMIUM": os.environ.get("CLIPSTREAM_TEST_CHROMIUM", "/usr/bin/chromium")}
    done = await asyncio.to_thread(
        subprocess.run,
        ["node", str(program), start, login, read],
        capture_output=True,
        env=env,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return dict(msgspec.json.decode(done.stdout))


async def give_consent(page: str, login: str) -> str:
    """Go through the pages of `oidc-provider` with an HTTP client; the address that it leads back to."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as person:
        answer = await person.get(page)
        for _ in range(12):
            if answer.status_code in (302, 303):
                address = str(httpx2.URL(str(answer.url)).join(answer.headers["location"]))
                if not address.startswith(page.partition("/auth")[0]):
                    return address
                answer = await person.get(address)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
            assert action is not None, answer.text
            assert prompt is not None, answer.text
            form = {"prompt": prompt[1], "login": login, "password": "any"}
            answer = await person.post(str(httpx2.URL(str(answer.url)).join(action[1])), data=form)
    raise AssertionError("the provider leads nowhere")


@cache
def first_key() -> RSAKey:
    """The key of every provider that lies: making one takes longer than a sign-in."""
    return RSAKey.generate_key(2048, {"kid": "first"})


class LyingProvider:
    """A provider over real HTTP that tells the truth until it is told otherwise."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = first_key()
        self.signing_key: Any = self.key
        self.keys: list[dict[str, Any]] = [dict(self.key.as_dict(private=False))]
        self.metadata: dict[str, Any] = {}
        self.claims: Mapping[str, Any] = {}
        self.header: Mapping[str, Any] = {}
        self.token: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
        self.tokens: Mapping[str, Any] = {}
        self.instead: dict[str, Answer] = {}
        """Path → what answers in its place."""
        self.calls: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.forms: list[dict[str, str]] = []
        self.once = True

    def authorize(self, page: str, subject: str = "eve", **extra: str) -> str:
        """What the provider's page does once somebody agreed: the address that leads back, with a code."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        code = f"code-{len(self.codes)}-{time.monotonic_ns()}"
        self.codes[code] = query | {"subject": subject}
        back = {"code": code, "state": query["state"]} | extra
        return str(httpx2.URL(query["redirect_uri"], params=back))

    def app(self) -> Starlette:
        paths = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": self._jwks,
            "/token": self._token,
            "/me": self._me,
            "/user": self._user,
            "/emails": self._emails,
        }
        return Starlette(
            routes=[Route(path, self._noted(path, answer), methods=["GET", "POST"]) for path, answer in paths.items()]
        )

    def _noted(self, path: str, answer: Answer) -> Answer:
        async def endpoint(request: Request) -> Response:
            self.calls.append(path)
            return await self.instead.get(path, answer)(request)

        return endpoint

    async def _discovery(self, _: Request) -> Response:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/me",
        }
        return JSONResponse(document | self.metadata)

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse({"keys": self.keys})

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.forms.append(form | {"authorization": request.headers.get("authorization", "")})
        asked = self.codes.pop(form["code"], None) if self.once else self.codes.get(form["code"])
        if asked is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": asked["subject"],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce", ""),
            "email": f"{asked['subject']}@example.org",
            "email_verified": True,
        } | dict(self.claims)
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "first"} | dict(self.header)
        header = {name: value for name, value in header.items() if value is not None}
        token = self.token(header, claims) if self.token else jwt.encode(header, claims, self.signing_key)
        answer = {"access_token": f"token-of-{asked['subject']}", "token_type": "Bearer", "id_token": token}
        return JSONResponse(answer | dict(self.tokens))

    async def _me(self, request: Request) -> Response:
        subject = request.headers["authorization"].removeprefix("Bearer token-of-")
        return JSONResponse({"sub": subject, "email": f"{subject}@example.org", "email_verified": True})

    async def _user(self, request: Request) -> Response:
        subject = request.headers["authorization"].removeprefix("Bearer token-of-")
        return JSONResponse({"id": int(subject), "login": "octo", "name": "Octo Cat", "email": None})

    async def _emails(self, request: Request) -> Response:
        subject = request.headers["authorization"].removeprefix("Bearer token-of-")
        listed = [
            {"email": f"other{subject}@example.org", "primary": False, "verified": True, "visibility": None},
            {"email": f"octo{subject}@example.org", "primary": True, "verified": True, "visibility": "private"},
        ]
        return JSONResponse(listed)


@asynccontextmanager
async def serving(app: Any, port: int) -> AsyncIterator[None]:
    """An app over real HTTP."""
    config = uvicorn.Config(app, port=port, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not task.done()
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def lying_provider() -> AsyncIterator[LyingProvider]:
    (port,) = free_ports(1)
    provider = LyingProvider(port)
    async with serving(provider.app(), port):
        yield provider
