"""Mails: written with what they tell of, sent by SMTP to the real catcher, tried again, given up, deleted."""

from __future__ import annotations

import asyncio
import email
import email.policy
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP
from structlog.testing import capture_logs

from core.domain.identity.identity_rules import IdentityRules
from core.infra.postgres.connection import create_pool
from core.settings import Settings
from streams.background.mailer import Mailer
from streams.background.sweeper import delete_old
from streams.runtime.metrics import OF_RELAY, ProcessMetrics
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.people import PASSWORD, invite, new_email, visitor
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S

pytestmark = pytest.mark.contract


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        await _as_relay(opened, "delete from mails")
        yield opened


async def _as_relay(world: World, statement: str) -> list[Any]:
    async with world.owner.transaction():
        await world.owner.execute("set local role clipstream_relay")
        return list(await world.owner.fetch(statement))


class Sender:
    """The mailer of a server, with its metrics."""

    def __init__(self, postgres: Settings, smtp: str) -> None:
        self.settings = msgspec.structs.replace(postgres, smtp=smtp, smtp_from="Clips <clips@example.org>")
        self.metrics = ProcessMetrics(OF_RELAY)

    async def send_due(self) -> int:
        pool = await create_pool(self.settings.postgres_relay, size=1)
        try:
            mailer, sent = Mailer(self.settings, pool, self.metrics), 0
            while await mailer.send_next():
                sent += 1
            await mailer._count()
        finally:
            await pool.close()
        return sent

    def value(self, line: str) -> bool:
        return line in self.metrics.page().decode()


@contextmanager
def run_catcher(folder: Path) -> Iterator[int]:
    """The catcher of the local stack, as a process."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "local.standins.mail", "--data", str(folder), "--port", str(port)]
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(HANG_S)


async def until_listening(port: int) -> None:
    async with asyncio.timeout(HANG_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            await writer.wait_closed()
            return


def read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_an_invitation_is_read_from_the_catcher(world: World, postgres: Settings, tmp_path: Path) -> None:
    address = new_email()
    with run_catcher(tmp_path / "mails") as port:
        await until_listening(port)
        assert (await invite(world.ann.client, address, "viewer")).status_code == 201
        sender = Sender(postgres, f"smtp+plain://127.0.0.1:{port}")
        assert await sender.send_due() == 1
    (path,) = (tmp_path / "mails").glob("*.eml")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    message = read(path)
    assert (message["To"], message["From"]) == (address, "Clips <clips@example.org>")
    assert message["Subject"] == "Invitation to Ann"
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert rich is not None
    code = next(word for word in plain.get_content().split() if word.startswith("cli_"))
    assert f"<code>{code}</code>" in rich.get_content()
    body = {"email": address, "password": PASSWORD, "invitation": code}
    assert (await visitor(world).post("/v1/auth/register", json=body)).status_code == 201
    assert sender.value('clipstream_mails_total{outcome="sent"} 1.0')
    (row,) = await _as_relay(world, "select state, tries, ended_at from mails")
    assert (row["state"], row["tries"]) == ("sent", 1)


async def test_mails_are_sealed_in_their_rows(world: World) -> None:
    address = new_email()
    await invite(world.ann.client, address, "viewer")
    (row,) = await _as_relay(world, "select * from mails")
    assert address not in str(dict(row))
    assert address.encode() not in row["sealed"]
    async with world.api.acquire() as connection, connection.transaction():
        assert await connection.fetch("select receiver from mails") == []
        with pytest.raises(Exception, match="permission denied"):
            await connection.fetch("select * from mails")


async def test_without_a_server_mails_are_undeliverable(world: World, postgres: Settings) -> None:
    await invite(world.ann.client, new_email(), "viewer")
    sender = Sender(postgres, "")
    with capture_logs() as logs:
        assert await sender.send_due() == 1
    assert [(one["event"], one["error"]) for one in logs] == [("a mail is undeliverable", "CLIPSTREAM_SMTP is not set")]
    assert sender.value('clipstream_mails_held{state="undeliverable"} 1.0')
    (row,) = await _as_relay(world, "select state from mails")
    assert row["state"] == "undeliverable"


class Answering:
    """A server that answers DATA as it is told."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.ids: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.ids.append(email.message_from_bytes(envelope.content)["Message-ID"])
        return self.answer


async def test_a_mail_is_tried_again_later(world: World, postgres: Settings) -> None:
    await invite(world.ann.client, new_email(), "viewer")
    server = Answering("451 try later")
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, loop=loop, hostname="localhost"), "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        sender = Sender(postgres, f"smtp+plain://127.0.0.1:{port}")
        assert await sender.send_due() == 1
        (row,) = await _as_relay(
            world, "select state, tries, last_error, extract(epoch from due_at - now())::int as wait_s from mails"
        )
        assert (row["state"], row["tries"]) == ("due", 1)
        assert "try later" in row["last_error"]
        assert 25 <= row["wait_s"] <= 30
        await _as_relay(world, "update mails set due_at = now()")
        server.answer = "250 taken"
        assert await sender.send_due() == 1
    assert len(set(server.ids)) == 1, "a repeat is known by its id"
    (row,) = await _as_relay(world, "select state, tries from mails")
    assert (row["state"], row["tries"]) == ("sent", 2)


@pytest.mark.parametrize(
    "url", ["smtp+plain://127.0.0.1:{port}", "smtp://127.0.0.1:{port}", "smtps://127.0.0.1:{port}"]
)
async def test_an_absent_server_is_tried_again(world: World, postgres: Settings, url: str) -> None:
    await invite(world.ann.client, new_email(), "viewer")
    (port,) = free_ports(1)
    await Sender(postgres, url.format(port=port)).send_due()
    (row,) = await _as_relay(world, "select state from mails")
    assert row["state"] == "due"


async def test_no_mail_goes_out_without_the_promised_tls(world: World, postgres: Settings) -> None:
    await invite(world.ann.client, new_email(), "viewer")
    server, loop = Answering("250 taken"), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, loop=loop, hostname="localhost"), "127.0.0.1", 0)
    async with listening:
        await Sender(postgres, f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}").send_due()
    assert server.ids == []
    (row,) = await _as_relay(world, "select state from mails")
    assert row["state"] == "due"


@pytest.mark.parametrize("answer", ["550 no such user", "554 refused"])
async def test_a_refused_mail_is_given_up(world: World, postgres: Settings, answer: str) -> None:
    await invite(world.ann.client, new_email(), "viewer")
    server, loop = Answering(answer), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, loop=loop, hostname="localhost"), "127.0.0.1", 0)
    async with listening:
        await Sender(postgres, f"smtp+plain://127.0.0.1:{listening.sockets[0].getsockname()[1]}").send_due()
    (row,) = await _as_relay(world, "select state, last_error from mails")
    assert row["state"] == "undeliverable"
    assert answer[:3] in row["last_error"]


async def test_old_mails_are_given_up_then_deleted(world: World, postgres: Settings) -> None:
    await invite(world.ann.client, new_email(), "viewer")
    await _as_relay(world, "update mails set created_at = now() - interval '4 days'")
    (port,) = free_ports(1)
    await Sender(postgres, f"smtp+plain://127.0.0.1:{port}").send_due()
    (row,) = await _as_relay(world, "select state from mails")
    assert row["state"] == "undeliverable"
    pool = await create_pool(postgres.postgres_relay, size=1)
    await delete_old(pool, identity=IdentityRules(mail_days=5))
    assert len(await _as_relay(world, "select 1 from mails")) == 1
    await delete_old(pool, identity=IdentityRules(mail_days=3))
    await pool.close()
    assert await _as_relay(world, "select 1 from mails") == []
