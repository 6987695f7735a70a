"""Fit the model of ``streams/listen/acoustics/music.py`` and print it.

``python -m benchmarks.acoustics.sounds_fit``; keeps nothing.

Trained on the ``dev`` half of the recordings alone (mixtures by seed, benchmarks/acoustics/sound_mixtures.py), by
ridge-penalised logistic regression (Newton's method). In addition: each music recording left out in turn, and the share
of every spoken recording, alone, that would pass for music when it is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.acoustics.sound_mixtures import MUSIC, SPEECH, Mixture, mixture, recording
from streams.close.acoustics.acoustic_summary import (
    MIN_MUSIC_PROBABILITY,
    MIN_MUSIC_UNDER_SPEECH_PROBABILITY,
    smooth_probability,
)
from streams.listen.acoustics import music
from streams.listen.acoustics.features import compute_music_training_rows

SEEDS = (1, 2, 3)
SECONDS = 600.0
RIDGE_FACTOR = 1e-3
NEAR_STEPS = 15
"""Ranges whose window holds a border of music (1.5 s) teach nothing: neither answer is right."""
Rows = tuple[NDArray[np.float64], NDArray[np.bool_]]


def rows(mixed: Mixture) -> Rows:
    """Features of each half second of a mixture, and whether there is music."""
    features, lufs, at_s = compute_music_training_rows(mixed.samples)
    truth = mixed.truth["music"]
    at = np.minimum((at_s * 10).astype(int), len(truth) - 1)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(truth, NEAR_STEPS, mode="edge"), 2 * NEAR_STEPS + 1)[at]
    same = around.all(axis=1) | ~around.any(axis=1)
    use = same & (lufs > music.MIN_MUSIC_LUFS)
    return features[use], truth[at][use]


def fitted(features: NDArray[np.float64], truth: NDArray[np.bool_]) -> music.MusicModel:
    """The model that makes the truth most likely."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    inputs = np.column_stack([np.ones(len(features)), (features - mean) / spread])
    weights = np.zeros(inputs.shape[1])
    penalty = RIDGE_FACTOR * len(features) * np.diag([0.0, *np.ones(inputs.shape[1] - 1)])
    for _ in range(30):
        sure = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (sure - truth) + penalty @ weights
        bend = (inputs * (sure * (1 - sure))[:, None]).T @ inputs + penalty
        weights -= np.linalg.solve(bend, slope)
    return music.MusicModel(
        mean=tuple(np.round(mean, 4).tolist()),
        spread=tuple(np.round(spread, 4).tolist()),
        weights=tuple(np.round(weights[1:], 4).tolist()),
        bias=round(float(weights[0]), 4),
    )


def joined(mixtures: list[Mixture]) -> Rows:
    """Rows of several mixtures."""
    row_sets = [rows(mixed) for mixed in mixtures]
    return np.concatenate([features for features, _ in row_sets]), np.concatenate([truth for _, truth in row_sets])


def right(model: music.MusicModel, features: NDArray[np.float64], truth: NDArray[np.bool_]) -> str:
    """Precision and recall in words."""
    predicted = music.predict_music(features, np.zeros(len(features)), model) > 0.5
    hit = int((predicted & truth).sum())
    return f"precision {hit / max(1, predicted.sum()):.3f}, recall {hit / max(1, truth.sum()):.3f}"


def without(name: str) -> music.MusicModel:
    """The model fitted without one recording."""
    music_names = [recording_name for recording_name in MUSIC["dev"] if recording_name != name]
    speech_names = [recording_name for recording_name in SPEECH["dev"] if recording_name != name]
    mixtures = [mixture("dev", seed, SECONDS, music_names=music_names, speech_names=speech_names) for seed in SEEDS]
    return fitted(*joined(mixtures))


def main() -> None:
    """Command line."""
    features, truth = joined([mixture("dev", seed, SECONDS) for seed in SEEDS])
    model = fitted(features, truth)
    print(f"{model}\nof {music.FEATURE_NAMES}\non what it was fitted to: {right(model, features, truth)}")
    for name in (*MUSIC["dev"], *SPEECH["dev"]):
        samples = np.clip(recording(name) * 32768, -32768, 32767).astype(np.int16)
        alone, lufs, _ = compute_music_training_rows(samples)
        sure = smooth_probability(music.predict_music(alone, lufs, without(name)))
        shares = [
            f"{float((sure > least).mean()):.2f}"
            for least in (MIN_MUSIC_PROBABILITY, MIN_MUSIC_UNDER_SPEECH_PROBABILITY)
        ]
        print(f"left out, {name}: {shares[0]} of it passes for music, {shares[1]} where somebody speaks")


if __name__ == "__main__":
    main()
