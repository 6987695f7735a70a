"""Silero's voice detection with several thresholds at the price of one. Hears nothing itself: faster-whisper's does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from faster_whisper import vad


class _Once:
    """The network, that hears a recording once and then repeats what it heard."""

    def __init__(self, network) -> None:
        self._network = network
        self._heard: list[float] | None = None

    def __call__(self, audio: np.ndarray) -> list[float]:
        """Plain numbers: the library compares them one by one, which takes ten times as long with numpy's."""
        if self._heard is None:
            self._heard = self._network(audio).tolist()
        return self._heard


def found(samples: np.ndarray, *asked: vad.VadOptions) -> list[list[tuple[int, int]]]:
    """For each of the options, the stretches of 16 kHz mono float32 ``samples`` that hold speech, in samples.

    Not for two threads at once: the library takes its network from a function of the module, that is replaced
    meanwhile.
    """
    with _once():
        return [
            [(one["start"], one["end"]) for one in vad.get_speech_timestamps(samples, options)] for options in asked
        ]


@contextmanager
def _once() -> Iterator[None]:
    original = vad.get_vad_model
    network = _Once(original())
    vad.get_vad_model = lambda: network
    try:
        yield
    finally:
        vad.get_vad_model = original
