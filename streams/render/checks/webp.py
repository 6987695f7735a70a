"""The tracks of a moving WebP, read by Pillow: libav has no decoder for it. Keeps no picture."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from streams.render.checks.containers import Tracks
from streams.render.previews import RATE


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
        frames=round(lasts_ms * RATE / 1000),
        frame_rate=float(RATE),
        video_ms=float(lasts_ms),
        audio_ms=0.0,
        index_first=None,
        codecs=["webp rgba"],
    )
