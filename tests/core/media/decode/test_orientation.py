"""All eight display matrices: frames are analysed and drawn as players show them, upright and not mirrored.

What a matrix asks for is taken from its definition here; ffmpeg 5.1 turns the same eight files the same way.
"""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from core.media.decode.reader import SourceReader, display_array
from schemas.common import CropBox, TimeRange
from schemas.documents.frame_plan import ShotCrop
from streams.renderer.video.scaler import FrameScaler
from tests.support.media.synthetic_media import index_of, write

COLOURS = {"R": (200, 30, 30), "G": (30, 200, 30), "B": (30, 30, 200), "W": (220, 220, 220)}
QUARTERS = {(-1, -1): "R", (1, -1): "G", (-1, 1): "B", (1, 1): "W"}
READ = [(-1, -1), (1, -1), (-1, 1), (1, 1)]
MATRICES = {
    "as it is": (1, 0, 0, 1), "mirrored": (-1, 0, 0, 1), "upside down mirrored": (1, 0, 0, -1),
    "half turn": (-1, 0, 0, -1), "right": (0, 1, -1, 0), "left": (0, -1, 1, 0),
    "transposed": (0, 1, 1, 0), "transposed the other way": (0, -1, -1, 0),
}  # fmt: skip
WIDTH, HEIGHT = 320, 180


def film(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Four coloured quarters, with this display matrix (a, b, c, d) written into its track header."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for (x, y), name in QUARTERS.items():
        rows, columns = slice(0, 90) if y < 0 else slice(90, 180), slice(0, 160) if x < 0 else slice(160, 320)
        picture[rows, columns] = COLOURS[name]
    write(path, [picture] * 5, None)
    body = path.read_bytes()
    at = body.index(b"tkhd") + 44  # ISO/IEC 14496-12, 8.3.2: version 0, after volume
    a, b, c, d = (one << 16 for one in matrix)
    path.write_bytes(body[:at] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + body[at + 36 :])
    return path


def placed_quarters(matrix: tuple[int, int, int, int]) -> str:
    """The quarters as the matrix places them: (x, y), y down, goes to (a x + c y, b x + d y)."""
    a, b, c, d = matrix
    placed = {(a * x + c * y, b * x + d * y): name for (x, y), name in QUARTERS.items()}
    return "".join(placed[place] for place in READ)


def quarters_of(picture: NDArray[np.uint8]) -> str:
    height, width = picture.shape[:2]
    found = ""
    for x, y in READ:
        pixel = picture[int((y + 2) * height / 4), int((x + 2) * width / 4)].astype(int)
        found += min(COLOURS, key=lambda name: int(np.abs(np.array(COLOURS[name]) - pixel).sum()))
    return found


@pytest.mark.parametrize("name", MATRICES)
def test_a_picture_is_seen_and_painted_as_its_matrix_asks(name: str, tmp_path: Path) -> None:
    matrix = MATRICES[name]
    path = film(tmp_path / "film.mp4", matrix)
    index = index_of(path)
    assert index.video is not None
    width, height = (WIDTH, HEIGHT) if matrix[0] else (HEIGHT, WIDTH)
    assert (index.video.display_width, index.video.display_height) == (width, height)
    whole = ShotCrop(
        range=TimeRange(start_ms=0, end_ms=200),
        mode="hold",
        crop=CropBox(x=0, y=0, width=width, height=height),
        reason="test",
    )
    with path.open("rb") as source:
        reader = SourceReader(source, index)
        _, frame = next(reader.read_frames(TimeRange(start_ms=0, end_ms=200)))
        seen = display_array(frame, index.video, width // 2, height // 2)
        painted = FrameScaler(index.video, (width, height), tmp_path).scale(frame, whole, 0)
        reader.close()
    assert quarters_of(seen) == placed_quarters(matrix)
    assert quarters_of(painted.to_ndarray(format="rgb24", src_colorspace="ITU709")) == placed_quarters(matrix)


def test_pyav_rotation_misses_mirrored_frames(tmp_path: Path) -> None:
    """Why the matrix is read itself: the angle alone is the same for a half turn and for a mirrored picture."""
    told = set()
    for name in ("mirrored", "half turn"):
        with av.open(str(film(tmp_path / "film.mp4", MATRICES[name]))) as container:
            told.add(abs(next(container.decode(video=0)).rotation))
    assert told == {180}
