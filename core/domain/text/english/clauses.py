"""Whether a run of English words is a whole statement, and where a sentence may be cut. Pure.

Words are those of a text as it is written, with their marks. There is no tagger: the classes of words that are closed
are listed, verbs of everyday talk are listed by form (`verbs`), all else counts as a noun.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from core.domain.text.english.nouns import BEFORE_NOUNS, adverb
from core.domain.text.english.stopwords import word_set
from core.domain.text.english.verbs import AUXILIARIES, BASE_FORMS, IMPERATIVE_AUXILIARIES, ING_FORMS, PAST_FORMS
from core.domain.text.english.word_classes import (
    AGREEING_FORMS,
    CLAUSE_WORDS,
    CONDITIONS,
    CONTENT_NOUNS,
    CONTRACTED_SUBJECTS,
    COORDINATORS,
    DANGLING_ENDS,
    DETERMINERS,
    PAIRED,
    PREPOSITIONS,
    REASONS,
    RELATIVES,
    REPORTING_VERBS,
    STRICT_WORDS,
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


def _has_sure_verb(words: Sequence[str], index: int) -> bool:
    """Whether the first verb behind a place is no noun in the plural (``the smallest welfare rolls``)."""
    verbs = find_verbs(words[index:])
    word = fold_word(words[index + verbs[0]]) if verbs else ""
    return word in AUXILIARIES or word in PAST_FORMS


def _begins_request(words: Sequence[str], index: int) -> bool:
    word = fold_word(words[index])
    return word in BASE_FORMS or word in IMPERATIVE_AUXILIARIES


def _begins_predicate(words: Sequence[str], index: int) -> bool:
    """Whether a finite verb without a subject stands at a place (``and helped``)."""
    word = fold_word(words[index]) if index < len(words) else ""
    return (word in PAST_FORMS or word in AGREEING_FORMS) and word not in BASE_FORMS


_HOLDING = CONDITIONS - {"where", "wherever"}


def list_starts(words: Sequence[str]) -> list[int]:
    """List places where a part of a sentence may begin: its first word, and independent clauses."""
    bare_words = [fold_word(word) for word in words]
    starts, part = [0], 0
    for index in range(1, len(words)):
        before, word = words[index - 1], bare_words[index]
        is_joint = word in COORDINATORS | {"because", "where"} or (word == "that" and before.endswith(";"))
        joined = index + 1 if is_joint else index
        while (
            joined > index and joined < len(words) and bare_words[joined] in ("then", "so", "now", "therefore", "also")
        ):
            joined += 1
        part_words = bare_words[part:index]
        is_held = bool(_HOLDING & set(part_words)) or ("long", "as") in itertools.pairwise(part_words)
        if before.endswith(STRONG_MARKS):
            if _HOLDING & set(part_words[:2]) and before.endswith(("—", "–")):
                continue
            if (
                begins_clause(words, joined)
                or (joined == index and _begins_request(words, index))
                or word in SUBORDINATORS - {"where"}
            ):
                starts.append(joined if word in ("where", "that") else index)
            part = index
        elif before.endswith(","):
            is_scoped = word in COORDINATORS and bool(_SCOPES & set(bare_words[:index]))
            is_opening = bare_words[part] in PREPOSITIONS | REASONS or adverb(bare_words[part])
            is_listed = joined == index and word in DETERMINERS and not _has_sure_verb(words, index)
            if (
                (word == "because" or not is_held)
                and not is_scoped
                and not is_listed
                and begins_clause(words, joined, firmly=joined == index and not is_opening)
            ):
                starts.append(index if word in COORDINATORS | {"because"} else joined)
            part = part if is_held and begins_clause(words, index) else index
        elif word in ("but", "because") and begins_clause(words, joined):
            starts.append(index)
    return starts


_SCOPES = word_set(
    "not never cannot if unless whether when would could can't don't doesn't didn't won't wouldn't isn't aren't wasn't"
)
"""Words whose denial or condition reaches over the clauses that are joined to theirs."""


def list_ends(words: Sequence[str]) -> dict[int, float]:
    """Places behind which a part of a sentence may end, with the flaw of ending there, 0 to 1.

    A clause that follows may be left out where the rest stays true: no condition, no second half of a pair.
    """
    bare_words = [fold_word(word) for word in words]
    ends = {len(words): 0.0}
    for index in range(3, len(words)):
        last = bare_words[index - 1] or bare_words[index - 2]
        if last in DANGLING_ENDS | REPORTING_VERBS and not words[index - 1].endswith(("...", "…")):
            continue
        flaw = _rate_end(words, bare_words, index)
        if flaw is not None and not _is_open(words, bare_words, index):
            ends[index] = flaw
    return ends


def _is_open(words: Sequence[str], bare_words: Sequence[str], index: int) -> bool:
    """Whether a run up to a place leaves a clause open, or loses the condition it stands under."""
    if {"unless", "until"} & set(bare_words[index:]):
        return True
    openings = [at for at in range(1, index) if bare_words[at] in _OPENING_WORDS]
    if not openings:
        return False
    last = openings[-1]
    if not find_verbs(words[last + 1 : index]):
        return True
    is_nested = bare_words[last - 1] in ("because", "that", "and", "but", "so", "even")
    return (
        bare_words[last] in _SUBORDINATED
        and is_nested
        and not any(word.endswith(",") for word in words[last : index - 1])
    )


_SUBORDINATED = word_set("if though although when while unless once")
_OPENING_WORDS = _SUBORDINATED | RELATIVES | word_set("that because until whether why")


def _rate_end(words: Sequence[str], bare_words: Sequence[str], index: int) -> float | None:
    before, word = words[index - 1], bare_words[index]
    after = bare_words[index + 1] if index + 1 < len(words) else ""
    if before.endswith((";", "—", "--", "…", "...")):
        return 0.0
    if word in COORDINATORS | {"because"}:
        if after in CONDITIONS or after in ("only", "not", "especially") or word == "yet":
            return None
        is_clause = begins_clause(words, index + 1, firmly=not before.endswith(","))
        verbs = find_verbs(words[:index])
        is_list = bool(verbs) and any(marked_word.endswith(",") for marked_word in words[verbs[0] : index - 1])
        is_joined = (_begins_predicate(words, index + 1) and not is_list) or (
            before.endswith(",") and not is_list and (after in BASE_FORMS or after in ING_FORMS)
        )
        return 0.0 if is_clause or word == "because" or is_joined else None
    if before.endswith(","):
        is_added = (
            (word, after) in _CONCESSIONS
            or word in RELATIVES | _ADDED
            or (word in ING_FORMS and bool(find_verbs(words[:index])))
        )
        return 0.0 if is_added or begins_clause(words, index, firmly=True) else None
    if word == "which" or (word == "so" and after == "that"):
        return 0.0
    if word in ("that", "who", "where") and is_noun_like(bare_words[index - 1]) and after in CLAUSE_WORDS:
        is_content = bool(set(bare_words[max(0, index - 4) : index]) & CONTENT_NOUNS)
        verbs = find_verbs(words[:index])
        is_content |= bool(verbs) and any(marked_word.endswith(",") for marked_word in words[verbs[0] : index])
        if is_content or bare_words[index - 1] in VERB_FORMS:
            return None
        return (
            0.2
            if {"the", "every", "each", "all"} & set(bare_words[max(0, index - 4) : index - 1])
            else VAGUE_FLAW_SCORE
        )
    rest = set(bare_words[index + 1 :])
    is_agent = word == "by" and bare_words[index - 1] in PAST_FORMS and bool(find_verbs(words[:index]))
    if is_agent and not rest & (AUXILIARIES | SUBJECT_PRONOUNS) and not STRICT_WORDS & set(bare_words[:index]):
        return PHRASE_FLAW_SCORE
    if word == "about" and after in ("how", "why", "what") and is_noun_like(bare_words[index - 1]):
        return PHRASE_FLAW_SCORE
    if word in _PLACES and is_noun_like(bare_words[index - 1]) and not STRICT_WORDS & set(bare_words):
        is_object = bare_words[index - 1] in VERB_FORMS or bare_words[index - 1] in ING_FORMS
        is_last = not find_verbs(words[index + 1 :]) and len(words) - index <= MAX_PHRASE_WORDS
        return PHRASE_FLAW_SCORE if is_last and not is_object and find_verbs(words[:index]) else None
    return None


VAGUE_FLAW_SCORE = 0.7
"""Flaw of leaving out which ones are meant: ``a couple of people``."""
PHRASE_FLAW_SCORE = 0.3
"""Flaw of leaving out a phrase of place, time or agent."""
MAX_PHRASE_WORDS = 6
"""Longest phrase of place or time that may be left out."""
_PLACES = word_set("in at during through across within over throughout")
"""What begins a phrase of place or time; other prepositions mostly complete their verb."""
_CONCESSIONS = {("even", "if"), ("even", "though"), ("even", "when"), ("just", "like"), ("just", "as")}
_ADDED = word_set("where not especially including particularly whereas while with as such though although like")
"""Words behind a comma that only add to what was said."""


def is_half(words: Sequence[str]) -> bool:
    """Whether a run has a word that waits for its other half (``not only``)."""
    bare_words = [fold_word(word) for word in words]
    pairs = set(itertools.pairwise(bare_words))
    return bool(
        PAIRED & set(bare_words) or pairs & {("not", "only"), ("not", "just"), ("not", "so"), ("not", "merely")}
    )
