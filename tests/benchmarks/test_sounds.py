"""A small seeded sample of benchmarks/acoustics/sounds.py: mixtures are as labelled, music and pitch are found in
them.
"""

from __future__ import annotations

import numpy as np

from benchmarks.acoustics.sound_mixtures import RATE_HZ, mixture, recording, stretches
from benchmarks.acoustics.sound_voices import pitch_errors, plain_pitch, sung
from benchmarks.acoustics.sounds import Counts, by_level, classes, classify_sounds, counted, near
from schemas.common import TimeRange
from streams.listen.acoustics.features import measure_acoustics


def test_music_speech_and_silence_are_distinguished() -> None:
    made = mixture("test", 4, 120)
    again = mixture("test", 4, 120)
    assert np.array_equal(made.samples, again.samples)
    sounds = classify_sounds(made.samples, stretches(made.truth["speech"]))
    found = classes([made], [sounds])
    assert found["music"].precision > 0.9
    assert found["music, no speech"].recall > 0.8
    assert found["silence"].recall > 0.9
    assert found["music"].precision > found["music, by level"].precision + 0.2


def test_the_pitch_of_a_real_voice_with_another_pitch_is_found() -> None:
    made = sung(recording("speech/librivox/sense_0870.wav"), np.random.default_rng(2), 140.0, 30.0)
    whole = TimeRange(start_ms=0, end_ms=len(made.samples) * 1000 // RATE_HZ)
    ours = np.array(measure_acoustics(made.samples, padded=whole, span_range=whole).pitch_hz, dtype=float)
    off, cents, voicing = pitch_errors(made.hz, ours)
    assert off <= 0.02
    assert cents < 20
    assert voicing < 0.15
    assert pitch_errors(made.hz, plain_pitch(made.samples))[0] >= off


def test_borders_are_not_judged_and_counts_add_up() -> None:
    truth = np.repeat([True, False], 50)
    late = np.roll(truth, 4)
    late[:4] = True
    assert counted(truth, late) == Counts(hit=45)
    assert counted(truth, ~truth) == Counts(wrong=45, missed=45)
    assert Counts(hit=3, wrong=1) + Counts(missed=2) == Counts(hit=3, wrong=1, missed=2)


def test_each_true_time_is_found_once() -> None:
    assert near([10.0, 20.0], [9.0, 10.5, 40.0]) == Counts(hit=1, wrong=2, missed=1)


def test_the_baseline_is_a_level() -> None:
    sound = np.repeat([0, 3000], 16_000).astype(np.int16)
    assert by_level(sound, "music").tolist() == [False] * 10 + [True] * 10
    assert by_level(sound, "silence").tolist() == [True] * 10 + [False] * 10
