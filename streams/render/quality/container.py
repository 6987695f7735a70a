"""What a container says of itself: its tracks, and whether its index comes before the pictures. Decodes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from schemas.common import Value
from streams.renderer.encoding.animated_image import PREVIEW_RATE

SEGMENT, CUES, CLUSTER = 0x18538067, 0x1C53BB6B, 0x1F43B675
"""Elements of Matroska (RFC 9559, 5.1)."""


class Tracks(Value, frozen=True, kw_only=True):
    """The tracks of a file, as its packets tell."""

    width_px: int
    height_px: int
    frames: int
    frame_rate: float
    video_ms: float
    audio_ms: float
    index_first: bool | None
    """None where a file of its kind has no index."""
    codecs: list[str] = []
    """Of all streams, in the file's order: ``h264 yuv420p``, ``aac 48000 stereo``."""


def index_first(path: Path) -> bool | None:
    """Whether a file can be played, and jumped in, while it loads; None where files of its kind have no index."""
    if path.suffix in (".mp4", ".mov", ".m4a"):
        found = boxes(path)
        return found.index("moov") < found.index("mdat")
    if path.suffix == ".webm":
        elements = segment_elements(path)
        return CUES in elements and elements.index(CUES) < elements.index(CLUSTER)
    return None


def boxes(path: Path) -> list[str]:
    """Names of the top level boxes of an MP4 file, in order (ISO/IEC 14496-12, 4.2)."""
    with path.open("rb") as file:
        return [name.decode("latin-1") for name, _, _ in _boxes(file, 0, path.stat().st_size)]


def has_edit_lists(path: Path) -> bool:
    """Whether a track of an MP4 or MOV file has an edit list (ISO/IEC 14496-12, 8.6.5); other files have none."""
    if path.suffix not in (".mp4", ".mov", ".m4a"):
        return False
    with path.open("rb") as file:
        return any(
            name == b"edts"
            for movie in _inside(file, 0, path.stat().st_size, b"moov")
            for track in _inside(file, *movie, b"trak")
            for name, _, _ in _boxes(file, *track)
        )


def _inside(file: BinaryIO, start: int, end: int, wanted: bytes) -> list[tuple[int, int]]:
    return [(begin, stop) for name, begin, stop in _boxes(file, start, end) if name == wanted]


def _boxes(file: BinaryIO, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """Name and content's place of each box from ``start`` to ``end``."""
    found = []
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        length, begin = int.from_bytes(head[:4], "big"), start + 8
        if length == 1:
            length, begin = int.from_bytes(head[8:16], "big"), start + 16
        stop = start + max(8, length) if length else end
        found.append((head[4:8], begin, stop))
        start = stop
    return found


def segment_elements(path: Path) -> list[int]:
    """Ids of the elements of a WebM file's segment up to its first cluster (EBML: RFC 8794)."""
    found, end = list[int](), path.stat().st_size
    with path.open("rb") as file:
        if SEGMENT in _elements(file, end):  # the file now stands before the segment's content
            for element in _elements(file, end):
                found.append(element)
                if element == CLUSTER:
                    break
    return found


def _elements(file: BinaryIO, end: int) -> Iterator[int]:
    """Id of each element from where the file stands; it stands before the element's content meanwhile."""
    while file.tell() + 2 <= end:
        element, length = _number(file, keep_mark=True), _number(file, keep_mark=False)
        begin = file.tell()
        yield element
        file.seek(begin + length)


def _number(file: BinaryIO, *, keep_mark: bool) -> int:
    """A number in as many bytes as the zero bits before the first set one say, plus one (RFC 8794, 4)."""
    first = file.read(1)[0]
    more = 8 - first.bit_length()
    rest = int.from_bytes(file.read(more), "big")
    return (first if keep_mark else first & (0x7F >> more)) << (8 * more) | rest


def webp_tracks(path: Path) -> Tracks:
    """Size and time of its pictures, each of which is decoded. Their number is told by their time: libwebp makes one of
    pictures that are alike.
    """
    lasts_ms = 0
    with Image.open(path, formats=("WEBP",)) as image:
        for number in range(int(getattr(image, "n_frames", 1))):
            image.seek(number)
            image.load()
            lasts_ms += int(image.info.get("duration", 0))
        width_px, height_px = image.size
    return Tracks(
        width_px=width_px,
        height_px=height_px,
        frames=round(lasts_ms * PREVIEW_RATE / 1000),
        frame_rate=float(PREVIEW_RATE),
        video_ms=float(lasts_ms),
        audio_ms=0.0,
        index_first=None,
        codecs=["webp rgba"],
    )
