"""Mails by SMTP: over TLS, by STARTTLS, or in plain text where the operator says so."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from core.errors import InputRejected, Unavailable

TIMEOUT_S = 20.0
_PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_PERMANENT_STATUS = 500
"""SMTP answers from here on will be the same next time."""


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mails go, and how."""

    host: str
    port: int
    user: str
    password: str
    scheme: str
    """``smtps``: TLS from the first byte; ``smtp``: STARTTLS, required; ``smtp+plain``: no TLS."""


def parse_smtp(url: str) -> SmtpServer:
    """The server of ``smtps://user:password@host:port``. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"it must be {', '.join(f'{scheme}://host' for scheme in _PORTS)}")
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        scheme=parts.scheme,
    )


def make_message(
    *, sender: str, to: str, subject: str, text: str, html: str, message_id: str, stop_url: str = ""
) -> EmailMessage:
    """A mail in plain text and HTML; ``message_id`` is the same at each try: receivers see a repeat.

    ``stop_url``: where one POST turns such mails off (RFC 8058).
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = formatdate()
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{message_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if stop_url:
        message["List-Unsubscribe"] = f"<{stop_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


async def send_mail(server: SmtpServer, message: EmailMessage) -> None:
    """Hand a mail over. Raises Unavailable where it may work later, InputRejected where it never will."""
    try:
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.scheme == "smtps",
            start_tls=server.scheme == "smtp",
            timeout=TIMEOUT_S,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [refused.code for refused in error.recipients]
        raise _failure(min(codes, default=0), str(codes)) from error
    except aiosmtplib.SMTPResponseException as error:
        # a login or a sender that is refused is the operator's to mend: it may work later
        own_fault = isinstance(error, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPSenderRefused)
        raise _failure(0 if own_fault else error.code, f"{error.code} {error.message}") from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise Unavailable("smtp", str(error) or type(error).__name__) from error


def _failure(code: int, detail: str) -> Exception:
    if code >= _PERMANENT_STATUS:
        return InputRejected("mail.refused", f"The server refuses the mail: {detail}")
    return Unavailable("smtp", detail)
