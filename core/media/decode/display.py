"""Decoded pictures as a viewer sees them: turned upright, square pixels, eight bits. Child side only; opens nothing."""

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
    """Whether the picture is PQ or HLG, which looks grey and flat when shown as it is."""
    return frame.color_trc in HDR_TRANSFERS


def display_frame(frame: av.VideoFrame, track: VideoTrack, width: int, height: int, pixel_format: str) -> av.VideoFrame:
    """The picture scaled so that, turned upright, it measures ``width`` × ``height``; not turned yet."""
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
    """One for each size: the table that maps HDR to SDR takes two seconds to make, a picture then 0.06 s.

    A reformatter that is asked for another size makes its table anew.
    """
    return VideoReformatter()


def display_array(
    frame: av.VideoFrame, track: VideoTrack, width: int, height: int, pixel_format: str = "rgb24"
) -> NDArray[np.uint8]:
    """The display picture (upright, unmirrored, square pixels, HDR mapped to SDR) at ``width`` × ``height``.

    Shape (height, width, 3) for ``rgb24`` and ``bgr24``, (height, width) for ``gray``; C-contiguous uint8.
    """
    if pixel_format not in ("rgb24", "bgr24", "gray"):
        raise ValueError(f"pixel format {pixel_format!r} has planes that cannot be turned as one array")
    array = display_frame(frame, track, width, height, pixel_format).to_ndarray()
    turned = np.rot90(array[:, ::-1] if track.mirrored else array, k=-(track.rotation_deg // 90) % 4)
    return np.ascontiguousarray(turned, dtype=np.uint8)
