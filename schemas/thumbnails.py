"""Pictures that stand for a clip: the candidates with what was measured on them, and the sprite for scrubbing. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from schemas.media import ObjectRef, Value


class ThumbnailWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many candidates are wanted, and whether the clip's title stands on them."""

    count: Annotated[int, Meta(ge=1, le=6)] = 3
    """Number of candidates."""
    title: bool = False
    """Whether the clip's title stands on them."""


class ThumbnailScores(Value, frozen=True, kw_only=True):
    """What was measured on one picture, each 0..1 but for the time; None where there is no face, or it is not known."""

    at_ms: int
    """Of the clip."""
    score: float
    """All of it together: the first candidate has the highest."""
    sharp: float
    """Of the face where there is one, else of the picture."""
    contrast: float
    """Contrast between 0 and 1."""
    face_size: float | None = None
    """1 from a quarter of the picture's height on."""
    eyes_open: float | None = None
    """How open the eyes are, between 0 and 1."""


class ClipThumbnail(ThumbnailScores, frozen=True, kw_only=True):
    """A candidate that is stored."""

    image: ObjectRef


class Sprite(Value, frozen=True, kw_only=True):
    """A grid of small pictures of the clip, row by row, one each ``step_ms`` from its start."""

    tile_width: int
    tile_height: int
    columns: int
    count: int
    step_ms: float
    length_ms: float


class Storyboard(Sprite, frozen=True, kw_only=True):
    """A sprite that is stored."""

    image: ObjectRef


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
