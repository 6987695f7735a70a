"""A wrapper of CTranslate2's Whisper that decodes each window in its own language.

For a multilingual recording faster-whisper asks the network for the language of each window. Those answers put half of
an accented minute into another language, and all of a window with two languages into one. So each window is examined in
slices of its encoder output, at the cost of one question (``language_spans.py``), and leaves the recording's language
only where slices are sure. If the caller names no language, the recording's is found in a fixed number of first
windows, so that it does not depend on the number of lanes.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import acceptance
import language_spans

FRAME_S = 0.02
"""Duration of one frame of encoder output."""
SLICE_FRAMES = round(language_spans.SLICE_S / FRAME_S)
SLICED_MIN_FRAMES = 2 * SLICE_FRAMES
"""A shorter window is examined whole: two seconds without their trailing silence were taken for Welsh."""
Prior = tuple[str, float]
"""The language of a recording, and its probability."""


@dataclass(frozen=True)
class EmptyResult:
    """Takes the place of the result of a window that was not decoded."""

    sequences_ids: list[list[int]] = field(default_factory=lambda: [[]])
    scores: list[float] = field(default_factory=lambda: [0.0])
    no_speech_prob: float = 0.0


class AbandonedError(RuntimeError):
    """The reader of this recording has stopped."""


class MultilingualNetwork:
    """Passes everything on to the wrapped network, but decides the windows' languages while ``switching``.

    Several threads may call it, each for its own windows. All wait until the first window gave the recording's
    language, so that no result depends on which thread was quicker.
    """

    def __init__(self, network, frames) -> None:
        """``network``: a ``ctranslate2.models.Whisper``; ``frames``: the module ``encoder_output``."""
        self._network = network
        self._frames = frames
        self._units: Sequence[Sequence[language_spans.Range]] = ()
        self._switching = False
        self._hint: str | None = None
        self.prior: Prior | None = None
        """The recording's language; None until its first windows were examined."""
        self._heard: dict[int, list[str]] = {}
        self._mine = threading.local()
        self._told = threading.Event()

    def __getattr__(self, name: str):
        """Everything else is the network's."""
        return getattr(self._network, name)

    @contextmanager
    def switching(
        self, prior: Prior | None, hint: str | None, *, many: bool, units: Sequence[Sequence[language_spans.Range]] = ()
    ):
        """Decide the language of each window of one recording.

        A window is in ``prior`` (None: the language of the first windows) unless its slices are sure of another one;
        with ``many`` False every window is in ``prior``. ``units``: for each window, the ranges in frames that hold one
        language each; without them a window is examined whole, and has one language.
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
        """This thread's calls inside concern window ``first`` of the recording and those after it."""
        self._mine.first, self._mine.parted = first, set()
        try:
            yield
        except BaseException:
            self.leave()
            raise
        finally:
            del self._mine.first, self._mine.parted

    def leave(self) -> None:
        """Wake the threads that wait for the first window: it will not come."""
        self._told.set()

    def language(self) -> str:
        """The recording's language; the first window must be known."""
        assert self.prior is not None, "no window was examined yet"
        return self.prior[0]

    def languages_of(self, index: int) -> list[str]:
        """The languages of window ``index``: one for each of its units, or a single one."""
        return self._heard.get(index) or [self.language()]

    def latest(self) -> str:
        """The language of the window that was decoded last."""
        return self._heard[max(self._heard)][0] if self._heard else self.language()

    def detect_language(self, features):
        """For each window [(``<|en|>``, probability)], the language to decode it in."""
        if not self._switching:
            return self._network.detect_language(features)
        first = getattr(self._mine, "first", len(self._heard))
        frames = self._frames.to_array(features) if self._units else None
        looks = self._window_probabilities(features) if frames is None else self._slice_probabilities(frames, first)
        self._set_recording_language(first, [language_spans.mean(look) for look in looks])
        return [self._decide_languages(first + at, at, look, frames) for at, look in enumerate(looks)]

    def generate(self, features, prompts, **options):
        """Decode all windows but those of several languages, whose ranges the recogniser decodes one by one."""
        parted = getattr(self._mine, "parted", set())
        single_rows = [row for row in range(len(prompts)) if row not in parted]
        if len(single_rows) == len(prompts):
            return self._network.generate(features, prompts, **options)
        results = iter(())
        if single_rows:
            frames = self._frames.to_array(features)
            single_features = self._frames.to_features([frames[row] for row in single_rows])
            results = iter(self._network.generate(single_features, [prompts[row] for row in single_rows], **options))
        return [EmptyResult() if row in parted else next(results) for row in range(len(prompts))]

    def language_of_sound(self, features, language: str) -> str:
        """The language of separate sound: ``language`` unless another one is sure."""
        return language_spans.slice_languages(self._window_probabilities(features)[0], language)[0]

    def _window_probabilities(self, features) -> list[list[language_spans.LanguageProbabilities]]:
        return [[_probabilities(window)] for window in self._network.detect_language(features)]

    def _slice_probabilities(self, frames, first: int) -> list[list[language_spans.LanguageProbabilities]]:
        """Probabilities of each slice of each window, one request a window; a short window counts whole."""
        lengths = [units[-1][1] for units in self._units[first : first + len(frames)]]
        return [
            self._range_probabilities(
                row, language_spans.slices(length, SLICE_FRAMES) if length >= SLICED_MIN_FRAMES else [(0, len(row))]
            )
            for row, length in zip(frames, lengths, strict=True)
        ]

    def _range_probabilities(
        self, window, ranges: Sequence[language_spans.Range]
    ) -> list[language_spans.LanguageProbabilities]:
        """Probabilities of ``ranges`` of equal length of a window."""
        cut = self._frames.to_features([window[start:end] for start, end in ranges])
        return [_probabilities(probabilities) for probabilities in self._network.detect_language(cut)]

    def _set_recording_language(self, first: int, likely: list[language_spans.LanguageProbabilities]) -> None:
        """Set the recording's language from its first windows; threads with later windows wait for it."""
        if first == 0:
            self.prior = self.prior or acceptance.recording_language(likely, self._hint)
            self._told.set()
        if self.prior is None and not (self._told.wait() and self.prior):
            raise AbandonedError("the first windows were abandoned")

    def _decide_languages(self, index: int, row: int, look: list[language_spans.LanguageProbabilities], frames):
        """Decide a window's language; where slices are sure of several, the language of each of its units."""
        if frames is None:
            self._heard[index] = language_spans.slice_languages(look, self.language())
        else:
            languages = language_spans.slice_languages(look, self.language())
            if language_spans.is_mixed(look) or len(set(languages)) > 1:
                names = language_spans.candidates(look, self.language())
                languages = self._unit_languages(frames[row], self._units[index], names)
            self._heard[index] = languages if len(set(languages)) > 1 else languages[:1]
        languages_of_window = self._heard[index]
        if len(languages_of_window) > 1:
            getattr(self._mine, "parted", set()).add(row)
        return [(f"<|{max(languages_of_window, key=languages_of_window.count)}|>", 1.0)]

    def _unit_languages(self, window, units: Sequence[language_spans.Range], names: Sequence[str]) -> list[str]:
        likely = [(self._range_probabilities(window, [unit])[0], (unit[1] - unit[0]) * FRAME_S) for unit in units]
        return language_spans.path(likely, names)


def _probabilities(window) -> language_spans.LanguageProbabilities:
    return {token[2:-2]: probability for token, probability in window}
