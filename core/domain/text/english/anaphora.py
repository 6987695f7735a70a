"""Words of an English text that point at something said before it. Pure.

Rules over closed lists, not a parser: a pronoun counts as explained where a noun that it may stand for comes before it
in the same text, or where it stands for nothing (``it is hard to …``).
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.text.english.clauses import find_verbs
from core.domain.text.english.stopwords import word_set
from core.domain.text.english.verbs import AUXILIARIES, BASE_FORMS, ING_FORMS, PAST_FORMS
from core.domain.text.english.word_classes import (
    CONTRACTED_SUBJECTS,
    COORDINATORS,
    DETERMINERS,
    GROUP_NOUNS,
    PERSON_NOUNS,
    PREPOSITIONS,
    RELATIVES,
    SUBJECT_PRONOUNS,
    SUBORDINATORS,
    fold_word,
    is_noun_like,
)

_THINGS = word_set("it its itself it's it'll it'd")
_PEOPLE = word_set("they them their theirs themselves they're they've they'll they'd")
_PERSONS = word_set("he she him her his hers himself herself he's she's he'll she'll he'd she'd")
_POSSESSIVES = word_set("its their theirs his her hers itself themselves himself herself")
_SUBJECTS = word_set("it's it'll it'd it they they're they've they'll they'd he she he's she's he'll she'll he'd she'd")
HERE_AND_NOW = word_set(
    "country nation world year week month day days morning afternoon evening room house city state century time "
    "moment planet earth episode show podcast job line campaign election generation administration industry business "
    "company"
)
"""What ``this`` may stand before without an earlier mention: the speaker's here and now."""
_WEIGHT_VERBS = word_set(
    "takes took take turns turned seems seemed depends matters costs came comes feels looks became"
)
_BE = word_set("is was isn't wasn't be been being it's will would may might can could must should has had does did not")
_SOFT = word_set("also too either again then instead another such here others otherwise therefore thus")
"""Words that only make full sense behind something."""
HARD, NAMED, SOFT = 1.0, 0.5, 0.2


def measure_dependence(words: Sequence[str]) -> float:
    """Sum over the words that point outside the text: 1 for a pronoun without its noun, 0.2 for ``also``."""
    bare_words = [fold_word(word) for word in words]
    verbs = find_verbs(words)
    total = 0.0
    for index, word in enumerate(bare_words):
        if word in _THINGS | _PEOPLE | _PERSONS:
            total += HARD * (not _is_explained(words, bare_words, verbs, index))
        elif word in ("that", "that's", "this", "these", "those", "that'll", "that'd"):
            total += _rate_pointing(words, bare_words, index)
        elif word in ("one", "ones"):
            total += HARD * _is_substitute(words, bare_words, index)
        elif word in ("ours", "mine", "yours", "theirs", "hers"):
            total += HARD
        elif word in _SOFT or (word == "there" and not _is_existential(bare_words, index)):
            total += SOFT
        elif (
            word in ("so", "same") and index and bare_words[index - 1] in ("do", "did", "does", "the", "think", "said")
        ):
            total += HARD if word == "so" else SOFT
    if bare_words and bare_words[-1] in AUXILIARIES and not words[-1].endswith("?"):
        total += HARD
    return total


def _is_explained(words: Sequence[str], bare_words: Sequence[str], verbs: Sequence[int], index: int) -> bool:
    word = bare_words[index]
    if word in _THINGS - _POSSESSIVES and _is_empty_subject(bare_words, index):
        return True
    noun_places = [
        place
        for place in range(index)
        if is_noun_like(bare_words[place])
        and place not in verbs
        and bare_words[place] not in ING_FORMS
        and not (place and bare_words[place - 1] in AUXILIARIES | {"to"})
    ]
    comma = next((place for place in range(index) if words[place].endswith(",")), None)
    if comma == index - 1 and bare_words[0] in PREPOSITIONS:
        return False
    if word == "it" and index + 1 == len(words):
        noun_places = [place for place in noun_places if place and bare_words[place - 1] in DETERMINERS]
    if word not in _POSSESSIVES:
        noun_places = [place for place in noun_places if _is_new_clause(words, bare_words, verbs, place, index)]
    return any(_may_stand_for(word, words[place], bare_words[place]) for place in noun_places)


def _is_new_clause(
    words: Sequence[str], bare_words: Sequence[str], verbs: Sequence[int], place: int, index: int
) -> bool:
    """Whether a verb and the beginning of a clause lie between a noun and the pronoun."""
    borders = SUBORDINATORS | COORDINATORS | RELATIVES | {"that", "what", "how", "why", "to"}
    between = range(place, index)
    return any(
        words[at].endswith((",", ";", ":", "—", "--", ".", "!", "?")) or bare_words[at] in borders or at in verbs
        for at in between
    )


def _may_stand_for(pronoun: str, noun_text: str, noun: str) -> bool:
    singular = noun.removesuffix("'s")
    if pronoun in _PERSONS:
        return singular in PERSON_NOUNS or (noun_text[:1].isupper() and len(singular) > 2)
    if pronoun in _PEOPLE:
        return noun in GROUP_NOUNS | PERSON_NOUNS or (noun.endswith("s") and not noun.endswith(("ss", "us", "is")))
    return singular not in PERSON_NOUNS | GROUP_NOUNS - {"team", "company", "government", "family"} and (
        not noun.endswith("s") or noun.endswith(("ss", "us", "ics"))
    )


def _is_empty_subject(bare_words: Sequence[str], index: int) -> bool:
    """Whether ``it`` stands for what follows: ``it is hard to``, ``it takes``, ``makes it easy to``."""
    after = bare_words[index + 1 : index + 9]
    rest = set(after) & {"to", "that", "how", "why", "what", "if", "when", "whether", "for", "until", "than", "like"}
    if set(after[:3]) & {"worth", "hard", "easy", "fun", "nice", "great", "better"} and set(after[2:]) & ING_FORMS:
        return True
    if not after:
        return False
    if after[0] in _WEIGHT_VERBS:
        return after[0] not in ("looks", "feels", "came", "comes") or bool(set(after) & {"like", "to"})
    is_be = bare_words[index] in ("it's", "it'll", "it'd") or after[0] in _BE
    before = bare_words[index - 1] if index else ""
    is_made = before in ("make", "makes", "made", "making", "find", "finds", "found", "finding", "keep", "think")
    if is_be and set(after[:3]) & {"a", "an", "the", "my", "our", "your", "their"}:
        return "to" in after and not set(after) & {"that", "who", "which", "where"}
    if "about" in after[:4] or "because" in after[:3] or "why" in after[:2] or "like" in after[:2]:
        return False
    return (is_be or is_made) and bool(rest - {"until", "than", "like", "why"})


def _rate_pointing(words: Sequence[str], bare_words: Sequence[str], index: int) -> float:
    """Rate a demonstrative: ``this browser extension`` names what it points at, ``this is`` does not."""
    after = bare_words[index + 1] if index + 1 < len(bare_words) else ""
    if not _is_pointing(words, bare_words, index):
        return NAMED * (bare_words[index] == "that" and index > 0 and _is_article(words, bare_words, index))
    return NAMED if bare_words[index] in ("this", "these") and is_noun_like(after) and after not in BASE_FORMS else HARD


MAX_BARE_WORDS = 4
"""Words before ``that`` that hardly can have said which one it means."""


def _is_article(words: Sequence[str], bare_words: Sequence[str], index: int) -> bool:
    """Whether ``that`` behind a verb tells which one is meant: no verb follows (``build that bridge``)."""
    before, after = bare_words[index - 1], bare_words[index + 1 : index + 2]
    is_object = index <= MAX_BARE_WORDS and (before in BASE_FORMS or before in PAST_FORMS)
    return bool(is_object and after and is_noun_like(after[0])) and not find_verbs(words[index + 1 : index + 6])


def _is_pointing(words: Sequence[str], bare_words: Sequence[str], index: int) -> bool:
    word = bare_words[index]
    before = bare_words[index - 1] if index else ""
    after = bare_words[index + 1] if index + 1 < len(bare_words) and not words[index].endswith((",", ".", ";")) else ""
    if word in ("this", "these", "those"):
        if word == "those" and after in ("who", "of", "that", "in", "with", "whose", "which"):
            return False
        is_now = bool(HERE_AND_NOW & set(bare_words[index + 1 : index + 3])) and word != "those"
        return not is_now
    if not index or not after:
        return True
    is_noun_before = is_noun_like(before) and not words[index - 1].endswith((".", ";"))
    if word == "that" and after in PREPOSITIONS | COORDINATORS:
        return True
    if before == "that" or (word == "that" and before in AUXILIARIES and is_noun_like(after)):
        return True
    if word != "that":
        return not is_noun_before or before in COORDINATORS
    if before in PREPOSITIONS | COORDINATORS | SUBORDINATORS | {"like", "do", "did", "doing", "does"}:
        return not (before in COORDINATORS and after in SUBJECT_PRONOUNS | CONTRACTED_SUBJECTS | DETERMINERS)
    if words[index - 1].endswith((",", ";", ":")) and after in AUXILIARIES:
        return True
    return after in AUXILIARIES - CONTRACTED_SUBJECTS and before in _SAYING


_SAYING = word_set("think believe know say said mean hope guess feel see says thought knew and but or like imagine")


def _is_substitute(words: Sequence[str], bare_words: Sequence[str], index: int) -> bool:
    """Whether ``one`` stands for a noun said before: ``the only one``, ``another one``."""
    before = bare_words[index - 1] if index else ""
    after = bare_words[index + 1] if index + 1 < len(bare_words) and not words[index].endswith((",", ".", ";")) else ""
    if bare_words[index] == "ones":
        return before not in ("loved", "little", "young", "old")
    pointed = word_set("the that this which each every another other only last first next good new primary same right")
    return (before in pointed or not after) and after not in PREPOSITIONS and not is_noun_like(after)


def _is_existential(bare_words: Sequence[str], index: int) -> bool:
    after = bare_words[index + 1 : index + 3]
    return bool(
        set(after) & (AUXILIARIES | {"be", "been", "seem", "seems", "comes", "goes", "came", "exist", "exists"})
    )
