"""A Whisper network that hears each window in its own language. Wraps CTranslate2's; decodes nothing itself.

faster-whisper asks the network for each window's language when it is told that a recording holds several. Taken at its
word, half of an accented minute comes out in another language, and of a window that holds two all is one of them. So a
window is looked at in slices of what the encoder made of it, which costs no more than one look at the whole
(``language_spans.py``); it leaves the recording's language only where slices are sure. The recording's language, where
nobody knows it, is that of its first windows: always as many, so that it does not depend on how many are heard at once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import acceptance
import language_spans

FRAME_S = 0.02
"""What the encoder makes of sound, one frame each."""
SLICE = round(language_spans.SLICE_S / FRAME_S)
SLICED = 2 * SLICE
"""A briefer window is looked at whole: two seconds without the silence behind them were taken for Welsh."""
Prior = tuple[str, float]
"""The language of a recording, and how sure that is (0..1)."""


@dataclass(frozen=True)
class Nothing:
    """What stands for the words of a window that was not decoded."""

    sequences_ids: list[list[int]] = field(default_factory=lambda: [[]])
    scores: list[float] = field(default_factory=lambda: [0.0])
    no_speech_prob: float = 0.0


class LeftError(RuntimeError):
    """Nobody waits for the words of this recording any more."""


class Tongues:
    """Everything is the wrapped network's, but the language of windows while ``switching``.

    Several threads may ask at once, each for its own windows: all wait until the first window has told the recording's
    language, so that none depends on which thread was quicker.
    """

    def __init__(self, network, frames) -> None:
        """``network`` is a ``ctranslate2.models.Whisper``; ``frames`` opens and closes what its encoder made."""
        self._network = network
        self._frames = frames
        self._units: Sequence[Sequence[language_spans.Range]] = ()
        self._switching = False
        self._hint: str | None = None
        self.prior: Prior | None = None
        """The recording's language; None until its first windows were heard."""
        self._heard: dict[int, list[str]] = {}
        self._mine = threading.local()
        self._told = threading.Event()

    def __getattr__(self, name: str):
        """What the network has."""
        return getattr(self._network, name)

    @contextmanager
    def switching(
        self, prior: Prior | None, hint: str | None, *, many: bool, units: Sequence[Sequence[language_spans.Range]] = ()
    ):
        """Windows are in ``prior`` unless they surely are not; if not ``many``, none is. None: the first windows tell.

        ``units`` are the stretches of each window that hold one language each, in frames; without them a window is
        looked at whole, and is in one language.
        """
        self.prior, self._hint, self._switching, self._heard = prior, hint, many, {}
        self._units = units
        self._told = threading.Event()
        try:
            yield self
        finally:
            self._switching = False

    @contextmanager
    def window(self, first: int):
        """What this thread asks meanwhile is about window ``first`` of the recording and those after it."""
        self._mine.first, self._mine.parted = first, set()
        try:
            yield
        except BaseException:
            self.leave()
            raise
        finally:
            del self._mine.first, self._mine.parted

    def leave(self) -> None:
        """Whoever waits for the first window waits in vain."""
        self._told.set()

    def language(self) -> str:
        """The recording's language; its first window was heard."""
        assert self.prior is not None, "no window was heard yet"
        return self.prior[0]

    def of(self, index: int) -> list[str]:
        """The languages window ``index`` is in: of each of its units, or of all of it."""
        return self._heard.get(index) or [self.language()]

    def latest(self) -> str:
        """The language of the window that was decoded last."""
        return self._heard[max(self._heard)][0] if self._heard else self.language()

    def detect_language(self, features):
        """For each window its languages, (``<|en|>``, probability), the one to decode in first."""
        if not self._switching:
            return self._network.detect_language(features)
        first = getattr(self._mine, "first", len(self._heard))
        frames = self._frames.opened(features) if self._units else None
        looks = self._whole(features) if frames is None else self._slices(frames, first)
        self._learn(first, [language_spans.mean(look) for look in looks])
        return [self._decided(first + at, at, look, frames) for at, look in enumerate(looks)]

    def generate(self, features, prompts, **options):
        """The network's, without windows of several languages: each of their stretches is heard by itself
        afterwards.
        """
        parted = getattr(self._mine, "parted", set())
        kept = [row for row in range(len(prompts)) if row not in parted]
        if len(kept) == len(prompts):
            return self._network.generate(features, prompts, **options)
        found = iter(())
        if kept:
            frames = self._frames.opened(features)
            whole = self._frames.closed([frames[row] for row in kept])
            found = iter(self._network.generate(whole, [prompts[row] for row in kept], **options))
        return [Nothing() if row in parted else next(found) for row in range(len(prompts))]

    def alone(self, features, own: str) -> str:
        """The language of sound of its own beside a recording: ``own`` unless it surely is another."""
        return language_spans.of_slices(self._whole(features)[0], own)[0]

    def _whole(self, features) -> list[list[language_spans.Likely]]:
        return [[_likely(window)] for window in self._network.detect_language(features)]

    def _slices(self, frames, first: int) -> list[list[language_spans.Likely]]:
        """What the network thinks of each slice of each window, of a brief one with its silence: one question a
        window.
        """
        lengths = [units[-1][1] for units in self._units[first : first + len(frames)]]
        return [
            self._asked(row, language_spans.slices(length, SLICE) if length >= SLICED else [(0, len(row))])
            for row, length in zip(frames, lengths, strict=True)
        ]

    def _asked(self, window, ranges: Sequence[language_spans.Range]) -> list[language_spans.Likely]:
        """What the network thinks of ``ranges`` of one length each of a window."""
        cut = self._frames.closed([window[start:end] for start, end in ranges])
        return [_likely(found) for found in self._network.detect_language(cut)]

    def _learn(self, first: int, likely: list[language_spans.Likely]) -> None:
        """The recording's language from its first windows; whoever asks about later ones waits until it is known."""
        if first == 0:
            self.prior = self.prior or acceptance.spoken(likely, self._hint)
            self._told.set()
        if self.prior is None and not (self._told.wait() and self.prior):
            raise LeftError("the first windows were given up")

    def _decided(self, index: int, row: int, look: list[language_spans.Likely], frames):
        """The languages of a window; where slices are sure of several, of each of its units."""
        if frames is None:
            self._heard[index] = language_spans.of_slices(look, self.language())
        else:
            languages = language_spans.of_slices(look, self.language())
            if language_spans.mixed(look) or len(set(languages)) > 1:
                names = language_spans.candidates(look, self.language())
                languages = self._of_units(frames[row], self._units[index], names)
            self._heard[index] = languages if len(set(languages)) > 1 else languages[:1]
        heard = self._heard[index]
        if len(heard) > 1:
            getattr(self._mine, "parted", set()).add(row)
        return [(f"<|{max(heard, key=heard.count)}|>", 1.0)]

    def _of_units(self, window, units: Sequence[language_spans.Range], names: Sequence[str]) -> list[str]:
        likely = [(self._asked(window, [unit])[0], (unit[1] - unit[0]) * FRAME_S) for unit in units]
        return language_spans.path(likely, names)


def _likely(window) -> language_spans.Likely:
    return {token[2:-2]: probability for token, probability in window}
