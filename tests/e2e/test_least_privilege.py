"""Each process of a running stack holds its own secrets, and asks Postgres under its own role."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import psutil
import pytest

from core.infra.postgres.roles import API, ERASURE, OF_SINK, OF_STAGE, RELAY
from local.config.state import load
from local.key_rotation import read_ring
from local.services.table import SINKS, WORKERS
from local.stack import StackInfo, layout_of

EXPECTED = {"api": API, "sweeper": RELAY, "erasure": ERASURE, **OF_STAGE,
            "search": OF_SINK["meilisearch"], "analytics": OF_SINK["clickhouse"]}  # fmt: skip
"""Name of a pool's connections, less ``clipstream-`` → role."""


async def rows(dsn: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


def test_no_two_kinds_of_process_share_a_role(stack: StackInfo) -> None:
    """As the server sees its connections; those of the owner ended with the migration."""
    superuser = stack.env["CLIPSTREAM_POSTGRES_OWNER"].replace("clipstream_owner", "postgres")
    secrets = msgspec.json.decode(layout_of(stack.state_dir).secrets.read_bytes())
    superuser = superuser.replace(secrets["postgres_owner"], secrets["postgres_superuser"])
    sql = "select distinct usename, application_name from pg_stat_activity where application_name like 'clipstream-%'"
    seen = {
        row["application_name"].removeprefix("clipstream-"): row["usename"] for row in asyncio.run(rows(superuser, sql))
    }
    assert {name: role for name, role in seen.items() if name in EXPECTED} == {
        name: role for name, role in EXPECTED.items() if name in seen
    }
    assert {"api", "sweeper", "erasure", *OF_STAGE} <= set(seen)
    owners = "select 1 from pg_stat_activity where usename in ('clipstream_owner', 'clipstream_worker')"
    assert asyncio.run(rows(superuser, owners)) == []


@pytest.mark.parametrize("part", ["api", "relay", *(f"sink-{sink}" for sink in SINKS), *(name for name, _ in WORKERS)])
def test_no_process_shows_a_secret_in_its_environment(stack: StackInfo, part: str) -> None:
    """What the kernel shows of it, and of its children: the processes are forked, and get theirs by a socket."""
    layout = layout_of(stack.state_dir)
    passwords: dict[str, str] = msgspec.json.decode(layout.secrets.read_bytes())
    secrets = {value for name, value in passwords.items() if name != "s3_access_key"}
    secrets |= {entry.secret for entry in read_ring(layout)}
    state = load(layout)
    assert state is not None
    pid = state.parts[part].pid
    assert pid is not None
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        shown = Path(f"/proc/{process.pid}/environ").read_bytes().decode(errors="replace")
        assert not [secret for secret in secrets if secret in shown], part
