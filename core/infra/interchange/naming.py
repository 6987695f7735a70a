"""Names in interchange files: media as URLs, texts on one line. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

_DRIVE = re.compile(r"[A-Za-z]:/")
_SAFE = "/:!'(),+@&=~$"


def media_url(name: str) -> str:
    """A file name or path as a URL; one without a folder is relative to the interchange file."""
    if name.lower().startswith("file:"):
        return name
    if _DRIVE.match(name):
        return f"file:///{quote(name, safe=_SAFE)}"
    return f"file://{quote(name, safe=_SAFE)}" if name.startswith("/") else f"./{quote(name, safe=_SAFE)}"


def base_name(name: str) -> str:
    """The last part of a path."""
    return name.rstrip("/").rpartition("/")[2] or name


def one_line(text: str) -> str:
    """A text without line breaks and control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def percent(speed: float) -> str:
    """A speed as editing programs write it."""
    return f"{speed * 100:g} %"
