"""Silero voice activity detection with several thresholds in one pass of the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from faster_whisper import vad


class _CachedDetector:
    """The network, with the probabilities of its first call cached."""

    def __init__(self, network) -> None:
        self._network = network
        self._heard: list[float] | None = None

    def __call__(self, audio: np.ndarray) -> list[float]:
        """A plain list: the library compares element by element, ten times slower on numpy scalars."""
        if self._heard is None:
            self._heard = self._network(audio).tolist()
        return self._heard


def find_speech(samples: np.ndarray, *variants: vad.VadOptions) -> list[list[tuple[int, int]]]:
    """For each of the options, the ranges of speech in 16 kHz mono float32 ``samples``, in samples.

    One thread at a time may call it: the library gets its network from a module function, which is replaced meanwhile.
    """
    with _cached_detector():
        return [
            [(speech["start"], speech["end"]) for speech in vad.get_speech_timestamps(samples, options)]
            for options in variants
        ]


@contextmanager
def _cached_detector() -> Iterator[None]:
    original = vad.get_vad_model
    network = _CachedDetector(original())
    vad.get_vad_model = lambda: network
    try:
        yield
    finally:
        vad.get_vad_model = original
