"""Resegmentation: a short interjection gets its own speaker back; without evidence nothing changes."""

from __future__ import annotations

import numpy as np

from streams.close.diarization.resegmentation import resegment
from streams.close.diarization.turns import SpeechSteps
from streams.speech.frames import SpeechFrames, join_frames


def steps(owner: list[int], speakers: int = 2) -> SpeechSteps:
    """Steps of 0.1 s from windows that barely prefer one speaker."""
    starts_ms = np.arange(len(owner), dtype=np.int64) * 100
    scores = np.full((len(owner), speakers), 0.70)
    scores[np.arange(len(owner)), owner] = 0.75
    return SpeechSteps(
        starts_ms=starts_ms,
        ends_ms=starts_ms + 100,
        scores=scores,
        labels=np.array(owner, dtype=np.int64),
        change_costs=np.full(len(owner), 0.02),
    )


def sounding(owner: list[int], apart: float = 4.0) -> SpeechFrames:
    """Five frames a step, of each speaker in a place of their own."""
    who = np.repeat(owner, 5)
    rows = np.random.default_rng(1).normal(0, 1, (len(who), 6))
    rows[:, 0] += apart * who
    return SpeechFrames(middles_ms=np.arange(len(who), dtype=np.int64) * 20 + 10, rows=rows.astype(np.float32))


TRUE = [0] * 60 + [1] * 60 + [0] * 30 + [1] * 6 + [0] * 30
HEARD = [0] * 64 + [1] * 56 + [0] * 66
"""The windows miss the last word thrown in, and hear the first change late."""


def test_a_word_thrown_in_and_a_late_change_are_put_right() -> None:
    wrong = int((np.array(HEARD) != TRUE).sum())
    found = resegment(steps(HEARD), sounding(TRUE))
    assert (found.labels != np.array(TRUE)).sum() <= 2 < wrong
    assert np.array_equal(found.scores, steps(HEARD).scores)


def test_indistinct_frames_leave_the_windows_decision() -> None:
    found = resegment(steps(TRUE), sounding(TRUE, apart=0.0))
    assert (found.labels != np.array(TRUE)).mean() < 0.1


def test_one_speaker_no_frames_and_frames_elsewhere_change_nothing() -> None:
    alone = steps([0] * 50, speakers=1)
    assert resegment(alone, sounding(TRUE)) is alone
    two, frames = steps(TRUE), sounding(TRUE)
    late = SpeechFrames(middles_ms=frames.middles_ms + 60_000, rows=frames.rows)
    assert resegment(two, late) is two
    assert resegment(two, SpeechFrames(middles_ms=frames.middles_ms[:0], rows=frames.rows[:0])) is two
    none = steps([])
    assert resegment(none, frames) is none


def test_a_brief_speaker_is_scored_by_the_windows_alone() -> None:
    brief = [0] * 60 + [1] * 2 + [0] * 60
    assert resegment(steps(brief), sounding(brief)).labels.shape == (122,)


def test_spans_follow_one_another() -> None:
    frames = sounding(TRUE)
    both = join_frames([frames, frames])
    assert len(both.rows) == len(both.middles_ms) == 2 * len(frames.rows)
