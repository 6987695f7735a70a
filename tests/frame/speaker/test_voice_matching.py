"""Voice matching: ranges that sound alike get one face, by the lips of all; one voice is never divided."""

from __future__ import annotations

import numpy as np

from streams.frame.speaker.voice_matching import MAX_VOICE_PENALTY, HeardVoices, voice_evidence, voice_segments

STEPS = np.arange(0, 8000, 80, dtype=np.float64)
HEARD = np.ones(len(STEPS), bool)
ONE, OTHER = np.array([1.0, 0.0, 0.0]), np.array([0.4, 0.9, 0.2])
FIRST = (STEPS % 4000) < 2000
"""Two voices in turn, two seconds each."""


def voices(*who: np.ndarray) -> HeardVoices:
    rows = [row / np.linalg.norm(row) for row in who]
    starts = [2000 * number + 100 for number in range(len(rows))]
    return HeardVoices(starts_ms=starts, ends_ms=[at + 1600 for at in starts], rows=np.stack(rows).astype(np.float32))


def scores(*faces: np.ndarray) -> np.ndarray:
    return np.stack([np.zeros(len(STEPS)), *faces], axis=1)


def at(step_ms: int, added: np.ndarray) -> np.ndarray:
    return added[round(step_ms / 80)]


def test_an_unclear_range_follows_other_ranges_of_its_voice() -> None:
    """In the last turn of the second voice the wrong lips move a little more."""
    right = np.where(FIRST, 2.0, -0.5)
    other = np.where(FIRST, -0.5, 2.0)
    right[STEPS >= 6000], other[STEPS >= 6000] = 0.6, 0.4
    added = voice_evidence(scores(right, other), STEPS, HEARD, voices(ONE, OTHER, ONE, OTHER))
    assert at(1000, added)[1] > at(1000, added)[2]
    assert at(3000, added)[2] > at(3000, added)[1]
    assert at(7000, added)[2] > at(7000, added)[1] + 0.5
    assert -MAX_VOICE_PENALTY <= added.min() <= added.max() <= 0


def test_one_voice_keeps_one_face() -> None:
    """Nearly the same all along: nothing parts it, though the lips of the last turn are no clear evidence."""
    right = np.where(STEPS < 6000, 1.5, 0.3)
    other = np.where(STEPS < 6000, 0.2, 0.4)
    shaken = [ONE + 0.1 * np.eye(3)[number % 3] for number in range(4)]
    added = voice_evidence(scores(right, other), STEPS, HEARD, voices(*shaken))
    assert (added[:, 1] >= added[:, 2]).all()
    assert at(7000, added)[1] > at(7000, added)[2]


def test_voices_without_comparison_add_no_evidence() -> None:
    two = scores(np.ones(len(STEPS)), np.zeros(len(STEPS)))
    assert not voice_evidence(two, STEPS, HEARD, voices(ONE)).any()
    assert not voice_evidence(two, STEPS, ~HEARD, voices(ONE, OTHER)).any()
    assert not voice_evidence(two[:, :2], STEPS, HEARD, voices(ONE, OTHER)).any()
    assert not voice_evidence(two[:4], STEPS[:4], HEARD[:4], voices(ONE, OTHER)).any()


def test_a_face_that_was_not_seen_has_no_voice() -> None:
    gone = np.where(FIRST, -np.inf, 0.5)
    added = voice_evidence(scores(np.where(FIRST, 0.5, 0.0), gone), STEPS, HEARD, voices(ONE, OTHER, ONE, OTHER))
    assert np.isfinite(added).all()
    assert at(1000, added)[1] > at(1000, added)[2]
    assert at(3000, added)[2] > at(3000, added)[1]


def test_overlapping_windows_join_up_to_a_maximum_length() -> None:
    many = HeardVoices(
        starts_ms=[0, 800, 1600, 2400, 9000], ends_ms=[1600, 2400, 3200, 4000, 9600],
        rows=np.stack([ONE, ONE, ONE, OTHER, OTHER]).astype(np.float32),
    )  # fmt: skip
    told = voice_segments(many, 0, 8000)
    assert [(start, end) for start, end, _ in told] == [(0, 3200), (3200, 4000)]
    assert np.allclose([np.linalg.norm(row) for _, _, row in told], 1)
    assert voice_segments(many, 20_000, 30_000) == []
