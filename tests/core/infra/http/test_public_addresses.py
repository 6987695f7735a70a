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
from tests.support.soak import record

LEAST_VECTORS = 80
REFUSED = [
    # loopback and this host, in every spelling the C library takes
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0x7f.0.0.1/", "http://0x7f.1/", "http://0177.0.0.1/", "http://0177.1/", "http://017700000001/",
    "http://127.255.255.254/", "http://0/", "http://0.0.0.0/", "http://localhost/", "http://LOCALHOST/",
    "http://localhost./", "http://localtest.example/", "http://127.0.0.1.:80/", "https://127.0.0.1/",
    # full-width and dotless forms that IDNA folds to digits
    "http://１２７.０.０.１/", "http://127。0。0。1/", "http://ⓛocalhost/",
    # private, link-local, shared, benchmark, documentation, multicast, reserved
    "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/", "http://0xa9fea9fe/", "http://2852039166/", "http://0251.0376.0251.0376/",
    "http://metadata.example/", "http://intranet/", "http://198.18.0.1/", "http://192.0.2.1/", "http://198.51.100.1/",
    "http://203.0.113.1/", "http://192.0.0.1/", "http://192.88.99.1/", "http://224.0.0.1/", "http://239.255.255.250/",
    "http://240.0.0.1/", "http://255.255.255.255/",
    # IPv6: loopback, unspecified, mapped, compatible, translated, tunnelled, local, multicast, documentation
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:8.8.8.8]/", "http://[::127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::8.8.8.8]/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/", "http://[2002:808:808::1]/",
    "http://[2001:0:53aa:64c::1]/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[fd12:3456::1]/",
    "http://[fec0::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[100::1]/",
    # inside of clouds, at addresses that are routed as public ones
    "http://168.63.129.16/machine?comp=goalstate", "http://0xa83f8110/", "http://192.0.0.192/opc/v1/instance/",
    "http://192.0.0.9/", "http://100.100.100.200/latest/meta-data/", "http://199.36.153.4/", "http://199.36.153.11/",
    "http://161.26.0.7/", "http://166.9.48.1/", "http://166.11.255.255/", "http://192.31.196.1/", "http://192.175.48.1/",
    "http://192.52.193.1/", "http://169.254.170.2/v2/credentials", "http://169.254.0.23/", "http://[fd00:ec2::254]/",
    "http://[fd20:ce::254]/", "http://[2600:2d00:2:1000::1]/", "http://[2600:2d00:2:2000::1]/",
    # names of insides, whatever they resolve to
    "http://metadata.google.internal/computeMetadata/v1/", "http://METADATA.GOOGLE.INTERNAL./", "http://metadata.goog/",
    "http://instance-data.ec2.internal/", "http://printer.local/", "http://nas.home.arpa/",
    "http://router.lan/", "http://api.default.svc/", "http://internal/",
    # other schemes
    "file:///etc/passwd", "ftp://example.com/a", "gopher://127.0.0.1:70/_x", "dict://127.0.0.1:11211/", "data:,x",
    "javascript:alert(1)", "ldap://127.0.0.1/", "//example.com/x", "example.com/x", "concat:http://example.com/|x", "",
    # ports
    "http://example.com:22/", "http://example.com:25/", "http://example.com:5432/", "https://example.com:8443/",
    "http://example.com:0x50/", "http://example.com:99999/",
    # user information and confusion about where the host ends
    "http://user@example.com/", "http://user:pass@example.com/", "http://example.com@127.0.0.1/",
    "http://127.0.0.1@example.com/", "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/",
    "http://example.com\t/", "http://exam\nple.com/", "http://example.com\x00.evil/", "http://127.0.0.1%00.example.com/",
    "http://[::1%25eth0]/", "http://[fe80::1%eth0]/", "http://%31%32%37.0.0.1/", "http:///etc/passwd", "http://:80/",
    "http://a..b/", "http://.example.com/", "http://example..com/", f"http://{'a' * 64}.example/", "http://a.example../",
    f"http://{'abc.' * 64}example/",
    "http://exa mple.com/", "http://[::1/", "http://[127.0.0.1]/", "http://example.com:80:80/", "http://*/",
    "http://" + "a" * 5000 + "/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
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
    assert len(set(REFUSED)) >= LEAST_VECTORS
    record(12, f"{len(set(REFUSED))} vectors: each refused by a named rule, 0 connections")


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
