"""Labelled mixtures of speech, music, noise and silence, by a seed from real recordings.

Never part of the product.

The two halves share no recording: constants are set on ``dev``, figures are reported on ``test``. What is true is known
before anything is mixed: where speech is from its own clean level, music and silence from where they were put.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange, Value
from tests.support.media.recordings import RATE_HZ, media, sound

Samples = NDArray[np.float32]
STEP_MS = 100
HIFI = "speech/hifitts_6097"
MUSIC = {
    "dev": ("music/Kevin_MacLeod-Vibe_Ace.ogg", "music/Hungarian_Dance_5.ogg"),
    "test": ("music/Kevin_MacLeod-Nutcracker.ogg", "shots/bbb_trailer_55s_720p.mp4"),
}
SPEECH = {
    "dev": (
        "speech/jfk.flac",
        "speech/lucier_101s.wav",
        "speech/librispeech/1221-135766-0001.wav",
        "speech/librispeech/1221-135766-0002.wav",
        "speech/word_level/acoustic_corpus.wav",
        "diarization/pyannote_sample.wav",
        "diarization/ami/dev01.wav",
    ),
    "test": (
        "speech/librispeech/1089-134686-0001.wav",
        "speech/librivox/sense_0870.wav",
        "speech/librivox/sense_0880.wav",
        "speech/multilingual.mp3",
        "diarization/ami/dev00.wav",
        f"{HIFI}/*",
        "talking/physicsworks_lecture_203s_240p.webm",
    ),
}
ROOM = "talking/nvidia_webcam_pillarbox_8s_720p.mp4"
SPEECH_BELOW_DB = 35.0
"""Clean speech is where its level is within this of its loudest second; a gap up to 300 ms belongs to it."""
GAP_STEPS = 3
LONGEST_S = 60
"""What is longer than this is not chosen more often for it."""
SPEECH_OVER_MUSIC_DB = (12.0, 6.0, 0.0)
KINDS = ("speech", "music", "both", "silence", "noise")
CHANCE = (0.3, 0.2, 0.25, 0.1, 0.15)


class Mixture(Value):
    """16 kHz (int16), and per 100 ms whether each class is heard.

    ``joins_s``: where one music becomes another.
    """

    samples: NDArray[np.int16]
    truth: dict[str, NDArray[np.bool_]]
    joins_s: list[float] = []


@lru_cache(maxsize=64)
def recording(name: str) -> Samples:
    """A recording at -20 dBFS; a folder's recordings joined."""
    if name.endswith("/*"):
        files = sorted(path for path in media(name[:-2]).iterdir() if path.suffix == ".wav")
        samples = np.concatenate([sound(path) for path in files])
    else:
        samples = sound(media(name))
    return at_level(samples.astype(np.float32) / 32768, -20.0)


def at_level(samples: Samples, level_db: float) -> Samples:
    """Samples with this RMS over their active part (steps above -60 dBFS)."""
    power = steps_power(samples)
    active = power[power > 1e-6]
    level = 10 * np.log10(active.mean()) if active.size else -20.0
    return (samples * 10 ** ((level_db - level) / 20)).astype(np.float32)


def steps_power(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean square of each 100 ms."""
    step = RATE_HZ * STEP_MS // 1000
    full_steps = samples[: len(samples) // step * step].astype(np.float64)
    return np.asarray(np.square(full_steps).reshape(-1, step).mean(axis=1))


def is_spoken(clean: Samples) -> NDArray[np.bool_]:
    """True for each 100 ms step of a clean recording that holds speech."""
    level = 10 * np.log10(steps_power(clean) + 1e-12)
    speech_steps = level > np.sort(level)[-10:].mean() - SPEECH_BELOW_DB
    for start, end in runs(~speech_steps):
        if end - start <= GAP_STEPS:
            speech_steps[start:end] = True
    return speech_steps


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def stretches(flags: NDArray[np.bool_]) -> list[TimeRange]:
    """Runs of True as times."""
    return [TimeRange(start_ms=start * STEP_MS, end_ms=end * STEP_MS) for start, end in runs(flags)]


def piece(generator: np.random.Generator, names: Sequence[str], steps: int) -> Samples:
    """A range of one of the recordings, repeated where it is too short; a long one is chosen more often."""
    lengths = np.array([min(len(recording(name)), LONGEST_S * RATE_HZ) for name in names], dtype=float)
    samples = recording(names[int(generator.choice(len(names), p=lengths / lengths.sum()))])
    size = steps * RATE_HZ * STEP_MS // 1000
    if len(samples) < size:
        samples = np.tile(samples, -(-size // len(samples)))
    start = int(generator.integers(len(samples) - size + 1))
    return samples[start : start + size]


def noise(generator: np.random.Generator, steps: int) -> Samples:
    """White, pink or a real room's noise, -50 to -30 dBFS."""
    size = steps * RATE_HZ * STEP_MS // 1000
    kind = int(generator.integers(3))
    if kind == 2:
        raw = piece(generator, (ROOM,), steps)
    else:
        spectrum = np.fft.rfft(generator.standard_normal(size))
        falls = np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0)) if kind else 1.0
        raw = np.fft.irfft(spectrum / falls, size).astype(np.float32)
    power = float(np.square(raw).mean())
    return (raw * (10 ** (generator.uniform(-50, -30) / 20) / np.sqrt(power + 1e-12))).astype(np.float32)


def mixture(
    half: str,
    seed: int,
    seconds: float,
    *,
    music_names: Sequence[str] | None = None,
    speech_names: Sequence[str] | None = None,
) -> Mixture:
    """A mixture of at least ``seconds``, with a faint hiss under all.

    5 to 15 s of each kind in turn, levels at random.
    """
    generator = np.random.default_rng(seed)
    parts: list[Samples] = []
    labels: dict[str, list[NDArray[np.bool_]]] = {"speech": [], "music": [], "silence": []}
    before = ""
    while sum(map(len, parts)) < seconds * RATE_HZ:
        kind = str(generator.choice(list(KINDS), p=CHANCE))
        if kind == before:
            continue
        before, steps = kind, int(generator.integers(50, 151))
        part, speech_steps = _MAKERS[kind](generator, steps, speech_names or SPEECH[half], music_names or MUSIC[half])
        parts.append(_faded(part) * 10 ** (generator.uniform(-10, 4) / 20))
        labels["speech"].append(speech_steps)
        labels["music"].append(np.full(steps, kind in ("music", "both")))
        labels["silence"].append(np.full(steps, kind == "silence"))
    mixed = np.concatenate(parts)
    mixed = mixed + generator.standard_normal(len(mixed)).astype(np.float32) * 10 ** (-80 / 20)
    samples = np.clip(np.rint(mixed * 32768), -32768, 32767).astype(np.int16)
    return Mixture(samples=samples, truth={name: np.concatenate(flags) for name, flags in labels.items()})


Made = tuple[Samples, NDArray[np.bool_]]
Names = Sequence[str]


def _speech(generator: np.random.Generator, steps: int, speech: Names, _: Names) -> Made:
    clean = piece(generator, speech, steps)
    return clean, is_spoken(clean)


def _music(generator: np.random.Generator, steps: int, _: Names, music: Names) -> Made:
    return piece(generator, music, steps), np.zeros(steps, dtype=bool)


def _speech_over_music(generator: np.random.Generator, steps: int, speech: Names, music: Names) -> Made:
    clean, speech_steps = _speech(generator, steps, speech, music)
    under = 10 ** (-float(generator.choice(SPEECH_OVER_MUSIC_DB)) / 20)
    return clean + under * piece(generator, music, steps), speech_steps


def _silence(_: np.random.Generator, steps: int, __: Names, ___: Names) -> Made:
    return np.zeros(steps * RATE_HZ * STEP_MS // 1000, dtype=np.float32), np.zeros(steps, dtype=bool)


def _noise(generator: np.random.Generator, steps: int, _: Names, __: Names) -> Made:
    return noise(generator, steps), np.zeros(steps, dtype=bool)


_MAKERS: dict[str, Callable[[np.random.Generator, int, Names, Names], Made]] = {
    "speech": _speech,
    "music": _music,
    "both": _speech_over_music,
    "silence": _silence,
    "noise": _noise,
}


def _faded(samples: Samples) -> Samples:
    """50 ms in and out, so that no join clicks."""
    size = RATE_HZ // 20
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    out = samples.copy()
    out[:size] *= ramp
    out[-size:] *= ramp[::-1]
    return out


def songs_joined(names: Sequence[str], seed: int, parts: int) -> Mixture:
    """Ranges of 15 to 30 s of different recordings (or far parts of one), joined: the truth of sections."""
    generator = np.random.default_rng(seed)
    pieces: list[Samples] = []
    last = -1
    for _ in range(parts):
        choice = int(generator.choice([at for at in range(len(names)) if at != last or len(names) == 1]))
        pieces.append(_faded(piece(generator, [names[choice]], int(generator.integers(150, 301)))))
        last = choice
    ends = np.cumsum([len(song) for song in pieces]) / RATE_HZ
    joined = np.concatenate(pieces)
    samples = np.clip(np.rint(joined * 32768), -32768, 32767).astype(np.int16)
    steps = len(samples) * 10 // RATE_HZ
    truth = {"speech": np.zeros(steps, bool), "music": np.ones(steps, bool), "silence": np.zeros(steps, bool)}
    return Mixture(samples=samples, truth=truth, joins_s=[float(end) for end in ends[:-1]])
