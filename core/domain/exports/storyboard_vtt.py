"""The WebVTT file that maps times to tiles of a storyboard. Pure."""

from __future__ import annotations

from collections.abc import Iterator

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
        yield f"{_clock(start_ms)} --> {_clock(end_ms)}"
        yield f"{image}#xywh={x},{y},{sprite.tile_width},{sprite.tile_height}"
        yield ""


def _clock(ms: float) -> str:
    whole = round(ms)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
