"""Pages of share links: what they hold and forbid, and how a real browser shows them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from PIL import Image

from api.http.browsers.cross_origin import origin_of
from api.server import make_server
from core.infra.postgres.connection import org_transaction
from core.infra.s3.object_store import S3Objects
from core.settings import Settings
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.servers import Server, free_ports
from tests.contract.sharing.rig import BASE, anybody, finished_export, share
from tests.openapi.tools import node_packages
from tests.support.media.hostile_files import film
from tests.support.progress import HANG_S

pytestmark = pytest.mark.contract
TESTS = Path(__file__).parents[2]


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def policy_of(page: httpx2.Response) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))


def is_walled(page: httpx2.Response, *, framed: bool) -> None:
    """Nothing runs on the page, nothing of it is kept, nobody indexes it, and only the player is framed."""
    policy = policy_of(page)
    assert (policy["default-src"], policy["base-uri"], policy["form-action"]) == ("'none'",) * 3
    assert policy["frame-ancestors"] == ("*" if framed else "'none'")
    assert ("x-frame-options" in page.headers) is not framed
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "script-src" not in policy
    assert policy["style-src"] == "'self'"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in page.headers
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "onclick" not in page.text


async def test_the_page_has_a_player_captions_and_a_file(world: World, store: S3Objects, seaweedfs: Server) -> None:
    title = '"><script>alert(1)</script>'
    made = await share(world.ann, await finished_export(world, world.ann, store, title=title), show_organisation=True)
    page = await anybody(world).get(f"/s/{made['token']}")
    assert page.status_code == 200
    is_walled(page, framed=False)
    sources = f"'self' {origin_of(seaweedfs.url)}"
    assert (policy_of(page)["media-src"], policy_of(page)["img-src"]) == (sources, sources)
    tags = Tags(page.text)
    (video,) = tags.all("video")
    assert {"controls", "playsinline"} <= video.keys()
    assert (video["width"], video["height"], video["preload"]) == ("1080", "1920", "metadata")
    assert str(video["poster"]).startswith(seaweedfs.url)
    tracks = tags.all("track")
    assert [(track["srclang"], "default" in track) for track in tracks] == [("en", True), ("de", False)]
    assert str(tracks[0]["src"]).startswith("/v1/public/shares/clw_"), "of another origin it would need CORS"
    (download,) = [link for link in tags.all("a") if "download" in link]
    assert download["download"] == "clip-01-9x16.mp4"
    shown = {str(one.get("property")): one["content"] for one in tags.all("meta") if "property" in one}
    assert (shown["og:title"], shown["og:url"], shown["og:site_name"]) == (title, made["url"], "Ann")
    assert shown["og:image"] == video["poster"]
    assert "Ann" in page.text
    found = [link["href"] for link in tags.all("link") if link.get("type") == "application/json+oembed"]
    assert (await anybody(world).get(str(found[0]))).json()["type"] == "video"


async def test_a_page_without_files_names_none(world: World, store: S3Objects) -> None:
    one = await finished_export(world, world.ann, store, captions=True)
    made = await share(world.ann, one, allow_download=False)
    page = await anybody(world).get(f"/s/{made['token']}")
    tags = Tags(page.text)
    assert not [link for link in tags.all("a") if "download" in link]
    assert tags.all("video")[0]["controlslist"] == "nodownload"
    assert not [track for track in tags.all("track") if "default" in track], "captions are in the picture"
    assert "Ann" not in page.text


async def test_the_player_alone_may_be_framed(world: World, store: S3Objects) -> None:
    made = await share(
        world.ann, *[await finished_export(world, world.ann, store, title=f"Part {number}") for number in (1, 2)]
    )
    address = f"/embed/{made['token']}"
    for query, number in (("", 1), ("?clip=2", 2), ("?clip=3", 1), ("?clip=0", 1), ("?clip=x", 1), ("?clip=²", 1)):
        page = await anybody(world).get(address + query)
        is_walled(page, framed=True)
        tags = Tags(page.text)
        assert [video["title"] for video in tags.all("video")] == [f"Part {number}"]
        assert [link.get("aria-current") for link in tags.all("a")].index("page") == number - 1
        assert not [link for link in tags.all("a") if "download" in link]
    (frame,) = Tags(made["embed_html"]).all("iframe")
    assert frame["src"] == f"{BASE}{address}"


async def test_pages_of_links_that_ended_are_walled_too(world: World, store: S3Objects) -> None:
    made = await share(world.ann, await finished_export(world, world.ann, store))
    await world.ann.client.delete(f"/v1/shares/{made['share_id']}")
    for path, framed in (("/s", False), ("/embed", True)):
        ended = await anybody(world).get(f"{path}/{made['token']}")
        assert (ended.status_code, "taken back" in ended.text) == (404, True)
        strange = await anybody(world).get(f"{path}/clw_{'A' * 43}")
        assert (strange.status_code, "There is nothing here" in strange.text) == (404, True)
        for page in (ended, strange):
            is_walled(page, framed=framed)
            assert "og:" not in page.text
    german = await anybody(world).get(f"/s/{made['token']}", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de">' in german.text
    assert "Dieser Link ist beendet" in german.text
    assert "Accept-Language" in german.headers["vary"]
    assert (await anybody(world).post(f"/s/{made['token']}")).status_code == 405


async def test_a_real_browser_plays_what_a_link_shows(
    postgres: Settings, seaweedfs: Server, store: S3Objects, tmp_path: Path
) -> None:
    """Light and dark, on a phone and on a desk: the film plays, captions are there, nothing overflows or is refused."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("chromium is not there: `apt-get install chromium`")
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    settings = msgspec.structs.replace(postgres, public=address, s3=seaweedfs.url)
    async with open_world(settings, objects=store, documents=store) as world:
        pages = await _pages(world, store, address, tmp_path)
        server = make_server(world.app, "127.0.0.1", port)
        server.config.lifespan = "off"  # the world's app is open already
        task = asyncio.create_task(server.serve())
        try:
            while not server.started:
                await asyncio.sleep(0.02)
            seen = await _look(chromium, pages, tmp_path)
        finally:
            server.should_exit = True
            await task
    for name, page in seen.items():
        status, playable, cues = (404, None, []) if name.startswith("ended") else (200, True, [1, None])
        assert (page["status"], page["playable"], page["cues"]) == (status, playable, cues), name
        assert (page["overflow"], page["scripts"]) == (0, 0), name
        faults = [fault for fault in page["faults"] if "404" not in fault]
        assert faults == [], name
        if name.startswith("one"):
            assert page["ratio"] == pytest.approx(9 / 16, abs=0.02), name


async def _pages(world: World, store: S3Objects, address: str, folder: Path) -> dict[str, str]:
    moving = await asyncio.to_thread(lambda: film(folder / "film.mp4", seconds=2, size=144).read_bytes())
    picture = io.BytesIO()
    Image.new("RGB", (108, 192), (40, 90, 160)).save(picture, "JPEG")
    made = {"film": moving, "picture": picture.getvalue()}
    titles = ("Why the second measurement changed the result", "The half-life of radium", "A long road to one number")
    clips = [await finished_export(world, world.ann, store, title=title, **made) for title in titles]  # type: ignore[arg-type]
    one, several = await share(world.ann, clips[0]), await share(world.ann, *clips, title="Best of the lecture")
    ended = await share(world.ann, clips[0])
    async with org_transaction(world.api, world.ann.org_id) as rows:
        await rows.execute("update shares set expires_at = now() where share_id = $1::text::uuid", ended["share_id"])
    return {
        "one": one["url"],
        "several": several["url"],
        "embed": f"{address}/embed/{several['token']}",
        "ended": ended["url"],
    }


async def _look(chromium: str, pages: dict[str, str], folder: Path) -> dict[str, dict[str, Any]]:
    environment = {
        "NODE_PATH": str(await asyncio.to_thread(node_packages, "oauth-node", TESTS / "oauth")),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PAGES": json.dumps(pages),
        "WIDTHS": os.environ.get("CLIPSTREAM_TEST_WIDTHS", "[360, 1280]"),
        "CHROMIUM": chromium,
        "PICTURES": os.environ.get("CLIPSTREAM_TEST_PICTURES", str(folder)),
    }
    done = await asyncio.to_thread(
        subprocess.run,
        ["node", str(TESTS / "sharing" / "pages.mjs")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(msgspec.json.decode(done.stdout))
