"""Parts of an English sentence that may be left out of it, or stand for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.english.clauses import find_verbs
from core.domain.text.english.nouns import adverb
from core.domain.text.english.stopwords import word_set
from core.domain.text.english.word_classes import (
    CONTENT_NOUNS,
    CONTRACTED_SUBJECTS,
    COORDINATORS,
    DETERMINERS,
    FINITE_FORMS,
    PREPOSITIONS,
    RELATIVES,
    STRICT_WORDS,
    STRONG_MARKS,
    SUBJECT_PRONOUNS,
    fold_word,
    is_noun_like,
)


def list_noun_phrases(words: Sequence[str]) -> list[tuple[int, int]]:
    """List ranges of nouns with a clause: ``the soldiers who re-enlist after losing a limb``."""
    bare_words = [fold_word(word) for word in words]
    phrases = []
    for index in range(1, len(words) - 2):
        is_relative = bare_words[index] in ("who", "whose") or (
            bare_words[index] == "that"
            and bare_words[index + 1] in FINITE_FORMS
            and bare_words[index - 1] not in CONTENT_NOUNS
        )
        if is_relative and is_noun_like(bare_words[index - 1]):
            first = index - 1
            while first > 0 and index - first < 4 and bare_words[first] not in DETERMINERS | {"those"}:
                first -= 1
            end = next(
                (at + 1 for at in range(index, len(words)) if words[at].endswith((",", *STRONG_MARKS))), len(words)
            )
            is_clause = bool(find_verbs(words[first:index]))
            if (
                not is_clause
                and bare_words[first] in DETERMINERS | {"those"}
                and bare_words[index + 1] not in SUBJECT_PRONOUNS
            ):
                phrases.append((first, end))
    return phrases


MAX_REMARK_WORDS = 5
"""Longest remark between two commas before a preposition (``, both directly and indirectly, of``)."""
MAX_ASIDE_WORDS = 14
"""Longest remark between two dashes."""


def drop_apposition(words: Sequence[str]) -> list[str] | None:
    """Leave out what dashes or commas set off between a subject and its verb; None without such."""
    dashes = [index for index, word in enumerate(words) if word in ("—", "–")]
    if len(dashes) >= 2 and dashes[1] - dashes[0] <= MAX_ASIDE_WORDS and dashes[0] > 1 and dashes[1] + 1 < len(words):
        return [*words[: dashes[0]], *words[dashes[1] + 1 :]]
    verbs = find_verbs(words)
    commas = [index for index, word in enumerate(words[:-1]) if word.endswith(",")]
    for first, last in ((first, last) for first in commas for last in reversed(commas) if last > first):
        begins = fold_word(words[first + 1])
        is_subject = not any(verb <= first for verb in verbs) and begins not in COORDINATORS
        is_remark = last - first <= MAX_REMARK_WORDS and (
            begins in ("both", "not", "either", "myself") or adverb(begins)
        )
        if is_remark and fold_word(words[last + 1]) in PREPOSITIONS:
            return [*words[:first], words[first].rstrip(","), *words[last + 1 :]]
        if (
            last + 1 in verbs
            and (last + 2 == len(words) or fold_word(words[last + 2]) not in SUBJECT_PRONOUNS)
            and fold_word(words[last + 1]) not in CONTRACTED_SUBJECTS
            and (is_subject or begins in RELATIVES | {"as", "because", "like", "by"})
        ):
            return [*words[:first], words[first].rstrip(","), *words[last + 1 :]]
    return None


KEPT_ADVERBS = word_set(
    "only hardly barely rarely nearly probably possibly likely allegedly supposedly mostly partly early daily weekly "
    "yearly monthly friendly lovely lonely ugly elderly family reply apply supply rely fly ally exactly differently "
    "badly well"
)
"""Words in -ly that a statement is not true without, or that are none."""
INTENSIFIERS = word_set("really very just actually truly quite")


def drop_adverbs(words: Sequence[str]) -> list[str] | None:
    """Leave out words of emphasis and of manner; None without such. What is denied keeps them."""
    if any(fold_word(word) in STRICT_WORDS for word in words):
        return None
    short_words = [
        word
        for word in words
        if not (fold_word(word) in INTENSIFIERS or (adverb(fold_word(word)) and fold_word(word) not in KEPT_ADVERBS))
        or word.endswith((",", ".", "!", "?"))
    ]
    return short_words if len(short_words) < len(words) else None
