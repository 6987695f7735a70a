"""Which pages a video may be taken from, and what must be said about one. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from urllib.parse import urlsplit

import msgspec

PAGE_SITES = ("youtube.com", "youtu.be", "vimeo.com", "dailymotion.com", "twitch.tv", "tiktok.com")
"""Sites whose own URLs are pages, never files; they serve files from other hosts."""
SITE_PREFIXES = ("www.", "m.", "music.")
ANY_HOST = "*"
SWITCHED_OFF = (
    "This installation takes no videos from pages: give the URL of the file itself, or upload the file. "
    "An operator may switch pages on by CLIPSTREAM_PAGES_MODE=on and CLIPSTREAM_PAGES_HOSTS."
)
OTHER_HOST = (
    "This installation takes no videos from pages of this host: give the URL of the file itself, or upload the file. "
    "An operator may add the host to CLIPSTREAM_PAGES_HOSTS."
)
NO_RIGHTS = (
    "This URL is one of a page, not of a file: say in `page_rights` why you may use its video, "
    "or give the URL of the file itself."
)


class PageRules(msgspec.Struct, frozen=True, kw_only=True):
    """Whether videos are taken from pages, and from whose."""

    mode: Literal["off", "on"] = "off"
    hosts: tuple[str, ...] = ()
    """Hosts whose pages may be named, with the hosts below them; ``*`` for any."""


class PageRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why no video is taken from a page."""

    reason: Literal["page.off", "page.host", "page.rights"]
    detail: str


def find_page_refusal(url: str, rights: str | None, rules: PageRules) -> PageRefusal | None:
    """Why this URL cannot be taken with these rights; None for a file, or a page that can."""
    host = _host_of(url)
    if rights is None and not _is_page_site(host):
        return None
    if rules.mode == "off":
        return PageRefusal(reason="page.off", detail=SWITCHED_OFF)
    if not is_listed(host, rules.hosts):
        return PageRefusal(reason="page.host", detail=OTHER_HOST)
    return PageRefusal(reason="page.rights", detail=NO_RIGHTS) if rights is None else None


def is_listed(host: str, hosts: Collection[str]) -> bool:
    """Whether a host is one of ``hosts``, or lies below one."""
    listed = [entry.lower().removesuffix(".") for entry in hosts]
    return bool(host) and any(entry in (ANY_HOST, host) or host.endswith(f".{entry}") for entry in listed)


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower().removesuffix(".")
    except ValueError:
        return ""


def _is_page_site(host: str) -> bool:
    return any(host.removeprefix(prefix) in PAGE_SITES for prefix in ("", *SITE_PREFIXES))
