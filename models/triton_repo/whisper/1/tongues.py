"""A Whisper network that hears each window in its own language. Wraps CTranslate2's; decodes nothing itself.

faster-whisper asks the network for each window's language when it is told that a recording holds several. Taken at its
word, half of an accented minute comes out in another language; so a window leaves the recording's language only where the
network is sure. The recording's language, where nobody knows it, is that of the first windows: the batched decoder asks
with the encoder's output in its hands, so that to find it costs no further pass.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager

import gates

Prior = tuple[str, float]
"""The language of a recording, and how sure that is (0..1)."""


class LeftError(RuntimeError):
    """Nobody waits for the words of this recording any more."""


class Tongues:
    """Everything is the wrapped network's, but the language of windows while ``switching``.

    Several threads may ask at once, each for its own windows: all wait until the first window has told the recording's
    language, so that none depends on which thread was quicker.
    """

    def __init__(self, network) -> None:
        """``network`` is a ``ctranslate2.models.Whisper``."""
        self._network = network
        self._switching = False
        self._hint: str | None = None
        self.prior: Prior | None = None
        """The recording's language; None until its first windows were heard."""
        self._heard: dict[int, str] = {}
        self._mine = threading.local()
        self._told = threading.Event()

    def __getattr__(self, name: str):
        """What the network has."""
        return getattr(self._network, name)

    @contextmanager
    def switching(self, prior: Prior | None, hint: str | None, *, many: bool):
        """Windows are in ``prior`` unless they surely are not; if not ``many``, none is. None: the first windows tell."""
        self.prior, self._hint, self._switching, self._heard = prior, hint, many, {}
        self._told = threading.Event()
        try:
            yield self
        finally:
            self._switching = False

    @contextmanager
    def window(self, first: int):
        """What this thread asks meanwhile is about window ``first`` of the recording and those after it."""
        self._mine.first = first
        try:
            yield
        except BaseException:
            self.leave()
            raise
        finally:
            del self._mine.first

    def leave(self) -> None:
        """Whoever waits for the first window waits in vain."""
        self._told.set()

    def language(self) -> str:
        """The recording's language; its first window was heard."""
        assert self.prior is not None, "no window was heard yet"
        return self.prior[0]

    def of(self, index: int) -> str:
        """The language window ``index`` was decoded in."""
        return self._heard.get(index) or self.language()

    def latest(self) -> str:
        """The language of the window that was decoded last."""
        return self._heard[max(self._heard)] if self._heard else self.language()

    def detect_language(self, features):
        """For each window its languages, (``<|en|>``, probability), the one to decode in first."""
        found = self._network.detect_language(features)
        if not self._switching:
            return found
        likely = [{token[2:-2]: probability for token, probability in window} for window in found]
        first = getattr(self._mine, "first", len(self._heard))
        self._learn(first, likely)
        return [
            self._decided(first + index, window, languages)
            for index, (window, languages) in enumerate(zip(found, likely, strict=True))
        ]

    def _learn(self, first: int, likely: list[dict[str, float]]) -> None:
        """The recording's language from its first windows; whoever asks about later ones waits until it is known."""
        if first == 0:
            self.prior = self.prior or gates.spoken(likely, self._hint)
            self._told.set()
        if self.prior is None and not (self._told.wait() and self.prior):
            raise LeftError("the first windows were given up")

    def _decided(self, index: int, window, languages: dict[str, float]):
        language = self._heard[index] = gates.window_language(languages, self.language())
        return sorted(window, key=lambda one: one[0] != f"<|{language}|>")
