"""Sound level in the range of voices; rumble does not count."""

from __future__ import annotations

import numpy as np

from streams.frame.analysis.sound_level import RATE_HZ, measure_voice_curve


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(RATE_HZ * seconds)) / RATE_HZ).astype(np.float32) * 0.5


def test_voices_are_loud_and_rumble_is_not() -> None:
    voiced, rumble = measure_voice_curve(tone(440), 100), measure_voice_curve(tone(50), 0)
    assert (voiced.start_ms, voiced.step_ms, len(voiced.level_db)) == (100, 40, 25)
    assert min(voiced.level_db) > max(rumble.level_db) + 20


def test_silence_and_empty_sound_have_the_lowest_level() -> None:
    assert set(measure_voice_curve(np.zeros(RATE_HZ, np.float32), 0).level_db) == {-100.0}
    assert measure_voice_curve(np.zeros(10, np.float32), 0).level_db == []
