"""The WebVTT file that maps times to tiles of a storyboard. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from core.domain.clock_format import format_timestamp
from schemas.documents.export import Sprite


def storyboard_vtt(sprite: Sprite, image: str) -> str:
    """WebVTT whose cues name the place in ``image`` (a URL, or a file's name) that shows their time.

    Source: Media Fragments URI 1.0, 4.2.2 (``#xywh=``), as players read it for thumbnails while scrubbing.
    """
    return "\n".join(["WEBVTT", "", *_cues(sprite, image)]) + "\n"


def _cues(sprite: Sprite, image: str) -> Iterator[str]:
    for number in range(sprite.count):
        start_ms, end_ms = number * sprite.step_ms, min(sprite.length_ms, (number + 1) * sprite.step_ms)
        x, y = number % sprite.columns * sprite.tile_width, number // sprite.columns * sprite.tile_height
        yield f"{format_timestamp(round(start_ms))} --> {format_timestamp(round(end_ms))}"
        yield f"{image}#xywh={x},{y},{sprite.tile_width},{sprite.tile_height}"
        yield ""
