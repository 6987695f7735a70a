"""The closed classes of English words, and what counts as a noun. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from core.domain.text.english.nouns import ADJECTIVES, ADVERBS, BEFORE_NOUNS, adverb, bare
from core.domain.text.english.stopwords import word_set
from core.domain.text.english.verbs import AUXILIARIES, BASE_FORMS, PAST_FORMS, THIRD_PERSON_FORMS

SUBJECT_PRONOUNS = word_set(
    "i you he she it we they who there this that these those everyone everybody someone somebody nobody anyone "
    "anybody nothing everything something people"
)
"""Words that begin a clause as its subject."""
CONTRACTED_SUBJECTS = frozenset(word for word in AUXILIARIES if "'" in word and not word.endswith("n't"))
"""A subject with its verb: ``we're``."""
DETERMINERS = word_set("the a an my your our his her its their every each no some many most all few both")
"""Words that begin a noun phrase, and often a clause."""
CONDITIONS = word_set("if unless when whenever until where wherever once without except till lest")
"""A statement behind one of these holds only there: it is never left out."""
REASONS = word_set("because although though while whereas since as after before unlike despite whether like")
"""What follows one of these may be left out, and the rest is still true."""
SUBORDINATORS = CONDITIONS | REASONS
RELATIVES = word_set("which who whom whose")
COORDINATORS = word_set("and but or so yet nor")
PREPOSITIONS = word_set(
    "in on at by for from with about into onto over under between among through against during within toward towards "
    "of to across around near behind beyond above below along outside inside"
)
STRONG_MARKS = (";", ":", "—", "–", "--", "…", "...", ">")
"""Marks between two clauses of which each can stand alone."""
REPORTING_VERBS = word_set(
    "say says said saying think thinks thought thinking ask asks asked asking tell tells told telling confess admit "
    "wonder wondering mean means meant believe suggest like know guess feel hope answer is"
)
"""What a run cannot end with when its sentence goes on: what is said or thought would be missing."""


@lru_cache(maxsize=8_192)
def fold_word(word: str) -> str:
    """Fold a word as word lists have it: lower case, a plain apostrophe, no marks around it."""
    return bare(word.lower().replace("’", "'"))


def is_noun_like(word: str) -> bool:
    """Whether a bare word may be a noun: it is in no closed class, and no adverb or listed adjective."""
    return len(word) > 1 and word not in _CLOSED_WORDS and not adverb(word)


_NO_NOUNS = word_set(
    "not never just even also too very so then than how why him me us them be been being as well here there now "
    "far long back high low down up off away able better best more most less least ahead "
    "really only still actually maybe yes no okay want wants let say says said think know see get got go going gone "
    "make makes made done because ever together else rather once"
)
_CLOSED_WORDS = (
    (SUBJECT_PRONOUNS - {"people", "everyone", "everybody", "someone", "somebody", "anyone", "nobody"})
    | (AUXILIARIES | BEFORE_NOUNS | SUBORDINATORS | COORDINATORS | RELATIVES | PREPOSITIONS | ADVERBS | ADJECTIVES)
    | _NO_NOUNS
)
VERB_FORMS = BASE_FORMS | THIRD_PERSON_FORMS | PAST_FORMS
"""Forms of listed verbs that may be finite."""
AGREEING_FORMS = (AUXILIARIES | THIRD_PERSON_FORMS) - CONTRACTED_SUBJECTS
PERSON_NOUNS = word_set(
    "man woman boy girl father mother dad mom wife husband son daughter brother sister friend president senator "
    "governor minister doctor teacher boss guy kid child baby someone somebody everyone everybody anyone anybody "
    "person leader general king queen colleague soldier student developer engineer founder author uncle aunt "
    "grandfather grandmother citizen nobody manager customer user player coach neighbor neighbour"
)
"""Nouns that ``he`` or ``she`` may stand for."""
GROUP_NOUNS = word_set(
    "people men women children everyone everybody someone somebody anyone anybody nobody team company government "
    "family police media public congress army community group person folks kids"
)
"""Nouns that ``they`` may stand for without an -s."""
COURTESY_PHRASES = re.compile(
    r"\b(thank(s| you)\b|good (morning|afternoon|evening|day)\b|welcome\b|ladies and gentlemen"
    r"|have a (nice|good|great)\b"
    r"|(next|first|last) question|open the line|press (\*|star|the )|conference call|stand(ing)? by|operator\b"
    r"|subscribe\b|see you (next|later|soon)|turn it over to|bye\b|can you hear me|over to you|on mute\b)",
    re.IGNORECASE,
)
"""Greetings, thanks and housekeeping: said in every meeting."""
