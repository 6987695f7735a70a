"""Texts of mails by language and template: a subject and paragraphs.

``{action}`` is the code that a person types, or the link with it. A language is a table; one that lacks a template, and
an unknown one, fall back to English.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Literal

from schemas.common import Value

MailTemplate = Literal[
    "invitation", "verify-email", "account-exists", "reset-password", "password-changed", "sign-in-locked",
    "session-stolen", "second-factor-changed", "way-in-changed",
]  # fmt: skip
DEFAULT_LOCALE = "en"


class MailText(Value, frozen=True, kw_only=True):
    """The words of one template; a paragraph is a line."""

    subject: str
    paragraphs: tuple[str, ...]
    page: str = ""
    """Page of the web app that takes the code."""


class MailMessage(Value, frozen=True, kw_only=True):
    """A mail, ready to be sent."""

    to: str
    subject: str
    text: str
    html: str
    stop_url: str = ""
    """Where mails of its kind are turned off by one POST (RFC 8058); empty: they are not."""


_ENGLISH: Mapping[MailTemplate, MailText] = {
    "invitation": MailText(
        subject="Invitation to {organisation}",
        paragraphs=(
            "You are invited to {organisation} on Clipstream as {role}.",
            "{action}",
            "The invitation counts for {days} days. If you did not expect it, ignore this mail.",
        ),
        page="invitation",
    ),
    "verify-email": MailText(
        subject="Confirm your address",
        paragraphs=(
            "Somebody registered this address with Clipstream. If it was you, confirm it.",
            "{action}",
            "The code counts for 24 hours. If it was not you, ignore this mail.",
        ),
        page="verify-email",
    ),
    "account-exists": MailText(
        subject="You have an account already",
        paragraphs=(
            "Somebody tried to register this address with Clipstream, which has an account already.",
            "If it was you, sign in, or ask for a new password. If it was not you, nothing has changed.",
        ),
    ),
    "reset-password": MailText(
        subject="Set a new password",
        paragraphs=(
            "Somebody asked for a new password of your account at Clipstream. If it was you, set one.",
            "{action}",
            "The code counts for one hour. If it was not you, ignore this mail: your password stays.",
        ),
        page="reset-password",
    ),
    "password-changed": MailText(
        subject="Your password was changed",
        paragraphs=(
            "The password of your account at Clipstream was changed, and all other sessions have ended.",
            "If it was not you, ask for a new password at once.",
        ),
    ),
    "sign-in-locked": MailText(
        subject="Sign-in is locked for a while",
        paragraphs=(
            "There were {failures} failed sign-ins to your account at Clipstream, the last from {address}.",
            "Sign-in by password is locked for {minutes} minutes. A new password, set by mail, unlocks it at once.",
        ),
    ),
    "session-stolen": MailText(
        subject="A session was ended",
        paragraphs=(
            "A refresh token of your account at Clipstream was used twice, the second time from {address}.",
            "Somebody else may have a copy of it, so the session has ended. Sign in again, and change your password.",
        ),
    ),
    "way-in-changed": MailText(
        subject="A way to sign in was changed",
        paragraphs=(
            "The ways to sign in to your account at Clipstream were changed: {change}.",
            "If it was not you, set a new password at once, and look at the identities that your account lists.",
        ),
    ),
    "second-factor-changed": MailText(
        subject="Your second factor was changed",
        paragraphs=(
            "The second factor of your account at Clipstream was changed: {change}.",
            "If it was not you, set a new password at once.",
        ),
    ),
}
_TEXTS: Mapping[str, Mapping[MailTemplate, MailText]] = {"en": _ENGLISH}
LOCALES = tuple(_TEXTS)


def render_mail(template: MailTemplate, locale: str, to: str, values: Mapping[str, str], *, web: str) -> MailMessage:
    """The message of a template.

    ``values`` may have a ``code``, which becomes a link to a page below ``web``, or, without one, a line of its own.
    """
    texts = _TEXTS.get(locale.partition("-")[0].lower(), _ENGLISH)
    words = texts.get(template) or _ENGLISH[template]
    code = values.get("code", "")
    link = f"{web.rstrip('/')}/{words.page}#code={code}" if web and words.page else ""
    plain = {name: _one_line(value) for name, value in values.items()}
    action_text = link or f"Code: {code}"
    text = "\n\n".join(part.format(**plain, action=action_text) for part in words.paragraphs)
    escaped = {name: html.escape(value) for name, value in plain.items()}
    # the code is of our own letters: it needs no escape
    button = f'<a href="{html.escape(link)}">{html.escape(link)}</a>' if link else f"<code>{code}</code>"
    lines = "".join(f"<p>{part.format(**escaped, action=button)}</p>" for part in words.paragraphs)
    subject = words.subject.format(**plain)
    return MailMessage(
        to=to,
        subject=subject,
        text=text + "\n",
        html=f'<!doctype html><html lang="{DEFAULT_LOCALE if texts is _ENGLISH else locale}">'
        f"<head><meta charset=utf-8><title>{html.escape(subject)}</title></head><body>{lines}</body></html>",
    )


def _one_line(value: str) -> str:
    """A value without line breaks: what others chose must not begin headers or paragraphs."""
    return " ".join(value.split())[:200]
