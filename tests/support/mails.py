"""Mails that the local stack's catcher has written."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path


def mail_text(path: Path) -> str:
    """Headers and plain text of a mail, decoded: a long line, such as a link, is quoted-printable on its way."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    head = "".join(f"{name}: {value}\n" for name, value in mail.items())
    return f"{head}\n{body.get_content() if body else ''}"
