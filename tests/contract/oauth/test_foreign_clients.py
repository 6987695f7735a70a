"""OAuth with two foreign clients: Authlib, and npm's openid-client with a person in a real browser."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import msgspec
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from api.server import make_server
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.oauth import BASE, CALLBACK, Registered, allow, browser_of, machine, register_client
from tests.contract.rigs.people import PASSWORD, SignedPerson, join
from tests.contract.rigs.servers import free_ports
from tests.openapi.tools import node_packages
from tests.support.progress import HANG_S

pytestmark = pytest.mark.contract
CLIENT = Path(__file__).parents[2] / "oauth"


def foreign(world: World, client: Registered, **more: Any) -> AsyncOAuth2Client:
    """Authlib's client on our app."""
    return AsyncOAuth2Client(
        client.client_id, client.secret, transport=httpx2.ASGITransport(app=world.app), base_url=BASE, **more
    )


@pytest.mark.parametrize("kind", ["public", "confidential"])
async def test_authlib_asks_a_person(world: World, person: SignedPerson, kind: str) -> None:
    client = await register_client(world.ann, kind=kind)
    method = "none" if kind == "public" else "client_secret_basic"
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=world.app), base_url=BASE) as plain:
        challenge = (await plain.get("/v1/projects")).headers["www-authenticate"]
        resource = (await plain.get(challenge.partition('resource_metadata="')[2].partition('"')[0])).json()
        (issuer,) = resource["authorization_servers"]
        server = (await plain.get(f"{issuer}/.well-known/oauth-authorization-server")).json()
    assert server["issuer"] == issuer
    assert method in server["token_endpoint_auth_methods_supported"]
    async with foreign(
        world,
        client,
        token_endpoint_auth_method=method,
        scope="projects:read projects:write",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
    ) as app:
        verifier = "v" * 64
        url, state = app.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
        told = await allow(await browser_of(world, person), dict(parse_qsl(urlsplit(url).query)))
        assert (told["iss"], told["state"]) == (issuer, state)
        back = f"{CALLBACK}?code={told['code']}&state={state}"
        token = await app.fetch_token(server["token_endpoint"], authorization_response=back, code_verifier=verifier)
        assert token["scope"] == "projects:read projects:write"
        assert (await app.get("/v1/projects")).status_code == 200
        rotated = await app.refresh_token(server["token_endpoint"], token["refresh_token"])
        assert rotated["refresh_token"] != token["refresh_token"]
        if kind == "confidential":
            asked = await app.introspect_token(server["introspection_endpoint"], rotated["access_token"])
            assert asked.json()["active"] is True
        ended = await app.revoke_token(server["revocation_endpoint"], rotated["refresh_token"])
        assert ended.status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            await app.refresh_token(server["token_endpoint"], rotated["refresh_token"])


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_authlib_calls_for_itself(world: World, method: str) -> None:
    client = await machine(world.ann)
    async with foreign(world, client, token_endpoint_auth_method=method) as app:
        token = await app.fetch_token("/v1/oauth/token", grant_type="client_credentials", scope="projects:read")
        assert "refresh_token" not in token
        assert (await app.get("/v1/projects")).status_code == 200


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[tuple[str, World]]:
    """The API on a port of its own, under the address that it says it has."""
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    async with open_world(msgspec.structs.replace(settings, public=address)) as world:
        server = make_server(world.app, "127.0.0.1", port)
        server.config.lifespan = "off"  # the world's app is open already
        task = asyncio.create_task(server.serve())
        try:
            while not server.started:
                await asyncio.sleep(0.02)
            yield address, world
        finally:
            server.should_exit = True
            await task


async def test_openid_client_and_a_person_in_a_browser(postgres: Settings, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("chromium is not there: `apt-get install chromium`")
    async with served(postgres) as (address, world):
        person = await join(world, postgres, world.bob, "owner")
        uri = "http://127.0.0.1/callback"
        client = await register_client(world.ann, kind="confidential", redirect_uris=[uri])
        own = await machine(world.bob)
        environment = {
            "NODE_PATH": str(await asyncio.to_thread(node_packages, "oauth-node", CLIENT)),
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "ISSUER": address,
            "CLIENT_ID": client.client_id,
            "CLIENT_SECRET": str(client.secret),
            "MACHINE_ID": own.client_id,
            "MACHINE_SECRET": str(own.secret),
            "EMAIL": person.email,
            "PASSWORD": PASSWORD,
            "CHROMIUM": chromium,
            "PICTURES": os.environ.get("CLIPSTREAM_TEST_PICTURES", str(tmp_path)),
        }
        done = await asyncio.to_thread(
            subprocess.run,
            ["node", str(CLIENT / "client.mjs")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    text = told.pop("text")
    assert "Clip Calendar asks for access" in text
    assert person.email in text
    assert told == {
        "methods": ["S256"],
        "iss": address,
        "scope": "projects:read projects:write",
        "read": 200,
        "rotated": True,
        "active": True,
        "activeAfter": False,
        "reuse": "invalid_grant",
        "machine": 200,
        "mixUp": "OAUTH_INVALID_RESPONSE",
        "overflow": 0,
        "faults": [],
    }
