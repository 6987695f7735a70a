"""The product's own processes for tests of promises: each on a port of its own, started, struck and started again."""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
import msgspec

from core.infra.key_ring import open_key_ring
from core.infra.postgres.connection import set_org
from core.infra.secrets import mint_api_key
from core.settings import Settings
from tests.contract.api.test_api_process import environment
from tests.contract.rigs.servers import begun, free_ports
from tests.support.progress import HANG_S, await_while_moving

MANY = {"CLIPSTREAM_RATE_LIMIT_PER_MINUTE": "10000000", "CLIPSTREAM_ADMISSION_INGEST": "1000000"}
"""One key and one organisation ask for many."""


class ProductProcess:
    """One process of the product; the test is its supervisor."""

    def __init__(self, words: Sequence[str], settings: Settings, log: Path, **given: str) -> None:
        """``words``: after ``python -m``. ``given``: variables beyond those of the settings."""
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._words, self._log = words, log
        self._env: Mapping[str, str] = environment(settings, self.port) | MANY | {
            "CLIPSTREAM_WORKER_PORT": str(self.port), "CLIPSTREAM_WORK_DIR": str(log.with_suffix(".work")),
        } | given  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; ``until_up`` waits for it."""
        with self._log.open("ab") as log:
            self.process = begun(list(self._words), self._env, log)

    async def until_up(self) -> None:
        """Return once it answers; fails if it ended."""

        async def answers() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self._log.read_text()[-4000:]
            try:
                async with httpx2.AsyncClient(trust_env=False, timeout=HANG_S) as client:
                    return (await client.get(f"{self.url}/healthz")).status_code == 200
            except httpx2.TransportError:
                return False

        await await_while_moving(answers, f"the start of {self._words}")

    def signal(self, number: int) -> None:
        """Send a signal to it."""
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code, once it has ended."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, HANG_S)

    def tail(self, lines_count: int = 12) -> str:
        """The last lines of its log, for what a failing test says."""
        return "\n".join(self._log.read_text().splitlines()[-lines_count:])

    def end(self) -> None:
        """Kill it, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation and one of its API keys."""

    org_id: uuid.UUID
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries."""
        return {"Authorization": f"Bearer {self.key}"}


async def new_customer(settings: Settings) -> Customer:
    """A new organisation with a key of every scope."""
    org_id, minted = uuid.uuid4(), mint_api_key(open_key_ring(settings).derive("api-keys"))
    owner = await asyncpg.connect(settings.postgres_owner)
    try:
        async with owner.transaction():
            await set_org(owner, org_id)
            await owner.execute("insert into orgs (org_id, name) values ($1, 'promises')", org_id)
            await owner.execute(
                "insert into api_keys (org_id, key_id, hash, last4, scopes) values ($1, $2, $3, $4, $5)",
                org_id, uuid.uuid4(), minted.hash, minted.last4, ["read", "write", "admin"],
            )  # fmt: skip
    finally:
        await owner.close()
    return Customer(org_id=org_id, key=minted.plain)


@asynccontextmanager
async def all_up(parts: Sequence[ProductProcess]) -> AsyncIterator[None]:
    """Start the processes together, wait until each answers, and kill them at the end."""
    try:
        for part in parts:
            part.start()
        for part in parts:
            await part.until_up()
        yield
    finally:
        for part in parts:
            part.end()
