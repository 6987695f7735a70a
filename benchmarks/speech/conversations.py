"""Conversations of one to five speakers out of labelled readings, by a seed.

Sound, and who speaks when. None is real.

Each recording is cut at its pauses into phrases; speakers then take turns of one to three phrases, at levels of their
own, slowly or briskly, with pauses or a short overlap between turns, over a little noise; a third each are heard as
they are, by telephone, and across a room. The truth is known to the millisecond, and easier than life: a reader's voice
comes with the room it was recorded in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange, Value
from tests.support.media.recordings import RATE_HZ, media, sound

READINGS: dict[str, tuple[str, ...]] = {
    "6097": ("speech/hifitts_6097/*.wav",),
    "1089": ("speech/librispeech/1089-*.wav",),
    "1221": ("speech/librispeech/1221-*.wav",),
    "sense": ("speech/librivox/sense_*.wav",),
    "jfk": ("speech/jfk.flac",),
    "lucier": ("speech/lucier_101s.wav",),
    "fillers": ("speech/word_level/acoustic_corpus.wav",),
    "lecturer": ("talking/physicsworks_lecture_203s_240p.webm",),
    "narrator": ("talking/nasa_13013_voiceover.mp4",),
}
"""One speaker each, by what the media's README says of them."""
STEP = RATE_HZ // 100
PAUSE_STEPS = 25
PHRASE_MS = (700, 6_000)
QUIET_ROOM_DB, QUIET_ROOM, LOUD_ROOM = 35.0, 0.4, 0.65
"""Speech begins at this share of the way from a recording's floor to its loudest, in dB; higher in a loud room."""
LOUD_DBFS = -24.0
CHANNELS = ("as it is", "telephone", "room")
TELEPHONE_HZ = (300.0, 3400.0)
SHORTEST_SHARE_MS = 5_000
"""Each speaker of a conversation says at least this much, or all there is of them."""


class Turn(Value):
    """One phrase of one speaker."""

    range: TimeRange
    speaker: str


class Conversation(Value):
    """Sound at 16 kHz and the truth about it."""

    name: str
    channel: str
    samples: NDArray[np.int16]
    turns: list[Turn]

    @property
    def speakers(self) -> int:
        """The number of speakers."""
        return len({turn.speaker for turn in self.turns})


def phrases() -> dict[str, list[NDArray[np.float64]]]:
    """Each reader's phrases at one level, without the pauses around them."""
    phrases_by_reader: dict[str, list[NDArray[np.float64]]] = {}
    for reader, patterns in READINGS.items():
        files = [path for pattern in patterns for path in sorted(_folder(pattern).glob(Path(pattern).name))]
        phrases_by_reader[reader] = [phrase for path in files for phrase in _cut(sound(path).astype(np.float64))]
    return phrases_by_reader


def _folder(pattern: str) -> Path:
    return media(str(Path(pattern).parent))


def _cut(samples: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Ranges between pauses of a quarter of a second, within the wanted lengths."""
    power = np.square(samples[: samples.size // STEP * STEP]).reshape(-1, STEP).mean(axis=1) + 1.0
    level_db = 10 * np.log10(power)
    floor_db, top_db = np.percentile(level_db, (5, 95))
    share = QUIET_ROOM if top_db - floor_db > QUIET_ROOM_DB else LOUD_ROOM
    loud = np.flatnonzero(level_db > floor_db + share * (top_db - floor_db))
    for run in np.split(loud, np.flatnonzero(np.diff(loud) > PAUSE_STEPS) + 1):
        length_ms = (run[-1] + 1 - run[0]) * 10
        if length_ms < PHRASE_MS[0]:
            continue
        parts = -(-length_ms // PHRASE_MS[1])
        yield from (_levelled(part) for part in np.array_split(samples[run[0] * STEP : (run[-1] + 1) * STEP], parts))


def _levelled(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    target = 32768 * 10 ** (LOUD_DBFS / 20)
    return samples * (target / max(1.0, float(np.sqrt(np.square(samples).mean()))))


def conversation(
    seed: int, count: int, phrases_by_reader: Mapping[str, list[NDArray[np.float64]]], length_ms: int = 90_000
) -> Conversation:
    """``count`` of the readers talk for about ``length_ms`` (less where they run out of phrases)."""
    random = np.random.default_rng([seed, count])
    who = [str(reader) for reader in random.choice(sorted(phrases_by_reader), count, replace=False)]
    left = {
        reader: [phrases_by_reader[reader][at] for at in random.permutation(len(phrases_by_reader[reader]))]
        for reader in who
    }
    gain = {reader: 10 ** (random.uniform(-5, 5) / 20) for reader in who}
    brisk = bool(random.random() < 0.5)
    placed_phrases: list[PlacedPhrase] = []
    at, speaker = RATE_HZ // 2, who[0]
    while any(left.values()) and at < length_ms * RATE_HZ // 1000:
        speaker = _next(random, placed_phrases, speaker, left)
        for _ in range(1 if brisk else int(random.integers(1, 4))):
            if left[speaker]:
                placed_phrases.append(PlacedPhrase(at=at, speaker=speaker, samples=left[speaker].pop() * gain[speaker]))
                at = placed_phrases[-1].end + int(random.uniform(0.1, 0.6) * RATE_HZ)
        at = _between(random, placed_phrases[-1], brisk)
    return _mixed(f"made-{seed}-{count}", random, placed_phrases)


class PlacedPhrase(Value):
    """A phrase and its place, in samples from the start."""

    at: int
    speaker: str
    samples: NDArray[np.float64]

    @property
    def end(self) -> int:
        """The sample after its last."""
        return self.at + self.samples.size


def _next(
    random: np.random.Generator,
    placed_phrases: Sequence[PlacedPhrase],
    before: str,
    left: Mapping[str, Sequence[object]],
) -> str:
    """Choose another speaker, first of those who have said least: each one must be heard."""
    candidates = [speaker for speaker in left if left[speaker] and (speaker != before or not placed_phrases)] or [
        speaker for speaker in left if left[speaker]
    ]
    spoken_samples = {
        speaker: sum(phrase.samples.size for phrase in placed_phrases if phrase.speaker == speaker)
        for speaker in candidates
    }
    short = [speaker for speaker in candidates if spoken_samples[speaker] < SHORTEST_SHARE_MS * RATE_HZ // 1000]
    return str(random.choice(short or candidates))


def _between(random: np.random.Generator, last: PlacedPhrase, brisk: bool) -> int:
    """The sample at which the next turn begins: after a pause.

    In one of eight (brisk: of three) before the last one has ended.
    """
    if random.random() < (0.33 if brisk else 0.125):
        return last.end - min(int(random.uniform(0.0, 0.6) * RATE_HZ), last.samples.size // 3)
    return last.end + int(random.uniform(0.0, 0.3 if brisk else 1.2) * RATE_HZ)


def _mixed(name: str, random: np.random.Generator, placed_phrases: Sequence[PlacedPhrase]) -> Conversation:
    mixed = np.zeros(max(phrase.end for phrase in placed_phrases) + RATE_HZ // 2)
    turns = []
    for phrase in placed_phrases:
        mixed[phrase.at : phrase.end] += phrase.samples
        time_range = TimeRange(start_ms=phrase.at * 1000 // RATE_HZ, end_ms=phrase.end * 1000 // RATE_HZ)
        turns.append(Turn(range=time_range, speaker=phrase.speaker))
    channel = str(random.choice(CHANNELS))
    recorded = _through(channel, mixed, random)
    recorded += random.normal(0, 32768 * 10 ** (random.uniform(-62, -48) / 20), recorded.size)
    return Conversation(
        name=name, channel=channel, samples=np.clip(recorded, -32768, 32767).astype(np.int16), turns=turns
    )


def _through(channel: str, samples: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """The sound through a telephone line or a room, the same for all speakers."""
    if channel == "as it is":
        return samples.copy()
    size = 1 << (samples.size + RATE_HZ).bit_length()
    spectrum = np.fft.rfft(samples, size)
    if channel == "telephone":
        hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
        low, high = TELEPHONE_HZ
        spectrum *= (1 + (low / np.maximum(hz, 1)) ** 4) ** -0.5 * (1 + (hz / high) ** 12) ** -0.5
    else:
        times_s = np.arange(RATE_HZ // 2) / RATE_HZ
        echo = 0.03 * random.normal(0, 1, times_s.size) * np.exp(-times_s / random.uniform(0.04, 0.09))
        echo[0] = 1.0
        spectrum *= np.fft.rfft(echo, size)
    return np.asarray(np.fft.irfft(spectrum, size)[: samples.size])
