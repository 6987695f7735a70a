"""Which stretch of a window is in which language. Pure: what the network thinks of slices in, languages out.

One look at a whole window says little of a window that holds two languages: half of it may come out as sure of one. So
a window is looked at in slices of some five seconds, and where two languages are sure of one each, at its pauses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

SLICE_S = 5.0
"""Long enough to tell a language by: the lecturer's English is Dutch (0.5) by the window, English by most slices."""
SURE = 0.9
"""A language is in a window besides the recording's only if a slice is so sure of it."""
UNIT_S = 6.0
"""Between two pauses further apart than this it is looked for a change of language as well."""
TELLING_S = 3.0
"""What is shorter weighs less."""
LEAST = -4.0
"""No slice says more than this against a language (log of a probability)."""
CHANGE = 1.5
"""What a change of language costs beside it: two of them have to be worth more than a word or two."""

BEHIND_S = 1
"""So much silence is left behind a stretch that is heard by itself, and more:"""
STEP_S, LONGEST_S = 5, 30
"""it is shown to the network as one of few lengths, so that stretches can be a batch.
Shown seconds alone, words go wrong."""

Likely = dict[str, float]
"""Languages and how probable each is."""
Range = tuple[int, int]


def slices(length: int, slice_length: int) -> list[Range]:
    """``length`` parted evenly into ranges of one length, near ``slice_length``; a rest below their number is left."""
    count = max(1, round(length / slice_length))
    each = max(1, length // count)
    return [(at * each, (at + 1) * each) for at in range(count)]


def mean(slices_likely: Sequence[Likely]) -> Likely:
    """The languages of a window, by its slices."""
    names = {name for one in slices_likely for name in one}
    return {name: sum(one.get(name, 0.0) for one in slices_likely) / len(slices_likely) for name in names}


def candidates(slices_likely: Sequence[Likely], prior: str) -> list[str]:
    """The recording's language, and those of which a slice is sure."""
    sure = {name for one in slices_likely for name, probability in one.items() if probability >= SURE}
    return [prior, *sorted(sure - {prior})]


def mixed(slices_likely: Sequence[Likely]) -> bool:
    """Whether slices are sure of different languages."""
    return len({name for one in slices_likely for name, probability in one.items() if probability >= SURE}) > 1


def of_slices(slices_likely: Sequence[Likely], prior: str) -> list[str]:
    """The language of each slice of a window: ``prior``, the recording's, where no slice is sure of another and by far.

    Before and behind the window it is ``prior`` again, so a window of one slice leaves it only for what is 20 times as
    likely: of five seconds of accented English the network was sure of Dutch (0.91), eleven times as likely as English.
    """
    return path([(one, SLICE_S) for one in slices_likely], candidates(slices_likely, prior), around=CHANGE)


def path(units: Sequence[tuple[Likely, float]], names: Sequence[str], around: float = 0.01) -> list[str]:
    """The language of each unit (what it may be, seconds), out of ``names``, with as few changes as that allows.

    The likeliest path (Viterbi); where nothing tells them apart, the first name. To begin and to end in another costs
    ``around``, each.
    """
    edges = [around * (at > 0) for at in range(len(names))]
    best = [(-edge, [name]) for edge, name in zip(edges, names, strict=True)]
    for at, (likely, seconds) in enumerate(units):
        weight = min(1.0, seconds / TELLING_S)
        told = [weight * max(LEAST, math.log(max(likely.get(name, 0.0), 1e-9))) for name in names]
        if at == 0:
            best = [(score + gain, way) for (score, way), gain in zip(best, told, strict=True)]
            continue
        top = max(best, key=lambda one: one[0])
        stepped = [max((one, (top[0] - CHANGE, top[1])), key=lambda way: way[0]) for one in best]
        best = [(score + told[i], [*way, names[i]]) for i, (score, way) in enumerate(stepped)]
    ended = [(score - edge, way) for (score, way), edge in zip(best, edges, strict=True)]
    return max(ended, key=lambda one: one[0])[1]


def runs(units: Sequence[Range], languages: Sequence[str]) -> list[tuple[int, int, str]]:
    """Neighbouring units of one language as one: (start, end, language)."""
    found: list[tuple[int, int, str]] = []
    for (start, end), language in zip(units, languages, strict=True):
        if found and found[-1][2] == language:
            found[-1] = (found[-1][0], end, language)
        else:
            found.append((start, end, language))
    return found


def holes(units: Sequence[Range], words: Sequence[tuple[float, float]], least: int) -> list[Range]:
    """Neighbouring units of ``least`` and more in all that no word touches."""
    found: list[Range] = []
    silent = False
    for start, end in units:
        if any(one < end and other > start for one, other in words):
            silent = False
            continue
        found = [*found[:-1], (found[-1][0], end)] if silent else [*found, (start, end)]
        silent = True
    return [(start, end) for start, end in found if end - start >= least]


def shown_s(length_s: float) -> int:
    """Seconds that the network is shown of a stretch of ``length_s``."""
    return min(math.ceil((length_s + BEHIND_S) / STEP_S) * STEP_S, LONGEST_S)
