"""Acoustics of a span and of a project: curves and events besides words, in project time."""

from __future__ import annotations

from typing import Literal

from schemas.common import Value

SoundKind = Literal["speech", "pause", "silence", "music", "section"]
"""``speech``: voice activity. ``pause``: a short break in a talk. ``silence``: no audible sound. ``music``: alone or
under speech. ``section``: a point at which music changes.
"""


class SpanSounds(Value, frozen=True, kw_only=True):
    """Acoustics of one span; every list begins at ``start_ms`` of project time.

    ``loudness_lufs``, ``pitch_hz`` and ``bright_db`` have one value a ``step_ms``, ``music`` one a ``music_step_ms``.
    """

    start_ms: int
    step_ms: int
    loudness_lufs: list[float]
    """Momentary loudness (BS.1770: K-weighted, 400 ms) of the mono sound at 16 kHz; -100 is digital silence."""
    pitch_hz: list[int]
    """Fundamental frequency, the median of the step's voiced frames; 0 without pitch."""
    bright_db: list[float]
    """Level above 500 Hz relative to the level below it: a raised voice is brighter."""
    music_step_ms: int
    music: list[float]
    """Probability of music, 0..1."""
    texture_step_ms: int
    texture_size: int
    texture: bytes
    """``texture_size`` numbers 0..255 a step, pitch classes and spectral shape: they separate sections of music."""


class Curve(Value, frozen=True, kw_only=True):
    """Values from 0 ms on, one a ``step_ms``; null without sound, pitch or speech."""

    step_ms: int
    """Time between two values."""
    unit: str
    values: list[float | None]
    """Values; null where nothing was measured."""


class SoundEvent(Value, frozen=True, kw_only=True):
    """A sound from ``start_ms`` to ``end_ms`` (equal for a section); ``confidence`` 0..1."""

    kind: SoundKind
    """Kind of sound."""
    start_ms: int
    end_ms: int
    confidence: float


class SoundTotals(Value, frozen=True, kw_only=True):
    """The project's sound in numbers; null where nothing could be measured."""

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
    """Median pitch of speech."""
    median_words_per_s: float | None
    """Median rate of speech."""


class Sounds(Value, frozen=True, kw_only=True):
    """Acoustics of a whole project."""

    duration_ms: int
    loudness: Curve
    """Loudness over time."""
    pitch: Curve
    """Pitch of the voice over time."""
    arousal: Curve
    """How raised the voice is relative to the speaker's usual (the file's, without speakers): 0.5 is usual."""
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
