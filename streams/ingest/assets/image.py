"""A hostile picture → a plain RGBA PNG that we wrote ourselves. Child side only; keeps nothing else of the file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from core.errors import Rejected

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 25_000_000
LEAST_PX, LONGEST_PX = 8, 2_048
"""A side that is longer is made smaller: no clip shows more."""
IMAGE_FILE = "asset.png"


def rewrite_image(source: BinaryIO, scratch: Path) -> tuple[int, int]:
    """Write ``IMAGE_FILE``; its width and height. Raises Rejected ``image.*``."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            _look(source)
            source.seek(0)
            with Image.open(source, formats=FORMATS) as opened:
                picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except Rejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        detail = f"The picture has more than the {MOST_PIXELS / 1e6:g} megapixels that it may have."
        raise Rejected("image.too_large", detail) from None
    except Exception:  # noqa: BLE001 - SyntaxError, struct.error and others come of broken files
        raise Rejected("image.unreadable", "The picture is damaged or cut off: save or send it anew.") from None
    if min(picture.size) < LEAST_PX:
        raise Rejected("image.too_small", f"The picture is {picture.width} × {picture.height} px; {LEAST_PX} is least.")
    if picture.getchannel("A").getextrema()[1] == 0:
        raise Rejected("image.invisible", "Nothing is to be seen in the picture: all of it is transparent.")
    picture.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS)
    picture.info = {}
    picture.save(scratch / IMAGE_FILE, format="PNG")
    return picture.size


def _look(source: BinaryIO) -> None:
    """What can be known before a pixel is decoded."""
    try:
        opened = Image.open(source, formats=FORMATS)
    except UnidentifiedImageError:
        raise Rejected("image.unsupported", "The file is no PNG, JPEG or WebP picture.") from None
    with opened:
        if getattr(opened, "n_frames", 1) != 1:
            raise Rejected("image.animated", "The picture moves; a still one is needed.")
        opened.verify()
