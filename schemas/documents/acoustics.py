"""What is heard besides words: curves and events, of a span and of a whole project. Pure data; ms of project time."""

from __future__ import annotations

from typing import Literal

from schemas.common import Value

SoundKind = Literal["speech", "pause", "silence", "music", "section"]
"""``speech``: somebody speaks (voice activity). ``pause``: a talk stands still for a moment. ``silence``: nothing can
be heard. ``music``: music, alone or under speech. ``section``: a point inside music where it becomes another.
"""


class SpanSounds(Value, frozen=True, kw_only=True):
    """What one span sounds like; every list begins at ``start_ms`` of project time.

    ``loudness_lufs``, ``pitch_hz`` and ``bright_db`` have a value each ``step_ms``, ``music`` each ``music_step_ms``.
    """

    start_ms: int
    step_ms: int
    loudness_lufs: list[float]
    """Momentary loudness (BS.1770: K-weighted, 400 ms) of the mono sound at 16 kHz; -100 is digital silence."""
    pitch_hz: list[int]
    """Fundamental frequency, the median of the step's voiced looks; 0 where it has no pitch."""
    bright_db: list[float]
    """Level above 500 Hz against that below: a raised voice is brighter."""
    music_step_ms: int
    music: list[float]
    """How probably there is music, 0..1."""
    texture_step_ms: int
    texture_size: int
    texture: bytes
    """``texture_size`` numbers 0..255 a step: pitch classes and spectral shape, to tell sections of music apart."""


class Curve(Value, frozen=True, kw_only=True):
    """Values from 0 ms on, one each ``step_ms``; None where there is none (nothing heard, no pitch, nobody speaks)."""

    step_ms: int
    """Time between two values."""
    unit: str
    values: list[float | None]
    """Values; null where there is none."""


class SoundEvent(Value, frozen=True, kw_only=True):
    """Something heard from ``start_ms`` to ``end_ms`` (a section's two are the same); ``confidence`` 0..1."""

    kind: SoundKind
    """Kind of sound."""
    start_ms: int
    end_ms: int
    confidence: float


class SoundTotals(Value, frozen=True, kw_only=True):
    """The project's sound in numbers; None where there was nothing to measure."""

    speech_ms: int
    music_ms: int
    """Time with music."""
    silence_ms: int
    """Time of silence."""
    pauses: int
    """Number of pauses in speech."""
    median_lufs: float | None
    """Median loudness in LUFS."""
    median_pitch_hz: float | None
    """Of speech."""
    median_words_per_s: float | None
    """Median rate of speech."""


class Sounds(Value, frozen=True, kw_only=True):
    """What a whole project sounds like."""

    duration_ms: int
    loudness: Curve
    """Loudness over time."""
    pitch: Curve
    """Pitch of the voice over time."""
    arousal: Curve
    """How raised the voice is against the speaker's own (the file's, where speakers are not known): 0.5 is usual."""
    speech_rate: Curve
    """Rate of speech over time."""
    music: Curve
    """Likelihood of music over time."""
    events: list[SoundEvent]
    """Events in order of time."""
    totals: SoundTotals
    """The sound of the project in numbers."""
    method: str
    """Name and version of the method."""
