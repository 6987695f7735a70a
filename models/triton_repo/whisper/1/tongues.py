"""A Whisper network that hears each window in its own language. Wraps CTranslate2's; decodes nothing itself.

faster-whisper asks the network for each window's language when it is told that a recording holds several. Taken at its
word, half of an accented minute comes out in another language; so a window leaves the recording's language only where the
network is sure. The recording's language, where nobody knows it, is that of the first windows: the batched decoder asks
with the encoder's output in its hands, so that to find it costs no further pass.
"""

from __future__ import annotations

from contextlib import contextmanager

import gates

Prior = tuple[str, float]
"""The language of a recording, and how sure that is (0..1)."""


class Tongues:
    """Everything is the wrapped network's, but the language of windows while ``switching``."""

    def __init__(self, network) -> None:
        """``network`` is a ``ctranslate2.models.Whisper``."""
        self._network = network
        self._switching = False
        self._hint: str | None = None
        self.prior: Prior | None = None
        """The recording's language; None until its first windows were heard."""
        self.heard: list[str] = []
        """The language of each window since ``switching`` began, in order."""

    def __getattr__(self, name: str):
        """What the network has."""
        return getattr(self._network, name)

    @contextmanager
    def switching(self, prior: Prior | None, hint: str | None, *, many: bool):
        """Windows are in ``prior`` unless they surely are not; if not ``many``, none is. None: the first windows tell."""
        self.prior, self._hint, self._switching, self.heard = prior, hint, many, []
        try:
            yield self
        finally:
            self._switching = False

    def language(self) -> str:
        """The recording's language; its first window was heard."""
        assert self.prior is not None, "no window was heard yet"
        return self.prior[0]

    def of(self, index: int) -> str:
        """The language window ``index`` was decoded in."""
        return self.heard[index] if index < len(self.heard) else self.language()

    def latest(self) -> str:
        """The language of the window that was decoded last."""
        return self.heard[-1] if self.heard else self.language()

    def detect_language(self, features):
        """For each window its languages, (``<|en|>``, probability), the one to decode in first."""
        found = self._network.detect_language(features)
        if not self._switching:
            return found
        likely = [{token[2:-2]: probability for token, probability in window} for window in found]
        self.prior = self.prior or gates.spoken(likely, self._hint)
        return [self._decided(window, languages) for window, languages in zip(found, likely, strict=True)]

    def _decided(self, window, languages: dict[str, float]):
        language = gates.window_language(languages, self.language())
        self.heard.append(language)
        return sorted(window, key=lambda one: one[0] != f"<|{language}|>")
