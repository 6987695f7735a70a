"""Word times: the recogniser's without their constant bias, then the aligner's where plausible. Pure.

Whisper takes its word times from attention; they are early by an almost constant time, and sometimes wrong by much.
An aligner that knows the words finds them far better, but always finds something: large moves are not believed.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from core.ports.models import Aligned, AlignmentPiece
from schemas.common import TimeRange, Word
from schemas.documents.span import Fit, HeardWindow
from streams.speech.words import MIN_WORD_MS

START_EARLY_MS = 50
"""Bias of Whisper: it places word starts this much too early.

Median of one set, tested on others: benchmarks/speech/word_times.py.
"""
MIN_RUN_PAUSE_MS = 1_000
"""Pause between two words that splits the runs aligned on their own, so that a wrong word stays local.

Shorter pauses do not split: Whisper often puts a word on their wrong side.
"""
MAX_RUN_MS = 15_000
"""A longer run is split at its widest gap."""
MIN_MARGIN_MS = 200
"""Least audio around a run that is aligned with it: the recogniser's edges are inexact."""
MAX_MARGIN_MS = 1_000
"""Most audio around a run that is aligned with it, where the pause is wide enough."""
MAX_MOVE_MS = 500
"""A word that the aligner moves further than this keeps the recogniser's time."""
MAX_MOVE_GOOD_FIT_MS = 1_500
"""Largest move in runs that fit well: at a pause Whisper may be wrong by a second."""
VOICE_EDGE_MS = 250
"""Tolerance at the edges of detected speech: a voice detector is no more exact than this."""
MIN_GOOD_FIT = -5.0
"""Log likelihood a frame of a run that fits well.

Right words measure −3.7 or better in 19 of 20 runs; wrong ones −5, or do not fit at all.
"""

Timed = TypeVar("Timed", Fit, HeardWindow)
WordRun = tuple[int, int]
"""Words ``[first, end)``."""


def remove_bias(words: Sequence[Word]) -> list[Word]:
    """Return the recogniser's words without their constant bias; ends stay, they have none."""
    shifted_words: list[Word] = []
    for word in words:
        length_ms = word.end_ms - word.start_ms
        shift_ms = max(0, min(START_EARLY_MS, length_ms // 2))
        shifted_words.append(msgspec.structs.replace(word, start_ms=word.start_ms + shift_ms))
    return shifted_words


def find_borders(windows: Sequence[HeardWindow]) -> list[int]:
    """Return starts of the decoder's windows (ms) that split runs, ``MAX_RUN_MS`` apart or more.

    Each is a pause. What lies before a border does not change with what is heard after it, so it can be aligned
    while the rest is recognised.
    """
    border_times_ms: list[int] = []
    for window in windows:
        if window.start_ms - (border_times_ms[-1] if border_times_ms else 0) >= MAX_RUN_MS:
            border_times_ms.append(window.start_ms)
    return border_times_ms


def split_runs(words: Sequence[Word], border_times_ms: Sequence[int] = ()) -> list[WordRun]:
    """Split words in order at pauses and at borders (ms), and the longest runs at their widest gaps."""
    starts = [word.start_ms for word in words]
    border_indices = {bisect_left(starts, ms) for ms in border_times_ms}
    word_runs: list[WordRun] = []
    first = 0
    for end in range(1, len(words) + 1):
        if (
            end == len(words)
            or end in border_indices
            or words[end].start_ms - words[end - 1].end_ms >= MIN_RUN_PAUSE_MS
        ):
            word_runs += _split_long_run(words, first, end)
            first = end
    return word_runs


def _split_long_run(words: Sequence[Word], first: int, end: int) -> list[WordRun]:
    """Split a run at its widest gap until no part is longer than ``MAX_RUN_MS``."""
    if end - first < 2 or words[end - 1].end_ms - words[first].start_ms <= MAX_RUN_MS:
        return [(first, end)]
    best = find_widest_gap(words, first, end)
    return [*_split_long_run(words, first, best), *_split_long_run(words, best, end)]


def find_widest_gap(words: Sequence[Word], first: int, end: int) -> int:
    """Return the index of the word after a run's widest gap; of equal gaps the most central.

    The run has two words or more.
    """
    cuts = range(first + 1, end)
    return max(cuts, key=lambda at: (words[at].start_ms - words[at - 1].end_ms, -abs(2 * at - first - end)))


def build_pieces(words: Sequence[Word], word_runs: Sequence[WordRun], length_ms: int) -> list[AlignmentPiece]:
    """Build the aligner's pieces: each run with audio up to the middle of the pauses at its ends.

    ``length_ms`` is the recording's.
    """
    edges_ms = [
        0,
        *(ms for first, end in word_runs for ms in (words[first].start_ms, words[end - 1].end_ms)),
        length_ms,
    ]
    alignment_pieces: list[AlignmentPiece] = []
    for at, (first, end) in enumerate(word_runs):
        before_ms, start_ms, end_ms, after_ms = edges_ms[2 * at : 2 * at + 4]
        start_ms = max(0, min(start_ms - _margin_ms(start_ms - before_ms), length_ms - MIN_WORD_MS))
        end_ms = min(length_ms, end_ms + _margin_ms(after_ms - end_ms))
        alignment_pieces.append(
            AlignmentPiece(
                range=TimeRange(start_ms=start_ms, end_ms=end_ms), words=[word.text for word in words[first:end]]
            )
        )
    return alignment_pieces


def _margin_ms(pause_ms: int) -> int:
    """Return how much of a pause is aligned with the run at its edge."""
    return max(MIN_MARGIN_MS, min(MAX_MARGIN_MS, pause_ms // 2))


def place_words(
    words: Sequence[Word], word_runs: Sequence[WordRun], aligned: Aligned, speech: Sequence[TimeRange] = ()
) -> tuple[list[Word], list[Fit]]:
    """Place words at the aligner's times where those are plausible; return each run's fit too.

    The order stays. ``speech`` is where the voice detector hears somebody; no word is moved to where it hears
    silence.
    """
    placed_words: list[Word] = []
    fits: list[Fit] = []
    for (first, end), times, score in zip(word_runs, aligned.pieces, aligned.scores, strict=True):
        pairs = list(zip(words[first:end], times, strict=True))
        # A poor fit narrows what is believed: the aligner always finds some place for each word.
        limit_ms = MAX_MOVE_MS if score is None or score < MIN_GOOD_FIT else MAX_MOVE_GOOD_FIT_MS
        accepted = [
            score is not None and time is not None and _is_near(word, time, limit_ms) and _is_voiced(time, speech)
            for word, time in pairs
        ]
        placed_words += [
            _at_time(word, time) if accept else word for (word, time), accept in zip(pairs, accepted, strict=True)
        ]
        fits.append(_measure_fit(pairs, accepted, score))
    return order_words(placed_words), fits


def _is_near(word: Word, time: TimeRange, limit_ms: int) -> bool:
    """Whether the aligner moved a word by no more than ``limit_ms``."""
    return abs(time.start_ms - word.start_ms) <= limit_ms


def _is_voiced(time: TimeRange, speech: Sequence[TimeRange]) -> bool:
    """Whether the middle of a time lies in detected speech; true where no speech is given."""
    middle = (time.start_ms + time.end_ms) / 2
    near_ranges = (
        speech_range.start_ms - VOICE_EDGE_MS <= middle <= speech_range.end_ms + VOICE_EDGE_MS
        for speech_range in speech
    )
    return not speech or any(near_ranges)


def _at_time(word: Word, time: TimeRange | None) -> Word:
    """Return the word at the aligner's time."""
    assert time is not None
    return msgspec.structs.replace(word, start_ms=time.start_ms, end_ms=time.end_ms)


def _measure_fit(pairs: Sequence[tuple[Word, TimeRange | None]], accepted: Sequence[bool], score: float | None) -> Fit:
    """Summarise how a run fits: words placed, median move, score."""
    moves_ms = [abs(time.start_ms - word.start_ms) for word, time in pairs if time is not None]
    return Fit(
        start_ms=pairs[0][0].start_ms,
        end_ms=pairs[-1][0].end_ms,
        words=len(pairs),
        placed=sum(accepted),
        moved_ms=round(statistics.median(moves_ms)) if moves_ms else 0,
        score=score,
    )


def order_words(words: Sequence[Word]) -> list[Word]:
    """Keep the words' order and make each start after the one before; an overlap ends the earlier word."""
    ordered: list[Word] = []
    for word in words:
        start_ms = max(word.start_ms, ordered[-1].start_ms + MIN_WORD_MS) if ordered else word.start_ms
        if ordered and ordered[-1].end_ms > start_ms:
            ordered[-1] = msgspec.structs.replace(ordered[-1], end_ms=start_ms)
        ordered.append(
            msgspec.structs.replace(word, start_ms=start_ms, end_ms=max(word.end_ms, start_ms + MIN_WORD_MS))
        )
    return ordered


def shift_to_project_time(timed_items: Sequence[Timed], padded: TimeRange) -> list[Timed]:
    """Shift fits or windows of a recording that begins at ``padded.start_ms`` to project time."""
    shift_ms = padded.start_ms
    return [
        msgspec.structs.replace(item, start_ms=item.start_ms + shift_ms, end_ms=item.end_ms + shift_ms)
        for item in timed_items
    ]
