"""Voice activity: learned from the recording, near detected speech, unchanged with too little data."""

from __future__ import annotations

import numpy as np

from core.ports.models import Float32
from schemas.common import TimeRange
from streams.listen.voice_activity import MAX_EXTENSION_FRAMES, refine_voice_activity


def frames(*spoken: tuple[int, int], length: int = 1000) -> Float32:
    """Feature frames that differ between speech (frames from, to) and the rest."""
    random = np.random.default_rng(1)
    rows = random.normal(0, 1, (length, 4))
    for first, end in spoken:
        rows[first:end] += 4
    return rows.astype(np.float32)


def at(first: int, end: int, starts_at_ms: int = 0) -> TimeRange:
    return TimeRange(start_ms=starts_at_ms + first * 20, end_ms=starts_at_ms + end * 20)


def near(found: list[TimeRange], wanted: list[TimeRange]) -> bool:
    """The same stretches to three frames."""
    pairs = zip(found, wanted, strict=True)
    return all(max(abs(a.start_ms - b.start_ms), abs(a.end_ms - b.end_ms)) <= 60 for a, b in pairs)


def test_dropped_speech_ends_are_recovered() -> None:
    rows = frames((100, 300), (500, 700))
    found = refine_voice_activity(rows, [at(110, 270), at(500, 705)], starts_at_ms=0)
    assert near(found, [at(100, 300), at(500, 700)])


def test_times_are_the_projects() -> None:
    found = refine_voice_activity(frames((100, 300)), [at(110, 270, 60_000)], starts_at_ms=60_000)
    assert near(found, [at(100, 300, 60_000)])


def test_voice_far_from_speech_is_dropped() -> None:
    found = refine_voice_activity(frames((100, 300), (600, 700)), [at(100, 300)], starts_at_ms=0)
    assert near(found, [at(100, 300)])
    long = refine_voice_activity(frames((100, 600)), [at(100, 300)], starts_at_ms=0)
    assert long[-1].end_ms == (300 + MAX_EXTENSION_FRAMES) * 20


def test_too_little_sound_to_learn_from_stays_unchanged() -> None:
    for spoken in ([at(0, 1000)], [at(100, 120)], []):
        assert refine_voice_activity(frames((100, 300)), spoken, starts_at_ms=0) == spoken
