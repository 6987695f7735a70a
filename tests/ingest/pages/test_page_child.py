"""yt-dlp with our walls on canned answers: what a page can be, and what one can try. No socket leaves the process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputRejected, NoAnswer
from core.infra.http.client import OutsideHttp
from streams.ingest.pages import page_resolver
from streams.ingest.pages.child import describe_video, main
from streams.ingest.pages.page_resolver import PageRequests
from tests.support.fake_server import PUBLIC, Names, Stream, Wire, answer, fetch

PAGE_URL = "https://pages.example/talk"


def page(body: str, title: str = "A talk") -> bytes:
    return answer(200, f"<html><head><title>{title}</title></head><body>{body}</body></html>".encode(),
                  content_type="text/html; charset=utf-8")  # fmt: skip


class Site:
    """The answers of a site to a page's child, in order; what it asked and found."""

    def __init__(self, *answers: bytes, names: Names | None = None) -> None:
        self.wire = Wire(*answers)
        self.outside = OutsideHttp(resolver=names or Names(), connector=self.wire)
        self.requests = PageRequests(self.outside, lambda _: None)

    async def read(self, url: str = PAGE_URL) -> dict[str, Any]:
        """What the child finds; raises what it refuses, or what its requests met."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            serving = asyncio.create_task(self.requests.serve(ours))
            try:
                return await asyncio.to_thread(main, {"url": url, "channel": theirs.fileno()}, None, lambda _: None)
            except InputRejected as refused:
                raise (self.requests.error or refused) from refused
            finally:
                theirs.shutdown(socket.SHUT_RDWR)
                await serving


async def test_the_video_of_a_page_is_found() -> None:
    site = Site(page('<video src="/files/talk.mp4"></video>', "A &amp; B"))
    found = await site.read()
    assert found["url"] == "https://pages.example/files/talk.mp4"
    assert found["title"] == "A & B"
    assert site.wire.connected == [f"{PUBLIC}:443"]
    sent = b"".join(site.wire.sent).lower()
    assert b"accept-encoding: identity" in sent
    assert not any(name in sent for name in (b"cookie", b"authorization", b"proxy"))


async def test_a_url_of_a_file_is_its_own_video_and_is_not_read_whole() -> None:
    site = Site(answer(200, b"\0\0\0\x18ftypmp42" + b"\0" * 10**6, content_type="video/mp4"))
    assert (await site.read("https://pages.example/talk.mp4"))["url"] == "https://pages.example/talk.mp4"
    assert site.requests._answered_bytes <= 64 * 1024


async def test_a_cookie_is_not_sent_back() -> None:
    first = answer(200, b'<iframe src="https://pages.example/player"></iframe>', content_type="text/html",
                   set_cookie="a=b; Path=/")  # fmt: skip
    site = Site(first, page('<video src="/a.mp4"></video>'), page(""))
    with contextlib.suppress(InputRejected):
        await site.read()
    assert b"cookie" not in b"".join(site.wire.sent).lower()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("nothing", "page.unsupported"),
        ("".join(f'<video src="/{number}.mp4"></video>' for number in range(10_000)), "page.playlist"),
        ('<video src="file:///etc/passwd"></video>', "page.no_file"),
        ('<video><source src="/live.m3u8" type="application/x-mpegURL"></video>', "page.no_file"),
    ],
)
async def test_what_is_no_single_file_is_refused(body: str, reason: str) -> None:
    playlist = answer(200, b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\na.ts\n#EXT-X-ENDLIST\n",
                      content_type="application/vnd.apple.mpegurl")  # fmt: skip
    site = Site(page(body), *[playlist] * 3)
    with pytest.raises(InputRejected) as refused:
        await site.read()
    assert refused.value.reason == reason
    assert len(site.wire.connected) <= 4


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:8123/",
        "http://localhost/",
        "http://metadata.google.internal/",
        "http://[::1]/",
        "http://2130706433/",
        "https://pages.example:6379/",
        "file:///etc/passwd",
        "gopher://a.example/",
        "https://user:password@a.example/",
    ],
)
async def test_a_redirect_goes_nowhere_else(location: str) -> None:
    site = Site(answer(302, location=location))
    with pytest.raises(InputRejected, match=r"url\."):
        await site.read()
    assert site.wire.connected == [f"{PUBLIC}:443"]


async def test_a_name_that_changes_its_answer_gains_nothing() -> None:
    site = Site(answer(302, location=PAGE_URL), page("x"), names=Names([PUBLIC], ["10.0.0.8"]))
    with pytest.raises(InputRejected, match=r"url\.not_public"):
        await site.read()
    assert site.wire.connected == [f"{PUBLIC}:443"]


async def test_a_frame_of_a_private_network_is_not_read() -> None:
    site = Site(page('<iframe src="http://10.1.2.3/admin"></iframe><video src="http://10.1.2.3/a.mp4"></video>'))
    found = await site.read()
    assert found["url"] == "http://10.1.2.3/a.mp4"
    assert site.wire.connected == [f"{PUBLIC}:443"]


async def test_a_private_address_of_a_video_is_refused_at_its_download(tmp_path: Path) -> None:
    with pytest.raises(InputRejected, match=r"url\.not_public"):
        await fetch(Site().outside, "http://10.1.2.3/a.mp4", tmp_path / "file")


async def test_redirects_without_end_are_refused() -> None:
    site = Site(*[answer(302, location=PAGE_URL)] * 10)
    with pytest.raises(InputRejected, match=r"url\.redirects"):
        await site.read()
    assert len(site.wire.connected) == 6


async def test_a_page_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dripping(Stream):
        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            await asyncio.sleep(0.02)
            return await super().read(1, timeout)

    monkeypatch.setattr("tests.support.fake_server.Stream", Dripping)
    monkeypatch.setattr("core.infra.http.page_requests.ANSWER_S", 0.3)
    with pytest.raises(NoAnswer, match="no whole answer"):
        await Site(page("x" * 10_000)).read()


async def test_a_huge_page_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.infra.http.page_requests.MAX_TEXT_BYTES", 100_000)
    site = Site(page('<video src="/a.mp4"></video>' + "x" * 10**6))
    assert (await site.read())["url"] == "https://pages.example/a.mp4"
    assert site.requests._answered_bytes == 100_000


async def test_a_page_has_so_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_resolver, "MAX_REQUESTS", 0)
    with pytest.raises(InputRejected, match=r"page\.too_large"):
        await Site(page("x")).read()


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ({"_type": "playlist", "entries": []}, "page.playlist"),
        ({"is_live": True, "url": "https://a.example/"}, "page.live"),
        ({"live_status": "is_upcoming"}, "page.live"),
        ({"live_status": "was_live"}, "page.no_file"),
        ({"url": ["x"]}, "page.no_file"),
    ],
)
def test_a_description_is_of_one_finished_file(info: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputRejected) as refused:
        describe_video(info)
    assert refused.value.reason == reason


def test_strange_values_become_text_or_nothing() -> None:
    described = describe_video({"url": "https://a.example/", "title": 5, "duration": "long", "filesize": "big"})
    assert json.loads(json.dumps(described)) == described
    assert (described["title"], described["duration_s"], described["size_bytes"]) == ("5", None, None)
