"""Rewrite a hostile image to a plain RGBA PNG. Child side only; keeps nothing else of the file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from core.errors import InputRejected
from streams.ingest.assets.messages import ResultFile

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP")
"""Formats that are opened."""
MAX_PIXELS = 25_000_000
"""Largest image that is decoded."""
MIN_SIDE_PX = 8
"""Shortest side of an image that can be used."""
MAX_SIDE_PX = 2_048
"""Longest side kept; a larger image is scaled down: no clip shows more."""
IMAGE_FILE: ResultFile = "asset.png"
"""Name of the rewritten image in the scratch folder."""


def rewrite_image(source: BinaryIO, scratch: Path) -> tuple[int, int]:
    """Write ``IMAGE_FILE``; return its width and height. Raises InputRejected ``image.*``."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            _check_header(source)
            source.seek(0)
            with Image.open(source, formats=IMAGE_FORMATS) as original:
                image = ImageOps.exif_transpose(original).convert("RGBA")
    except InputRejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        detail = f"The picture has more than the {MAX_PIXELS / 1e6:g} megapixels that it may have."
        raise InputRejected("image.too_large", detail) from None
    except Exception:  # noqa: BLE001 - SyntaxError, struct.error and others come of broken files
        raise InputRejected("image.unreadable", "The picture is damaged or cut off: save or send it again.") from None
    if min(image.size) < MIN_SIDE_PX:
        raise InputRejected(
            "image.too_small", f"The picture is {image.width} × {image.height} px; {MIN_SIDE_PX} is least."
        )
    if image.getchannel("A").getextrema()[1] == 0:
        raise InputRejected("image.invisible", "The picture shows nothing: all of it is transparent.")
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    image.info = {}
    image.save(scratch / IMAGE_FILE, format="PNG")
    return image.size


def _check_header(source: BinaryIO) -> None:
    """Check what can be known before a pixel is decoded."""
    try:
        original = Image.open(source, formats=IMAGE_FORMATS)
    except UnidentifiedImageError:
        raise InputRejected("image.unsupported", "The file is not a PNG, JPEG or WebP picture.") from None
    with original:
        if getattr(original, "n_frames", 1) != 1:
            raise InputRejected("image.animated", "The picture moves; a still one is needed.")
        original.verify()
