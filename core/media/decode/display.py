"""Converts decoded frames to what a viewer sees: upright, square pixels, 8 bits. For children only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, VideoReformatter
from numpy.typing import NDArray

from schemas.documents.source import VideoTrack

HDR_TRANSFERS = {int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67)}


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether a frame is PQ or HLG, which look grey and flat when shown unmapped."""
    return frame.color_trc in HDR_TRANSFERS


def display_frame(frame: av.VideoFrame, track: VideoTrack, width: int, height: int, pixel_format: str) -> av.VideoFrame:
    """Scale a frame to ``width`` × ``height`` as seen upright; it is not rotated yet."""
    sideways = track.rotation_deg in (90, 270)
    scaled_width, scaled_height = (height, width) if sideways else (width, height)
    tone: dict[str, Any] = {}
    if is_hdr(frame):
        tone = {
            "dst_color_trc": ColorTrc.BT709,
            "dst_color_primaries": ColorPrimaries.BT709,
            "dst_colorspace": Colorspace.ITU709,
        }
    return _reformatter(width, height, pixel_format).reformat(
        frame, width=scaled_width, height=scaled_height, format=pixel_format, threads=1, **tone
    )


@lru_cache(maxsize=8)
def _reformatter(*_shape: int | str) -> VideoReformatter:
    """One reformatter for each size.

    The table that maps HDR to SDR takes two seconds to make, a frame then 0.06 s; a reformatter that gets another
    size makes its table again.
    """
    return VideoReformatter()


def display_array(
    frame: av.VideoFrame, track: VideoTrack, width: int, height: int, pixel_format: str = "rgb24"
) -> NDArray[np.uint8]:
    """Return the display picture (upright, square pixels, HDR mapped to SDR) as an array.

    Shape (height, width, 3) for ``rgb24`` and ``bgr24``, (height, width) for ``gray``; C-contiguous uint8.
    """
    if pixel_format not in ("rgb24", "bgr24", "gray"):
        raise ValueError(f"pixel format {pixel_format!r} has planes that cannot be turned as one array")
    array = display_frame(frame, track, width, height, pixel_format).to_ndarray()
    turned = np.rot90(array[:, ::-1] if track.mirrored else array, k=-(track.rotation_deg // 90) % 4)
    return np.ascontiguousarray(turned, dtype=np.uint8)
