"""Whether a run of English words is a whole statement, and where a sentence may be cut. Pure.

Words are those of a text as it is written, with their marks. There is no tagger: the classes of words that are closed
are listed, verbs of everyday talk are listed by form (`verbs`), all else counts as a noun.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.english.nouns import BEFORE_NOUNS, adverb
from core.domain.text.english.stopwords import word_set
from core.domain.text.english.verbs import AUXILIARIES, BASE_FORMS, IMPERATIVE_AUXILIARIES, ING_FORMS, PAST_FORMS
from core.domain.text.english.word_classes import (
    AGREEING_FORMS,
    CONDITIONS,
    CONTRACTED_SUBJECTS,
    COORDINATORS,
    DETERMINERS,
    PREPOSITIONS,
    REASONS,
    RELATIVES,
    STRONG_MARKS,
    SUBJECT_PRONOUNS,
    SUBORDINATORS,
    VERB_FORMS,
    fold_word,
    is_noun_like,
)


def find_verbs(words: Sequence[str]) -> list[int]:
    """Places of finite verbs, requests among them."""
    bare_words = [fold_word(word) for word in words]
    verbs: list[int] = []
    for index in range(len(words)):
        if _is_finite(words, bare_words, index, has_verb=bool(verbs)):
            verbs.append(index)
    return verbs


def _is_finite(words: Sequence[str], bare_words: Sequence[str], index: int, *, has_verb: bool) -> bool:
    word, before = bare_words[index], bare_words[index - 1] if index else ""
    if word in AUXILIARIES:
        return before != "to"
    if word not in VERB_FORMS:
        return False
    if not index:
        return word in BASE_FORMS and len(words) > 1 and (not is_noun_like(bare_words[1]) or bare_words[1] in ING_FORMS)
    if words[index - 1].endswith((",", *STRONG_MARKS)):
        return not has_verb and word not in BASE_FORMS
    at = index - 1
    while at > 0 and (adverb(bare_words[at]) or bare_words[at] in _BETWEEN):
        at -= 1
    subject = bare_words[at]
    if subject in SUBJECT_PRONOUNS | RELATIVES:
        return True
    if word not in PAST_FORMS and (index + 1 == len(words) or words[index].endswith((",", *STRONG_MARKS))):
        return False
    if subject in COORDINATORS:
        return has_verb or word in BASE_FORMS
    if (
        before == "to"
        or before in BEFORE_NOUNS
        or before in AUXILIARIES
        or subject in BEFORE_NOUNS
        or subject in AUXILIARIES
        or not is_noun_like(subject)
    ):
        return False
    if word in PAST_FORMS:
        return word not in _PARTICIPLES
    is_plural = subject.endswith("s") and not subject.endswith("ss")
    return is_plural if word in BASE_FORMS else not is_plural


_BETWEEN = word_set("also always never just still even now then often only all both really soon already not ever")
"""Adverbs that stand between a subject and its verb."""
_PARTICIPLES = word_set("named called based born given written known")
"""Past forms that mostly belong to the noun before them (``a fellow named``)."""


def is_statement(words: Sequence[str]) -> bool:
    """Whether words are a whole sentence: a subject with its verb, or a request."""
    bare_words = [fold_word(word) for word in words]
    verbs = find_verbs(words)
    if not verbs:
        return False
    first, is_question = bare_words[0], words[-1].rstrip("\"”'’)").endswith("?")
    if (
        len(bare_words) > 2
        and first in ("even", "only", "just", "precisely", "especially")
        and bare_words[1] in SUBORDINATORS
    ):
        first = bare_words[1]
    if first in RELATIVES:
        return is_question
    if first in SUBORDINATORS | PREPOSITIONS and not is_question:
        return _has_main_clause(words, bare_words, verbs)
    if first in ("what", "whatever") and not is_question:
        return len(verbs) > 1 or words[-1].endswith("!")
    if bare_words[:2] == ["no", "matter"]:
        return _has_main_clause(["if", *words], ["if", *bare_words], [verb + 1 for verb in verbs])
    if verbs[0] == 0 and first in AUXILIARIES - CONTRACTED_SUBJECTS:
        return is_question or first in IMPERATIVE_AUXILIARIES
    return verbs[0] <= MAX_SUBJECT_WORDS and _has_own_verb(bare_words, verbs)


_CLAUSE_OPENINGS = RELATIVES | {"that", "where", "when", "if", "because", "while"}


def _has_own_verb(bare_words: Sequence[str], verbs: Sequence[int]) -> bool:
    """Whether a verb belongs to the first noun itself, not to a clause that tells which one is meant."""
    is_contact = (
        verbs[0] > 1
        and bare_words[0] in DETERMINERS
        and bare_words[verbs[0] - 1] in SUBJECT_PRONOUNS
        and is_noun_like(bare_words[verbs[0] - 2])
    )
    if not is_contact and not _CLAUSE_OPENINGS & set(bare_words[1 : verbs[0]]):
        return True
    borders = SUBORDINATORS | RELATIVES | {"that", "what", "how"}
    return any(
        bare_words[verb] in AGREEING_FORMS
        and bare_words[verb - 1] not in SUBJECT_PRONOUNS | COORDINATORS
        and not borders & set(bare_words[verbs[0] + 1 : verb])
        for verb in verbs[1:]
    )


MAX_SUBJECT_WORDS = 12
"""Words before the first verb of a sentence that people can follow; behind more the verb is most likely another's."""


def _has_main_clause(words: Sequence[str], bare_words: Sequence[str], verbs: Sequence[int]) -> bool:
    """Whether a subject and its verb stand behind the comma that ends an opening clause or phrase."""
    commas = [index for index, word in enumerate(words[:-1]) if word.endswith(",")]
    if bare_words[0] in PREPOSITIONS and not commas:
        return len(verbs) > 0 and verbs[0] > 1 and bare_words[0] not in ("of", "to", "with")
    needs_own_verb = bare_words[0] in CONDITIONS or (
        bare_words[0] in REASONS and bare_words[0] not in ("like", "unlike", "despite")
    )
    return any(
        (not needs_own_verb or comma >= verbs[0])
        and bare_words[comma + 1] != "that"
        and (begins_clause(words, comma + 1) or _begins_request(words, comma + 1))
        for comma in commas
    )


def begins_clause(words: Sequence[str], index: int, *, firmly: bool = False) -> bool:
    """Whether a subject with its verb begins at a place; ``firmly``: a pronoun or an article shows it."""
    if index >= len(words):
        return False
    word = fold_word(words[index])
    if word in ("sometimes", "now", "today", "often") and index + 1 < len(words):
        index, word = index + 1, fold_word(words[index + 1])
    if word in CONTRACTED_SUBJECTS:
        return True
    verbs = [verb for verb in find_verbs(words[index:]) if verb > 0]
    if not verbs or any(marked_word.endswith((",", *STRONG_MARKS)) for marked_word in words[index : index + verbs[0]]):
        return False
    if word in SUBJECT_PRONOUNS:
        return verbs[0] <= 4
    if firmly and word not in DETERMINERS:
        return False
    return verbs[0] <= 7 and word not in PREPOSITIONS | SUBORDINATORS and (word in DETERMINERS or is_noun_like(word))


def _begins_request(words: Sequence[str], index: int) -> bool:
    word = fold_word(words[index])
    return word in BASE_FORMS or word in IMPERATIVE_AUXILIARIES
