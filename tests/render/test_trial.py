"""What AAC does to peaks is known before it counts: real speech at which it lifts one over the limit."""

from __future__ import annotations

import av
import numpy as np
import pytest

from streams.render.loudness import RATE_HZ, Sound, measure, normalised
from streams.render.sound import faded, gather
from streams.render.trial import encoded, proofed
from tests.media import LECTURE

BIT_RATE = 160_000


@pytest.fixture(scope="module")
def lecture() -> Sound:
    with av.open(str(LECTURE)) as container:
        frames = ((round((frame.time or 0) * 1000), frame) for frame in container.decode(audio=0))
        found = gather(frames, 0, 100 * RATE_HZ)
    assert found is not None
    return found


@pytest.mark.parametrize("first", [3_634_118, 4_197_246])
def test_a_peak_that_encoding_lifts_is_turned_down_beforehand(lecture: Sound, first: int) -> None:
    """Two clips of eight seconds, by their first sample: one is too high in its first frame, one in mid-speech."""
    sound = faded(normalised(lecture[first : first + 8 * RATE_HZ])[0])
    before, after = measure(encoded(sound, BIT_RATE)), measure(encoded(made := proofed(sound, BIT_RATE), BIT_RATE))
    assert before.true_peak_dbtp is not None
    assert after.true_peak_dbtp is not None
    assert before.true_peak_dbtp > -1 > after.true_peak_dbtp
    assert after.integrated_lufs == pytest.approx(before.integrated_lufs, abs=0.1)
    assert np.mean(made != sound) < 0.02, "and little else is touched"


def test_sound_that_passes_is_left_as_it_is() -> None:
    tone = 0.2 * np.sin(np.arange(RATE_HZ) * 0.05)
    sound = np.stack([tone, tone], axis=1).astype(np.float32)
    assert proofed(sound, BIT_RATE) is sound


def test_what_is_heard_again_lines_up_with_what_was_given() -> None:
    click = np.zeros((RATE_HZ, 2), np.float32)
    click[20_000:20_400] = 0.5
    heard = encoded(click, BIT_RATE)
    assert heard.shape == click.shape
    assert np.abs(heard[19_990:20_410]).mean() > 5 * np.abs(heard[:19_000]).mean()
