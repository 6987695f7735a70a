"""Reads a container's structure: its tracks, and whether the index precedes the media."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from schemas.common import Value
from streams.renderer.encoding.animated_image import PREVIEW_RATE

SEGMENT_ID, CUES_ID, CLUSTER_ID = 0x18538067, 0x1C53BB6B, 0x1F43B675
"""Matroska element IDs (RFC 9559, 5.1)."""


class FileTracks(Value, frozen=True, kw_only=True):
    """The tracks of a file, from its packets."""

    width_px: int
    height_px: int
    frames: int
    frame_rate: float
    video_ms: float
    audio_ms: float
    index_first: bool | None
    """None where the format has no index."""
    codecs: list[str] = []
    """Codecs of all streams in file order: ``h264 yuv420p``, ``aac 48000 stereo``."""


def is_index_first(path: Path) -> bool | None:
    """Whether a file can be played and sought while it loads; None where the format has no index."""
    if path.suffix in (".mp4", ".mov", ".m4a"):
        boxes = list_boxes(path)
        return boxes.index("moov") < boxes.index("mdat")
    if path.suffix == ".webm":
        elements = list_segment_elements(path)
        return CUES_ID in elements and elements.index(CUES_ID) < elements.index(CLUSTER_ID)
    return None


def list_boxes(path: Path) -> list[str]:
    """Names of the top level boxes of an MP4 file, in order (ISO/IEC 14496-12, 4.2)."""
    with path.open("rb") as file:
        return [name.decode("latin-1") for name, _, _ in _read_boxes(file, 0, path.stat().st_size)]


def has_edit_lists(path: Path) -> bool:
    """Whether a track of an MP4 or MOV file has an edit list (ISO/IEC 14496-12, 8.6.5)."""
    if path.suffix not in (".mp4", ".mov", ".m4a"):
        return False
    with path.open("rb") as file:
        return any(
            name == b"edts"
            for movie_box in _child_boxes(file, 0, path.stat().st_size, b"moov")
            for track in _child_boxes(file, *movie_box, b"trak")
            for name, _, _ in _read_boxes(file, *track)
        )


def _child_boxes(file: BinaryIO, start: int, end: int, box_name: bytes) -> list[tuple[int, int]]:
    return [(begin, stop) for name, begin, stop in _read_boxes(file, start, end) if name == box_name]


def _read_boxes(file: BinaryIO, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """Name, content start and end of each box between two offsets."""
    boxes = []
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        length, begin = int.from_bytes(head[:4], "big"), start + 8
        # 1 announces a 64-bit length behind the name, 0 a box up to the end of the file (ISO/IEC 14496-12, 4.2).
        if length == 1:
            length, begin = int.from_bytes(head[8:16], "big"), start + 16
        stop = start + max(8, length) if length else end
        boxes.append((head[4:8], begin, stop))
        start = stop
    return boxes


def list_segment_elements(path: Path) -> list[int]:
    """IDs of a WebM segment's elements up to its first cluster (EBML: RFC 8794)."""
    element_ids, end = list[int](), path.stat().st_size
    with path.open("rb") as file:
        if SEGMENT_ID in _read_elements(file, end):  # the file now stands before the segment's content
            for element in _read_elements(file, end):
                element_ids.append(element)
                if element == CLUSTER_ID:
                    break
    return element_ids


def _read_elements(file: BinaryIO, end: int) -> Iterator[int]:
    """ID of each element; at each step the file stands before the element's content."""
    while file.tell() + 2 <= end:
        element, length = _read_varint(file, keep_mark=True), _read_varint(file, keep_mark=False)
        begin = file.tell()
        yield element
        file.seek(begin + length)


def _read_varint(file: BinaryIO, *, keep_mark: bool) -> int:
    """A number whose leading zero bits tell its length in bytes (RFC 8794, 4)."""
    first = file.read(1)[0]
    more = 8 - first.bit_length()
    rest = int.from_bytes(file.read(more), "big")
    return (first if keep_mark else first & (0x7F >> more)) << (8 * more) | rest


def read_webp_tracks(path: Path) -> FileTracks:
    """Size and duration of a WebP, with each frame decoded.

    Frames are counted by duration: libwebp merges equal ones.
    """
    lasts_ms = 0
    with Image.open(path, formats=("WEBP",)) as image:
        for number in range(int(getattr(image, "n_frames", 1))):
            image.seek(number)
            image.load()
            lasts_ms += int(image.info.get("duration", 0))
        width_px, height_px = image.size
    return FileTracks(
        width_px=width_px,
        height_px=height_px,
        frames=round(lasts_ms * PREVIEW_RATE / 1000),
        frame_rate=float(PREVIEW_RATE),
        video_ms=float(lasts_ms),
        audio_ms=0.0,
        index_first=None,
        codecs=["webp rgba"],
    )
