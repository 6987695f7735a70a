"""Finds which range of a window is in which language, from the probabilities of its slices. Pure.

The probabilities of a whole window say little if it holds two languages: it may come out sure of one. So a window is
examined in slices of about five seconds, and where slices are sure of different languages, between its pauses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SLICE_S = 5.0
"""Length of a slice: by whole windows the lecturer's English is Dutch (0.5), by most slices of 5 s English."""
SURE_PROBABILITY = 0.9
"""Least probability in some slice for a language other than the recording's to count as present."""
UNIT_S = 6.0
"""A range between two pauses longer than this is divided, to find a change of language inside."""
FULL_WEIGHT_S = 3.0
"""A unit shorter than this weighs less, in proportion."""
MIN_LOG_PROBABILITY_OF_SLICE = -4.0
"""Lower bound of a slice's log probability, so that one slice alone cannot rule out a language."""
CHANGE_PENALTY = 1.5
"""Cost of a change of language in log probability: two changes must gain more than a word or two."""

TRAILING_SILENCE_S = 1
"""Least silence after a range that is decoded by itself: without any, words go wrong."""
STEP_S, LONGEST_S = 5, 30
"""Such a range is padded to a multiple of ``STEP_S``, so that several form a batch; ``LONGEST_S`` is the window."""

LanguageProbabilities = dict[str, float]
"""Probability by language code."""
Range = tuple[int, int]


def slices(length: int, slice_length: int) -> list[Range]:
    """Divide ``length`` into equal ranges near ``slice_length``; a small remainder is left out."""
    count = max(1, round(length / slice_length))
    range_length = max(1, length // count)
    return [(at * range_length, (at + 1) * range_length) for at in range(count)]


def mean(slice_probabilities: Sequence[LanguageProbabilities]) -> LanguageProbabilities:
    """Mean probabilities of a window's slices."""
    names = {name for probabilities in slice_probabilities for name in probabilities}
    return {
        name: sum(probabilities.get(name, 0.0) for probabilities in slice_probabilities) / len(slice_probabilities)
        for name in names
    }


def candidates(slice_probabilities: Sequence[LanguageProbabilities], prior: str) -> list[str]:
    """The recording's language, then every language of which some slice is sure."""
    sure_languages = {
        name
        for probabilities in slice_probabilities
        for name, probability in probabilities.items()
        if probability >= SURE_PROBABILITY
    }
    return [prior, *sorted(sure_languages - {prior})]


def is_mixed(slice_probabilities: Sequence[LanguageProbabilities]) -> bool:
    """Whether different slices are sure of different languages."""
    return (
        len(
            {
                name
                for probabilities in slice_probabilities
                for name, probability in probabilities.items()
                if probability >= SURE_PROBABILITY
            }
        )
        > 1
    )


def slice_languages(slice_probabilities: Sequence[LanguageProbabilities], prior: str) -> list[str]:
    """The language of each slice: ``prior``, the recording's, unless a slice is sure of another by far.

    The path begins and ends in ``prior``, so a window of one slice leaves it only for a language 20 times as likely.
    For five seconds of accented English the network gave Dutch 0.91, eleven times as likely as English.
    """
    return path(
        [(probabilities, SLICE_S) for probabilities in slice_probabilities],
        candidates(slice_probabilities, prior),
        edge_penalty=CHANGE_PENALTY,
    )


def path(
    units: Sequence[tuple[LanguageProbabilities, float]], names: Sequence[str], edge_penalty: float = 0.01
) -> list[str]:
    """The most probable language of each unit (probabilities, seconds), out of ``names``, by Viterbi.

    A tie goes to the first name. Beginning or ending in another one costs ``edge_penalty``.
    """
    edges = [edge_penalty * (at > 0) for at in range(len(names))]
    best = [(-edge, [name]) for edge, name in zip(edges, names, strict=True)]
    for at, (likely, seconds) in enumerate(units):
        weight = min(1.0, seconds / FULL_WEIGHT_S)
        gains = [
            weight * max(MIN_LOG_PROBABILITY_OF_SLICE, math.log(max(likely.get(name, 0.0), 1e-9))) for name in names
        ]
        if at == 0:
            best = [(score + gain, scored_path_) for (score, scored_path_), gain in zip(best, gains, strict=True)]
            continue
        top = max(best, key=lambda scored_path: scored_path[0])
        stepped = [
            max((scored_path, (top[0] - CHANGE_PENALTY, top[1])), key=lambda scored_path_: scored_path_[0])
            for scored_path in best
        ]
        best = [(score + gains[i], [*scored_path_, names[i]]) for i, (score, scored_path_) in enumerate(stepped)]
    final_scores = [(score - edge, scored_path_) for (score, scored_path_), edge in zip(best, edges, strict=True)]
    return max(final_scores, key=lambda scored_path: scored_path[0])[1]


def runs(units: Sequence[Range], languages: Sequence[str]) -> list[tuple[int, int, str]]:
    """Join neighbouring units of one language: (start, end, language)."""
    joined: list[tuple[int, int, str]] = []
    for (start, end), language in zip(units, languages, strict=True):
        if joined and joined[-1][2] == language:
            joined[-1] = (joined[-1][0], end, language)
        else:
            joined.append((start, end, language))
    return joined


def wordless_ranges(units: Sequence[Range], words: Sequence[tuple[float, float]], min_length: int) -> list[Range]:
    """Ranges of neighbouring units without a word, at least ``min_length`` long."""
    silent_ranges: list[Range] = []
    silent = False
    for start, end in units:
        if any(word_start < end and word_end > start for word_start, word_end in words):
            silent = False
            continue
        silent_ranges = [*silent_ranges[:-1], (silent_ranges[-1][0], end)] if silent else [*silent_ranges, (start, end)]
        silent = True
    return [(start, end) for start, end in silent_ranges if end - start >= min_length]


def input_length_s(length_s: float) -> int:
    """Seconds of network input for a range of ``length_s``."""
    return min(math.ceil((length_s + TRAILING_SILENCE_S) / STEP_S) * STEP_S, LONGEST_S)
