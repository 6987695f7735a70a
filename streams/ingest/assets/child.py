"""Child entry for brand kit files: checks one hostile image, font, video or piece of music.

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
from streams.ingest.assets.messages import AssetCheckArgs, InspectedAsset


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Check the file: ``args`` an `AssetCheckArgs`, result an `InspectedAsset`. Raises InputRejected."""
    assert source is not None
    check_args = msgspec.convert(args, AssetCheckArgs)
    result: dict[str, Any] = msgspec.to_builtins(_check_file(check_args, source, Path(check_args.scratch), report))
    return result


def _check_file(
    check_args: AssetCheckArgs, source: BinaryIO, scratch: Path, report: Callable[[int], None]
) -> InspectedAsset:
    """Rewrite or index the file, depending on its kind."""
    if check_args.kind == "image":
        width, height = rewrite_image(source, scratch)
        return InspectedAsset(file=IMAGE_FILE, suffix=".png", width_px=width, height_px=height)
    if check_args.kind == "font":
        facts = rewrite_font(scratch)
        return InspectedAsset(file=FONT_FILE, **msgspec.structs.asdict(facts))
    index = index_media(check_args.kind, source, check_args.limits, scratch, report)
    return InspectedAsset(
        width_px=index.video.display_width if index.video else None,
        height_px=index.video.display_height if index.video else None,
        duration_ms=index.duration_ms,
        has_sound=index.audio is not None,
    )
