"""Mails of notifications: plain text and simple HTML of the same words, with links. Pure."""

from __future__ import annotations

import html
from collections.abc import Sequence

from core.domain.notifications.texts import NotificationText
from schemas.common import Value

_BODY = "margin:0;padding:24px 12px;background:#f4f4f2;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif"
_CARD = "max-width:560px;margin:0 auto;padding:24px 28px;background:#fff;border-radius:8px;color:#1d1d1b"
_FOOT = "max-width:560px;margin:16px auto 0;padding:0 28px;font-size:13px;color:#5c5c58"
_BUTTON = "display:inline-block;padding:10px 18px;background:#1d4ed8;color:#fff;border-radius:6px;text-decoration:none"


class Frame(Value, frozen=True, kw_only=True):
    """What stands around the words of each mail."""

    web: str
    """Address of the web app; empty: mails have no links to pages."""
    organisation: str
    """Name of the organisation; empty: it concerns the person's account."""
    stop_url: str
    """Where these mails are turned off; empty: they cannot be."""


def mail_parts(text: NotificationText, frame: Frame) -> tuple[str, str]:
    """Plain text and HTML of one notification."""
    link = page_url(frame.web, text.page)
    lines = [*text.sentences, *([f"{text.action}: {link}"] if link else [])]
    button = f'<p><a style="{_BUTTON}" href="{html.escape(link)}">{html.escape(text.action)}</a></p>' if link else ""
    return _plain(lines, frame), _page(text.title, _paragraphs(text.sentences) + button, frame)


def digest_parts(title: str, texts: Sequence[NotificationText], more: int, frame: Frame) -> tuple[str, str]:
    """Plain text and HTML of the daily mail; ``more``: notifications that it only counts."""
    lines, items = [], []
    for text in texts:
        link = page_url(frame.web, text.page)
        first = text.sentences[0] if text.sentences else ""
        lines.append(f"- {text.title}\n  {first}" + (f"\n  {link}" if link else ""))
        heading = html.escape(text.title)
        heading = f'<a href="{html.escape(link)}">{heading}</a>' if link else f"<b>{heading}</b>"
        items.append(f'<li style="margin:0 0 12px">{heading}<br>{html.escape(first)}</li>')
    if more:
        lines.append(f"And {more} more.")
    rest = f"<p>And {more} more.</p>" if more else ""
    body = f'<ul style="padding-left:20px">{"".join(items)}</ul>{rest}'
    return _plain(lines, frame), _page(title, body, frame)


def page_url(web: str, page: str) -> str:
    """Address of a page of the web app; empty without one."""
    return f"{web.rstrip('/')}/{page}" if web and page else ""


def _reason(frame: Frame) -> str:
    if frame.organisation:
        return f"You get this mail as a member of {frame.organisation} on Clipstream."
    return "You get this mail because it concerns the security of your account at Clipstream."


def _plain(lines: Sequence[str], frame: Frame) -> str:
    stop = [f"Turn these mails off: {frame.stop_url}"] if frame.stop_url else []
    return "\n\n".join([*lines, "-- \n" + "\n".join([_reason(frame), *stop])]) + "\n"


def _paragraphs(sentences: Sequence[str]) -> str:
    return "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)


def _page(title: str, body: str, frame: Frame) -> str:
    stop = f' <a href="{html.escape(frame.stop_url)}">Turn these mails off</a>' if frame.stop_url else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light">'
        f'<title>{html.escape(title)}</title></head><body style="{_BODY}"><div style="{_CARD}">'
        f'<h1 style="margin:0 0 12px;font-size:20px;line-height:1.3">{html.escape(title)}</h1>{body}</div>'
        f'<p style="{_FOOT}">{html.escape(_reason(frame))}{stop}</p></body></html>'
    )
