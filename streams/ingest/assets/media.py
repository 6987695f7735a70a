"""A hostile clip or piece of music → its index, once every picture was decoded. Child side; rewrites nothing.

The file itself stays as it was uploaded: it is only ever opened by this index, in a child.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from core.errors import Rejected
from core.media.decode.open import refuse_text
from core.media.decode.reader import Reader
from core.settings import MediaLimits
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from schemas.options.brand_kit import LASTS_MS
from streams.ingest.assets.messages import INDEX_FILE
from streams.ingest.probe.demux import survey

HEAD_BYTES = 512
SLACK = 2
"""A file is read to twice the length that it may have: the refusal says which that is."""


def index_media(
    kind: str, source: BinaryIO, limits: MediaLimits, scratch: Path, report: Callable[[int], None]
) -> SourceIndex:
    """Write ``INDEX_FILE``. Raises Rejected ``media.*``, ``video.*``, ``music.*``."""
    shortest_ms, longest_ms = LASTS_MS["video" if kind == "video" else "music"]
    refuse_text(source.read(HEAD_BYTES))
    source.seek(0)
    pcm = scratch / "sound.pcm"
    long = f"It may last {longest_ms / 1000:g} s at most."
    try:
        index = survey(source, msgspec.structs.replace(limits, max_duration_ms=SLACK * longest_ms), pcm, report)
    except Rejected as error:
        if error.reason == "media.too_long":
            raise Rejected(f"{kind}.too_long", long) from None
        raise
    finally:
        pcm.unlink(missing_ok=True)
    if index.duration_ms > longest_ms:
        raise Rejected(f"{kind}.too_long", f"It lasts {index.duration_ms / 1000:.1f} s. {long}")
    if index.duration_ms < shortest_ms:
        raise Rejected(f"{kind}.too_short", f"It has to last {shortest_ms / 1000:g} s at least.")
    if kind == "video":
        _see(source, index, report)
    elif index.audio is None:
        raise Rejected("music.no_sound", "There is no sound in the file.")
    (scratch / INDEX_FILE).write_bytes(msgspec.msgpack.encode(index))
    return index


def _see(source: BinaryIO, index: SourceIndex, report: Callable[[int], None]) -> None:
    """Every picture, once: one that cannot be decoded is found now, and not in a customer's export."""
    if index.video is None:
        raise Rejected("video.no_pictures", "There are no pictures in the file.")
    source.seek(0)
    reader = Reader(source, index, threads=1)
    whole = TimeRange(start_ms=0, end_ms=index.duration_ms)
    seen = 0
    for _ in reader.pictures(whole):
        seen += 1
        report(index.duration_ms + seen)
    damaged = reader.damaged(whole)
    reader.close()
    if not seen:
        raise Rejected("video.no_pictures", "No picture of the file can be decoded.")
    if damaged:
        raise Rejected("video.damaged", f"{damaged} pictures of the file are damaged.")
