"""Each store and server is stopped for 20 s during a job: the job finishes, nothing is doubled or lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

from local import stack as local_stack
from local.config.state import PartStatus, load
from tests.e2e.counters import expect_each_event_once
from tests.e2e.invariants import holding
from tests.e2e.rig import ROUGH, Api, Receiver
from tests.support.media.shared_media import media
from tests.support.progress import Patience, wait_while_moving

OUTAGE_S = 20.0
OUTAGES = (("triton",), ("kafka",), ("postgres",), ("objects",), ("search", "clickhouse"))
"""One after the other; the last two, written to by sinks that know nothing of each other, side by side."""
CLIP = "talking/auto-editor_example_42s_720p.mp4"


def processes(api: Api, name: str) -> list[psutil.Process]:
    """The part's process and everything below it."""
    state = load(local_stack.layout_of(api.stack.state_dir))
    assert state is not None
    pid = state.parts[name].pid
    assert pid
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def test_each_part_may_stand_still_for_a_while(api: Api, receiver: Receiver) -> None:
    """One job a part, begun just before it is stopped; the next outage comes while earlier jobs may still run."""
    struck = {}
    for parts in OUTAGES:
        struck |= {part: api.start(media(CLIP), max_clips=1, **ROUGH) for part in parts}
        time.sleep(2.0)
        _stand_still([process for part in parts for process in processes(api, part)])
    ended = api.wait_all(list(struck.values()))
    for part, project_id in struck.items():
        assert ended[project_id]["state"] == "completed", (part, ended[project_id])
        assert ended[project_id]["warnings"] == [], (part, asyncio.run(_letters(api, project_id)))
        asyncio.run(_nothing_doubled_nothing_lost(api, project_id))
        asyncio.run(expect_each_event_once(api.stack, project_id))
        receiver.wait_for(project_id, "project.completed")
        _searchable(api, project_id)


def _stand_still(stopped: list[psutil.Process]) -> None:
    try:
        _signal_all(stopped, signal.SIGSTOP)
        time.sleep(OUTAGE_S)
    finally:
        _signal_all(reversed(stopped), signal.SIGCONT)


def _signal_all(stopped: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in stopped:
        with suppress(psutil.NoSuchProcess):  # a server of Postgres's for one connection ends with it
            process.send_signal(number)


async def _letters(api: Api, project_id: str) -> list[tuple[str, str, str]]:
    """Dead letters of the project: stage, reason, detail."""
    asked = "select stage, reason, detail from dead_letters where project_id = $1"
    async with holding(api.stack) as holds:
        return [tuple(row) for row in await holds.connection.fetch(asked, project_id)]


async def _nothing_doubled_nothing_lost(api: Api, project_id: str) -> None:
    async with holding(api.stack) as holds:
        facts = await holds.logical_events(project_id)
        assert len(facts["ClipSelected"]) == len(facts["ExportCompleted"]) == 1
        assert len(facts["ProjectCompleted"]) == 1
        unsent = "select count(*) from outbox where project_id = $1 and published_at is null and due_at <= now()"
        patience = Patience("an empty outbox")
        while left := await holds.connection.fetchval(unsent, project_id):
            patience.check(left)
            await asyncio.sleep(0.2)


def _searchable(api: Api, project_id: str) -> None:
    asked = {"q": "banana", "project_id": project_id}
    wait_while_moving(lambda: api.get("/v1/search", params=asked)["segments"], "its words in search", every_s=0.5)


def test_a_dead_part_is_restarted(api: Api) -> None:
    before = load(local_stack.layout_of(api.stack.state_dir))
    assert before is not None
    pid = before.parts["triton"].pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    patience = Patience("triton's restart")
    while (part := _part(api, "triton")).state != "ready" or part.restarts == before.parts["triton"].restarts:
        patience.check((part.state, part.restarts, part.pid, part.said))
        time.sleep(0.3)
    assert api.wait(api.start(media(CLIP), max_clips=1, **ROUGH))["state"] == "completed"


def _part(api: Api, name: str) -> PartStatus:
    state = load(local_stack.layout_of(api.stack.state_dir))
    assert state is not None
    return state.parts[name]
