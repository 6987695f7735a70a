"""Sounds in which no one says a word, made by a seed: noises, tones, claps, music bent and mixed.

Never measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.acoustics.sound_mixtures import MUSIC, ROOM, Samples, at_level, piece
from schemas.common import Value
from tests.support.media.recordings import RATE_HZ

SECONDS = 20
SIZE = SECONDS * RATE_HZ
SONGS = (*MUSIC["dev"], *MUSIC["test"])
LOUDEST_DB, SOFTEST_DB = -8.0, -60.0
CLAP_S = 0.03
Random = np.random.Generator


class Wordless(Value, frozen=True, kw_only=True):
    """16 kHz mono, shape (n,), and what it is."""

    name: str
    samples: NDArray[np.int16]


def make_sounds(seed: int) -> Iterator[Wordless]:
    """One of each kind."""
    for kind, make in MAKERS.items():
        random = np.random.default_rng([seed, *kind.encode()])
        level_db = random.uniform(SOFTEST_DB, LOUDEST_DB)
        sound = at_level(make(random), level_db)
        yield Wordless(name=f"{kind}, seed {seed}, {level_db:.0f} dBFS", samples=as_int16(sound))
    random = np.random.default_rng(seed)
    yield Wordless(name=f"the last bit, seed {seed}", samples=random.integers(-1, 2, SIZE).astype(np.int16))
    square = np.where(_tone(random.uniform(80, 400)) > 0, 32767, -32768)
    yield Wordless(name=f"a square wave at full scale, seed {seed}", samples=square.astype(np.int16))


def as_int16(sound: Samples) -> NDArray[np.int16]:
    """Samples as a recorder would keep them: louder than full scale is cut off."""
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)


def coloured(random: Random, exponent: float, size: int = SIZE) -> Samples:
    """Noise whose power falls by frequency to the power of ``exponent``: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(random.standard_normal(size))
    falls = np.maximum(np.arange(len(spectrum)), 1.0) ** (exponent / 2)
    return np.fft.irfft(spectrum / falls, size).astype(np.float32)


def _times() -> Samples:
    return (np.arange(SIZE) / RATE_HZ).astype(np.float32)


def _tone(hz: float) -> Samples:
    return np.sin(2 * np.pi * hz * _times()).astype(np.float32)


def _wind(random: Random) -> Samples:
    gusts = np.interp(_times() * 2, np.arange(2 * SECONDS + 1), random.uniform(0.02, 1.0, 2 * SECONDS + 1))
    return coloured(random, 2.0) * gusts.astype(np.float32)


def _hum(random: Random) -> Samples:
    ground = float(random.choice([50.0, 60.0]))
    waves = [_tone(ground * count) / count for count in range(1, 9)]
    return np.sum(waves, axis=0, dtype=np.float32) + 0.05 * coloured(random, 1.0)


def _beeps(random: Random) -> Samples:
    on = np.repeat(random.random(SECONDS * 5) < 0.5, RATE_HZ // 5)[:SIZE]
    return _tone(random.uniform(300, 3000)) * on


def _sweep(random: Random) -> Samples:
    hz = np.interp(_times(), np.arange(SECONDS + 1), random.uniform(80, 4000, SECONDS + 1))
    return np.sin(2 * np.pi * np.cumsum(hz) / RATE_HZ).astype(np.float32)


def _chords(random: Random) -> Samples:
    out = np.zeros(SIZE, dtype=np.float32)
    for start in range(0, SIZE, RATE_HZ):
        ground = 110 * 2 ** (random.integers(0, 24) / 12)
        for step in (0, 4, 7, 12):
            out[start : start + RATE_HZ] += _tone(ground * 2 ** (step / 12))[:RATE_HZ]
    return out


def _claps(random: Random) -> Samples:
    """A room that applauds: many short bursts of noise that grow and die away."""
    people, rate_hz = int(random.integers(5, 200)), random.uniform(2.5, 5.0)
    clap = int(CLAP_S * RATE_HZ)
    fall = np.exp(-np.arange(clap) / (clap / 6))
    out = np.zeros(SIZE + clap, dtype=np.float32)
    for _ in range(int(people * rate_hz * SECONDS)):
        at = int(random.integers(SIZE))
        swell = np.sin(np.pi * at / SIZE)
        out[at : at + clap] += random.uniform(0.3, 1) * swell * fall * random.standard_normal(clap)
    return out[:SIZE]


def _knocks(random: Random) -> Samples:
    out = np.zeros(SIZE, dtype=np.float32)
    size = RATE_HZ // 10
    fall = np.exp(-np.arange(size) / (size / 8))
    for at in np.sort(random.integers(0, SIZE - size, 60)):
        out[at : at + size] += random.uniform(0.2, 1) * fall * _tone(random.uniform(80, 600))[:size]
    return out + 0.002 * coloured(random, 1.0)


def _song(random: Random) -> Samples:
    return piece(random, SONGS, SECONDS * 10)


def _two_songs(random: Random) -> Samples:
    return _song(random) + random.uniform(0.3, 1.0) * _song(random)


def _song_in_noise(random: Random) -> Samples:
    return _song(random) + at_level(coloured(random, random.uniform(0, 2)), random.uniform(-35, -15))


def _bent_song(random: Random) -> Samples:
    """Faster or slower, and the pitch with it."""
    factor = random.uniform(0.6, 1.6)
    song = np.concatenate([_song(random), _song(random)])
    return np.interp(np.arange(SIZE) * factor, np.arange(len(song)), song).astype(np.float32)


def _backwards(random: Random) -> Samples:
    return _song(random)[::-1].copy()


def _make_room(random: Random) -> Samples:
    return piece(random, (ROOM,), SECONDS * 10) + 0.1 * coloured(random, 1.0)


MAKERS: dict[str, Callable[[Random], Samples]] = {
    "white noise": lambda random: coloured(random, 0.0),
    "pink noise": lambda random: coloured(random, 1.0),
    "brown noise": lambda random: coloured(random, 2.0),
    "wind": _wind,
    "mains hum": _hum,
    "beeps": _beeps,
    "a sweeping tone": _sweep,
    "chords": _chords,
    "claps": _claps,
    "knocks": _knocks,
    "music": _song,
    "two musics": _two_songs,
    "music in noise": _song_in_noise,
    "bent music": _bent_song,
    "music backwards": _backwards,
    "a real room": _make_room,
}
