"""A script's text as words that can be said, and which of those were heard. Pure; knows no time.

A script comes from anybody: dashes and emoji that stand alone, directions, a word as long as a page, a thousand times
the same word, another text altogether. None of it may cost more than the words it holds.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from core.domain.text.word_joining import WITHOUT_SPACES, split_words

LONGEST_SIGNS = 100
"""No word that is said is longer; the rest of it is not shown."""
MOST_STEPS = 200_000_000
"""Steps that matching may take at worst: some seconds of a processor."""
FEW_WORDS = 12
"""So few words say nothing about whether a script belongs to a recording."""
SHARE, SIGN_SHARE = 0.25, 0.4
"""So much of the shorter of both texts is heard of a script that belongs to a recording; of signs where no spaces are
written. Texts that have nothing to do with each other have a tenth in common (95 of 100 pairs less than 0.27), a script
of which six words in ten are misheard half (95 of 100 more than 0.33)."""
TIMES, ROW, ROW_SHARE = 2, 3, 0.2
"""In a text more than so many times as long every other word is found by chance: there only words in a row count."""
OPENERS = frozenset({"Ps", "Pi"})
_DIRECTION = re.compile(r"\[[^\[\]]*\]")
Code = tuple[str, int, int, int, int]
"""What ``difflib`` says of a stretch: kind, ``[i1, i2)`` of what was heard, ``[j1, j2)`` of the script."""


def words_of(text: str, language: str | None) -> list[str]:
    """The words of a text; what has neither letter nor digit goes with a neighbour, and what stands in [ ] is not said.

    In a language that is written without spaces each sign is a word.
    """
    found: list[str] = []
    opening = ""
    for piece in split_words(_DIRECTION.sub(" ", text), language):
        if any(sign.isalnum() for sign in piece):
            found.append((opening + piece)[:LONGEST_SIGNS])
            opening = ""
        elif not found or unicodedata.category(piece[-1]) in OPENERS:
            opening += piece
        else:
            found[-1] = (found[-1] + piece)[:LONGEST_SIGNS]
    return found


def matched(heard: Sequence[str], wanted: Sequence[str]) -> Sequence[Code]:
    """How the script's words lie on those that were heard, both bare of case and punctuation.

    Words that are so frequent in both that they would cost too much are matched beside others only.
    """
    common = _common(heard, wanted)
    junk = common.__contains__ if common else None
    return difflib.SequenceMatcher(junk, heard, wanted, autojunk=False).get_opcodes()


def _common(heard: Sequence[str], wanted: Sequence[str]) -> set[str]:
    """The costliest words, beyond what matching may cost: each of its places may be looked at for each run."""
    ours, theirs = Counter(heard), Counter(wanted)
    costs = sorted((ours[word] * theirs[word] * min(ours[word], theirs[word]), word) for word in ours.keys() & theirs)
    found: set[str] = set()
    steps = 0
    for cost, word in costs:
        steps += cost
        if steps > MOST_STEPS:
            found.add(word)
    return found


def another_text(heard: int, wanted: int, codes: Sequence[Code], language: str | None) -> bool:
    """Whether the script is not of this recording: no more of it is heard than would be by chance."""
    shorter, longer = sorted((heard, wanted))
    alike = longer <= TIMES * shorter
    runs = (end - first for kind, first, end, _, _ in codes if kind == "equal")
    same = sum(length for length in runs if alike or length >= ROW)
    least = SIGN_SHARE if language in WITHOUT_SPACES else SHARE if alike else ROW_SHARE
    return not wanted or (shorter >= FEW_WORDS and same < least * shorter)
