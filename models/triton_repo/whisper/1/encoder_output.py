"""What a Whisper encoder made of sound as arrays, and back. Opens and closes it; understands nothing of it."""

from __future__ import annotations

from collections.abc import Sequence

import ctranslate2
import numpy as np


def opened(features: ctranslate2.StorageView) -> np.ndarray:
    """Windows by frames of 20 ms by sizes, float32, on the processor."""
    return np.array(features.to_device(ctranslate2.Device.cpu).to(ctranslate2.DataType.float32), copy=False)


def closed(frames: Sequence[np.ndarray]) -> ctranslate2.StorageView:
    """Stretches of one length as a batch, for the network to take to its own device and type."""
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(np.stack(frames)))
