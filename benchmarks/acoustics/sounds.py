"""Speech, music, silence, sections and pitch on made truth, compared with trivial baselines.

``python -m benchmarks.acoustics.sounds``.

Mixtures by seed of the recordings' ``test`` half (benchmarks/acoustics/sound_mixtures.py); constants were set on the
other one. Speech is the product's voice detector; all else is ``streams/listen``. Scored each 100 ms, but not within
0.5 s of a change of truth. The baselines: a level (speech and music are what is louder than -45 dBFS, silence what is
below -60), equally spaced sections, and the plain maximum of the autocorrelation. CPU time is that of
``measure_acoustics`` alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.acoustics.sound_mixtures import (
    MUSIC,
    SPEECH,
    STEP_MS,
    Mixture,
    mixture,
    recording,
    runs,
    songs_joined,
    steps_power,
)
from benchmarks.acoustics.sound_voices import pitch_errors, plain_pitch, sung
from local.config.paths import cache_dir, make_private
from local.install import triton
from schemas.common import TimeRange, Value
from schemas.documents.acoustics import Sounds
from schemas.documents.span import HeardSpan, LoudnessCurve
from streams.close.acoustics.acoustic_summary import summarise_acoustics
from streams.listen.acoustics.features import measure_acoustics
from tests.support.media.recordings import RATE_HZ

SEEDS = (11, 12, 13)
SECONDS = 600.0
COLLAR_STEPS = 5
LOUD_DB, SOFT_DB = -45.0, -60.0
NEAR_S = 2.0
CLASSES = ("speech", "music", "silence")
VOICE = Path(__file__).with_name("sounds_voice.py")
RECOGNISER = Path(__file__).parents[2] / "models" / "triton_repo" / "whisper" / "1"
Flags = NDArray[np.bool_]


class Counts(Value):
    """Steps said and true, said alone, missed."""

    hit: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(hit=self.hit + other.hit, wrong=self.wrong + other.wrong, missed=self.missed + other.missed)

    @property
    def precision(self) -> float:
        """Share of what was said that is true."""
        return self.hit / max(1, self.hit + self.wrong)

    @property
    def recall(self) -> float:
        """Share of the truth that was said."""
        return self.hit / max(1, self.hit + self.missed)

    def line(self) -> str:
        """Precision, recall and F1 as text."""
        f1 = 2 * self.hit / max(1, 2 * self.hit + self.wrong + self.missed)
        return f"P {self.precision:.3f}  R {self.recall:.3f}  F1 {f1:.3f}"


def voices(recordings: Sequence[NDArray[np.int16]]) -> list[list[TimeRange]]:
    """The speech ranges that the product's voice detector finds in each recording."""
    installed = triton.install(make_private(cache_dir(os.environ)), os.environ, print)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{at}.npy" for at in range(len(recordings))]
        for path, samples in zip(paths, recordings, strict=True):
            np.save(path, samples)
        run = subprocess.run(
            [str(installed.home / "bin" / "python"), str(VOICE)],
            input="\n".join(json.dumps(str(path)) for path in paths),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(RECOGNISER)},
        )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    return [[TimeRange(start_ms=start, end_ms=end) for start, end in answer] for answer in answers]


def classify_sounds(samples: NDArray[np.int16], speech: Sequence[TimeRange]) -> Sounds:
    """The project's sounds, were this all of it."""
    full_range = TimeRange(start_ms=0, end_ms=len(samples) * 1000 // RATE_HZ)
    span = HeardSpan(
        ordinal=0,
        range=full_range,
        language=None,
        language_probability=0.0,
        words=[],
        speech=list(speech),
        loudness=LoudnessCurve(start_ms=0, step_ms=STEP_MS, level_db=[]),
        model="",
        compute_ms=0,
        sounds=measure_acoustics(samples, padded=full_range, span_range=full_range),
    )
    return summarise_acoustics([span], speech, [], full_range.end_ms)


def event_steps(sounds: Sounds, kind: str, steps: int) -> Flags:
    """True for each 100 ms step that lies in an event of this kind."""
    flags = np.zeros(steps, dtype=bool)
    for event in sounds.events:
        if event.kind == kind:
            flags[round(event.start_ms / STEP_MS) : round(event.end_ms / STEP_MS)] = True
    return flags


def by_level(samples: NDArray[np.int16], kind: str) -> Flags:
    """The baseline."""
    level = 10 * np.log10(steps_power(samples / 32768.0) + 1e-12)
    return np.asarray(level < SOFT_DB if kind == "silence" else level > LOUD_DB)


def counted(truth: Flags, detected: Flags, within: Flags | None = None) -> Counts:
    """Steps of each kind, those near a change of truth left out."""
    use = np.ones(len(truth), dtype=bool) if within is None else within.copy()
    for border in np.flatnonzero(np.diff(truth.astype(np.int8))):
        use[max(0, border + 1 - COLLAR_STEPS) : border + 1 + COLLAR_STEPS] = False
    return Counts(
        hit=int((truth & detected & use).sum()),
        wrong=int((~truth & detected & use).sum()),
        missed=int((truth & ~detected & use).sum()),
    )


def classes(mixtures: Sequence[Mixture], classified: Sequence[Sounds]) -> dict[str, Counts]:
    """Counts of each class, ours and the baseline's, and of music by itself and under speech."""
    total: dict[str, Counts] = {}
    for mixed, sounds in zip(mixtures, classified, strict=True):
        for kind in CLASSES:
            truth = mixed.truth[kind]
            ours, level = event_steps(sounds, kind, len(truth)), by_level(mixed.samples, kind)[: len(truth)]
            total[kind] = total.get(kind, Counts()) + counted(truth, ours)
            total[f"{kind}, by level"] = total.get(f"{kind}, by level", Counts()) + counted(truth, level)
        talk = _widened(mixed.truth["speech"])
        ours = event_steps(sounds, "music", len(talk))
        for name, part in (("music, no speech", ~talk), ("music, somebody speaks", talk)):
            total[name] = total.get(name, Counts()) + counted(mixed.truth["music"], ours, part)
    return total


def _widened(flags: Flags) -> Flags:
    """Speech with its pauses up to 2 s: the range in which a person talks."""
    widened = flags.copy()
    for start, end in runs(~flags):
        if end - start <= 20:
            widened[start:end] = True
    return widened


def sections(seeds: Sequence[int]) -> tuple[Counts, Counts]:
    """Joins of music found within 2 s, ours and equally spaced ones of the same number."""
    ours, spaced = Counts(), Counts()
    for seed in seeds:
        songs = songs_joined(MUSIC["test"], seed, 8)
        sounds = classify_sounds(songs.samples, [])
        at_s = [event.start_ms / 1000 for event in sounds.events if event.kind == "section"]
        even = np.linspace(0, len(songs.samples) / RATE_HZ, len(at_s) + 2)[1:-1].tolist()
        ours, spaced = ours + near(songs.joins_s, at_s), spaced + near(songs.joins_s, even)
    return ours, spaced


def near(truth: Sequence[float], detected: Sequence[float]) -> Counts:
    """Counts of the times found near a true one; each true time is matched once."""
    left, hit = sorted(detected), 0
    for join_s in truth:
        match = next((at_s for at_s in left if abs(at_s - join_s) <= NEAR_S), None)
        if match is not None:
            left.remove(match)
            hit += 1
    return Counts(hit=hit, wrong=len(left), missed=len(truth) - hit)


def pitch(seeds: Sequence[int]) -> None:
    """Print the errors at each level of noise."""
    names = [name for name in SPEECH["test"] if "lecture" not in name and "ami" not in name]
    for noise_db in (60.0, 20.0, 10.0):
        rows: dict[str, list[tuple[float, float, float]]] = {"ours": [], "plain maximum": []}
        for seed in seeds:
            generator = np.random.default_rng(seed)
            for name, middle in zip(names, (110.0, 160.0, 220.0, 130.0, 260.0), strict=False):
                voice = sung(recording(name)[: 20 * RATE_HZ], generator, middle, noise_db)
                full_range = TimeRange(start_ms=0, end_ms=len(voice.samples) * 1000 // RATE_HZ)
                ours = np.array(
                    measure_acoustics(voice.samples, padded=full_range, span_range=full_range).pitch_hz, dtype=float
                )
                rows["ours"].append(pitch_errors(voice.hz, ours))
                rows["plain maximum"].append(pitch_errors(voice.hz, plain_pitch(voice.samples)))
        for way, errors in rows.items():
            off, cents, voicing = np.mean(errors, axis=0)
            figures = f"{off:.2%} off by 20 %, else {cents:.0f} cents; voicing {voicing:.2%} wrong"
            print(f"pitch, noise {noise_db:.0f} dB below, {way}: {figures}")


def cpu_s_per_hour() -> float:
    """CPU seconds of ``measure_acoustics`` for an hour.

    Ten minutes of the lecture's sound, in spans of 150 s.
    """
    sound = np.tile((recording("talking/physicsworks_lecture_203s_240p.webm") * 32768).astype(np.int16), 3)
    span = TimeRange(start_ms=0, end_ms=150_000)
    began = time.process_time()
    for start in range(4):
        measure_acoustics(sound[start * 150 * RATE_HZ : (start + 1) * 150 * RATE_HZ], padded=span, span_range=span)
    return (time.process_time() - began) * 6


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("test", "dev"), default="test")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    mixtures = [mixture(options.half, seed, options.seconds) for seed in SEEDS]
    heard_speech = voices([mixed.samples for mixed in mixtures])
    classified = [classify_sounds(mixed.samples, speech) for mixed, speech in zip(mixtures, heard_speech, strict=True)]
    for name, counts in classes(mixtures, classified).items():
        print(f"{name:24} {counts.line()}")
    ours, spaced = sections(SEEDS)
    print(f"{'joins of music':24} {ours.line()}\n{'joins, equally spaced':24} {spaced.line()}")
    pitch(SEEDS[:1])
    print(f"CPU seconds for an hour of sound: {cpu_s_per_hour():.1f}")


if __name__ == "__main__":
    main()
