"""The outside client: which URLs and addresses are refused, and that refusals send nothing. No sockets."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpcore2
import msgspec
import pytest

from streams.adapters.addresses import is_public, parse_target
from streams.adapters.fetching import BOOT_ID, NOTE_SUFFIX, Note, Pace, validator_of
from streams.adapters.http import OutsideHttp, Resolver
from streams.errors import Rejected, Unavailable

PUBLIC = "93.184.215.14"
LOCAL_NAMES = {
    "localhost": "127.0.0.1",
    "localtest.example": "127.0.0.1",
    "metadata.example": "169.254.169.254",
    "intranet": "10.1.2.3",
}


class Wire(httpcore2.AsyncNetworkBackend):
    """Plays canned answers and notes which addresses were connected to."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.connected: list[str] = []
        self.sent: list[bytes] = []
        self.names: list[str | None] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.connected.append(f"{host}:{port}")
        return Stream(self, self.answers.pop(0))


class Stream(httpcore2.AsyncNetworkStream):
    def __init__(self, wire: Wire, answer: bytes) -> None:
        self._wire = wire
        self._answer = answer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        part, self._answer = self._answer[:max_bytes], self._answer[max_bytes:]
        return part

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._wire.sent.append(buffer)

    async def aclose(self) -> None:
        pass

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        self._wire.names.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


class Names:
    """A resolver: numeric forms as the C library reads them, some names, and a changing answer for rebinding."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if self._answers:
            return self._answers.pop(0)
        if host in LOCAL_NAMES:
            return [LOCAL_NAMES[host]]
        try:
            return [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            pass
        try:
            socket.inet_pton(socket.AF_INET6, host)
        except OSError:
            return [PUBLIC]
        return [host]


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    fields = {"content-length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def fetch(client: OutsideHttp, url: str, path: Path, max_bytes: int = 10**6) -> int:
    last = 0
    async for received in client.download(url, path, max_bytes=max_bytes, report=lambda _: None):
        last = received
    return last


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
    client = OutsideHttp(resolver=Names(), connector=wire)
    with pytest.raises(Rejected) as refused:
        await fetch(client, url, tmp_path / "file")
    assert refused.value.reason.startswith("url.")
    assert not _quotes(str(refused.value), url)
    with pytest.raises((Rejected, Unavailable)):
        await client.post(url, b"{}", {}, 5)
    assert wire.connected == []
    await client.close()


def _quotes(said: str, url: str) -> bool:
    """Whether a message repeats the URL's host: it goes into events that are kept after an erasure."""
    host = url.partition("//")[2].partition("/")[0]
    return len(host) > 3 and host in said


def _raising(error: Exception) -> Resolver:
    async def resolve(host: str, port: int) -> list[str]:
        raise error

    return resolve


class Unreachable(Wire):
    """Nobody answers, and the error says whom it was."""

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
    with pytest.raises((Rejected, Unavailable)) as failed:
        await fetch(client, "http://secret.example/film", tmp_path / "file")
    assert "secret" not in str(failed.value)
    await client.close()


def test_there_are_enough_vectors() -> None:
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00::1"])
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


async def test_the_connection_goes_to_the_checked_address_with_the_name_kept(tmp_path: Path) -> None:
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


async def test_one_private_address_among_public_ones_is_a_trap(tmp_path: Path) -> None:
    wire = Wire(answer(200, b"x"))
    client = OutsideHttp(resolver=Names([PUBLIC, "127.0.0.1"]), connector=wire)
    with pytest.raises(Rejected, match=r"url\.not_public"):
        await fetch(client, "http://trap.example/", tmp_path / "file")
    assert wire.connected == []


async def test_a_name_that_changes_its_answer_gains_nothing(tmp_path: Path) -> None:
    """DNS rebinding: public at first, inside on the next question. Each connection is checked by its own answer."""
    wire = Wire(answer(302, location="http://rebind.example/again"), answer(200, b"secret"))
    names = Names([PUBLIC], ["127.0.0.1"])
    client = OutsideHttp(resolver=names, connector=wire)
    with pytest.raises(Rejected, match=r"url\.not_public"):
        await fetch(client, "http://rebind.example/", tmp_path / "file")
    assert wire.connected == [f"{PUBLIC}:80"]


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd", "//0x7f.1/", "http://[", "http://a..b/"],
)
async def test_redirects_are_checked_like_first_urls(location: str, tmp_path: Path) -> None:
    wire = Wire(answer(302, location=location), answer(200, b"secret"))
    client = OutsideHttp(resolver=Names(), connector=wire)
    with pytest.raises(Rejected):
        await fetch(client, "http://a.example/", tmp_path / "file")
    assert len(wire.connected) == 1


async def test_three_redirects_are_followed_and_a_fourth_is_not(tmp_path: Path) -> None:
    hop = answer(301, location="/next")
    good = OutsideHttp(resolver=Names(), connector=Wire(hop, hop, hop, answer(200, b"film")))
    assert await fetch(good, "http://a.example/", tmp_path / "good") == 4
    bad = OutsideHttp(resolver=Names(), connector=Wire(hop, hop, hop, hop, answer(200, b"film")))
    with pytest.raises(Rejected, match=r"url\.redirects"):
        await fetch(bad, "http://a.example/", tmp_path / "bad")


async def test_a_webhook_does_not_follow_redirects() -> None:
    wire = Wire(answer(302, location="http://b.example/"), answer(200))
    client = OutsideHttp(resolver=Names(), connector=wire)
    assert (await client.post("https://a.example/hook", b"{}", {"webhook-id": "1"}, 5)).status == 302
    assert len(wire.connected) == 1
    assert b"webhook-id: 1" in b"".join(wire.sent)


async def test_an_allowed_host_and_port_is_exact(tmp_path: Path) -> None:
    wire = Wire(answer(200, b"film"))
    client = OutsideHttp(allow=["127.0.0.1:8099"], resolver=Names(), connector=wire)
    assert await fetch(client, "http://127.0.0.1:8099/film", tmp_path / "file") == 4
    for url in ("http://127.0.0.1:8098/", "http://127.0.0.1/", "http://localhost:8099/", "http://127.1:8099/"):
        with pytest.raises(Rejected):
            await fetch(client, url, tmp_path / "other")
    assert wire.connected == ["127.0.0.1:8099"]


def test_a_name_in_allow_may_be_written_in_capitals() -> None:
    assert parse_target("http://HOOK.internal:9000/x", ["hook.internal:9000"]).allowed


async def test_too_large_is_refused_by_header_and_by_count(tmp_path: Path) -> None:
    told = OutsideHttp(resolver=Names(), connector=Wire(answer(200, b"x" * 2000)))
    with pytest.raises(Rejected, match=r"media\.too_large"):
        await fetch(told, "http://a.example/", tmp_path / "file", max_bytes=1000)
    untold = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n"
    client = OutsideHttp(resolver=Names(), connector=Wire(untold))
    with pytest.raises(Rejected, match=r"media\.too_large"):
        await fetch(client, "http://a.example/", tmp_path / "file2", max_bytes=1000)


async def test_a_cut_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = bytes(range(256)) * 40
    first = answer(200, whole, etag='"v1"')[:-6000]
    rest = answer(
        206, whole[-6000:], etag='"v1"', content_range=f"bytes {len(whole) - 6000}-{len(whole) - 1}/{len(whole)}"
    )
    wire = Wire(first, rest)
    client = OutsideHttp(resolver=Names(), connector=wire)
    assert await fetch(client, "http://a.example/", tmp_path / "file") == len(whole)
    assert (tmp_path / "file").read_bytes() == whole
    asked = b"".join(wire.sent).lower()
    assert f"range: bytes={len(whole) - 6000}-".encode() in asked
    assert b'if-range: "v1"' in asked


def test_a_server_that_drips_is_given_up() -> None:
    pace = Pace(0.0, 0)
    for second in range(61):
        pace.check(float(second), second)
    with pytest.raises(Rejected, match=r"media\.timeout"):
        pace.check(61.0, 61)


def test_a_steady_download_and_one_begun_anew_are_not() -> None:
    pace = Pace(0.0, 0)
    for second in range(600):
        pace.check(float(second), second * 20_000)
    for second in range(600, 1200):  # the file had changed
        pace.check(float(second), (second - 600) * 20_000)


async def test_a_part_of_the_file_that_cannot_be_is_no_bug(tmp_path: Path) -> None:
    whole = b"x" * 1000
    odd = answer(206, b"y", etag='"v"', content_range=f"bytes {'9' * 5000}-{'9' * 5000}/*")
    client = OutsideHttp(resolver=Names(), connector=Wire(*[answer(200, whole, etag='"v"')[:-500], *[odd] * 9]))
    with pytest.raises(Unavailable):
        await fetch(client, "http://a.example/", tmp_path / "file")


WHOLE = bytes(range(256)) * 4


def leave(path: Path, received: int, **changes: Any) -> None:
    """What a killed process left: some bytes of ``WHOLE``, and a note."""
    path.write_bytes(WHOLE[:received])
    note = Note(validator='"v1"', size=len(WHOLE), boot=BOOT_ID.read_text().strip())
    path.with_name(path.name + NOTE_SUFFIX).write_bytes(msgspec.json.encode(msgspec.structs.replace(note, **changes)))


def rest(start: int, etag: str = '"v1"', total: int = len(WHOLE), end: int = len(WHOLE)) -> bytes:
    return answer(206, WHOLE[start:end], etag=etag, content_range=f"bytes {start}-{end - 1}/{total}")


@pytest.mark.parametrize("left", [400, len(WHOLE)], ids=["a part", "the whole"])
async def test_what_a_killed_process_left_is_gone_on_with(left: int, tmp_path: Path) -> None:
    """Of a whole file the last byte is asked for again: the server must say that it still is this file."""
    leave(tmp_path / "file", left)
    start = min(left, len(WHOLE) - 1)
    wire = Wire(rest(start))
    assert await fetch(OutsideHttp(resolver=Names(), connector=wire), "http://a.example/", tmp_path / "file") == 1024
    assert (tmp_path / "file").read_bytes() == WHOLE
    assert f"range: bytes={start}-".encode() in wire.sent[0].lower()


@pytest.mark.parametrize(
    "changes", [{"boot": "another"}, {"validator": ""}, {"size": 300}], ids=["power cut", "no validator", "too long"]
)
async def test_what_cannot_be_known_again_is_fetched_anew(changes: dict[str, Any], tmp_path: Path) -> None:
    leave(tmp_path / "file", 400, **changes)
    (tmp_path / "file").write_bytes(b"x" * 400)
    wire = Wire(answer(200, WHOLE, etag='"v1"'))
    await fetch(OutsideHttp(resolver=Names(), connector=wire), "http://a.example/", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == WHOLE
    assert b"range:" not in wire.sent[0].lower()


async def test_a_torn_note_is_none(tmp_path: Path) -> None:
    leave(tmp_path / "file", 400)
    (tmp_path / f"file{NOTE_SUFFIX}").write_bytes(b'{"validator":')
    wire = Wire(answer(200, WHOLE))
    assert await fetch(OutsideHttp(resolver=Names(), connector=wire), "http://a.example/", tmp_path / "file") == 1024
    assert (tmp_path / "file").read_bytes() == WHOLE
    assert not (tmp_path / f"file{NOTE_SUFFIX}").exists(), "this answer names no validator: nothing to go on with"


@pytest.mark.parametrize("odd", [rest(400, etag='"v2"'), rest(400, total=2000)], ids=["another tag", "another size"])
async def test_a_server_that_does_not_heed_if_range_is_not_believed(odd: bytes, tmp_path: Path) -> None:
    leave(tmp_path / "file", 400)
    client = OutsideHttp(resolver=Names(), connector=Wire(odd, answer(200, WHOLE, etag='"v2"')))
    with pytest.raises(Unavailable, match="changed"):
        await fetch(client, "http://a.example/", tmp_path / "file")
    await fetch(client, "http://a.example/", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == WHOLE


async def test_a_server_that_sends_less_than_asked_for_is_asked_again(tmp_path: Path) -> None:
    leave(tmp_path / "file", 400)
    wire = Wire(rest(400, end=700), rest(700))
    assert await fetch(OutsideHttp(resolver=Names(), connector=wire), "http://a.example/", tmp_path / "file") == 1024
    assert (tmp_path / "file").read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"v"', "last-modified": "x"}, '"v"'),
        ({"etag": 'W/"v"'}, ""),
        ({"last-modified": "Sat, 01 Aug 2026 10:00:00 GMT"}, ""),
        ({"last-modified": "Sat, 01 Aug 2026 10:00:00 GMT", "date": "Sat, 01 Aug 2026 10:00:00 GMT"}, ""),
        (
            {"last-modified": "Sat, 01 Aug 2026 10:00:00 GMT", "date": "Sat, 01 Aug 2026 10:00:01 GMT"},
            "Sat, 01 Aug 2026 10:00:00 GMT",
        ),
        ({"last-modified": f"Sat, 01 Aug {10**20} 10:00:00 GMT", "date": "Sat, 01 Aug 2026 10:00:01 GMT"}, ""),
        ({"last-modified": "yesterday", "date": "Sat, 01 Aug 2026 10:00:01 GMT"}, ""),
        ({}, ""),
    ],
)
def test_only_what_is_surely_one_file_is_a_validator(headers: dict[str, str], validator: str) -> None:
    assert validator_of(headers) == validator


async def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(tmp_path: Path) -> None:
    wire = Wire(answer(200, b"a" * 900, etag='"v1"')[:-500], answer(200, b"b" * 700, etag='"v2"'))
    client = OutsideHttp(resolver=Names(), connector=wire)
    assert await fetch(client, "http://a.example/", tmp_path / "file") == 700
    assert (tmp_path / "file").read_bytes() == b"b" * 700


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "url.not_found"), (410, "url.not_found"), (403, "url.forbidden"), (418, "url.refused")]
)
async def test_lasting_answers_are_refusals(status: int, reason: str, tmp_path: Path) -> None:
    client = OutsideHttp(resolver=Names(), connector=Wire(answer(status)))
    with pytest.raises(Rejected) as refused:
        await fetch(client, "http://a.example/", tmp_path / "file")
    assert refused.value.reason == reason


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_passing_answers_are_tried_later(status: int, tmp_path: Path) -> None:
    client = OutsideHttp(resolver=Names(), connector=Wire(answer(status)))
    with pytest.raises(Unavailable):
        await fetch(client, "http://a.example/", tmp_path / "file")


async def test_the_environment_names_no_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    wire = Wire(answer(200, b"film"))
    client = OutsideHttp(resolver=Names(), connector=wire)
    await fetch(client, "http://a.example/", tmp_path / "file")
    assert wire.connected == [f"{PUBLIC}:80"]


async def test_a_long_answer_to_a_webhook_is_cut(tmp_path: Path) -> None:
    client = OutsideHttp(resolver=Names(), connector=Wire(answer(200, b"x" * 10**6)))
    assert len((await client.post("http://a.example/", b"", {}, 5)).body) == 64 * 1024
