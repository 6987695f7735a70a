"""Tell whether players can begin and seek by what stands at the beginning of a file. Child side.

An MP4 has its index (moov) before its media, and is not fragmented; a WebM says where its cues are. Nothing is decoded.
"""

from __future__ import annotations

from typing import BinaryIO

from schemas.documents.source import PlayerFormat

HEAD_BYTES = 4096
"""Bytes of a WebM in which its seek head is looked for: it comes first, and is short."""
MAX_BOXES = 64
"""Boxes of an MP4 that are read; a file has a few before its media."""
BOX_HEADER_BYTES, LARGE_BOX_HEADER_BYTES = 8, 16
EBML_MARK = b"\x1a\x45\xdf\xa3"
WEBM_DOCTYPE = b"\x42\x82\x84webm"
CUES_POSITION_MARK = b"\x53\xab\x84\x1c\x53\xbb\x6b"
"""The entry of a seek head that names the cues."""
QUICKTIME_BRAND = b"qt  "
"""Major brand of a QuickTime file, which not every browser opens."""


def detect_player_format(source: BinaryIO) -> PlayerFormat | None:
    """The container of ``source`` if players begin and seek in it, else None."""
    source.seek(0)
    head = source.read(HEAD_BYTES)
    if head[4:8] == b"ftyp":
        return "mp4" if head[8:12] != QUICKTIME_BRAND and _has_index_first(source) else None
    if head.startswith(EBML_MARK):
        return "webm" if WEBM_DOCTYPE in head and CUES_POSITION_MARK in head else None
    if head.startswith(b"OggS"):
        return "ogg"
    if head.startswith(b"fLaC"):
        return "flac"
    return "wav" if head.startswith(b"RIFF") and head[8:12] == b"WAVE" else None


def _has_index_first(source: BinaryIO) -> bool:
    """Whether the box ``moov`` comes before the first ``mdat``, and neither behind a fragment (``moof``)."""
    file_size = source.seek(0, 2)
    position, has_index = 0, False
    for _ in range(MAX_BOXES):
        source.seek(position)
        header = source.read(LARGE_BOX_HEADER_BYTES)
        kind = header[4:8]
        if len(header) < BOX_HEADER_BYTES or kind in (b"moof", b"sidx"):
            return False
        if kind == b"mdat":
            return has_index
        has_index = has_index or kind == b"moov"
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[BOX_HEADER_BYTES:LARGE_BOX_HEADER_BYTES], "big")
        position += size
        if size < BOX_HEADER_BYTES or position >= file_size:  # up to the end of the file, or no box at all
            return False
    return False
