"""The mailer: rows of mails → SMTP, in the relay's process. A crash may send one twice, never lose it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from email.message import EmailMessage

import msgspec
import structlog

from core.errors import InputRejected, Unavailable
from core.infra.key_ring import KeyRing, open_key_ring
from core.infra.postgres.connection import Pool, transaction
from core.infra.smtp import SmtpServer, make_message, parse_smtp, send_mail
from core.services.identity.mail_texts import MailMessage
from core.settings import MissingSettingError, Settings
from core.storage.identity import mails
from core.storage.identity.mails import DueMail
from streams.runtime.metrics import MAILS, MAILS_SENT, ProcessMetrics

POLL_S = 1.0
COUNT_EVERY_ROUNDS = 15
MAX_ERROR_CHARS = 300
_DAY_S = 86_400


class Mailer:
    """Takes mails that are due, one after the other, and sends them."""

    def __init__(self, settings: Settings, pool: Pool, metrics: ProcessMetrics) -> None:
        """``pool`` is of the relay's role. Raises MissingSettingError for a server that cannot be used."""
        self._pool = pool
        self._metrics = metrics
        self._ring: KeyRing = open_key_ring(settings)
        self._sender = settings.smtp_from
        self._try_for_s = settings.identity.mail_days * _DAY_S / 2
        self._log = structlog.get_logger()
        try:
            self._server: SmtpServer | None = parse_smtp(settings.smtp) if settings.smtp else None
        except ValueError as error:
            raise MissingSettingError(f"CLIPSTREAM_SMTP is not usable: {error}") from None

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due until ``stop``."""
        rounds = 0
        while not stop.is_set():
            try:
                while not stop.is_set() and await self.send_next():
                    pass
                if rounds % COUNT_EVERY_ROUNDS == 0:
                    await self._count()
            except Unavailable as error:
                self._log.warning("mailer waits", part=error.part)
            rounds += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_S)

    async def send_next(self) -> bool:
        """Try the mail that is due longest; False where none is."""
        async with transaction(self._pool) as connection:
            mail = await mails.take_due_mail(connection, self._try_for_s)
        if mail is None:
            return False
        if self._server is None:
            await self._give_up(mail, "CLIPSTREAM_SMTP is not set")
            return True
        try:
            message = msgspec.json.decode(self._ring.open("mails", mail.sealed), type=MailMessage)
            await send_mail(self._server, _envelope(self._sender, mail, message))
        except Unavailable as error:
            await self._fail(mail, error.detail)
        except (InputRejected, ValueError) as error:
            await self._give_up(mail, str(error))
        else:
            async with transaction(self._pool) as connection:
                await mails.end_mail(connection, mail.mail_id, "sent")
            self._metrics.count(MAILS_SENT, outcome="sent")
        return True

    async def _fail(self, mail: DueMail, error: str) -> None:
        if mail.late:
            await self._give_up(mail, error)
            return
        async with transaction(self._pool) as connection:
            await mails.note_mail_error(connection, mail.mail_id, error[:MAX_ERROR_CHARS])
        self._metrics.count(MAILS_SENT, outcome="failed")
        self._log.warning("a mail waits", mail_id=str(mail.mail_id), tries=mail.tries, error=error[:MAX_ERROR_CHARS])

    async def _give_up(self, mail: DueMail, error: str) -> None:
        async with transaction(self._pool) as connection:
            await mails.end_mail(connection, mail.mail_id, "undeliverable", error[:MAX_ERROR_CHARS])
        self._metrics.count(MAILS_SENT, outcome="undeliverable")
        self._log.error(
            "a mail is undeliverable",
            mail_id=str(mail.mail_id),
            template=mail.template,
            error=error[:MAX_ERROR_CHARS],
        )

    async def _count(self) -> None:
        async with transaction(self._pool) as connection:
            counts = await mails.count_mails(connection)
        for state in ("due", "undeliverable"):
            self._metrics.put(MAILS, counts.get(state, 0), state=state)


def _envelope(sender: str, mail: DueMail, message: MailMessage) -> EmailMessage:
    return make_message(
        sender=sender,
        to=message.to,
        subject=message.subject,
        text=message.text,
        html=message.html,
        message_id=str(mail.mail_id),
        stop_url=message.stop_url,
    )


async def run_mailer(settings: Settings, pool: Pool, stop: asyncio.Event, metrics: ProcessMetrics) -> None:
    """Send mails until ``stop``."""
    await Mailer(settings, pool, metrics).run(stop)
