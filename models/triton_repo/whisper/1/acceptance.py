"""Decides which text is accepted, decoded again or dropped, and the recording's language. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

MAX_COMPRESSION_RATIO = 2.4
"""Text that gzip shrinks further than this repeats itself (the threshold of OpenAI's own decoder)."""
MIN_LOG_PROBABILITY = -1.0
"""Mean log-probability a token below which a decoding counts as failed (OpenAI's own threshold)."""
NO_SPEECH_MIN_PROBABILITY = 0.6
"""Probability of silence that, with a low log-probability, makes a window silent (OpenAI's own threshold)."""
MIN_WORD_PROBABILITY = 0.2
"""Mean word probability below which the words do not fit the sound: hallucinations on music and noise measured 0.04,
speech over 0.5."""
MIN_TERM_PROBABILITY = 0.5
"""The same for a text of glossary terms only: names echoed from the glossary on music measured 0.31 and 0.37."""
MIN_WORDS_A_SECOND = 0.4
"""Fewer words a second of detected speech than the slowest speakers: the decoder stopped early."""
COVERAGE_MIN_S = 6.0
"""Least speech in a window for the word rate to mean anything."""
GAP_MIN_S = 4.0
"""Least detected speech without a word that is decoded again by itself."""
WORD_MAX_S = 1.5
"""Longest time of a word that counts as covered: the decoder extends its last word over what it left out."""
GAP_MIN_WORD_PROBABILITY = 0.5
"""Least mean word probability of a text found in such a gap, which the first decoding left out."""


def is_failed(*, compression: float, log_probability: float, words: int, speech_s: float) -> bool:
    """Whether a window has to be decoded again, sequentially."""
    sparse = speech_s >= COVERAGE_MIN_S and words < MIN_WORDS_A_SECOND * speech_s
    return compression > MAX_COMPRESSION_RATIO or log_probability < MIN_LOG_PROBABILITY or sparse


def is_invented(*, compression: float, log_probability: float, no_speech: float, word_probability: float) -> bool:
    """Whether a text is a hallucination: it repeats itself, stands on silence, or does not fit the sound."""
    silent = no_speech > NO_SPEECH_MIN_PROBABILITY and log_probability < MIN_LOG_PROBABILITY
    return compression > MAX_COMPRESSION_RATIO or silent or word_probability < MIN_WORD_PROBABILITY


def is_glossary_echo(words: Sequence[str], glossary: str | None, word_probability: float) -> bool:
    """Whether a text holds glossary terms only, with a probability too low for speech."""
    if not glossary or not words or word_probability >= MIN_TERM_PROBABILITY:
        return False
    terms = set(_bare(glossary.replace(",", " ").split()))
    return all(word in terms for word in _bare(words))


def agreement(first: Sequence[str], second: Sequence[str]) -> float:
    """Similarity 0..1 of two decodings of one window, by words without case and punctuation."""
    return round(difflib.SequenceMatcher(None, _bare(first), _bare(second), autojunk=False).ratio(), 3)


def _bare(words: Sequence[str]) -> list[str]:
    return ["".join(filter(str.isalnum, word.casefold())) for word in words]


SURE_LANGUAGE_PROBABILITY = 0.9
"""Mean probability at which the search for a language ends, and at which it overrules a hint."""
SURE_SLICES_PROBABILITY = 0.75
"""The same for the mean over slices of some seconds, of which some always say little."""
HINT_MIN_PROBABILITY = 0.5
"""Mean probability at which the hinted language is taken at once."""

LANGUAGE_MAX_WINDOWS = 4
"""Most windows in which the language is searched; the first sure one ends the search. No batch is smaller."""


def language(windows: Sequence[dict[str, float]], hint: str | None) -> tuple[str, float] | None:
    """The language and its mean probability over ``windows``; None: more windows are needed.

    ``hint``: the language of the rest of the recording; another one overrules it only if it is sure over all windows.
    """
    mean = _mean(windows)
    if hint in mean and mean[hint] >= HINT_MIN_PROBABILITY:
        return hint, mean[hint]
    best = min(mean, key=lambda name: (-mean[name], name))
    return (best, mean[best]) if mean[best] >= SURE_LANGUAGE_PROBABILITY and hint not in mean else None


def likeliest_language(
    windows: Sequence[dict[str, float]], hint: str | None, sure: float = SURE_LANGUAGE_PROBABILITY
) -> tuple[str, float]:
    """The language and its mean probability once all windows are known."""
    mean = _mean(windows)
    best = min(mean, key=lambda name: (-mean[name], name))
    overruled = mean[best] >= sure or hint not in mean
    return (best, mean[best]) if overruled else (hint or best, mean.get(hint or best, 0.0))


def recording_language(windows: Sequence[dict[str, float]], hint: str | None) -> tuple[str, float]:
    """The recording's language and its probability, from as few of its first windows as it takes.

    Each window is the mean of its slices. One window is not enough: the base model takes half of a Dutch physicist's
    English for Dutch.
    """
    first = windows[:LANGUAGE_MAX_WINDOWS]
    verdicts = (language(first[:end], hint) for end in range(1, len(first) + 1))
    sure_verdict = next((verdict for verdict in verdicts if verdict is not None), None)
    return sure_verdict or likeliest_language(first, hint, SURE_SLICES_PROBABILITY)


def _mean(windows: Sequence[dict[str, float]]) -> dict[str, float]:
    names = {name for window in windows for name in window}
    return {name: sum(window.get(name, 0.0) for window in windows) / len(windows) for name in names}
