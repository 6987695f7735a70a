"""Keyphrases of a text, counted and weighed. English only (it needs stop words). Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.text.bare_word import DASHES, PUNCTUATION
from core.domain.text.english.nouns import used_as_noun
from core.ports.models import Float32
from streams.study.discourse_patterns import speaks_english
from streams.study.topics.topic_tokens import is_content_word, normalise_term
from streams.study.transcript_text import TranscriptLine, TranscriptText

MAX_PHRASE_WORDS = 3
"""Most words of a phrase."""
MAX_KEYPHRASES = 80
"""Phrases that are compared by the sentence model."""
_EDGES = PUNCTUATION + DASHES


@dataclass(frozen=True, kw_only=True)
class Keyphrase:
    """``text`` is its commonest form; ``places`` are (line, first word, end word)."""

    key: tuple[str, ...]
    text: str
    places: Sequence[tuple[int, int, int]]
    weight: float


def find_keyphrases(document: TranscriptText) -> list[Keyphrase]:
    """Find the best phrases by frequency, spread and length, best first."""
    places: dict[tuple[str, ...], list[tuple[int, int, int]]] = defaultdict(list)
    forms: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for line_number, line in enumerate(document.lines):
        if not speaks_english(line.language):
            continue
        for first, end in _list_runs(document, line):
            words = [document.words[number].text.strip().strip(_EDGES) for number in range(first, end)]
            key = tuple(normalise_term(word) for word in words)
            places[key].append((line_number, first, end))
            forms[key][" ".join(words)] += 1
    single = {key[0]: len(phrase_places) for key, phrase_places in places.items() if len(key) == 1}
    words = [word.text.strip().lower().replace("’", "'") for word in document.words]
    phrases = [
        Keyphrase(
            key=key,
            text=forms[key].most_common(1)[0][0],
            places=phrase_places,
            weight=_rate_phrase(key, phrase_places, single, document),
        )
        for key, phrase_places in places.items()
        if (len(phrase_places) > 1 or (len(key) > 1 and forms[key].most_common(1)[0][0].istitle()))
        and (
            _is_name(document, phrase_places)
            or used_as_noun(words, [(first, end) for _, first, end in phrase_places], is_content_word)
        )
    ]
    return sorted(phrases, key=lambda phrase: (-phrase.weight, phrase.key))[:MAX_KEYPHRASES]


def _is_name(document: TranscriptText, places: Sequence[tuple[int, int, int]]) -> bool:
    """Whether every word is capitalised wherever it does not begin a sentence, in at least one place."""
    inside_places = [(first, end) for _, first, end in places if not _opens_sentence(document, first)]
    return bool(inside_places) and all(
        document.words[number].text.strip()[:1].isupper()
        for first, end in inside_places
        for number in range(first, end)
    )


def _list_runs(document: TranscriptText, line: TranscriptLine) -> Iterator[tuple[int, int]]:
    """List every run of one to three content words inside a line without punctuation between."""
    for first in range(line.first_word, line.end_word):
        for end in range(first + 1, min(first + MAX_PHRASE_WORDS, line.end_word) + 1):
            text = document.words[end - 1].text.strip()
            if not is_content_word(text.strip(_EDGES)) or "{" in text:
                break
            yield first, end
            if text and text[-1] in _EDGES:
                break


def _rate_phrase(
    key: tuple[str, ...], places: Sequence[tuple[int, int, int]], single: Mapping[str, int], document: TranscriptText
) -> float:
    """Weigh a phrase: frequency, less where its words mostly stand apart, spread, capitals."""
    mean_count = sum(single.get(part, 0) for part in key) / len(key)
    cohesion = len(places) / mean_count if mean_count else 0.0
    lines = len({number for number, _, _ in places})
    capitalised = sum(
        document.words[first].text.strip()[:1].isupper()
        for _, first, _ in places
        if not _opens_sentence(document, first)
    )
    return (
        math.log1p(len(places))
        * math.log1p(lines)
        * (1.0 + 0.6 * (len(key) - 1) * min(1.0, 2 * cohesion))
        * (1.0 + 0.3 * capitalised / len(places))
    )


def _opens_sentence(document: TranscriptText, word: int) -> bool:
    return word == 0 or document.words[word - 1].text.strip().endswith((".", "?", "!"))


def select_keyphrases(
    phrases: Sequence[Keyphrase], vectors: Float32, subject_vector: Float32, count: int
) -> list[tuple[Keyphrase, float]]:
    """Select the heaviest phrases near a subject, none part of another; weights 0..1.

    ``vectors``: one row a phrase, in the space of ``subject_vector``.
    """
    if not phrases:
        return []
    similarity = np.clip(vectors @ subject_vector, 0.0, 1.0)
    ranked = sorted(
        (
            (phrase, phrase.weight * (0.3 + float(closeness)))
            for phrase, closeness in zip(phrases, similarity, strict=True)
        ),
        key=lambda pair: -pair[1],
    )
    selected: list[tuple[Keyphrase, float]] = []
    for phrase, weight in ranked:
        if len(selected) == count:
            break
        sharing_numbers = [
            number for number, (selected_phrase, _) in enumerate(selected) if set(selected_phrase.key) & set(phrase.key)
        ]
        if not sharing_numbers:
            selected.append((phrase, weight))
        elif len(sharing_numbers) == 1 and _is_mostly_part(selected[sharing_numbers[0]][0], phrase):
            selected[sharing_numbers[0]] = (phrase, selected[sharing_numbers[0]][1])
        elif all(selected[number][0].key == phrase.key[-1:] for number in sharing_numbers):
            selected.append((phrase, weight))
    top = selected[0][1] if selected else 1.0
    return [(phrase, round(weight / top, 3)) for phrase, weight in selected]


def _is_mostly_part(shorter: Keyphrase, longer: Keyphrase) -> bool:
    """Whether a phrase is mostly said as a part of a longer one, which then says more."""
    return set(shorter.key) < set(longer.key) and 2 * len(longer.places) >= len(shorter.places)


def weigh_by_chapter(
    phrases: Sequence[Keyphrase], vectors: Float32, spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[list[Keyphrase], Float32]]:
    """Yield for each span of lines ``[first, end)`` its phrases, weighed by how specific they are to it."""
    counts = [
        [sum(first <= number < end for number, _, _ in phrase.places) for first, end in spans] for phrase in phrases
    ]
    for span in range(len(spans)):
        chapter_phrases, row_numbers = [], []
        for number, (phrase, by_span) in enumerate(zip(phrases, counts, strict=True)):
            if by_span[span]:
                share = by_span[span] / sum(by_span)
                rarity = math.log1p(len(spans) / sum(count > 0 for count in by_span))
                weight = math.log1p(by_span[span]) * (0.3 + share) * rarity * (1 + 0.3 * (len(phrase.key) - 1))
                chapter_phrases.append(Keyphrase(key=phrase.key, text=phrase.text, places=phrase.places, weight=weight))
                row_numbers.append(number)
        yield chapter_phrases, vectors[row_numbers]
