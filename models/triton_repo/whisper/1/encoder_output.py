"""Converts the Whisper encoder's output to arrays and back."""

from __future__ import annotations

from collections.abc import Sequence

import ctranslate2
import numpy as np


def to_array(features: ctranslate2.StorageView) -> np.ndarray:
    """The output as float32 (windows, frames of 20 ms, features), in main memory."""
    return np.array(features.to_device(ctranslate2.Device.cpu).to(ctranslate2.DataType.float32), copy=False)


def to_features(frames: Sequence[np.ndarray]) -> ctranslate2.StorageView:
    """Ranges of one length as a batch; the network moves it to its own device and type."""
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(np.stack(frames)))
