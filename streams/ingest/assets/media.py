"""Index a hostile video or piece of music after decoding all of it. Child side; rewrites nothing.

The file itself stays as it was uploaded: it is only ever opened by this index, in a child.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from core.errors import InputRejected
from core.media.decode.open import refuse_text
from core.media.decode.reader import SourceReader
from core.settings import MediaLimits
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from schemas.options.brand_kit import ASSET_DURATION_MS
from streams.ingest.assets.messages import INDEX_FILE
from streams.ingest.probe.demux import probe_file

TEXT_CHECK_BYTES = 512
"""Bytes that are checked for being text."""
LENGTH_SCAN_FACTOR = 2
"""A file is read up to this many times the length it may have, so that the refusal can say its length."""


def index_media(
    kind: str, source: BinaryIO, limits: MediaLimits, scratch: Path, report: Callable[[int], None]
) -> SourceIndex:
    """Write ``INDEX_FILE``. Raises InputRejected ``media.*``, ``video.*``, ``music.*``."""
    min_ms, max_ms = ASSET_DURATION_MS["video" if kind == "video" else "music"]
    refuse_text(source.read(TEXT_CHECK_BYTES))
    source.seek(0)
    pcm = scratch / "sound.pcm"
    too_long_detail = f"It may last {max_ms / 1000:g} s at most."
    try:
        index = probe_file(
            source, msgspec.structs.replace(limits, max_duration_ms=LENGTH_SCAN_FACTOR * max_ms), pcm, report
        )
    except InputRejected as error:
        if error.reason == "media.too_long":
            raise InputRejected(f"{kind}.too_long", too_long_detail) from None
        raise
    finally:
        pcm.unlink(missing_ok=True)
    if index.duration_ms > max_ms:
        raise InputRejected(f"{kind}.too_long", f"It lasts {index.duration_ms / 1000:.1f} s. {too_long_detail}")
    if index.duration_ms < min_ms:
        raise InputRejected(f"{kind}.too_short", f"It has to last {min_ms / 1000:g} s at least.")
    if kind == "video":
        _decode_frames(source, index, report)
    elif index.audio is None:
        raise InputRejected("music.no_sound", "There is no sound in the file.")
    (scratch / INDEX_FILE).write_bytes(msgspec.msgpack.encode(index))
    return index


def _decode_frames(source: BinaryIO, index: SourceIndex, report: Callable[[int], None]) -> None:
    """Decode every frame once: a broken one is found now, not in a customer's export."""
    if index.video is None:
        raise InputRejected("video.no_pictures", "There are no pictures in the file.")
    source.seek(0)
    reader = SourceReader(source, index, threads=1)
    full_range = TimeRange(start_ms=0, end_ms=index.duration_ms)
    frame_count = 0
    for _ in reader.read_frames(full_range):
        frame_count += 1
        report(index.duration_ms + frame_count)
    damaged = reader.count_damaged(full_range)
    reader.close()
    if not frame_count:
        raise InputRejected("video.no_pictures", "No picture of the file can be decoded.")
    if damaged:
        raise InputRejected("video.damaged", f"{damaged} pictures of the file are damaged.")
