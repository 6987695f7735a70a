"""Workers are killed in mid-commit, at every stage of one stack at once: one result row and one event each.

Five rounds: SIGTERM, SIGKILL, a joining worker, a pause past the lease that wakes up, a redelivery. Before each strike
nine projects wait, one held at each stage (``invariants.py``).
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
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from local import stack as local_stack
from local.config.state import load
from schemas import stages
from tests.contract.rigs.servers import begun, free_ports
from tests.e2e.invariants import Holds, holding
from tests.e2e.rig import ROUGH, Api, Receiver
from tests.support.kafka_login import access_of, login_of
from tests.support.media.shared_media import media
from tests.support.progress import HANG_S, wait_while_moving

STAGES = ("ingest", "look", "listen", "close", "study", "detect", "frame", "render", "deliver")
"""Held from the last to the first. Look stands before close: whatever is held keeps its project's row locked, and a
project held at look would never come to close.
"""
assert sorted(STAGES) == sorted(set(stages.STAGES) - set(stages.ON_DEMAND))
LEASE_S = 15.0
TAKEOVER_LEASES = 2.0
"""Bound of a takeover, in leases: one to expire, and less than one for the sweep, the relay and the claim."""
PAUSE_S = 1.5 * LEASE_S
"""Longer than the lease and the idle-in-transaction limit (10 s) after the hold is lifted."""
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
        if stage in found and part.pid and part.state == "ready":
            found[stage].append(part.pid)
    return found


async def held_everywhere(api: Api, holds: Holds) -> dict[str, str]:
    """A project held in mid-commit for each stage, last stage first: a held worker takes no other event.

    The next project begins as soon as all before it are at work in the stage that will hold it.
    """
    upload_id = await asyncio.to_thread(api.upload, media(CLIP))
    held: dict[str, str] = {}
    for stage in reversed(STAGES):
        await holds.at_work(list(held.values()), stage)
        project_id = (await asyncio.to_thread(api.post, "/v1/projects", project_request(upload_id)))["project_id"]
        await holds.hold(project_id, stage)
        held[stage] = project_id
    for stage, project_id in held.items():
        await holds.reached(project_id, stage)
    return held


def project_request(upload_id: str) -> dict[str, Any]:
    """A project of a few seconds."""
    return {"upload_id": upload_id, "options": {"max_clips": 1, "min_clip_ms": 3000} | ROUGH}


async def check(api: Api, holds: Holds, receiver: Receiver, held: dict[str, str]) -> None:
    """Every project ended once: one finished attempt an input, one event a fact, one webhook."""
    ended = await asyncio.to_thread(api.wait_all, list(held.values()))
    for stage, project_id in held.items():
        project = ended[project_id]
        assert project["state"] == "completed", (stage, project["failure"], project["warnings"])
        assert project["warnings"] == []
        facts = await holds.logical_events(project_id)
        for kind in ("SpansHeard", "TranscriptCompleted", "UnderstandingCompleted", "IntelligenceCompleted",
                     "MomentsDetected", "ClipSelected", "RenderRequested", "ExportCompleted",
                     "ProjectCompleted"):  # fmt: skip
            assert len(facts[kind]) == 1, (stage, kind, facts[kind])
        await holds.ended(project_id, stage)
        for kind in ("project.completed", "export.completed"):
            await asyncio.to_thread(receiver.wait_for, project_id, kind)
        await holds.rested(project_id)
        attempts = await holds.attempts(project_id)
        done_keys = [(row["stage"], row["input_id"]) for row in attempts if row["state"] == "done"]
        assert len(done_keys) == len(set(done_keys)) == len(attempts), [(r["stage"], r["state"]) for r in attempts]
    await asyncio.sleep(1)
    for project_id in held.values():
        ids = {key for key, body in receiver.got if body["data"]["project_id"] == project_id}
        assert len(ids) == 2, "one project.completed and one export.completed, however often each was sent"


@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGKILL], ids=["sigterm", "sigkill"])
async def test_a_struck_worker_is_replaced(api: Api, receiver: Receiver, holds: Holds, blow: signal.Signals) -> None:
    held = await held_everywhere(api, holds)
    before = workers(api)
    inputs = await holds.running_at_once(held)
    strike(before, blow)
    struck_at = time.time()
    await holds.release_all()
    await asyncio.to_thread(wait_while_moving, lambda: replaced(api, before), "workers in place of the struck ones")
    started_s = time.time() - struck_at
    await check(api, holds, receiver, held)
    for stage, struck in inputs.items():
        times = await holds.times(stage)
        idle_s = max(idle_before_takeover(times, one, struck_at) for one in struck)
        assert idle_s <= started_s + TAKEOVER_LEASES * LEASE_S, (stage, idle_s, started_s)


def replaced(api: Api, before: dict[str, list[int]]) -> bool:
    """Whether every stage has as many ready workers as before, all of them new."""
    return all(
        len(now) == len(before[stage]) and not set(now) & set(before[stage]) for stage, now in workers(api).items()
    )


def idle_before_takeover(times: list[tuple[str, float, float]], struck: str, struck_at: float) -> float:
    """Seconds from the signal to the last claim of the interrupted attempt, without other work of the stage."""
    (taken_at,) = (claimed_at for input_id, claimed_at, _ in times if input_id == struck)
    idle_s, idle_from = 0.0, struck_at
    for _, claimed_at, ended_at in times:
        if claimed_at >= taken_at:
            break
        idle_s += max(0.0, claimed_at - idle_from)
        idle_from = max(idle_from, ended_at)
    return idle_s + max(0.0, taken_at - idle_from)


async def test_a_worker_joins_and_one_paused_past_its_lease_wakes_up(
    api: Api, receiver: Receiver, holds: Holds, tmp_path: Path
) -> None:
    """Two rounds with one more worker of each stage, started once."""
    held = await held_everywhere(api, holds)
    with joined(api, tmp_path):
        await holds.release_all()
        await check(api, holds, receiver, held)
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
    await check(api, holds, receiver, held)


async def _holders(holds: Holds, held: dict[str, str]) -> set[int]:
    """Pids of the workers that hold the claims, from the attempts."""
    found = set()
    for stage, project_id in held.items():
        for row in await holds.attempts(project_id):
            if row["stage"] == stage and row["state"] == "running":
                found.add(int(row["worker"].rsplit("/", 1)[1]))
    return found


async def test_redelivered_events_change_nothing(api: Api, receiver: Receiver, holds: Holds) -> None:
    upload_id = await asyncio.to_thread(api.upload, media(CLIP))
    project_id = (await asyncio.to_thread(api.post, "/v1/projects", project_request(upload_id)))["project_id"]
    await check(api, holds, receiver, {"ingest": project_id})
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
    producer = AIOKafkaProducer(**access_of(api.stack, "relay").client_options(), acks="all")
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


def is_ready(port: int) -> bool:
    """Whether the worker on this port has joined its group."""
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


@contextlib.contextmanager
def joined(api: Api, root: Path) -> Iterator[None]:
    """One more ready worker of every stage, with the stack's own environment, drained afterwards."""
    processes = []
    ports = dict(zip(STAGES, free_ports(len(STAGES)), strict=True))
    for stage, port in ports.items():
        work = root / stage
        work.mkdir(exist_ok=True)
        own = {"CLIPSTREAM_WORK_DIR": str(work), "CLIPSTREAM_WORKER_PORT": str(port)}
        env = os.environ | api.stack.env | login_of(api.stack, stage) | own
        with (root / f"{stage}.log").open("ab") as log:
            processes.append(begun(["streams", "--stage", stage], env, log))
    try:
        for stage, port in ports.items():
            wait_while_moving(partial(is_ready, port), f"one more worker of {stage}")
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(HANG_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
