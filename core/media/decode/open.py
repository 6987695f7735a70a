"""Opens media files: whitelisted formats, no protocols, bounded frames. For children only."""

from __future__ import annotations

from typing import BinaryIO, cast

import av
from av.container import InputContainer
from av.stream import Stream

from core.errors import InputRejected

FORMATS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "flv", "ogg", "asf", "mp3", "wav", "w64", "flac", "aac", "amr", "aiff",
    "caf", "mpegvideo", "ac3", "eac3", "dv", "mxf",
)  # fmt: skip
"""Demuxers of self-contained files. None of them follows a reference to another file or address."""
BUFFER_BYTES = 32 * 1024
"""libav refills its buffer at each jump, and a file with audio far from its video jumps once a packet."""
OPEN_TIMEOUT_S = 20.0
"""Time that opening a file may take."""
READ_TIMEOUT_S = 20.0
"""Time that one read may take."""
PLAYLIST_STARTS = (
    b"#EXTM3U",
    b"ffconcat",
    b"<?xml",
    b"v=0\r",
    b"v=0\n",
    b"<MPD",
    b"<smil",
    b"[playlist]",
    b"[Reference]",
)
"""First bytes of playlists and descriptions."""


def refuse_text(head: bytes) -> None:
    """Refuse playlists and descriptions: they point to media instead of holding it. Raises InputRejected."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(PLAYLIST_STARTS):
        raise InputRejected("media.unsupported", "This is a playlist or description, not a media file.")


def open_media(
    source: BinaryIO, *, max_pixels: int, max_streams: int = 32, format_name: str | None = None
) -> InputContainer:
    """Open a demuxer over ``source``. ``format_name`` skips probing. Raises PyAV's errors."""
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(_demuxer_aliases()),
        "max_pixels": str(max_pixels),
        "max_streams": str(max_streams),
        "threads": "1",
    }
    container = av.open(
        source,
        "r",
        format=format_name.split(",")[0] if format_name else None,
        options=options,
        metadata_errors="replace",
        buffer_size=BUFFER_BYTES,
        timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S),
    )
    for stream in container.streams:
        if stream.codec_context is not None and stream.type == "video":
            limit_decoder(stream, max_pixels=max_pixels)
    return container


def _demuxer_aliases() -> list[str]:
    """Every alias of the allowed demuxers: libav compares the whole comma-separated list."""
    aliases = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}
    return [aliases.get(name, name) for name in FORMATS]


def limit_decoder(stream: Stream, *, max_pixels: int, threads: int = 1, deblock: bool = True) -> None:
    """Bound what decoding a stream may allocate; call it before the first packet is decoded."""
    context = stream.codec_context
    if not deblock:
        context.options = {**context.options, "skip_loop_filter": "all"}
    context.options = {**context.options, "max_pixels": str(max_pixels)}
    context.thread_count = threads
    if threads > 1:
        context.thread_type = "AUTO"


def as_binary(source: object) -> BinaryIO:
    """Cast a file object to the type that PyAV's stubs expect."""
    return cast(BinaryIO, source)
