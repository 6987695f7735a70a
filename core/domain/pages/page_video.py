"""The video of a page as a confined child found it, and what is trusted of it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import msgspec

from schemas.metadata import MAX_TITLE_CHARACTERS

SENT_HEADERS = ("user-agent", "referer", "accept-language")
"""Headers with which a page wants its video to be fetched."""
MAX_HEADER_CHARACTERS = 2_000
SHARED_EXTRACTORS = ("generic", "html5", "html5mediaembed")
"""Extractors whose ids are names of files: two pages may have the same."""
_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_EXTRACTOR = re.compile(r"[A-Za-z0-9:_+-]{1,64}")
_PAGE_ID = re.compile(r"[\x21-\x7e]{1,200}")


class FoundVideo(msgspec.Struct, frozen=True, kw_only=True):
    """What the child says."""

    url: str
    headers: dict[str, str] = {}
    title: str = ""
    extractor: str = ""
    page_id: str = ""
    duration_s: float | None = None
    size_bytes: int | None = None


class PageVideo(msgspec.Struct, frozen=True, kw_only=True):
    """A file to download, and the page that it is from."""

    url: str
    headers: Mapping[str, str] = {}
    title: str = ""
    page_key: str | None = None
    """``extractor:id`` where that names one video of the world; None elsewhere."""


def tidy_video(video: FoundVideo) -> PageVideo:
    """What may be used of it. Its URL is checked where it is requested."""
    extractor = video.extractor.lower()
    is_named = _EXTRACTOR.fullmatch(extractor) and _PAGE_ID.fullmatch(video.page_id)
    return PageVideo(
        url=video.url,
        headers={
            name.lower(): value
            for name, value in video.headers.items()
            if name.lower() in SENT_HEADERS and len(value) <= MAX_HEADER_CHARACTERS and _PRINTABLE.fullmatch(value)
        },
        title=tidy_title(video.title),
        page_key=f"{extractor}:{video.page_id}" if is_named and extractor not in SHARED_EXTRACTORS else None,
    )


def tidy_title(text: str) -> str:
    """One line of visible characters, as long as a title may be, without controls and direction marks."""
    plain = unicodedata.normalize(
        "NFC", "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    )
    return " ".join(plain.split())[:MAX_TITLE_CHARACTERS].rstrip()
