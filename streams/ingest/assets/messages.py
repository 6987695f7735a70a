"""What the ingest worker and its child say to each other about a file of brand kits. Loads no library of files."""

from __future__ import annotations

import msgspec

from core.errors import Rejected
from core.settings import MediaLimits
from schemas.options.brand_kit import AssetFacts, AssetKind

SANITISED_FILE, INDEX_FILE = "sanitised.bin", "asset.msgpack"
"""Names in the scratch folder."""
MAGIC = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"wOFF", b"wOF2")
COLLECTION = b"ttcf"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the parent asks for."""

    kind: AssetKind
    scratch: str
    limits: MediaLimits


class Found(AssetFacts, frozen=True, kw_only=True):
    """What the child answers; ``file`` in scratch is what is used, None: the upload as it is."""

    file: str | None = None
    suffix: str = ".bin"
    cpu_ms: int = 0


def refuse_other(head: bytes) -> None:
    """Raises Rejected for what is no single font."""
    if head[:4] == COLLECTION:
        raise Rejected("font.collection", "The file holds several fonts; upload the one that is wanted.")
    if not head.startswith(MAGIC):
        raise Rejected("font.unsupported", "The file is no TrueType, OpenType, WOFF or WOFF2 font.")
