"""Presets: what a platform takes, as data with its sources, and what of a finished file it would not take. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from schemas.common import Aspect, Value
from schemas.options.file_formats import AudioCodec, Container, FileWish, VideoCodec

PresetName = Literal["youtube_shorts", "reels", "tiktok", "linkedin", "x"]


class Source(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a row's figures were read, and when."""

    title: str
    """Title of the page."""
    read: str
    """When it was read."""


class Preset(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One platform's limits. ``better_max_ms`` is no limit, but past it the platform shows a clip in fewer places."""

    name: str
    """Name of the platform."""
    best_aspect: Aspect
    """Aspect ratio that suits the platform best."""
    min_ms: int = 0
    """Minimum length."""
    max_ms: int
    """Maximum length."""
    better_max_ms: int | None = None
    """Length past which the platform shows a clip in fewer places."""
    max_bytes: int
    """Maximum size of the file."""
    ratio: tuple[float, float] = (0.0, 100.0)
    """Of width to height, least and most."""
    shortest_px: int = 1
    """Minimum length of the shorter side."""
    longest_px: int = 100_000
    """Maximum length of the longer side."""
    rate: tuple[float, float] = (1, 1000)
    """Pictures a second, least and most."""
    containers: list[Container]
    """Containers it accepts."""
    video_codecs: list[VideoCodec]
    """Video codecs it accepts."""
    audio_codecs: list[AudioCodec]
    """Audio codecs it accepts."""
    max_bit_rate: int | None = None
    """Of the whole file, bits a second."""
    index_first: bool = False
    """Whether the index of an MP4 has to come first."""
    edit_lists: bool = True
    """Whether an MP4 may have edit lists: they say that a codec's first samples are not played."""
    audio_bit_rate: int | None = None
    """What the sound is encoded at where this preset is asked for."""
    note: str = ""
    """Remark."""
    sources: list[Source]
    """Where the figures were read."""


@cache
def presets() -> Mapping[PresetName, Preset]:
    """All of them, by name."""
    text = (files("schemas") / "data" / "presets.json").read_bytes()
    return msgspec.json.decode(text, type=dict[PresetName, Preset])


def filled(wish: FileWish, name: PresetName | None) -> FileWish:
    """The wish with what it leaves open as the preset has it first."""
    if name is None:
        return wish
    preset = presets()[name]
    video, audio = wish.video_codec, wish.audio_codec
    if wish.container is None:
        video = video or preset.video_codecs[0]
        audio = audio or preset.audio_codecs[0]
    return FileWish(container=wish.container or preset.containers[0], video_codec=video, audio_codec=audio)


def broken_preset_rules(wish: FileWish, name: PresetName | None) -> Mapping[str, str]:
    """Field of the file's wish that the platform does not take → what it does."""
    if name is None:
        return {}
    preset = presets()[name]
    asked = (
        ("container", wish.container, preset.containers),
        ("video_codec", wish.video_codec, preset.video_codecs),
        ("audio_codec", wish.audio_codec, preset.audio_codecs),
    )
    return {
        field: f"{' or '.join(known)} for {preset.name}" for field, said, known in asked if said and said not in known
    }
