"""Mixes surround sound down to stereo, dialogue first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

CENTRE_GAIN, SURROUND_GAIN, REAR_GAIN = 1.0, 0.5, 0.35
"""Gain of the centre channel, which carries the dialogue.

libav's matrix has centre and surround 3 dB below the front (ITU-R BS.775); with these three gains dialogue stands 6 dB
further out of what surrounds it.
"""
SILENT_SIDE_RATIO = 1e-5
"""Power ratio, -50 dB, below which one side of stereo is the noise of an unused input."""
CHANNEL_GAINS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "FL": (1.0, 0.0), "FR": (0.0, 1.0), "FLC": (1.0, 0.0), "FRC": (0.0, 1.0),
        "FC": (CENTRE_GAIN, CENTRE_GAIN), "BC": (REAR_GAIN, REAR_GAIN),
        "SL": (SURROUND_GAIN, 0.0), "SR": (0.0, SURROUND_GAIN),
        "BL": (SURROUND_GAIN, 0.0), "BR": (0.0, SURROUND_GAIN),
        "TFL": (SURROUND_GAIN, 0.0), "TFR": (0.0, SURROUND_GAIN),
        "TBL": (SURROUND_GAIN, 0.0), "TBR": (0.0, SURROUND_GAIN),
        "WL": (SURROUND_GAIN, 0.0), "WR": (0.0, SURROUND_GAIN),
        "LFE": (0.0, 0.0), "LFE2": (0.0, 0.0),
    }
)  # fmt: skip
"""Gain of each channel to left and right.

Low-frequency effects are left out: they are meant for a subwoofer.
"""


def downmix_matrix(channels: Sequence[str]) -> NDArray[np.float32] | None:
    """Matrix of shape (channels, 2); None for mono and stereo, and for layouts with an unknown channel."""
    if len(channels) < 3 or any(name not in CHANNEL_GAINS for name in channels):
        return None
    return np.array([CHANNEL_GAINS[name] for name in channels], np.float32)


def fill_silent_side(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Copy a microphone that was recorded on one channel to both; other stereo is unchanged."""
    left, right = (float(np.square(sound[:, side], dtype=np.float64).mean()) for side in range(2))
    if max(left, right) < 1e-10 or min(left, right) > max(left, right) * SILENT_SIDE_RATIO:
        return sound
    return np.repeat(sound[:, 0:1] if left > right else sound[:, 1:2], 2, axis=1)
