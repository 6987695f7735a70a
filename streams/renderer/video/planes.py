"""The pixels of a libav frame as numpy arrays that share its memory."""

from __future__ import annotations

from typing import cast

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray


def plane_rows(plane: VideoPlane) -> NDArray[np.uint8]:
    """One plane, shape (height, line size); rows may be longer than the frame is wide. Writable."""
    return np.frombuffer(cast(memoryview, plane), np.uint8).reshape(-1, plane.line_size)


def copy_frame(picture: av.VideoFrame) -> av.VideoFrame:
    """Copy the pixels and colour properties of a yuv420p frame."""
    copy = av.VideoFrame(picture.width, picture.height, picture.format.name)
    for target, source in zip(copy.planes, picture.planes, strict=True):
        plane_rows(target)[: target.height, : target.width] = plane_rows(source)[: target.height, : target.width]
    copy.colorspace, copy.color_range = picture.colorspace, picture.color_range
    return copy
