"""Child entry for files of brand kits: one hostile picture, font, clip or piece of music → what may be used of it.

Leaves its files in ``args["scratch"]``; opens no path but there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from streams.ingest.assets.font import FONT_FILE, rewrite_font
from streams.ingest.assets.image import IMAGE_FILE, rewrite_image
from streams.ingest.assets.media import index_media
from streams.ingest.assets.messages import Asked, Found


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """``args`` is an `Asked`, the result a `Found`. Raises Rejected."""
    assert source is not None
    asked = msgspec.convert(args, Asked)
    answer: dict[str, Any] = msgspec.to_builtins(_check(asked, source, Path(asked.scratch), report))
    return answer


def _check(asked: Asked, source: BinaryIO, scratch: Path, report: Callable[[int], None]) -> Found:
    if asked.kind == "image":
        width, height = rewrite_image(source, scratch)
        return Found(file=IMAGE_FILE, suffix=".png", width_px=width, height_px=height)
    if asked.kind == "font":
        facts = rewrite_font(scratch)
        return Found(file=FONT_FILE, **msgspec.structs.asdict(facts))
    index = index_media(asked.kind, source, asked.limits, scratch, report)
    return Found(
        width_px=index.video.display_width if index.video else None,
        height_px=index.video.display_height if index.video else None,
        duration_ms=index.duration_ms,
        has_sound=index.audio is not None,
    )
