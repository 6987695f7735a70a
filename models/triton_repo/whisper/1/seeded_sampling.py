"""A Whisper network whose draws depend on the recording alone. Wraps CTranslate2's; decodes nothing itself.

The careful decoder draws at random where its best guess fails. CTranslate2 has a generator of random numbers for each
of its threads, seeded once: what it draws would depend on all that was heard before, and on which thread takes the
work.
"""

from __future__ import annotations

from collections.abc import Callable


class Chance:
    """Everything is the wrapped network's, but what is drawn at random."""

    def __init__(self, network, fresh: Callable[[], object]) -> None:
        """``fresh`` loads the same network once more, with one thread that never drew yet."""
        self._network = network
        self._fresh = fresh
        self._drawing = None

    def __getattr__(self, name: str):
        """What the network has."""
        return getattr(self._network, name)

    def begin(self) -> None:
        """Another recording: its draws start anew."""
        self._drawing = None

    def generate(self, *args, **options):
        """The network's; draws are a network's of its own, which is loaded with the first one of a recording."""
        if not options.get("sampling_temperature"):
            return self._network.generate(*args, **options)
        self._drawing = self._drawing or self._fresh()
        return self._drawing.generate(*args, **options)
