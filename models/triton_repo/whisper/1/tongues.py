"""A Whisper network that hears each window in its own language. Wraps CTranslate2's; decodes nothing itself.

faster-whisper asks the network for each window's language when it is told that a recording holds several. Taken at its
word, half of an accented minute comes out in another language; so a window leaves the recording's language only where the
network is sure.
"""

from __future__ import annotations

from contextlib import contextmanager

import gates


class Tongues:
    """Everything is the wrapped network's, but the language of windows while ``switching``."""

    def __init__(self, network) -> None:
        """``network`` is a ``ctranslate2.models.Whisper``."""
        self._network = network
        self._prior = None
        self.heard: list[str] = []
        """The language of each window since ``switching`` began, in order."""

    def __getattr__(self, name: str):
        """What the network has."""
        return getattr(self._network, name)

    @contextmanager
    def switching(self, prior: str):
        """Windows are in ``prior`` unless they surely are not."""
        self._prior, self.heard = prior, []
        try:
            yield self
        finally:
            self._prior = None

    def of(self, index: int) -> str | None:
        """The language window ``index`` was decoded in; None while not switching."""
        return self.heard[index] if self._prior and index < len(self.heard) else self._prior

    def latest(self) -> str | None:
        """The language of the window that was decoded last; None while not switching."""
        return self.heard[-1] if self._prior and self.heard else self._prior

    def detect_language(self, features):
        """For each window its languages, (``<|en|>``, probability), the one to decode in first."""
        found = self._network.detect_language(features)
        if self._prior is None:
            return found
        return [self._decided(window) for window in found]

    def _decided(self, window):
        likely = {token[2:-2]: probability for token, probability in window}
        language = gates.window_language(likely, self._prior)
        self.heard.append(language)
        return sorted(window, key=lambda one: one[0] != f"<|{language}|>")
