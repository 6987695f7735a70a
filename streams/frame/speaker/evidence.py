"""Evidence that a face speaks: mouth movement compared with the level of the sound. Pure.

A mouth that moves in silence is no evidence; of several moving mouths, the one that moves with the sound speaks.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.clip_tracks import Mouth, VoiceCurve
from streams.frame.analysis.face_tracking import MAX_BRIDGED_MS

Floats = NDArray[np.float64]

STEP_MS = 80
MOVEMENT_WINDOW_MS = 960
"""Window in which the movement of a mouth is measured: a few syllables."""
CHANGE_WINDOW_MS, OPENING_WINDOW_MS = 2_000, 3_040
"""Windows in which lips are compared with the changes of the sound, and their opening with its level."""
NOISE_RATIO = 3e-4
"""Movement, in face heights a look, up to which it is noise of the landmarks."""
SPEAKING_MOVEMENT_RATIO = 0.0012
"""Movement of a mouth that may be speaking; frozen faces have a tenth of it, some speakers only three times as much."""
MAX_MOVEMENT_GAIN = 0.7
"""Maximum movement evidence (natural logarithm over ``SPEAKING_MOVEMENT_RATIO``): some people mumble, some grin."""
STEP_WEIGHTS = (0.65, 0.5, 2.0, 1.8, 1.2)
"""Weights of the five kinds of evidence for a single step, by logistic regression on made scenes
(benchmarks.vision.active_speaker, seeds 1 and 3)."""
VOICE_WEIGHTS = (0.65, 0.5, 2.5, 2.0, 0.0)
"""The same for all steps of one voice together, tried on the same scenes. Movement with the level counts nothing: over
many sentences the liveliest lips would win."""
PAUSE_MS = 640
"""Pauses shorter than this are part of speech, for not all syllables are loud."""
EDGE_MS = 120
"""Time added around detected speech: the detector misses soft beginnings and ends."""
LOUD_DB = 12.0
"""Level over the quietest tenth that counts as speech where no voice detector was asked."""


class FaceSignals(msgspec.Struct, frozen=True, kw_only=True):
    """One face on the steps of a shot: ``opening`` and ``stir`` (n,), NaN where it was not seen."""

    track: int
    opening: Floats
    stir: Floats


def resample_mouths(steps: Floats, mouths: Sequence[Mouth], track: int) -> FaceSignals:
    """Interpolate the mouths of a face, in order of time, on the steps."""
    times = np.array([mouth.at_ms for mouth in mouths], np.float64)
    after = np.clip(np.searchsorted(times, steps), 0, len(times) - 1)
    before = np.clip(after - 1, 0, len(times) - 1)
    distance_ms = np.minimum(np.abs(times[after] - steps), np.abs(times[before] - steps))
    gone = distance_ms > MAX_BRIDGED_MS / 2

    def column(name: str) -> Floats:
        values = np.interp(steps, times, np.array([getattr(mouth, name) for mouth in mouths], np.float64))
        values[gone] = np.nan
        return values

    return FaceSignals(track=track, opening=column("opening"), stir=column("stir"))


def _window_sums(values: Floats, length: int) -> Floats:
    """Return sums over ``length`` steps around each, in the shape given."""
    before = length // 2
    padded = np.r_[0.0, np.cumsum(np.pad(values, (before, length - before)))]
    sums: Floats = padded[length : length + len(values)] - padded[: len(values)]
    return sums


def _window_means(values: Floats, length: int) -> Floats:
    """Return means over ``length`` steps around each without NaN; NaN where nothing was seen."""
    finite = np.isfinite(values)
    total, count = _window_sums(np.where(finite, values, 0.0), length), _window_sums(finite.astype(np.float64), length)
    return np.where(count > 0, total / np.maximum(count, 1e-9), np.nan)


def sound_level(steps: Floats, voice: VoiceCurve) -> Floats:
    """Return the sound on the steps: 0 at its quietest tenth, 1 at 25 dB over that."""
    times = voice.start_ms + voice.step_ms * (np.arange(len(voice.level_db)) + 0.5)
    level = np.interp(steps, times, voice.level_db)
    return np.clip((level - np.percentile(voice.level_db, 10)) / 25.0, 0.0, 1.6)


def windowed_correlation(values: Floats, sound: Floats, length: int, lead: int = 0) -> Floats:
    """Correlate a mouth and the sound over ``length`` steps around each, -1..1.

    ``lead``: steps by which lips are ahead of the sound.
    """
    ahead = np.roll(values, lead)
    finite = np.isfinite(ahead)
    lips, level = np.where(finite, ahead, np.nan), np.where(finite, sound, np.nan)
    mean_lips, mean_level = _window_means(lips, length), _window_means(level, length)
    shared = _window_means(lips * level, length) - mean_lips * mean_level
    spread = (_window_means(lips * lips, length) - mean_lips**2) * (
        _window_means(level * level, length) - mean_level**2
    )
    return np.nan_to_num(shared / np.sqrt(np.maximum(spread, 1e-12)))


def measure_evidence(face: FaceSignals, sound: Floats) -> Floats:
    """Measure five kinds of evidence that a face speaks, at each step, shape (n, 5).

    It is NaN where the face was not seen. A speaker's lips move, open and close, move when the sound changes, are open
    and move when it is loud.
    """
    length = MOVEMENT_WINDOW_MS // STEP_MS
    gape = np.abs(np.gradient(face.opening)) if len(face.opening) > 1 else face.opening
    change = np.abs(np.gradient(sound)) if len(sound) > 1 else sound
    movement = np.log(face.stir + 1e-3)
    lively = [
        np.minimum(
            MAX_MOVEMENT_GAIN,
            np.log((_window_means(values, length) + NOISE_RATIO) / (SPEAKING_MOVEMENT_RATIO + NOISE_RATIO)),
        )
        for values in (face.stir, gape)
    ]
    changes = [windowed_correlation(movement, change, CHANGE_WINDOW_MS // STEP_MS, lead) for lead in (-1, 0, 1)]
    opens = [windowed_correlation(face.opening, sound, OPENING_WINDOW_MS // STEP_MS, lead) for lead in (1, 2)]
    loud = windowed_correlation(movement, sound, CHANGE_WINDOW_MS // STEP_MS)
    return np.stack([*lively, np.mean(changes, axis=0), np.mean(opens, axis=0), loud], axis=1)


def weigh_evidence(kinds: Floats, weights: Sequence[float]) -> Floats:
    """Return the evidence for a face over off screen, at each step; -inf where it was not seen."""
    score: Floats = kinds @ np.asarray(weights)
    return np.where(np.isfinite(score), score, -np.inf)


def speech_steps(steps: Floats, voice: VoiceCurve, speech: Sequence[TimeRange] | None) -> NDArray[np.bool_]:
    """Return the steps with speech: by the voice detector, else by the level."""
    if speech is not None:
        return np.array(
            [any(part.start_ms - EDGE_MS <= at < part.end_ms + EDGE_MS for part in speech) for at in steps], bool
        )
    times = voice.start_ms + voice.step_ms * (np.arange(len(voice.level_db)) + 0.5)
    level = np.interp(steps, times, voice.level_db)
    loud = level > np.percentile(voice.level_db, 10) + LOUD_DB
    reach = PAUSE_MS // STEP_MS // 2
    return _window_sums(loud.astype(np.float64), 2 * reach + 1) > 0.5
