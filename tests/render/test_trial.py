"""What AAC makes of a sound is known before it counts, sample for sample."""

from __future__ import annotations

import numpy as np

from streams.render.loudness import RATE_HZ
from streams.render.trial import encoded


def test_what_is_heard_again_lines_up_with_what_was_given() -> None:
    click = np.zeros((RATE_HZ, 2), np.float32)
    click[20_000:20_400] = 0.5
    heard = encoded(click, 160_000)
    assert heard.shape == click.shape
    assert np.abs(heard[19_990:20_410]).mean() > 5 * np.abs(heard[:19_000]).mean()
