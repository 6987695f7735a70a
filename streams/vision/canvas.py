"""Downscaled RGB frames for the detectors: their size, their file, and the way back to display pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import Box, Face
from schemas.documents.source import VideoTrack

UInt8 = NDArray[np.uint8]

STRIDE_PX = 32
"""The face detector takes sides that are multiples of this."""
CANVAS_SIDES_PX = range(96, 1024, STRIDE_PX)


class Canvas(msgspec.Struct, frozen=True, kw_only=True):
    """A frame of ``inner_width`` × ``inner_height`` in the top left of a black ``width`` × ``height``.

    ``scale``: canvas pixels per display pixel, at most 1.
    """

    width: int
    height: int
    inner_width: int
    inner_height: int
    scale: float


def fit_canvas(track: VideoTrack, area_px: int) -> Canvas:
    """Return the canvas that shows the display frame largest in about ``area_px`` (up to 6 % more)."""
    wide, high = track.display_width, track.display_height
    fits = [(w, h) for w in CANVAS_SIDES_PX for h in CANVAS_SIDES_PX if w * h <= 1.06 * area_px]
    scale, _, width, height = max((min(1.0, w / wide, h / high), -w * h, w, h) for w, h in fits)
    inner_width, inner_height = max(2, round(wide * scale)), max(2, round(high * scale))
    return Canvas(
        width=width,
        height=height,
        inner_width=min(width, inner_width),
        inner_height=min(height, inner_height),
        scale=scale,
    )


def write_picture(file: BinaryIO, canvas: Canvas, picture: UInt8) -> None:
    """Append a frame (inner_height, inner_width, 3) to the file, padded with black to the canvas."""
    ground = np.zeros((canvas.height, canvas.width, 3), np.uint8)
    ground[: canvas.inner_height, : canvas.inner_width] = picture
    file.write(ground.data)


def write_grey(file: BinaryIO, canvas: Canvas, picture: UInt8) -> None:
    """Append a frame's luma (inner_height, inner_width) to the file, without padding."""
    if picture.shape != (canvas.inner_height, canvas.inner_width):
        raise ValueError(f"frame has shape {picture.shape}, not ({canvas.inner_height}, {canvas.inner_width})")
    file.write(np.ascontiguousarray(picture).data)


def grey_pictures(path: Path, canvas: Canvas, count: int) -> UInt8:
    """Open the frames of ``write_grey``, memory-mapped, shape (count, inner_height, inner_width)."""
    shape = (count, canvas.inner_height, canvas.inner_width)
    if not count:
        return np.zeros(shape, np.uint8)
    return np.memmap(path, np.uint8, "r", shape=shape)


def read_batches(path: Path, canvas: Canvas, count: int, size: int) -> Iterator[UInt8]:
    """Yield batches of up to ``size`` frames, shape (n, height, width, 3), read one batch at a time."""
    if count:
        pictures = np.memmap(path, np.uint8, "r", shape=(count, canvas.height, canvas.width, 3))
        for start in range(0, count, size):
            yield np.ascontiguousarray(pictures[start : start + size])


def to_display(faces: Sequence[Face], canvas: Canvas) -> list[Face]:
    """Return the faces in display pixels; faces centred on the black padding are dropped."""
    display_faces = []
    for face in faces:
        box = face.box
        if box.x + box.width / 2 < canvas.inner_width and box.y + box.height / 2 < canvas.inner_height:
            x, y = max(0.0, box.x), max(0.0, box.y)
            right, bottom = min(canvas.inner_width, box.x + box.width), min(canvas.inner_height, box.y + box.height)
            inside = Box(
                x=round(x / canvas.scale, 1),
                y=round(y / canvas.scale, 1),
                width=round((right - x) / canvas.scale, 1),
                height=round((bottom - y) / canvas.scale, 1),
            )
            display_faces.append(Face(box=inside, score=round(face.score, 3)))
    return display_faces
