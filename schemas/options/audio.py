"""Options of a clip's sound. Pure data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Value
from schemas.quantities import spoken_range

Denoise = Literal["off", "light", "strong"]
"""``light`` reduces steady noise by up to 9 dB, ``strong`` by up to 15."""
TARGET_LUFS = -14.0
MIN_TARGET_LUFS, MAX_TARGET_LUFS = -24.0, -11.0
"""From what broadcasters require to about the loudest natural speech under -1 dBTP."""
MAX_AUDIO_TRACKS = 32


class SoundWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Options of the sound."""

    target_lufs: Annotated[float, Meta(extra_json_schema={"minimum": MIN_TARGET_LUFS, "maximum": MAX_TARGET_LUFS})] = (
        TARGET_LUFS
    )
    """Integrated loudness (ITU-R BS.1770) of the file."""
    level_speakers: bool = True
    """Bring all speakers to one loudness. No effect with one speaker, or without diarization."""
    denoise: Denoise = "off"
    """Strength of the noise reduction."""
    high_pass: bool = False
    """Remove sound below voices: rumble, wind, bumps against the table."""
    declick: bool = False
    """Repair single clicks of a few samples."""
    track: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_AUDIO_TRACKS})] | None = None
    """The source's audio track, counted from 1 in the file's order; null: chosen automatically."""


def broken_sound_rules(sound: SoundWish) -> Iterator[tuple[str, str]]:
    """Name of each field out of its range, and what it must be."""
    if not MIN_TARGET_LUFS <= sound.target_lufs <= MAX_TARGET_LUFS:
        yield "target_lufs", spoken_range(MIN_TARGET_LUFS, MAX_TARGET_LUFS, "LUFS")
    if sound.track is not None and not 1 <= sound.track <= MAX_AUDIO_TRACKS:
        yield "track", spoken_range(1, MAX_AUDIO_TRACKS)
