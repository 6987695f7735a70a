"""What a caller may ask of the sound of a clip. Frozen values with today's sound as their default; hears nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import Value
from schemas.quantities import spoken_range

Denoise = Literal["off", "light", "strong"]
"""``light`` takes up to 9 dB off steady noise, ``strong`` up to 15."""
TARGET_LUFS = -14.0
SOFTEST_LUFS, LOUDEST_LUFS = -24.0, -11.0
"""From what broadcasters ask for to about the loudest that speech under -1 dBTP still sounds like speech."""
MOST_TRACKS = 32


class SoundWish(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the sound is made."""

    target_lufs: Annotated[float, Meta(extra_json_schema={"minimum": SOFTEST_LUFS, "maximum": LOUDEST_LUFS})] = (
        TARGET_LUFS
    )
    """Integrated loudness (ITU-R BS.1770) of the file."""
    level_speakers: bool = True
    """Bring those who speak to one loudness. Does nothing where one speaks, or nobody knows who."""
    denoise: Denoise = "off"
    """How strongly noise is removed from the voice."""
    high_pass: bool = False
    """Take out what lies below voices: rumble, wind, bumps against the table."""
    declick: bool = False
    """Repair single clicks of a few samples."""
    track: Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MOST_TRACKS})] | None = None
    """Which of the source's audio tracks is heard, in the file's order from 1; None: the one that was chosen."""


def broken_sound_rules(wish: SoundWish) -> Iterator[tuple[str, str]]:
    """Name of each field that is out of its range, and what it must be."""
    if not SOFTEST_LUFS <= wish.target_lufs <= LOUDEST_LUFS:
        yield "target_lufs", spoken_range(SOFTEST_LUFS, LOUDEST_LUFS, "LUFS")
    if wish.track is not None and not 1 <= wish.track <= MOST_TRACKS:
        yield "track", spoken_range(1, MOST_TRACKS)
