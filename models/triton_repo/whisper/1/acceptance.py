"""Which text is believed, which is heard again, which is dropped; which language it is.

Pure: numbers in, a verdict out.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

MAX_COMPRESSION = 2.4
"""Text that gzip shrinks further than this repeats itself (the threshold of OpenAI's own decoder)."""
MIN_LOG_PROBABILITY = -1.0
"""Mean log-probability a token below which a decoding counts as failed (OpenAI's own threshold)."""
NO_SPEECH = 0.6
"""With a low log-probability, this much belief in silence makes it silence (OpenAI's own threshold)."""
MIN_WORD_PROBABILITY = 0.2
"""Below this mean the words do not sit on the sound: invented text on music and noise measured 0.04, speech over
0.5."""
MIN_TERM_PROBABILITY = 0.5
"""A text of glossary terms alone needs more: names read off the glossary on music measured 0.31 and 0.37."""
MIN_WORDS_A_SECOND = 0.4
"""Fewer words a second of detected speech than the slowest speakers: the decoder stopped early."""
LONG_ENOUGH_S = 6.0
"""Coverage says nothing about shorter windows."""
HOLE_S = 4.0
"""So much detected speech without a word is heard again by itself."""
LONGEST_WORD_S = 1.5
"""Of a word's time: the decoder lays its last word over what it left out."""
SURE_WORDS = 0.5
"""What is heard in a hole is believed from this mean probability of its words on: it was left out once."""


def failed(*, compression: float, log_probability: float, words: int, speech_s: float) -> bool:
    """Whether a window is to be heard again by the careful decoder."""
    sparse = speech_s >= LONG_ENOUGH_S and words < MIN_WORDS_A_SECOND * speech_s
    return compression > MAX_COMPRESSION or log_probability < MIN_LOG_PROBABILITY or sparse


def invented(*, compression: float, log_probability: float, no_speech: float, word_probability: float) -> bool:
    """Whether a text is dropped: it repeats itself, is thought to be silence, or does not sit on the sound."""
    silent = no_speech > NO_SPEECH and log_probability < MIN_LOG_PROBABILITY
    return compression > MAX_COMPRESSION or silent or word_probability < MIN_WORD_PROBABILITY


def parroted(words: Sequence[str], glossary: str | None, word_probability: float) -> bool:
    """Whether a text is only terms that the decoder was given to read before, and no sound makes it sure of them."""
    if not glossary or not words or word_probability >= MIN_TERM_PROBABILITY:
        return False
    terms = set(_bare(glossary.replace(",", " ").split()))
    return all(word in terms for word in _bare(words))


def agreement(first: Sequence[str], second: Sequence[str]) -> float:
    """How much two readings of one window have in common, 0..1: their words without case and punctuation."""
    return round(difflib.SequenceMatcher(None, _bare(first), _bare(second), autojunk=False).ratio(), 3)


def _bare(words: Sequence[str]) -> list[str]:
    return ["".join(filter(str.isalnum, word.casefold())) for word in words]


SURE_LANGUAGE = 0.9
"""Mean probability from which a language is not asked for again, and overrules a hint."""
SURE_OF_SLICES = 0.75
"""The same for the mean over slices of some seconds: some slices of every speaker say little."""
ENOUGH_FOR_HINT = 0.5
"""Mean probability from which the hinted language is taken at once."""

LANGUAGE_WINDOWS = 4
"""Look for the language in at most so many windows; the first sure one ends the search. No batch is smaller."""


def language(found: Sequence[dict[str, float]], hint: str | None) -> tuple[str, float] | None:
    """The language and its mean probability over the windows in ``found``; None: look at more windows.

    ``hint`` is what the rest of the recording is in: another language must be sure over all windows to overrule it.
    """
    mean = _mean(found)
    if hint in mean and mean[hint] >= ENOUGH_FOR_HINT:
        return hint, mean[hint]
    best = min(mean, key=lambda name: (-mean[name], name))
    return (best, mean[best]) if mean[best] >= SURE_LANGUAGE and hint not in mean else None


def likeliest(found: Sequence[dict[str, float]], hint: str | None, sure: float = SURE_LANGUAGE) -> tuple[str, float]:
    """The language when there are no more windows to look at."""
    mean = _mean(found)
    best = min(mean, key=lambda name: (-mean[name], name))
    overruled = mean[best] >= sure or hint not in mean
    return (best, mean[best]) if overruled else (hint or best, mean.get(hint or best, 0.0))


def spoken(found: Sequence[dict[str, float]], hint: str | None) -> tuple[str, float]:
    """The language of a recording and how sure that is, by its first windows: as few of them as it takes.

    Each is the mean of its slices. One is not enough: base takes half of a Dutch physicist's English for Dutch.
    """
    first = found[:LANGUAGE_WINDOWS]
    verdicts = (language(first[:end], hint) for end in range(1, len(first) + 1))
    found_one = next((verdict for verdict in verdicts if verdict is not None), None)
    return found_one or likeliest(first, hint, SURE_OF_SLICES)


def _mean(found: Sequence[dict[str, float]]) -> dict[str, float]:
    names = {name for window in found for name in window}
    return {name: sum(window.get(name, 0.0) for window in found) / len(found) for name in names}
