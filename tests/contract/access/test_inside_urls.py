"""URLs that lead inside: refused by every field that takes one, and never connected to by who calls them.

The fields are those of the catalogue (`tests.support.url_fields`); a canary takes every connection that the product
opens, whatever the address.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import httpcore2
import httpx2
import pytest

from api.wiring import make_url_check
from core.errors import InputRejected, Unavailable
from core.infra.http.client import OutsideHttp
from core.settings import Settings
from schemas import events
from streams.ingest.agent import IngestStage
from streams.runtime.attempts import Attempts
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.delivered import Delivered
from tests.contract.rigs.people import join
from tests.contract.rigs.stage_rig import RULES, Rig, make_rig
from tests.support.browser import Browser
from tests.support.fake_server import PUBLIC, Names, answer, fetch
from tests.support.inside_urls import INSIDE_URLS
from tests.support.progress import HANG_S
from tests.support.soak import SEED, SHARE, record, volume
from tests.support.url_fields import URL_FIELDS, Place, Use

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
FEW, LEAST_VECTORS = 8, 80
CALLED: tuple[Use, ...] = ("fetched", "posted")
FIELDS = sorted(place for place, use in URL_FIELDS.items() if use in CALLED)
COMPARED = sorted(place for place, use in URL_FIELDS.items() if use == "compared")
PUBLIC_URL = "https://example.com/a"
REQUIRED: dict[str, dict[str, Any]] = {
    "createEndpoint": {"events": ["project.completed"]},
    "registerPushSubscription": {"keys": Browser().subscription(PUBLIC_URL)["keys"]},
}
"""What the body of an operation needs beside the URL."""
OF_PEOPLE = {"registerPushSubscription"}
"""Operations that a person calls, not a key."""


def sample(place: Sequence[str]) -> list[str]:
    """Some vectors in the suite, others for each field; all of them in a soak."""
    urls = sorted(set(INSIDE_URLS))
    few = urls if SHARE >= 1 else random.Random(f"{SEED} {place}").sample(urls, volume(FEW, len(urls)))
    return [*few, "http://127.0.0.1/"]


class Canary(httpcore2.AsyncNetworkBackend):
    """Listens on loopback; each connection of the product ends there, whatever address it was to go to."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.addresses: list[str] = []
        self.accepted = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Canary:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.answers.pop(0) if self.answers else answer(200, b"a canary's secret"))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.addresses.append(f"{host}:{port}")
        assert self._server is not None
        own_port = self._server.sockets[0].getsockname()[1]
        return await httpcore2.AnyIOBackend().connect_tcp("127.0.0.1", own_port, timeout, local_address, socket_options)


async def _post(client: OutsideHttp, url: str, _: Path) -> None:
    await client.post(url, b"{}", {}, HANG_S)


async def _fetch(client: OutsideHttp, url: str, folder: Path) -> None:
    await fetch(client, url, folder / "file")


CALLS: dict[Use, Callable[[OutsideHttp, str, Path], Awaitable[None]]] = {"fetched": _fetch, "posted": _post}
"""How a worker calls the URL of a field."""


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres, check_url=make_url_check((), Names())) as opened:
        yield opened


async def send(client: httpx2.AsyncClient, place: Place, url: str, endpoint_id: str) -> httpx2.Response:
    """A request with a URL in one field, and nothing else that it needs not."""
    operation, medium, pointer = place
    document = json.loads(files("api").joinpath("openapi.json").read_text())
    ((path, method),) = [
        (path, method)
        for path, methods in document["paths"].items()
        for method, found in methods.items()
        if isinstance(found, dict) and found.get("operationId") == operation
    ]
    path = path.replace("{endpoint_id}", endpoint_id)
    if medium == "query":
        return await client.request(method, path, params={pointer: url})
    if medium == "multipart/form-data":
        return await client.request(method, path, files={pointer.strip("/"): (None, url)})
    name, *rest = pointer.strip("/").split("/")
    body = {name: [url] if rest else url} | REQUIRED.get(operation, {})
    return await client.request(method, path, json=body, headers={"If-Match": "*"})


async def new_endpoint(world: World) -> str:
    made = await world.ann.client.post("/v1/webhooks/endpoints", json={"url": PUBLIC_URL} | REQUIRED["createEndpoint"])
    assert made.status_code == 201, made.text
    return str(UUID(made.json()["endpoint_id"]))


async def kept(world: World) -> list[str]:
    """All that the organisation keeps of URLs."""
    found = await world.ann.client.get("/v1/projects")
    endpoints = await world.ann.client.get("/v1/webhooks/endpoints")
    return [found.text, endpoints.text]


@pytest.mark.parametrize("place", FIELDS, ids="-".join)
async def test_no_field_takes_a_url_that_leads_inside(world: World, postgres: Settings, place: Place) -> None:
    of_person = place[0] in OF_PEOPLE
    client = (await join(world, postgres, world.ann, "editor")).client if of_person else world.ann.client
    endpoint_id = await new_endpoint(world)
    before, urls = await kept(world), sample(place)
    for url in urls:
        refused = await send(client, place, url, endpoint_id)
        problem = refused.json()
        assert refused.status_code == 422, (url, refused.text)
        pointers = {error["pointer"] for error in problem["errors"]}
        # the form and the JSON of an older API say of some texts only that the body is wrong
        assert pointers == {place[2]} or (problem["code"], pointers) == ("invalid", {""}), (url, problem)
    assert await kept(world) == before
    accepted = await send(client, place, PUBLIC_URL, endpoint_id)
    assert accepted.status_code < 300, "the request itself is right: only its URL was not"
    record(12, f"{' '.join(place)}: {len(set(urls))} URLs of {len(set(INSIDE_URLS))} tried, each refused with a 422")


@pytest.mark.parametrize("place", COMPARED, ids="-".join)
async def test_what_is_only_compared_is_not_called(world: World, place: Place) -> None:
    """No connection is opened by these: the API has no client for them; here they are answered as any other text."""
    endpoint_id = await new_endpoint(world)
    for url in sample(place):
        answered = await send(world.ann.client, place, url, endpoint_id)
        # what is no address of a link of ours is the address of no link
        assert answered.status_code in ((404,) if place[0] == "getOembed" else (200, 422)), (url, answered.text)


@pytest.mark.parametrize("use", CALLED)
async def test_who_calls_it_connects_to_nothing(use: Use, tmp_path: Path) -> None:
    """What came past the API (from a producer, or from before a rule) is refused again, with a reason."""
    urls = sample((use,))
    async with Canary() as canary:
        client = OutsideHttp(resolver=Names(), connector=canary, plain_posts=True)
        for url in urls:
            with pytest.raises((InputRejected, Unavailable)) as refused:
                await CALLS[use](client, url, tmp_path)
            assert getattr(refused.value, "reason", "url.").startswith("url."), url
        assert (canary.addresses, canary.accepted) == ([], 0)
        await CALLS[use](client, "http://example.com/", tmp_path)
        assert (canary.addresses, canary.accepted) == ([f"{PUBLIC}:80"], 1), "the canary hears what is let through"
        await client.close()
    record(12, f"{use}: {len(set(urls))} URLs, 0 connections to the canary")


async def test_no_redirect_leads_inside(tmp_path: Path) -> None:
    """Each vector as the end of a chain: the first hop is public, the second one is not asked."""
    # a header's line ends with a line end, and what names no host leads back to the first hop
    absolute = [url for url in sample(("redirect",)) if re.fullmatch(r"[a-z]+://[^/?#][!-~]*", url)]
    for url in absolute:
        async with Canary(answer(302, location="/next"), answer(307, location=url)) as canary:
            client = OutsideHttp(resolver=Names(), connector=canary)
            with pytest.raises(InputRejected) as refused:
                await fetch(client, "http://example.com/", tmp_path / "file")
            assert refused.value.reason.startswith("url."), url
            assert canary.addresses == [f"{PUBLIC}:80"] * 2, url
            assert canary.accepted == 2, url
            await client.close()


@pytest.mark.parametrize("use", CALLED)
@pytest.mark.parametrize(
    "answers",
    [
        [["127.0.0.1"]],
        [[PUBLIC, "10.0.0.1"]],
        [["10.0.0.1", PUBLIC]],
        [[PUBLIC, "::1"]],
        [["::ffff:127.0.0.1"]],
        [["fe80::1%lo"]],
        [["64:ff9b::7f00:1"]],
        [["2002:7f00:1::"]],
        [[]],
    ],
    ids=["alias", "mixed", "mixed-first", "mixed-v6", "mapped", "zone", "nat64", "6to4", "none"],
)
async def test_no_answer_of_a_resolver_leads_inside(use: Use, answers: list[list[str]], tmp_path: Path) -> None:
    """A CNAME shows here as what it ends at: the resolver follows it, the addresses are what is checked."""
    async with Canary() as canary:
        client = OutsideHttp(resolver=Names(*answers), connector=canary)
        with pytest.raises(InputRejected, match=r"url\.not_public"):
            await CALLS[use](client, "https://trap.example/", tmp_path)
        assert (canary.addresses, canary.accepted) == ([], 0)
        await client.close()


async def test_a_name_is_connected_to_as_it_was_checked(world: World, postgres: Settings, tmp_path: Path) -> None:
    """Rebinding: public for the API, inside for the worker; public for a worker's check, inside right after."""
    names = Names([PUBLIC], ["127.0.0.1"], [PUBLIC], ["127.0.0.1"], ["127.0.0.1"])
    async with open_world(postgres, check_url=make_url_check((), names)) as rebound:
        made = await rebound.ann.client.post("/v1/projects", json={"source_url": "http://rebind.example/film"})
        assert made.status_code == 202, made.text
    async with Canary() as canary:
        client = OutsideHttp(resolver=names, connector=canary)
        with pytest.raises(InputRejected, match=r"url\.not_public"):
            await fetch(client, "http://rebind.example/film", tmp_path / "file")
        assert canary.accepted == 0
        await fetch(client, "http://rebind.example/film", tmp_path / "file")
        assert canary.addresses == [f"{PUBLIC}:80"], "what was checked, not what the name says by then"
        with pytest.raises(InputRejected, match=r"url\.not_public"):
            await fetch(client, "http://rebind.example/film", tmp_path / "again")
        assert canary.accepted == 1
        await client.close()


async def test_a_project_from_a_producer_fails_with_the_broken_rule(rig: Rig) -> None:
    """What comes by Kafka passed no check of the API: the stage that fetches is the wall."""
    rules = {"http://169.254.169.254/latest/": "url.not_public", "http://example.com:22/": "url.port"}
    attempts = Attempts(
        pool=rig.pool, stage=IngestStage(rig.context), worker="a", clock=lambda: dt.datetime.now(dt.UTC), rules=RULES
    )
    for offset, (url, rule) in enumerate(rules.items()):
        project = Rig(rig.context, rig.objects, rig.speech, rig.org_id)
        event = events.UploadReceived(**project.of, title="A film", source_url=url)
        assert await Delivered(offset, event, []).attempt(attempts) == "refused"
        row = await project.project()
        assert (row["state"], row["failure_reason"]) == ("failed", rule)


def test_there_are_enough_vectors() -> None:
    assert len(set(INSIDE_URLS)) >= LEAST_VECTORS
    assert {use for use in URL_FIELDS.values() if use in CALLED} == set(CALLS)
