"""The pixels of a libav picture as numpy arrays that share its memory. Never converts."""

from __future__ import annotations

from typing import cast

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray


def plane_rows(plane: VideoPlane) -> NDArray[np.uint8]:
    """One plane, shape (height, line size): rows may be longer than the picture is wide. Writing writes the picture."""
    return np.frombuffer(cast(memoryview, plane), np.uint8).reshape(-1, plane.line_size)


def copy_frame(picture: av.VideoFrame) -> av.VideoFrame:
    """A picture of its own with the same pixels and colours; yuv420p."""
    copy = av.VideoFrame(picture.width, picture.height, picture.format.name)
    for mine, other in zip(copy.planes, picture.planes, strict=True):
        plane_rows(mine)[: mine.height, : mine.width] = plane_rows(other)[: mine.height, : mine.width]
    copy.colorspace, copy.color_range = picture.colorspace, picture.color_range
    return copy
