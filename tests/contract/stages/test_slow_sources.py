"""URLs that drip: those of one organisation hold no place of another's, and the floor of speed ends them.

The real stage of ingest, its real client and a worker's places; a server of the test drips.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.infra.http import file_download
from core.settings import Settings
from schemas import events
from schemas.stages import ROW_BY_NAME
from streams.ingest.agent import IngestStage
from streams.ingest.source_importer import MAX_SLOW_TRIES_COUNT
from streams.runtime.attempts import Attempts, Verdict
from streams.runtime.ordered_ack import OrderedAcknowledger
from tests.contract.rigs.delivered import Delivered
from tests.contract.rigs.postgres import new_org
from tests.contract.rigs.stage_rig import RULES, Rig, make_rig
from tests.support.media.hostile_files import film
from tests.support.progress import HANG_S, Patience, await_while_moving

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
DRIPPING_COUNT = 3
"""One more than an organisation has places in a worker."""
DRIP_BYTES, DRIP_S = 1024, 0.05
"""20 KiB a second: always some, and less than the floor."""


class Origin:
    """Serves a film at once under /film, and drips without end under every other path."""

    def __init__(self, body: bytes) -> None:
        self.body, self.url = body, ""
        self.dripping = 0
        self.tries = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
            if path == b"/film":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(self.body) + self.body)
                await writer.drain()
                return
            self.tries += 1
            self.dripping += 1
            try:
                await self._drip(writer)
            finally:
                self.dripping -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client left
        finally:
            writer.close()

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while True:
            writer.write(bytes(DRIP_BYTES))
            await writer.drain()
            await asyncio.sleep(DRIP_S)


@pytest.fixture
async def origin(tmp_path: Path) -> AsyncIterator[Origin]:
    made = Origin(film(tmp_path / "film.mp4").read_bytes())
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


async def end_of(rig: Rig) -> tuple[str, str, str]:
    """State of a project, and why it failed."""
    row = await rig.project()
    return row["state"], row["failure_reason"] or "", row["failure_detail"] or ""


async def test_dripping_urls_hold_up_no_other_organisation_and_are_ended(
    rig: Rig, origin: Origin, postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_download, "SLOW_AFTER_S", HANG_S)  # nothing is too slow until the other project is done
    rig.context.settings = msgspec.structs.replace(rig.context.settings, fetch_allow=(origin.url,))
    attempts = Attempts(
        pool=rig.pool, stage=IngestStage(rig.context), worker="a", clock=lambda: dt.datetime.now(dt.UTC),
        rules=msgspec.structs.replace(RULES, max_tries=5),
    )  # fmt: skip
    slow = [Rig(rig.context, rig.objects, rig.speech, rig.org_id) for _ in range(DRIPPING_COUNT)]
    other = Rig(rig.context, rig.objects, rig.speech, await new_org(postgres))
    verdicts: defaultdict[int, list[Verdict]] = defaultdict(list)
    acknowledged: list[int] = []
    errors: list[BaseException] = []

    async def handle(event: Any) -> None:
        verdict = await event.attempt(attempts)
        verdicts[event.offset].append(verdict)

    def delivered(offset: int, project: Rig, path: str) -> Delivered:
        event = events.UploadReceived(**project.of, title="A film", source_url=f"http://{origin.url}/{path}")
        return Delivered(offset, event, acknowledged)

    most, most_of_org = ROW_BY_NAME["ingest"].places()
    async with OrderedAcknowledger(handle, most, errors.append, most_of_org=most_of_org) as hands:
        dripping = [delivered(number, project, f"slow-{number}") for number, project in enumerate(slow)]
        for message in dripping:
            await hands.take(message)
        await await_while_moving(lambda: asyncio.sleep(0, origin.dripping == most_of_org), "the sources that drip")
        await hands.take(delivered(DRIPPING_COUNT, other, "film"))
        await await_while_moving(lambda: asyncio.sleep(0, verdicts), "the other organisation's film")
        assert verdicts == {DRIPPING_COUNT: ["committed"]}
        assert origin.dripping == most_of_org, "the third has no place of its organisation, and none of another's"
        assert acknowledged == [], "those before it are not done"

        monkeypatch.setattr(file_download, "SLOW_AFTER_S", 0.5)
        monkeypatch.setattr(file_download, "SAMPLE_S", 0.1)
        patience = Patience("the end of the slow ones")
        for tries in range(1, MAX_SLOW_TRIES_COUNT + 1):
            while sum(len(verdicts[at]) for at in range(DRIPPING_COUNT)) < tries * DRIPPING_COUNT:
                patience.check(str(verdicts))
                await asyncio.sleep(0.05)
            if tries < MAX_SLOW_TRIES_COUNT:  # the relay sends them again
                for message in dripping:
                    await hands.take(message)
    assert [verdicts[at] for at in range(DRIPPING_COUNT)] == [["retried", "retried", "refused"]] * DRIPPING_COUNT
    assert (errors, origin.tries) == ([], DRIPPING_COUNT * MAX_SLOW_TRIES_COUNT)
    assert acknowledged[: DRIPPING_COUNT + 1] == [*range(DRIPPING_COUNT + 1)]
    assert (await end_of(other))[0] == "running"
    for project in slow:
        state, reason, detail = await end_of(project)
        assert (state, reason) == ("failed", "media.timeout")
        assert "sends too slowly" in detail
