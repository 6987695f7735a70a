"""`clipstream secrets rotate` on a real Postgres: rows are sealed again, and the ring's file and the output say so."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cli.__main__ import main
from cli.exit_codes import ExitCode
from core.infra.key_ring import secret_id_of
from core.settings import Settings
from local.config.state import Layout, StackState, save, try_lock
from tests.contract.rigs.postgres import run_postgres
from tests.contract.rigs.servers import make_settings
from tests.support.keys import named_ring

pytestmark = pytest.mark.contract
SECRET = b"1" * 32
WEBHOOK = b"whsec_the same before and after"


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Settings]:
    """A server of its own: a rotation is of a whole installation, and other tests seal with other secrets."""
    with run_postgres() as settings:
        yield settings


async def fill(settings: Settings) -> None:
    """An endpoint of a webhook, sealed by the only secret."""
    owner, org_id = await asyncpg.connect(settings.postgres_owner), uuid.uuid4()
    await owner.execute("insert into orgs (org_id, name) values ($1, 'a')", org_id)
    await owner.execute(
        "insert into webhook_endpoints (org_id, endpoint_id, url, events, secret_encrypted) "
        "values ($1, $2, '', $3, $4)",
        org_id, uuid.uuid4(), [], named_ring(old=SECRET).seal("secrets", WEBHOOK),
    )  # fmt: skip
    await owner.close()


async def sealed(settings: Settings) -> bytes:
    owner = await asyncpg.connect(settings.postgres_owner)
    try:
        (row,) = await owner.fetch("select secret_encrypted from webhook_endpoints")
        return bytes(row[0])
    finally:
        await owner.close()


@pytest.fixture
def running(own_postgres: Settings, tmp_path: Path) -> Iterator[Layout]:
    """A state directory whose supervisor lives, with a ring of one secret and the addresses of real parts."""
    layout = Layout(root=tmp_path)
    layout.key_ring.write_text(f"old:{base64.b64encode(SECRET).decode()}\n")
    nowhere = make_settings()
    env = {
        "CLIPSTREAM_POSTGRES_KEYS": own_postgres.postgres_keys,
        "CLIPSTREAM_SECRETS_FILE": str(layout.key_ring),
        "CLIPSTREAM_S3": nowhere.s3,
        "CLIPSTREAM_TRITON": nowhere.triton,
    }
    layout.stack_env.write_text("".join(f"{name}={value}\n" for name, value in env.items()))
    save(layout, StackState(stack_id="s", phase="ready", supervisor_pid=os.getpid(), parts={}))
    lock = try_lock(layout)
    assert lock is not None
    yield layout
    os.close(lock)


def secrets(layout: Layout, *words: str) -> int:
    return main(["secrets", *words, "--state-dir", str(layout.root)])


def test_the_command_seals_again_and_reports_it(
    running: Layout, own_postgres: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(own_postgres))
    assert secrets(running, "rotate", "--keep-days", "3") == ExitCode.OK
    said = capsys.readouterr()
    newest, old = (line.split() for line in said.out.splitlines())
    assert f"{newest[0]} seals and signs now; sealed again: 1 of webhook_endpoints" in said.err
    assert old[:3] == ["old", "opens", "until"]
    lines = [line.split(":") for line in running.key_ring.read_text().split()]
    assert [line[0] for line in lines] == [newest[0], "old"]
    assert (len(lines[0]), lines[1][1:]) == (2, [base64.b64encode(SECRET).decode(), old[3]])

    found = asyncio.run(sealed(own_postgres))
    assert secret_id_of(found) == newest[0]
    assert named_ring(**{newest[0]: base64.b64decode(lines[0][1])}).open("secrets", found) == WEBHOOK

    assert secrets(running, "rotate", "--keep-days", "0", "--json") == ExitCode.OK
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (set(told["old"]), told["resumed"], told["resealed"]["webhook_endpoints"]) == ({newest[0], "old"}, False, 1)
    assert secrets(running, "list", "--json") == ExitCode.OK
    assert [entry["id"] for entry in json.loads(capsys.readouterr().out)] == [told["newest_id"]]
    assert secret_id_of(asyncio.run(sealed(own_postgres))) == told["newest_id"]


def test_a_stopped_stack_is_not_rotated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert secrets(Layout(root=tmp_path), "rotate") != ExitCode.OK
    assert "clipstream up" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
