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


def stereo(recording: Conversation) -> Sound:
    """Sound as a clip has it: 48 kHz on both sides; every second reader turned down."""
    quiet = sorted({turn.speaker for turn in recording.turns})[1::2]
    gain = np.ones(recording.samples.size)
    for turn in recording.turns:
        if turn.speaker in quiet:
            gain[turn.range.start_ms * 16 : turn.range.end_ms * 16] = 10 ** (FURTHER_DB / 20)
    mono = (recording.samples * gain / 32_768).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(mono[None, :], format="fltp", layout="mono")
    frame.sample_rate = 16_000
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
    parts = [
        resampled.to_ndarray().T for source_frame in (frame, None) for resampled in resampler.resample(source_frame)
    ]
    return np.concatenate(parts).astype(np.float32)


def words(recording: Conversation, *, wrong: bool = False) -> list[Word]:
    """Each phrase in words of a quarter of a second."""
    names = sorted({turn.speaker for turn in recording.turns})
    phrase_words = []
    for number, turn in enumerate(recording.turns):
        who = turn.speaker
        if wrong and number % WRONG_SPEAKER_PERCENT == WRONG_SPEAKER_PERCENT // 2:
            who = names[(names.index(who) + 1) % len(names)]
        for at_ms in range(turn.range.start_ms, turn.range.end_ms, WORD_MS):
            end_ms = min(at_ms + WORD_MS, turn.range.end_ms)
            phrase_words.append(Word(text="word", start_ms=at_ms, end_ms=end_ms, probability=1.0, speaker=who))
    return phrase_words


def apart_db(recording: Conversation, sound: Sound) -> float:
    """Distance in dB between the loudest and the softest reader, by what each says alone."""
    meter, lufs = pyloudnorm.Meter(RATE_HZ), []
    for who in {turn.speaker for turn in recording.turns}:
        mine = [turn.range for turn in recording.turns if turn.speaker == who and not _overlaps(turn.range, recording)]
        pieces = [sound[time.start_ms * 48 : time.end_ms * 48] for time in mine]
        if sum(map(len, pieces)) > RATE_HZ * 2:
            lufs.append(meter.integrated_loudness(np.concatenate(pieces).astype(np.float64)))
    return max(lufs) - min(lufs)


def _overlaps(time: TimeRange, recording: Conversation) -> bool:
    return sum(time.overlap_ms(turn.range) > 0 for turn in recording.turns) > 1


def by_words(*, wrong: bool) -> Way:
    """Our levelling of speakers, by the words of the transcript."""

    def way(recording: Conversation, sound: Sound) -> Sound:
        clip = single_segment(TimeRange(start_ms=0, end_ms=len(sound) // 48))
        return level_speakers(sound, words(recording, wrong=wrong), clip)[0]

    return way


def by_filter(name: str, options: str) -> Way:
    """One of libav's filters, which knows no speakers."""

    def way(_: Conversation, sound: Sound) -> Sound:
        return np.concatenate([frame.to_ndarray().T for frame in through(sound, ((name, options),))])

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
    phrases_by_reader = phrases()
    recordings = [conversation(seed, count, phrases_by_reader, LENGTH_MS) for seed in SEEDS for count in COUNTS]
    sounds = [stereo(recording) for recording in recordings]
    length_s = sum(map(len, sounds)) / RATE_HZ
    print(f"{len(recordings)} conversations, {length_s:.0f} s")
    for name, way in WAYS:
        began = time.process_time()
        results = [way(recording, sound) for recording, sound in zip(recordings, sounds, strict=True)]
        spent_s = time.process_time() - began
        gaps_db = np.array([apart_db(recording, sound) for recording, sound in zip(recordings, results, strict=True)])
        print(
            f"{name:<16} {gaps_db.mean():5.1f} dB apart (median {np.median(gaps_db):.1f}, worst {gaps_db.max():.1f}); "
            f"within 2 dB {np.mean(gaps_db <= 2):.0%}; {spent_s * 60 / length_s:.2f} CPU-s a minute"
        )


if __name__ == "__main__":
    main()
