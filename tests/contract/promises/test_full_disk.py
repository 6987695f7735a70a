"""Promise 15: a worker whose disk is full gives the job back, leaves nothing half visible, stays alive, and goes on.

The worker's directory is a small tmpfs in a mount namespace of the worker's own, filled from outside by a ballast file.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from aiokafka import AIOKafkaProducer

from core.infra.key_ring import open_key_ring
from core.services.upload_signatures import sign_as_relay
from local.supervisor.processes import tie_to_parent
from schemas import codec, events
from schemas.topics import PARTITIONS, route
from tests.contract.api.test_api_process import environment
from tests.contract.rigs.servers import free_ports
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.contract.runtime.test_stall import attempt, forget_older
from tests.contract.stages.test_resumed_fetch import padded_film
from tests.e2e.rig import serve_files
from tests.support.progress import HANG_S, Patience, await_while_moving
from tests.support.soak import record, time_out, volume

__all__ = ["make_rig"]

ROUNDS = volume(1, 10)
DISK_MIB, FREE_MIB = 32, 2
"""The film has 6 MB: more than is free, less than the disk."""
MIB = 2**20
MOUNT = 'mount -t tmpfs -o size="$1"m tmpfs "$2" && shift 2 && exec "$@"'


class Worker:
    """``python -m streams --stage ingest`` on a small disk."""

    def __init__(self, rig: Rig, kafka: str, home: Path, allowed: str) -> None:
        """``allowed``: ``host:port`` that may be fetched from."""
        (self.port,) = free_ports(1)
        self.disk = home / "disk"
        self.disk.mkdir(parents=True)
        settings = msgspec.structs.replace(rig.context.settings, kafka=kafka)
        given = environment(settings, 1) | {
            "CLIPSTREAM_WORK_DIR": str(self.disk), "CLIPSTREAM_WORKER_PORT": str(self.port),
            "CLIPSTREAM_FETCH_ALLOW": allowed,
        }  # fmt: skip
        self.log = home / "log"
        own = ["-m"] if os.geteuid() == 0 else ["-r", "-m"]
        command = ["unshare", *own, "sh", "-c", MOUNT, "sh", str(DISK_MIB), str(self.disk)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, sys.executable, "-m", "streams", "--stage", "ingest"],
                env=given,
                stdout=log,
                stderr=log,
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
            )

    @property
    def inside(self) -> Path:
        """The disk, as the worker's namespace shows it."""
        return Path(f"/proc/{self.process.pid}/root{self.disk}")

    def fill(self) -> Path:
        """Leave ``FREE_MIB``; gives the ballast."""
        ballast = self.inside / "ballast"
        free = os.statvfs(self.inside).f_bavail * os.statvfs(self.inside).f_frsize
        ballast.write_bytes(bytes(max(0, free - FREE_MIB * MIB)))
        return ballast

    async def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        try:
            async with httpx2.AsyncClient(trust_env=False, timeout=HANG_S) as client:
                return (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    async def is_tidy(self) -> bool:
        """Whether its jobs left nothing behind."""
        return not list((self.inside / "ingest" / "scratch").iterdir())

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


async def publish(rig: Rig, kafka: str, event: events.UploadReceived, event_id: uuid.UUID) -> None:
    """As the relay does, the first time and when an attempt is due again."""
    topic, key, slot = route(event)
    body = codec.encode(event)
    envelope = codec.Envelope(
        id=event_id, source="/test", type="clipstream.UploadReceived", time=dt.datetime.now(dt.UTC)
    )
    headers = codec.encode_headers(envelope)
    headers |= sign_as_relay(headers, body, ring=open_key_ring(rig.context.settings), org_id=rig.org_id)
    pairs = [(name, value.encode()) for name, value in headers.items()]
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        await producer.send_and_wait(
            topic.name, body, key=str(key).encode(), partition=slot % PARTITIONS, headers=pairs
        )


@time_out(3600)
async def test_a_full_disk_loses_nothing(rig: Rig, kafka: str, tmp_path: Path) -> None:
    await forget_older(kafka)
    files = tmp_path / "files"
    files.mkdir()
    (files / "film.mp4").write_bytes(padded_film(tmp_path / "small.mp4", b"\0"))
    (port,) = free_ports(1)
    worker = Worker(rig, kafka, tmp_path / "worker", f"127.0.0.1:{port}")
    resumed_s = []
    try:
        with serve_files(files, port) as base:
            await await_while_moving(worker.is_ready, "the worker")
            for _ in range(ROUNDS):
                resumed_s.append(await _run_round(rig, kafka, worker, f"{base}/film.mp4"))
        assert await worker.is_ready()
    finally:
        worker.end()
    record(
        15, f"{ROUNDS} full disks: retried, 0 partial objects, 0 left in scratch; went on {max(resumed_s):.1f} s later"
    )


async def _run_round(rig: Rig, kafka: str, worker: Worker, url: str) -> float:
    """A job that meets the full disk, and ends once there is room; gives the seconds from then."""
    ballast, event_id = worker.fill(), uuid.uuid4()
    rig.project_id = uuid.uuid4()
    rig.owner = (rig.org_id, rig.project_id)
    event = events.UploadReceived(org_id=rig.org_id, project_id=rig.project_id, source_url=url, title="A film")
    await publish(rig, kafka, event, event_id)

    async def given_back() -> dict[str, Any] | None:
        now = await attempt(rig)
        return now if now.get("state") == "free" else None

    await await_while_moving(given_back, "an attempt that is given back")
    sql = "select last_error from attempts where org_id = $1 and project_id = $2"
    assert "room" in (await rig.row(sql))["last_error"]
    assert worker.process.poll() is None
    assert await rig.objects.list_prefix(f"{rig.org_id}/{rig.project_id}/", limit=10) == []
    assert not [name for name in await rig.count_events() if name != "UploadReceived"]
    await await_while_moving(worker.is_tidy, "an empty scratch folder")

    ballast.unlink()
    freed_s, patience = time.monotonic(), Patience("the job's end")
    await publish(rig, kafka, event, event_id)
    while (now := await attempt(rig))["state"] != "done":
        patience.check((now, worker.log.read_text()[-1000:]))
        await asyncio.sleep(0.1)
    assert (await rig.count_events())["SpanPlanned"] == 1
    await await_while_moving(worker.is_tidy, "an empty scratch folder")
    return time.monotonic() - freed_s
