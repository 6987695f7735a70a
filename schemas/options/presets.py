"""Platform presets: limits and formats that each platform accepts, with their sources. Pure."""

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
    """The source of a preset's figures."""

    title: str
    """Title of the page."""
    read: str
    """When it was read."""


class Preset(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One platform's limits and accepted formats."""

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
    """Least and greatest ratio of width to height."""
    shortest_px: int = 1
    """Minimum length of the shorter side."""
    longest_px: int = 100_000
    """Maximum length of the longer side."""
    rate: tuple[float, float] = (1, 1000)
    """Least and greatest frame rate."""
    containers: list[Container]
    """Containers it accepts."""
    video_codecs: list[VideoCodec]
    """Video codecs it accepts."""
    audio_codecs: list[AudioCodec]
    """Audio codecs it accepts."""
    max_bit_rate: int | None = None
    """Maximum bit rate of the file, in bits a second."""
    index_first: bool = False
    """Whether the index of an MP4 has to come first."""
    edit_lists: bool = True
    """Whether an MP4 may have edit lists, which skip a codec's first samples."""
    audio_bit_rate: int | None = None
    """Bit rate of the sound with this preset."""
    note: str = ""
    """Remark."""
    sources: list[Source]
    """Where the figures were read."""


@cache
def presets() -> Mapping[PresetName, Preset]:
    """All presets by name."""
    text = (files("schemas") / "data" / "presets.json").read_bytes()
    return msgspec.json.decode(text, type=dict[PresetName, Preset])


def filled(options: FileWish, name: PresetName | None) -> FileWish:
    """Fill in omitted parts from the preset."""
    if name is None:
        return options
    preset = presets()[name]
    video, audio = options.video_codec, options.audio_codec
    if options.container is None:
        video = video or preset.video_codecs[0]
        audio = audio or preset.audio_codecs[0]
    return FileWish(container=options.container or preset.containers[0], video_codec=video, audio_codec=audio)


def broken_preset_rules(options: FileWish, name: PresetName | None) -> Mapping[str, str]:
    """Map each field that the platform does not accept to what it accepts."""
    if name is None:
        return {}
    preset = presets()[name]
    choices = (
        ("container", options.container, preset.containers),
        ("video_codec", options.video_codec, preset.video_codecs),
        ("audio_codec", options.audio_codec, preset.audio_codecs),
    )
    return {
        field: f"{' or '.join(accepted)} for {preset.name}"
        for field, value, accepted in choices
        if value and value not in accepted
    }
