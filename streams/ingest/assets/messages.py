"""Messages between the ingest worker and its child about a brand kit file. Imports no media library."""

from __future__ import annotations

from typing import Literal

import msgspec

from core.errors import InputRejected
from core.settings import MediaLimits
from schemas.options.brand_kit import AssetFacts, AssetKind

SANITISED_FILE = "sanitised.bin"
"""Name of the sanitised font in the scratch folder."""
INDEX_FILE = "asset.msgpack"
"""Name of the index in the scratch folder."""
FONT_MAGIC = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"wOFF", b"wOF2")
"""First bytes of single fonts: TrueType, OpenType, WOFF, WOFF2."""
COLLECTION_MAGIC = b"ttcf"
"""First bytes of a font collection."""


ResultFile = Literal["asset.png", "asset.font"]
"""Files that the child writes."""


class AssetCheckArgs(msgspec.Struct, frozen=True, kw_only=True):
    """The parent's request."""

    kind: AssetKind
    scratch: str
    limits: MediaLimits


class InspectedAsset(AssetFacts, frozen=True, kw_only=True):
    """The child's result; ``file`` in scratch is to be used, None: the upload as it is.

    Names come from a process that read hostile bytes, so they are listed.
    """

    file: ResultFile | None = None
    suffix: Literal[".bin", ".png", ".ttf", ".otf"] = ".bin"
    cpu_ms: int = 0


def check_font_magic(head: bytes) -> None:
    """Raise InputRejected for a file that is not a single font."""
    if head[:4] == COLLECTION_MAGIC:
        raise InputRejected("font.collection", "The file holds several fonts; upload the one that is wanted.")
    if not head.startswith(FONT_MAGIC):
        raise InputRejected("font.unsupported", "The file is not a TrueType, OpenType, WOFF or WOFF2 font.")
