"""The outside client: which URLs and addresses are refused, and that refusals send nothing. No sockets."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import httpcore2
import pytest

from core.errors import InputRejected, Unavailable
from core.infra.http.client import OutsideHttp, Resolver
from core.infra.http.public_addresses import is_public, parse_target
from tests.support.fake_server import PUBLIC, Names, Wire, answer, fetch
from tests.support.inside_urls import INSIDE_URLS
from tests.support.soak import record

LEAST_VECTORS = 80


@pytest.mark.parametrize("url", INSIDE_URLS)
async def test_a_url_that_leads_inside_is_refused_and_nothing_is_sent(url: str, tmp_path: Path) -> None:
    wire = Wire(answer(200, b"secret"), answer(200, b"secret"))
    client = OutsideHttp(resolver=Names(), connector=wire, plain_posts=True)
    with pytest.raises(InputRejected) as refused:
        await fetch(client, url, tmp_path / "file")
    assert refused.value.reason.startswith("url.")
    assert not _quotes(str(refused.value), url)
    with pytest.raises((InputRejected, Unavailable)):
        await client.post(url, b"{}", {}, 5)
    assert wire.connected == []
    await client.close()


async def test_a_webhook_goes_over_tls_unless_a_setting_allows_http() -> None:
    wire = Wire(answer(204), answer(204))
    client = OutsideHttp(resolver=Names(), connector=wire)
    with pytest.raises(InputRejected, match=r"url\.scheme"):
        await client.post("http://example.com/hook", b"{}", {}, 5)
    assert wire.connected == []
    assert (await client.post("https://example.com/hook", b"{}", {}, 5)).status == 204
    await client.close()
    client = OutsideHttp(resolver=Names(), connector=wire, plain_posts=True)
    assert (await client.post("http://example.com/hook", b"{}", {}, 5)).status == 204
    await client.close()


def _quotes(said: str, url: str) -> bool:
    """Whether a message contains the URL's host: events with it stay after an erasure."""
    host = url.partition("//")[2].partition("/")[0]
    return len(host) > 3 and host in said


def _raising(error: Exception) -> Resolver:
    async def resolve(host: str, port: int) -> list[str]:
        raise error

    return resolve


class Unreachable(Wire):
    """The connection fails, and the error names the host."""

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("secret.example refused")


@pytest.mark.parametrize(
    ("resolver", "connector"),
    [
        (_raising(socket.gaierror(socket.EAI_NONAME, "secret.example is unknown")), Wire()),
        (_raising(socket.gaierror(socket.EAI_AGAIN, "try again")), Wire()),
        (_raising(TimeoutError()), Wire()),
        (_raising(UnicodeError("secret.example has a label that is too long")), Wire()),
        (Names(["10.0.0.1"]), Wire()),
        (Names(), Unreachable()),
        (Names(), Wire(answer(404))),
        (Names(), Wire(answer(503))),
    ],
    ids=["unknown", "resolver away", "resolver slow", "no name", "inside", "unreachable", "404", "503"],
)
async def test_no_failure_names_the_host(resolver: Resolver, connector: Wire, tmp_path: Path) -> None:
    client = OutsideHttp(resolver=resolver, connector=connector)
    with pytest.raises((InputRejected, Unavailable)) as failed:
        await fetch(client, "http://secret.example/film", tmp_path / "file")
    assert "secret" not in str(failed.value)
    await client.close()


def test_there_are_enough_vectors() -> None:
    assert len(set(INSIDE_URLS)) >= LEAST_VECTORS
    record(12, f"{len(set(INSIDE_URLS))} vectors: each refused by a named rule, 0 connections")


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(address)


async def test_connects_to_the_checked_address_by_name(tmp_path: Path) -> None:
    wire = Wire(answer(200, b"film"))
    names = Names([PUBLIC])
    client = OutsideHttp(resolver=names, connector=wire)
    assert await fetch(client, "https://Media.Example/a%20b?c=d", tmp_path / "file") == 4
    assert wire.connected == [f"{PUBLIC}:443"]
    assert wire.names == ["media.example"]
    sent = b"".join(wire.sent).lower()
    assert b"get /a%20b?c=d http/1.1" in sent
    assert b"host: media.example" in sent
    assert names.asked == ["media.example"]


async def test_one_private_address_among_public_ones_is_refused(tmp_path: Path) -> None:
    wire = Wire(answer(200, b"x"))
    client = OutsideHttp(resolver=Names([PUBLIC, "127.0.0.1"]), connector=wire)
    with pytest.raises(InputRejected, match=r"url\.not_public"):
        await fetch(client, "http://trap.example/", tmp_path / "file")
    assert wire.connected == []


async def test_a_name_that_changes_its_answer_gains_nothing(tmp_path: Path) -> None:
    """DNS rebinding: a public address first, an internal one next. Each connection checks its own answer."""
    wire = Wire(answer(302, location="http://rebind.example/again"), answer(200, b"secret"))
    names = Names([PUBLIC], ["127.0.0.1"])
    client = OutsideHttp(resolver=names, connector=wire)
    with pytest.raises(InputRejected, match=r"url\.not_public"):
        await fetch(client, "http://rebind.example/", tmp_path / "file")
    assert wire.connected == [f"{PUBLIC}:80"]


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd", "//0x7f.1/", "http://[", "http://a..b/"],
)
async def test_redirects_are_checked_like_first_urls(location: str, tmp_path: Path) -> None:
    wire = Wire(answer(302, location=location), answer(200, b"secret"))
    client = OutsideHttp(resolver=Names(), connector=wire)
    with pytest.raises(InputRejected):
        await fetch(client, "http://a.example/", tmp_path / "file")
    assert len(wire.connected) == 1


async def test_three_redirects_are_followed_and_a_fourth_is_not(tmp_path: Path) -> None:
    hop = answer(301, location="/next")
    good = OutsideHttp(resolver=Names(), connector=Wire(hop, hop, hop, answer(200, b"film")))
    assert await fetch(good, "http://a.example/", tmp_path / "good") == 4
    bad = OutsideHttp(resolver=Names(), connector=Wire(hop, hop, hop, hop, answer(200, b"film")))
    with pytest.raises(InputRejected, match=r"url\.redirects"):
        await fetch(bad, "http://a.example/", tmp_path / "bad")


async def test_an_allowed_host_and_port_is_exact(tmp_path: Path) -> None:
    wire = Wire(answer(200, b"film"))
    client = OutsideHttp(allow=["127.0.0.1:8099"], resolver=Names(), connector=wire)
    assert await fetch(client, "http://127.0.0.1:8099/film", tmp_path / "file") == 4
    for url in ("http://127.0.0.1:8098/", "http://127.0.0.1/", "http://localhost:8099/", "http://127.1:8099/"):
        with pytest.raises(InputRejected):
            await fetch(client, url, tmp_path / "other")
    assert wire.connected == ["127.0.0.1:8099"]


def test_a_name_in_allow_may_be_written_in_capitals() -> None:
    assert parse_target("http://HOOK.internal:9000/x", ["hook.internal:9000"]).allowed
