"""Distance between speakers before and after levelling, compared with libav's filters.

In made conversations of real readers.

``python -m benchmarks.render.levelling``. The conversations are those of `benchmarks.speech.conversations` (half a
minute each, two or three readers at levels of their own, by telephone, across a room, overlapping at times), the
quieter half of the readers turned down by 6 dB more. Each reader's loudness is that of all their phrases, by
pyloudnorm. ``wrong``: every tenth phrase is said to be somebody else's, as a diarizer errs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import av
import numpy as np
import pyloudnorm

from benchmarks.render.loudness import through
from benchmarks.speech.conversations import Conversation, conversation, phrases
from core.domain.editing.clock import single_segment
from schemas.common import TimeRange, Word
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.speaker_levels import level_speakers

SEEDS, COUNTS = range(1, 11), (2, 3)
LENGTH_MS, WORD_MS = 30_000, 250
FURTHER_DB = -6.0
WRONG_SPEAKER_PERCENT = 10
Way = Callable[[Conversation, Sound], Sound]


def stereo(made: Conversation) -> Sound:
    """As a clip has it: 48 kHz on both sides; readers with odd names turned down."""
    quiet = sorted({turn.speaker for turn in made.turns})[1::2]
    gain = np.ones(made.samples.size)
    for turn in made.turns:
        if turn.speaker in quiet:
            gain[turn.range.start_ms * 16 : turn.range.end_ms * 16] = 10 ** (FURTHER_DB / 20)
    mono = (made.samples * gain / 32_768).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(mono[None, :], format="fltp", layout="mono")
    frame.sample_rate = 16_000
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
    parts = [one.to_ndarray().T for given in (frame, None) for one in resampler.resample(given)]
    return np.concatenate(parts).astype(np.float32)


def words(made: Conversation, *, wrong: bool = False) -> list[Word]:
    """Each phrase in words of a quarter of a second."""
    names = sorted({turn.speaker for turn in made.turns})
    found = []
    for number, turn in enumerate(made.turns):
        who = turn.speaker
        if wrong and number % WRONG_SPEAKER_PERCENT == WRONG_SPEAKER_PERCENT // 2:
            who = names[(names.index(who) + 1) % len(names)]
        for at_ms in range(turn.range.start_ms, turn.range.end_ms, WORD_MS):
            end_ms = min(at_ms + WORD_MS, turn.range.end_ms)
            found.append(Word(text="word", start_ms=at_ms, end_ms=end_ms, probability=1.0, speaker=who))
    return found


def apart_db(made: Conversation, sound: Sound) -> float:
    """Between the loudest and the softest reader, by what each says alone."""
    meter, lufs = pyloudnorm.Meter(RATE_HZ), []
    for who in {turn.speaker for turn in made.turns}:
        mine = [turn.range for turn in made.turns if turn.speaker == who and not _overlaps(turn.range, made)]
        pieces = [sound[time.start_ms * 48 : time.end_ms * 48] for time in mine]
        if sum(map(len, pieces)) > RATE_HZ * 2:
            lufs.append(meter.integrated_loudness(np.concatenate(pieces).astype(np.float64)))
    return max(lufs) - min(lufs)


def _overlaps(time: TimeRange, made: Conversation) -> bool:
    return sum(time.overlap_ms(turn.range) > 0 for turn in made.turns) > 1


def by_words(*, wrong: bool) -> Way:
    """Ours."""

    def way(made: Conversation, sound: Sound) -> Sound:
        clip = single_segment(TimeRange(start_ms=0, end_ms=len(sound) // 48))
        return level_speakers(sound, words(made, wrong=wrong), clip)[0]

    return way


def by_filter(name: str, said: str) -> Way:
    """One of libav's, which knows no speakers."""

    def way(_: Conversation, sound: Sound) -> Sound:
        return np.concatenate([one.to_ndarray().T for one in through(sound, ((name, said),))])

    return way


WAYS: Sequence[tuple[str, Way]] = (
    ("as it is", lambda _, sound: sound),
    ("speechnorm", by_filter("speechnorm", "e=6:r=0.0001:l=1")),
    ("dynaudnorm", by_filter("dynaudnorm", "f=500:g=15")),
    ("levelled", by_words(wrong=False)),
    ("levelled, wrong", by_words(wrong=True)),
)


def main() -> None:
    """A line for each way."""
    said = phrases()
    made = [conversation(seed, count, said, LENGTH_MS) for seed in SEEDS for count in COUNTS]
    sounds = [stereo(one) for one in made]
    length_s = sum(map(len, sounds)) / RATE_HZ
    print(f"{len(made)} conversations, {length_s:.0f} s")
    for name, way in WAYS:
        began = time.process_time()
        results = [way(one, sound) for one, sound in zip(made, sounds, strict=True)]
        spent_s = time.process_time() - began
        found = np.array([apart_db(one, sound) for one, sound in zip(made, results, strict=True)])
        print(
            f"{name:<16} {found.mean():5.1f} dB apart (median {np.median(found):.1f}, worst {found.max():.1f}); "
            f"within 2 dB {np.mean(found <= 2):.0%}; {spent_s * 60 / length_s:.2f} CPU-s a minute"
        )


if __name__ == "__main__":
    main()
