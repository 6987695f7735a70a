"""A wrapper of CTranslate2's Whisper whose random samples depend on the recording only.

Sequential decoding samples at random where its best result fails. CTranslate2 seeds a generator for each of its threads
once, so a sample would depend on all earlier recordings, and on the thread that takes the work.
"""

from __future__ import annotations

from collections.abc import Callable


class SeededNetwork:
    """Passes everything on to the wrapped network, but random sampling."""

    def __init__(self, network, fresh: Callable[[], object]) -> None:
        """``fresh`` loads the same network again, with one thread and a new generator."""
        self._network = network
        self._load_fresh = fresh
        self._drawing = None

    def __getattr__(self, name: str):
        """Everything else is the network's."""
        return getattr(self._network, name)

    def begin(self) -> None:
        """Start a new recording with a new generator."""
        self._drawing = None

    def generate(self, *args, **options):
        """Decode; a call that samples uses a separate network, loaded at the recording's first such call."""
        if not options.get("sampling_temperature"):
            return self._network.generate(*args, **options)
        self._drawing = self._drawing or self._load_fresh()
        return self._drawing.generate(*args, **options)
