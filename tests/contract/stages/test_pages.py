"""A video of a page on the real stage: a local web site, real yt-dlp in its confined child, the URL's own way in."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from core.domain.pages.page_rules import PageRules
from core.infra.postgres.connection import org_transaction
from core.services import project_lifecycle
from core.storage.projects import write_page
from schemas import events
from schemas.page_rights import PageRights
from streams.ingest.agent import IngestStage
from streams.ingest.pages.page_source import copy_page_source
from streams.runtime.context import prefix_of
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.support.media.hostile_files import film

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
PAGE = "<html><head><title>A talk \u202e&amp; more</title></head><body><video src='/files/a.mp4'></video>".encode()


class Site:
    """Pages and a film on this machine; notes what was asked."""

    def __init__(self, film_bytes: bytes) -> None:
        self.film, self.url = film_bytes, ""
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            self.asked.append(path)
            location = "http://169.254.169.254/latest/" if path == "/inside" else ""
            status = "302 Found" if location else "200 OK"
            kind, body = ("video/mp4", self.film) if path == "/files/a.mp4" else ("text/html", PAGE)
            writer.write(
                f"HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-type: {kind}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


@pytest.fixture
async def site(rig: Rig, tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(film(tmp_path / "film.mp4").read_bytes())
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    rules = PageRules(mode="on", hosts=("127.0.0.1",))
    rig.context.settings = msgspec.structs.replace(rig.context.settings, fetch_allow=(made.url,), pages=rules)
    yield made
    server.close()


async def take(rig: Rig, url: str, rights: PageRights | None = "own") -> str:
    """What becomes of a page's project, or of a file's."""
    event = events.UploadReceived(**rig.of, source_url=url, page_rights=rights, title="" if rights else "Mine")
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await project_lifecycle.create_project(connection, event)
    return await rig.send(IngestStage(rig.context), event, uuid.uuid4())


async def test_a_page_becomes_a_source(rig: Rig, site: Site) -> None:
    assert await take(rig, f"http://{site.url}/talk") == "committed"
    project = await rig.project()
    assert (project["title"], project["page_rights"], project["page_key"]) == ("A talk & more", "own", None)
    assert project["source_url"] == f"http://{site.url}/talk"
    assert project["source"]["sha256"] == hashlib.sha256(site.film).hexdigest()
    assert site.asked == ["/talk", "/files/a.mp4"]


async def test_a_page_leads_nowhere_inside(rig: Rig, site: Site) -> None:
    assert await take(rig, f"http://{site.url}/inside") == "refused"
    row = await rig.project()
    assert (row["state"], row["failure_reason"]) == ("failed", "url.not_public")
    assert site.asked == ["/inside"]


async def test_a_page_is_refused_while_pages_are_off(rig: Rig, site: Site) -> None:
    rig.context.settings = msgspec.structs.replace(rig.context.settings, pages=PageRules())
    assert await take(rig, f"http://{site.url}/talk") == "refused"
    row = await rig.project()
    assert row["failure_reason"] == "page.off"
    assert "CLIPSTREAM_PAGES_MODE" in row["failure_detail"]
    assert site.asked == []


async def test_a_page_that_was_taken_in_today_is_copied(rig: Rig, site: Site) -> None:
    assert await take(rig, f"http://{site.url}/files/a.mp4", None) == "committed"
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await write_page(connection, *rig.owner, "site:1", "Theirs")
    assert (await rig.project())["title"] == "Mine", "a title that was given stays"
    event = events.UploadReceived(org_id=rig.org_id, project_id=uuid.uuid4(), source_url="https://a.example/")
    owner, key = (event.org_id, event.project_id), f"{prefix_of(event, 'source', uuid.uuid4())}.bin"
    assert await copy_page_source(rig.pool, rig.objects, *owner, "site:1", key)
    assert await rig.objects.size(key) == len(site.film)
    assert not await copy_page_source(rig.pool, rig.objects, *owner, "site:2", key)
    assert not await copy_page_source(rig.pool, rig.objects, rig.org_id, rig.owner[1], "site:1", key)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute("update projects set created_at = now() - interval '25 hours'")
    assert not await copy_page_source(rig.pool, rig.objects, *owner, "site:1", key)
