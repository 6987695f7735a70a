"""Phrases of a text that say what it is about, counted and weighed. Pure; English only (it needs stop words)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.text.bare_word import DASHES, PUNCTUATION
from core.domain.text.english.nouns import used_as_noun
from core.ports.models import Float32
from streams.study.lexicon import speaks_english
from streams.study.topics.topic_tokens import carries, term
from streams.study.transcript_text import Line, Spoken

LONGEST = 3
"""Words of a phrase."""
MOST = 80
"""Phrases that are compared by the sentence model."""
_EDGES = PUNCTUATION + DASHES


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """``text`` is its commonest form; ``places`` are (line, first word, end word)."""

    key: tuple[str, ...]
    text: str
    places: Sequence[tuple[int, int, int]]
    weight: float


def candidates(spoken: Spoken) -> list[Phrase]:
    """The ``MOST`` best phrases by how often, how widely and how long they are, best first."""
    places: dict[tuple[str, ...], list[tuple[int, int, int]]] = defaultdict(list)
    forms: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for at, line in enumerate(spoken.lines):
        if not speaks_english(line.language):
            continue
        for first, end in _runs(spoken, line):
            words = [spoken.words[one].text.strip().strip(_EDGES) for one in range(first, end)]
            key = tuple(term(word) for word in words)
            places[key].append((at, first, end))
            forms[key][" ".join(words)] += 1
    single = {key[0]: len(found) for key, found in places.items() if len(key) == 1}
    words = [word.text.strip().lower().replace("’", "'") for word in spoken.words]
    kept = [
        Phrase(key=key, text=forms[key].most_common(1)[0][0], places=found, weight=_weight(key, found, single, spoken))
        for key, found in places.items()
        if (len(found) > 1 or (len(key) > 1 and forms[key].most_common(1)[0][0].istitle()))
        and (_named(spoken, found) or used_as_noun(words, [(first, end) for _, first, end in found], carries))
    ]
    return sorted(kept, key=lambda phrase: (-phrase.weight, phrase.key))[:MOST]


def _named(spoken: Spoken, found: Sequence[tuple[int, int, int]]) -> bool:
    """Whether every word has a capital wherever no sentence begins with it, and that is somewhere."""
    inside = [(first, end) for _, first, end in found if not _opens(spoken, first)]
    return bool(inside) and all(
        spoken.words[at].text.strip()[:1].isupper() for first, end in inside for at in range(first, end)
    )


def _runs(spoken: Spoken, line: Line) -> Iterator[tuple[int, int]]:
    """Every run of one to three carrying words inside a line that no punctuation parts."""
    for first in range(line.first_word, line.end_word):
        for end in range(first + 1, min(first + LONGEST, line.end_word) + 1):
            text = spoken.words[end - 1].text.strip()
            if not carries(text.strip(_EDGES)) or "{" in text:
                break
            yield first, end
            if text and text[-1] in _EDGES:
                break


def _weight(
    key: tuple[str, ...], found: Sequence[tuple[int, int, int]], single: Mapping[str, int], spoken: Spoken
) -> float:
    """Frequency, counted less where the words mostly stand apart; spread over the text; names count more."""
    whole = sum(single.get(part, 0) for part in key) / len(key)
    bound = len(found) / whole if whole else 0.0
    lines = len({at for at, _, _ in found})
    named = sum(spoken.words[first].text.strip()[:1].isupper() for _, first, _ in found if not _opens(spoken, first))
    return (
        math.log1p(len(found))
        * math.log1p(lines)
        * (1.0 + 0.6 * (len(key) - 1) * min(1.0, 2 * bound))
        * (1.0 + 0.3 * named / len(found))
    )


def _opens(spoken: Spoken, word: int) -> bool:
    return word == 0 or spoken.words[word - 1].text.strip().endswith((".", "?", "!"))


def chosen(phrases: Sequence[Phrase], vectors: Float32, subject: Float32, count: int) -> list[tuple[Phrase, float]]:
    """The ``count`` phrases that weigh most and are about ``subject``, none part of another; weights 0..1.

    ``vectors``: one row a phrase, in the space of ``subject``.
    """
    if not phrases:
        return []
    near = np.clip(vectors @ subject, 0.0, 1.0)
    ranked = sorted(
        ((phrase, phrase.weight * (0.3 + float(close))) for phrase, close in zip(phrases, near, strict=True)),
        key=lambda pair: -pair[1],
    )
    kept: list[tuple[Phrase, float]] = []
    for phrase, weight in ranked:
        if len(kept) == count:
            break
        sharing = [at for at, (other, _) in enumerate(kept) if set(other.key) & set(phrase.key)]
        if not sharing:
            kept.append((phrase, weight))
        elif len(sharing) == 1 and _mostly_within(kept[sharing[0]][0], phrase):
            kept[sharing[0]] = (phrase, kept[sharing[0]][1])
        elif all(kept[at][0].key == phrase.key[-1:] for at in sharing):
            kept.append((phrase, weight))
    top = kept[0][1] if kept else 1.0
    return [(phrase, round(weight / top, 3)) for phrase, weight in kept]


def _mostly_within(shorter: Phrase, longer: Phrase) -> bool:
    """Whether a phrase is mostly said as a part of a longer one, which then says more."""
    return set(shorter.key) < set(longer.key) and 2 * len(longer.places) >= len(shorter.places)


def within(
    phrases: Sequence[Phrase], vectors: Float32, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[list[Phrase], Float32]]:
    """For each span of lines ``[first, end)`` the phrases said there, weighed by how much they are its own."""
    counts = [[sum(first <= at < end for at, _, _ in phrase.places) for first, end in spans] for phrase in phrases]
    for span in range(len(spans)):
        found, rows = [], []
        for at, (phrase, by_span) in enumerate(zip(phrases, counts, strict=True)):
            if by_span[span]:
                share = by_span[span] / sum(by_span)
                apart = math.log1p(len(spans) / sum(count > 0 for count in by_span))
                weight = math.log1p(by_span[span]) * (0.3 + share) * apart * (1 + 0.3 * (len(phrase.key) - 1))
                found.append(Phrase(key=phrase.key, text=phrase.text, places=phrase.places, weight=weight))
                rows.append(at)
        yield found, vectors[rows]
