"""Crops that a person may start an edit from: the plan as key frames, one crop a time. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from schemas.common import Aspect, CropBox, TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.edit import MAX_CROP_KEYS, CropKey
from schemas.documents.frame_plan import ShotCrop
from schemas.documents.source import SourceIndex
from streams.frame.planning.plan import choose_crops, scenes_of
from streams.frame.planning.static_crop import single_crop

ASPECTS: tuple[Aspect, ...] = ("9:16", "4:5", "1:1", "16:9")


def suggest_crops(analysed: Iterable[tuple[TimeRange, ClipTracks]], index: SourceIndex) -> dict[Aspect, list[CropKey]]:
    """Return key frames over all analysed ranges, by aspect, in order of time."""
    ranges = list(analysed)
    return {
        aspect: _limit_keys([key for when, tracks in ranges for key in _suggest_keys(tracks, index, aspect, when)])
        for aspect in ASPECTS
    }


def _suggest_keys(tracks: ClipTracks, index: SourceIndex, aspect: Aspect, when: TimeRange) -> list[CropKey]:
    keys: list[CropKey] = []
    for scene in scenes_of(tracks, index, aspect, when):
        alone = single_crop(scene)
        for shots in choose_crops(scene).values():
            keys += [_inside_frame(key, index) for shot in shots for key in _keys_of_shot(shot, alone)]
    keys.sort(key=lambda key: key.at_ms)
    return [key for place, key in enumerate(keys) if not place or not _continues(keys[place - 1], key)]


def _keys_of_shot(shot: ShotCrop, alone: CropBox) -> list[CropKey]:
    """Return the key frames of a shot; panes and whole frames become the best single crop."""
    start_ms = shot.range.start_ms
    if not shot.path:
        still = shot.mode in ("hold", "cut")
        return [CropKey(at_ms=start_ms, crop=shot.crop if still else alone)]
    places = [
        CropBox(x=round(key.box.x), y=round(key.box.y), width=round(key.box.width), height=round(key.box.height))
        for key in shot.path
    ]
    times = [max(start_ms, key.at_ms) for key in shot.path]
    moves = [
        CropKey(at_ms=at_ms, crop=crop, ease="linear")
        for at_ms, crop in zip(times[1:], places[1:], strict=True)
        if start_ms < at_ms < shot.range.end_ms
    ]
    return [CropKey(at_ms=start_ms, crop=places[0]), *moves]


def _inside_frame(key: CropKey, index: SourceIndex) -> CropKey:
    """Move the key inside the frame: rounding may push it over the edge."""
    assert index.video is not None
    wide, high, crop = index.video.display_width, index.video.display_height, key.crop
    width, height = min(crop.width, wide), min(crop.height, high)
    x, y = min(max(0, crop.x), wide - width), min(max(0, crop.y), high - height)
    return msgspec.structs.replace(key, crop=CropBox(x=x, y=y, width=width, height=height))


def _continues(before: CropKey, key: CropKey) -> bool:
    return key.ease == "cut" and before.ease == "cut" and key.crop == before.crop


def _limit_keys(keys: list[CropKey]) -> list[CropKey]:
    """Keep no more keys than an edit takes, those at cuts first."""
    if len(keys) <= MAX_CROP_KEYS:
        return keys
    cuts = [key for key in keys if key.ease == "cut"]
    return cuts[:MAX_CROP_KEYS]
