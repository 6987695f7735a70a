"""How much speaks for each face on screen, step by step: mouths and the level of the sound together. Pure.

A mouth that moves while nobody is heard says nothing; of several that move, the one that moves with the sound speaks.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange
from schemas.documents.clip_tracks import FaceTrack, Mouth, VoiceCurve
from streams.frame.speaker.mouth_features import MAX_BRIDGED_MS, box_at

Floats = NDArray[np.float64]

STEP_MS = 80
MOVEMENT_WINDOW_MS = 960
"""Window in which the movement of a mouth is measured: a few syllables."""
CHANGE_WINDOW_MS, OPENING_WINDOW_MS = 2_000, 3_040
"""Windows in which lips are compared with the changes of the sound, and their opening with its level."""
NOISE_RATIO = 3e-4
"""Movement below this (in face heights a look) is the noise of the points."""
SPEAKING_MOVEMENT_RATIO = 0.0012
"""Movement of a mouth that may be speaking; frozen faces have a tenth of it, some speakers but three times as much."""
MAX_MOVEMENT_GAIN = 0.7
"""More movement than this (natural logarithm, over ``SPEAKS``) says no more: some mumble, some grin."""
STEP_WEIGHTS = (0.65, 0.5, 2.0, 1.8, 1.2)
"""Weights of the five kinds of evidence where a moment is judged by itself; by logistic regression on made scenes
(benchmarks.vision.active_speaker, seeds 1 and 3)."""
VOICE_WEIGHTS = (0.65, 0.5, 2.5, 2.0, 0.0)
"""The same where all that a voice says is judged together, tried on the same scenes: lips that move while it is loud
are lively lips, and over many sentences the liveliest would win."""
PAUSE_MS = 640
"""Shorter pauses are part of speech, for syllables are not all loud."""
EDGE_MS = 120
"""The voice detector misses soft beginnings and ends."""
LOUD_DB = 12.0
"""Over the quietest tenth of the sound: somebody may be speaking, where no voice detector was asked."""


class FaceSignals(msgspec.Struct, frozen=True, kw_only=True):
    """One face on the steps of a shot: ``opening`` and ``stir`` (n,), NaN where it was not seen."""

    track: int
    opening: Floats
    stir: Floats


def mouths_by_track(mouths: Sequence[Mouth], tracks: Sequence[FaceTrack]) -> dict[int, list[Mouth]]:
    """The mouths of each track: at its times, and in its box."""
    found: dict[int, list[Mouth]] = {track.track: [] for track in tracks}
    for mouth in mouths:
        near: tuple[float, int] | None = None
        for track in tracks:
            if not track.samples or not track.samples[0].at_ms <= mouth.at_ms <= track.samples[-1].at_ms:
                continue
            box = box_at(track, mouth.at_ms)
            if box is None:
                continue
            away_x = abs(mouth.x - box.x - box.width / 2) / max(1.0, box.width)
            away_y = abs(mouth.y - box.y - box.height / 2) / max(1.0, box.height)
            away = max(away_x, away_y)
            if away < 0.5 and (near is None or away < near[0]):
                near = away, track.track
        if near is not None:
            found[near[1]].append(mouth)
    return found


def resample_mouths(steps: Floats, mouths: Sequence[Mouth], track: int) -> FaceSignals:
    """The mouths of a face, in order of time, on the steps."""
    times = np.array([mouth.at_ms for mouth in mouths], np.float64)
    after = np.clip(np.searchsorted(times, steps), 0, len(times) - 1)
    before = np.clip(after - 1, 0, len(times) - 1)
    away = np.minimum(np.abs(times[after] - steps), np.abs(times[before] - steps))
    gone = away > MAX_BRIDGED_MS / 2

    def column(name: str) -> Floats:
        values = np.interp(steps, times, np.array([getattr(mouth, name) for mouth in mouths], np.float64))
        values[gone] = np.nan
        return values

    return FaceSignals(track=track, opening=column("opening"), stir=column("stir"))


def _window_sums(values: Floats, length: int) -> Floats:
    """Sums over ``length`` steps around each, shape as given, however few there are."""
    before = length // 2
    padded = np.r_[0.0, np.cumsum(np.pad(values, (before, length - before)))]
    sums: Floats = padded[length : length + len(values)] - padded[: len(values)]
    return sums


def _window_means(values: Floats, length: int) -> Floats:
    """Mean over ``length`` steps around each, leaving out what was not seen; NaN where nothing was."""
    known = np.isfinite(values)
    total, count = _window_sums(np.where(known, values, 0.0), length), _window_sums(known.astype(np.float64), length)
    return np.where(count > 0, total / np.maximum(count, 1e-9), np.nan)


def sound_level(steps: Floats, voice: VoiceCurve) -> Floats:
    """The sound on the steps: 0 at its quietest tenth, 1 at 25 dB over that."""
    times = voice.start_ms + voice.step_ms * (np.arange(len(voice.level_db)) + 0.5)
    level = np.interp(steps, times, voice.level_db)
    return np.clip((level - np.percentile(voice.level_db, 10)) / 25.0, 0.0, 1.6)


def windowed_correlation(values: Floats, sound: Floats, length: int, lead: int = 0) -> Floats:
    """Correlation -1..1 of a mouth and the sound over ``length`` steps around each; lips ``lead`` steps ahead of it."""
    ahead = np.roll(values, lead)
    both = np.isfinite(ahead)
    lips, heard = np.where(both, ahead, np.nan), np.where(both, sound, np.nan)
    mean_l, mean_h = _window_means(lips, length), _window_means(heard, length)
    shared = _window_means(lips * heard, length) - mean_l * mean_h
    spread = (_window_means(lips * lips, length) - mean_l**2) * (_window_means(heard * heard, length) - mean_h**2)
    return np.nan_to_num(shared / np.sqrt(np.maximum(spread, 1e-12)))


def measure_evidence(seen: FaceSignals, sound: Floats) -> Floats:
    """Five kinds of evidence that a face speaks, at each step, shape (n, 5); NaN where it was not seen.

    Lips of one who speaks move, open and close, move when the sound changes, are open and move when it is loud.
    """
    length = MOVEMENT_WINDOW_MS // STEP_MS
    gape = np.abs(np.gradient(seen.opening)) if len(seen.opening) > 1 else seen.opening
    change = np.abs(np.gradient(sound)) if len(sound) > 1 else sound
    moved = np.log(seen.stir + 1e-3)
    lively = [
        np.minimum(
            MAX_MOVEMENT_GAIN,
            np.log((_window_means(values, length) + NOISE_RATIO) / (SPEAKING_MOVEMENT_RATIO + NOISE_RATIO)),
        )
        for values in (seen.stir, gape)
    ]
    changes = [windowed_correlation(moved, change, CHANGE_WINDOW_MS // STEP_MS, lead) for lead in (-1, 0, 1)]
    opens = [windowed_correlation(seen.opening, sound, OPENING_WINDOW_MS // STEP_MS, lead) for lead in (1, 2)]
    loud = windowed_correlation(moved, sound, CHANGE_WINDOW_MS // STEP_MS)
    return np.stack([*lively, np.mean(changes, axis=0), np.mean(opens, axis=0), loud], axis=1)


def weigh_evidence(kinds: Floats, weights: Sequence[float]) -> Floats:
    """How much speaks for a face at each step, over nobody on screen; -inf where it was not seen."""
    score: Floats = kinds @ np.asarray(weights)
    return np.where(np.isfinite(score), score, -np.inf)


def speech_steps(steps: Floats, voice: VoiceCurve, speech: Sequence[TimeRange] | None) -> NDArray[np.bool_]:
    """The steps at which somebody is heard: by the voice detector, else by the level."""
    if speech is not None:
        return np.array(
            [any(part.start_ms - EDGE_MS <= at < part.end_ms + EDGE_MS for part in speech) for at in steps], bool
        )
    times = voice.start_ms + voice.step_ms * (np.arange(len(voice.level_db)) + 0.5)
    level = np.interp(steps, times, voice.level_db)
    loud = level > np.percentile(voice.level_db, 10) + LOUD_DB
    reach = PAUSE_MS // STEP_MS // 2
    return _window_sums(loud.astype(np.float64), 2 * reach + 1) > 0.5
