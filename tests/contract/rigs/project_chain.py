"""Projects through the product's outbox, relay, attempts and a worker whose stage only leaves a mark.

What a message became is read from Postgres: one mark and one fact a project, however often it was sent.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import asyncpg
import msgspec

from core.infra.postgres.connection import create_pool, org_transaction
from core.infra.postgres.outbox import Cause, put
from core.services import project_lifecycle
from core.settings import Settings
from local.supervisor.processes import tie_to_parent
from schemas import events
from schemas.topics import TOPIC_OF
from streams.background.relay import Relay
from streams.runtime.health import Pulse
from streams.runtime.metrics import OF_RELAY, ProcessMetrics
from tests.contract.rigs.postgres import new_org
from tests.support.progress import Patience

PAUSE_S, POLL_S, STALL_S = 0.1, 0.2, 600.0
WORKER = """
import asyncio, datetime as dt, sys
from pathlib import Path
import msgspec
from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import create_pool
from core.services.upload_signatures import Verifier
from streams.runtime.attempts import Attempts
from streams.runtime.consumer import EventConsumer
from streams.runtime.health import Pulse
from streams.runtime.metrics import OF_STAGE, ProcessMetrics
from streams.worker import build_app, rules_of
from tests.contract.rigs.attempt_rig import ScriptedStage, nothing
from tests.contract.rigs.servers import make_settings

async def main():
    kafka, folder, postgres = sys.argv[1:]
    settings = msgspec.structs.replace(make_settings(kafka=kafka, postgres_worker=postgres), work_dir=Path(folder))
    pool, stage = await create_pool(settings.postgres_worker, size=4), ScriptedStage(nothing)
    attempts = Attempts(
        pool=pool, stage=stage, worker="chain", rules=rules_of(settings), clock=lambda: dt.datetime.now(dt.UTC)
    )
    consumer = EventConsumer(
        attempts=attempts, stage=stage, pool=pool, pulse=Pulse(stall_s=600, now=asyncio.get_running_loop().time),
        verifier=Verifier(pool=pool, ring=open_key_ring(settings)), metrics=ProcessMetrics(OF_STAGE),
    )
    await build_app(settings, "ingest", consumer.handle, consumer.forward).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


class ProjectChain:
    """Accepts projects all the time, relays them, and lets a worker take them."""

    def __init__(self, settings: Settings, kafka: str, folder: Path) -> None:
        """``settings``: of a migrated Postgres."""
        self._settings = msgspec.structs.replace(settings, kafka=kafka)
        self.accepted: list[uuid.UUID] = []
        with (folder / "chain.log").open("w") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-c", WORKER, kafka, str(folder / "chain"), settings.postgres_worker],
                stdout=log,
                stderr=log,
                preexec_fn=tie_to_parent(signal.SIGKILL),  # noqa: PLW1509 - it takes no lock and imports nothing
            )

    async def run(self, stop: asyncio.Event) -> None:
        """Accept until ``stop``, then wait until every project has its mark; the relay works meanwhile."""
        self.org_id, relayed = await new_org(self._settings), asyncio.Event()
        owner = await asyncpg.connect(self._settings.postgres_owner)
        pulse = Pulse(stall_s=STALL_S, now=asyncio.get_running_loop().time)
        relay = asyncio.create_task(Relay(self._settings, pulse, ProcessMetrics(OF_RELAY)).run(relayed))
        try:
            await self._accept(stop)
            patience = Patience("a mark at every project")
            while len(marked := await self._marks(owner)) < len(self.accepted):
                patience.check(len(marked))
                await asyncio.sleep(POLL_S)
        finally:
            relayed.set()
            await asyncio.gather(relay, return_exceptions=True)
            await owner.close()

    async def _accept(self, stop: asyncio.Event) -> None:
        pool = await create_pool(self._settings.postgres_worker, size=1)
        try:
            while not stop.is_set():
                upload = events.UploadReceived(
                    org_id=self.org_id, project_id=uuid.uuid4(), source_url="https://video.example/a"
                )
                cause = Cause(input_id=upload.project_id, source="api", now=dt.datetime.now(dt.UTC))
                async with org_transaction(pool, self.org_id) as connection:
                    await project_lifecycle.create_project(connection, upload)
                    await put(connection, upload, cause)
                self.accepted.append(upload.project_id)
                await asyncio.sleep(PAUSE_S)
        finally:
            await pool.close()

    async def _marks(self, owner: asyncpg.Connection) -> dict[uuid.UUID, int]:
        rows = await owner.fetch(
            "select project_id, cardinality(warnings) as marks from projects "
            "where org_id = $1 and cardinality(warnings) > 0",
            self.org_id,
        )
        return {row["project_id"]: row["marks"] for row in rows}

    async def effects(self) -> tuple[dict[uuid.UUID, int], dict[uuid.UUID, int]]:
        """Marks, and different facts, of each project that has any."""
        owner = await asyncpg.connect(self._settings.postgres_owner)
        try:
            facts = await owner.fetch(
                "select project_id, count(distinct event_id) as facts from outbox where org_id = $1 and topic = $2 "
                "group by project_id",
                self.org_id,
                TOPIC_OF[events.SpansHeard].name,
            )
            return await self._marks(owner), {row["project_id"]: row["facts"] for row in facts}
        finally:
            await owner.close()

    def end(self) -> None:
        """Kill the worker."""
        self._worker.kill()
        self._worker.wait()
