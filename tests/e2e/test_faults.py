"""Workers are struck in mid-commit, every stage of one stack at once: one result row, one logical event each.

Five rounds: SIGTERM, SIGKILL, a joining worker, a pause past the lease that wakes up, a redelivery. Before each strike
nine projects wait, one held at each stage (``holds.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from local import stack as local_stack
from local.config.state import load
from schemas import stages
from tests.contract.rigs.servers import begun
from tests.e2e.invariants import Holds, holding
from tests.e2e.rig import ROUGH, Api, Receiver
from tests.support.media.shared_media import media

STAGES = ("ingest", "look", "listen", "close", "study", "detect", "frame", "render", "deliver")
"""Held from the last to the first. Look stands before close: whatever is held keeps its project's row locked, and a
project held at look would never come to close.
"""
assert sorted(STAGES) == sorted(set(stages.STAGES) - set(stages.ON_DEMAND))
TAKEOVER_S = 40.0
PAUSE_S = 22.0
"""Longer than the lease (15 s) and the idle-in-transaction limit (10 s) after the hold is lifted."""
CLIP = "talking/obama_speech_2faces_9s_240p.mp4"


@pytest.fixture
async def holds(api: Api) -> AsyncIterator[Holds]:
    async with holding(api.stack) as made:
        yield made


def workers(api: Api) -> dict[str, list[int]]:
    """Stage → pids of its running workers."""
    state = load(local_stack.layout_of(api.stack.state_dir))
    assert state is not None
    found: dict[str, list[int]] = {stage: [] for stage in STAGES}
    for name, part in state.parts.items():
        stage = name.rstrip("0123456789-")
        if stage in found and part.pid:
            found[stage].append(part.pid)
    return found


async def held_everywhere(api: Api, holds: Holds) -> dict[str, str]:
    """Stage → a project that waits there in mid-commit. Downstream first: a held worker takes nothing else.

    The next project begins as soon as all before it are at work in the stage that will hold it.
    """
    upload_id = await asyncio.to_thread(api.upload, media(CLIP))
    held: dict[str, str] = {}
    for stage in reversed(STAGES):
        await holds.at_work(list(held.values()), stage)
        project_id = (await asyncio.to_thread(api.post, "/v1/projects", wanted(upload_id)))["project_id"]
        await holds.hold(project_id, stage)
        held[stage] = project_id
    for stage, project_id in held.items():
        await holds.reached(project_id, stage)
    return held


def wanted(upload_id: str) -> dict[str, Any]:
    """A project of a few seconds."""
    return {"upload_id": upload_id, "options": {"max_clips": 1, "min_clip_ms": 3000} | ROUGH}


async def check(api: Api, holds: Holds, receiver: Receiver, held: dict[str, str], struck_at: float | None) -> None:
    """Every project ended once: one attempt done per input, one event per fact, one webhook; takeover in time."""
    ended = await asyncio.to_thread(api.wait_all, list(held.values()), 150.0)
    for stage, project_id in held.items():
        project = ended[project_id]
        assert project["state"] == "completed", (stage, project["failure"], project["warnings"])
        assert project["warnings"] == []
        facts = await holds.logical_events(project_id)
        for kind in ("SpansHeard", "TranscriptCompleted", "UnderstandingCompleted", "IntelligenceCompleted",
                     "MomentsDetected", "ClipSelected", "RenderRequested", "ExportCompleted",
                     "ProjectCompleted"):  # fmt: skip
            assert len(facts[kind]) == 1, (stage, kind, facts[kind])
        deadline = time.monotonic() + TAKEOVER_S
        while struck_at and not (done := await holds.finished_at(project_id, stage)):
            assert time.monotonic() < deadline, f"{stage} was not taken over"
            await asyncio.sleep(0.2)
        if struck_at:
            assert done - struck_at <= TAKEOVER_S, f"{stage} was taken over after {done - struck_at:.0f} s"
        await asyncio.to_thread(receiver.wait_for, project_id, "project.completed", 60.0)
        attempts = await holds.attempts(project_id)
        done_keys = [(row["stage"], row["input_id"]) for row in attempts if row["state"] == "done"]
        assert len(done_keys) == len(set(done_keys)) == len(attempts), [(r["stage"], r["state"]) for r in attempts]
    await asyncio.sleep(1)
    for project_id in held.values():
        ids = {key for key, body in receiver.got if body["data"]["project_id"] == project_id}
        assert len(ids) == 2, "one project.completed and one export.completed, however often each was sent"


async def test_sigterm(api: Api, receiver: Receiver, holds: Holds) -> None:
    held = await held_everywhere(api, holds)
    strike(workers(api), signal.SIGTERM)
    struck_at = time.time()
    await holds.release_all()
    await check(api, holds, receiver, held, struck_at)


async def test_sigkill(api: Api, receiver: Receiver, holds: Holds) -> None:
    held = await held_everywhere(api, holds)
    strike(workers(api), signal.SIGKILL)
    struck_at = time.time()
    await holds.release_all()
    await check(api, holds, receiver, held, struck_at)


async def test_a_worker_joins_and_one_paused_past_its_lease_wakes_up(
    api: Api, receiver: Receiver, holds: Holds, tmp_path: Path
) -> None:
    """Two rounds, for which one more worker of each stage is started once."""
    held = await held_everywhere(api, holds)
    with joined(api, tmp_path):
        await asyncio.sleep(8)
        await holds.release_all()
        await check(api, holds, receiver, held, None)
        await _pause_the_holders(api, holds, receiver)


async def _pause_the_holders(api: Api, holds: Holds, receiver: Receiver) -> None:
    held = await held_everywhere(api, holds)
    everybody = workers(api)
    holders = await _holders(holds, held)
    paused = [pid for pids in everybody.values() for pid in pids if pid in holders] or list(holders)
    for pid in paused:
        os.kill(pid, signal.SIGSTOP)
    try:
        await holds.release_all()
        await asyncio.sleep(PAUSE_S)
    finally:
        for pid in paused:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    await check(api, holds, receiver, held, None)


async def _holders(holds: Holds, held: dict[str, str]) -> set[int]:
    """Pids of the workers whose claims are held, as the attempts name them."""
    found = set()
    for stage, project_id in held.items():
        for row in await holds.attempts(project_id):
            if row["stage"] == stage and row["state"] == "running":
                found.add(int(row["worker"].rsplit("/", 1)[1]))
    return found


async def test_redelivery(api: Api, receiver: Receiver, holds: Holds) -> None:
    upload_id = await asyncio.to_thread(api.upload, media(CLIP))
    project_id = (await asyncio.to_thread(api.post, "/v1/projects", wanted(upload_id)))["project_id"]
    await check(api, holds, receiver, {"ingest": project_id}, None)
    attempts = await holds.attempts(project_id)
    assert {row["stage"] for row in attempts} == set(STAGES)
    before = await holds.logical_events(project_id)
    await _send_again(api, attempts)
    await asyncio.sleep(6)
    again = await holds.attempts(project_id)
    assert [(row["stage"], row["fence"], row["state"]) for row in again] == [
        (row["stage"], row["fence"], row["state"]) for row in attempts
    ]
    assert await holds.logical_events(project_id) == before


async def _send_again(api: Api, attempts: list[Any]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=api.stack.env["CLIPSTREAM_KAFKA"], acks="all")
    await producer.start()
    try:
        for row in attempts:
            headers = json.loads(row["headers"])
            raw = [(name, value.encode()) for name, value in headers.items()]
            where = {"key": row["key"].encode(), "partition": row["partition"], "headers": raw}
            await producer.send_and_wait(row["topic"], row["payload"], **where)
    finally:
        await producer.stop()


def strike(pids: dict[str, list[int]], number: signal.Signals) -> None:
    """Send the signal to every worker of every stage."""
    assert all(pids.values()), pids
    for stage in pids.values():
        for pid in stage:
            os.kill(pid, number)


@contextlib.contextmanager
def joined(api: Api, root: Path) -> Iterator[None]:
    """One more worker of every stage, with the stack's own environment, drained afterwards."""
    processes = []
    for stage in STAGES:
        work = root / stage
        work.mkdir(exist_ok=True)
        env = os.environ | api.stack.env | {"CLIPSTREAM_WORK_DIR": str(work), "CLIPSTREAM_WORKER_PORT": "0"}
        log = (root / f"{stage}.log").open("ab")
        processes.append(begun(["streams", "--stage", stage], env, log))
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
