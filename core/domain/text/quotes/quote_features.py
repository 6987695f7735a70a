"""Features of a quote that speak for or against its standing alone. English only. Pure."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from core.domain.text.english.anaphora import HERE_AND_NOW, measure_dependence
from core.domain.text.english.clauses import is_statement
from core.domain.text.english.parses import FINITE_TAGS, NAME_TAGS, NOUN_TAGS, ParsedWord, Parser
from core.domain.text.english.stopwords import word_set
from core.domain.text.english.word_classes import REPORTING_VERBS, fold_word
from core.domain.text.quotes.quotes import MAX_KEPT_SENTENCES, SpokenQuote, list_quotes
from core.domain.text.quotes.spoken_sentence import SpokenSentence
from core.domain.text.quotes.stumbles import is_content_word

SENTENCE_COUNT_BEFORE = 4
"""Sentences before those quoted that count as said before the first one."""
HEARD_SENTENCE_COUNT = 3
"""Sentences before a quote in which its nouns may have been named."""
_OTHERS = word_set("he she it they him her them his its their hers theirs himself herself itself themselves")
_POINTING = word_set("this that these those")
_LIGHT = word_set(
    "be is are was were 's 're do does did have has had get got go going make made say said see know want 'm am think"
)
_TYING = word_set("also too either again then instead such else otherwise same so still yet")
_VAGUE = word_set(
    "thing things stuff something anything everything way ways kind sort lot bit one ones people point time place part "
    "idea"
)
_HERE = word_set("here there now today tonight then yesterday")
_LOOSE = word_set("like gonna wanna gotta kinda")
_AMOUNTS = word_set("some many all no any every most each something anything what things lot other")
_BEGINNINGS = word_set("if when because although even until unless while once as")
_FRAGMENT_BEGINNINGS = word_set("when where how why")
_STRANDED = word_set("of to with for on in at by from about after before")
_COARSE = word_set("shit fuck fucking damn hell crap")
_COURTESY = re.compile(r"thank|welcome|congratulat|good (?:morning|evening|night)|god bless|appreciate", re.IGNORECASE)
_AS_SAID = re.compile(
    r"\bas (?:you|i|we|he|she|they|[A-Z]\w+) (?:\w+ )?(?:mentioned|said|know|say|told|noted)\b", re.IGNORECASE
)
_QUOTING = re.compile(r"\b(?:like|said|say|says|saying)[,:]? [\"“A-Z]")
_BEFORE_SUBSTITUTES = word_set("the only other this that which another every each last next right")
_CALLED = re.compile(r"\b(?:Mr|Mrs|Senator|sir|folks|guys|man)\b")
_BROKEN = re.compile(r"—|–| - |--|\.\.\.|…|[~>()]|/\w+/")
_LOOSE_PHRASES = (" like,", " right,", ' like "', " like “", " or whatever", " and stuff", " something like")
_MODIFIERS = frozenset({"amod", "compound", "nmod", "poss", "prep", "relcl", "acl", "nummod", "appos"})


@dataclass(frozen=True, kw_only=True)
class QuoteContext:
    """What is said in a clip or chapter and shortly before it: words without endings, by sentence."""

    before: Sequence[frozenset[str]]
    said: Sequence[frozenset[str]]
    counts: Mapping[str, int]
    """Its sentences that say a word which carries a subject."""
    spread: Mapping[str, int]
    """Sentences of the video that say a word."""
    total: float
    """Logarithm of the video's sentences."""


def read_context(texts: Sequence[str], first: int, end: int, spread: Mapping[str, int]) -> QuoteContext:
    """Read what the sentences ``texts[first:end]`` of a recording say, and those shortly before them."""
    sentence_words = [list_folded_words(text) for text in texts[first:end]]
    return QuoteContext(
        before=[list_folded_words(text) for text in texts[max(0, first - SENTENCE_COUNT_BEFORE) : first]],
        said=sentence_words,
        counts=Counter(word for words in sentence_words for word in words if is_content_word(word)),
        spread=spread,
        total=math.log(2 + len(texts)),
    )


def list_folded_words(text: str) -> frozenset[str]:
    """List the words of a text, folded and without 's."""
    return frozenset(fold_word(word).removesuffix("'s") for word in text.split())


def list_measured(
    sentences: Sequence[SpokenSentence], context: QuoteContext, parse: Parser
) -> list[tuple[SpokenQuote, Mapping[str, float]]]:
    """List the quotes of English sentences with what speaks for and against each."""
    measured: list[tuple[SpokenQuote, Mapping[str, float]]] = []
    for index, sentence in enumerate(sentences):
        for quote, features in _measure_sentence(sentence, parse) if sentence.is_quotable else ():
            placed_quote = replace(quote, index=index)
            measured.append(
                (placed_quote, {**features, **_round(_measure_context(placed_quote, _list_quoted(quote), context))})
            )
    return measured


@lru_cache(maxsize=MAX_KEPT_SENTENCES)
def _measure_sentence(sentence: SpokenSentence, parse: Parser) -> Sequence[tuple[SpokenQuote, Mapping[str, float]]]:
    return [(quote, _measure_alone(quote)) for quote in list_quotes([sentence], parse)]


def _measure_alone(quote: SpokenQuote) -> dict[str, float]:
    """Measure a quote without its context: yes and no as 1 and 0, counts up to about 3."""
    words = _list_quoted(quote)
    return _round(
        {
            **_measure_form(quote, words), **_measure_subject(quote), **_measure_nouns(quote, words),
            **_measure_pointing(quote, words), **_measure_wording(quote, words), **_measure_phrase(quote, words),
        }
    )  # fmt: skip


def _round(measured: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in measured.items()}


def _list_quoted(quote: SpokenQuote) -> list[ParsedWord]:
    """List the parsed words of a quote, without those that its opening had."""
    words = [
        word
        for place, word in enumerate(quote.parse.words[quote.first : quote.end], quote.first)
        if not (quote.gap and quote.gap[0] <= place < quote.gap[1])
    ]
    letters = len(quote.text.replace(" ", ""))
    quoted: list[ParsedWord] = []
    for word in reversed(words):
        if letters <= 0 and not word.is_mark:
            break
        quoted.append(word)
        letters -= len(word.text)
    return quoted[::-1]


def _measure_form(quote: SpokenQuote, words: Sequence[ParsedWord]) -> dict[str, float]:
    length = sum(not word.is_mark for word in words)
    cuts = {relation for relation, _ in quote.cuts}
    head = quote.parse.words[quote.head]
    is_clause = quote.kind != "phrase"
    subject = quote.parse.subject(quote.head)
    children = [quote.parse.words[child] for child in quote.parse.children[quote.head]]
    is_finite = quote.parse.is_finite(quote.head)
    is_request = is_clause and subject is None and head.tag == "VB"
    first = words[0].lower if words else ""
    return {
        "sentence": quote.kind == "sentence", "clause": quote.kind == "clause", "claim": quote.kind == "claim",
        "asking_claim": quote.kind == "claim" and first in ("why", "how", "what"),
        "own_claim": quote.claimer in ("i", "we"), "other_claim": quote.claimer not in ("", "i", "we"),
        "short": length <= 4, "very_short": length <= 3, "length": min(length, 30) / 10,
        "long": max(0, length - 18) / 10,
        "cut": bool(cuts), "cut_often": len(quote.cuts) > 1, "cut_at_comma": any(comma for _, comma in quote.cuts),
        "cut_preposition": "prep" in cuts, "cut_adverbial": "advcl" in cuts, "cut_joined": "conj" in cuts,
        "cut_relative": "relcl" in cuts,
        "cut_other": bool(cuts - {"prep", "advcl", "conj", "relcl"}),
        "without_clause_before": quote.dropped == "advcl",
        "without_words_before": quote.dropped in ("prep", "advmod", "npadvmod"), "without_aside": bool(quote.gap),
        "is_statement": is_statement(quote.text.split()),
        "no_subject": is_clause and subject is None and not is_request, "request": is_request,
        "not_finite": quote.kind in ("sentence", "part") and not is_finite,
        "no_verb": is_clause and not head.is_verb,
        "copula": is_clause and head.lower in _LIGHT and head.tag != "VB" and head.kind == "AUX",
        "light_verb": is_clause and head.lower in _LIGHT,
        "modal": is_clause and any(word.tag == "MD" for word in children),
        "past": is_clause
        and (head.tag == "VBD" or any(word.tag == "VBD" and word.relation[:3] == "aux" for word in children)),
        "fragment": quote.kind in ("sentence", "part") and not quote.is_question and any(
            word.start < head.start
            and (word.relation == "mark" or (word.relation == "advmod" and word.lower in _FRAGMENT_BEGINNINGS))
            for word in children
        ),
    }  # fmt: skip


def _measure_subject(quote: SpokenQuote) -> dict[str, float]:
    parse = quote.parse
    place = parse.subject(quote.head) if quote.kind != "phrase" else None
    subject = parse.words[place] if place is not None else None
    lower = subject.lower if subject else ""
    is_noun = subject is not None and subject.tag in NOUN_TAGS - NAME_TAGS
    children = [parse.words[child] for child in parse.children[place]] if place is not None else []
    relations = {child.relation for child in children}
    return {
        "subject_i": lower == "i", "subject_we": lower == "we", "subject_you": lower == "you",
        "subject_it": lower == "it", "subject_others": lower in ("he", "she", "they"),
        "subject_pointing": lower in _POINTING, "subject_there": lower == "there",
        "subject_name": subject is not None and subject.tag in NAME_TAGS, "subject_noun": is_noun,
        "subject_bare_the": is_noun and any(child.lower == "the" for child in children) and not relations & _MODIFIERS,
        "subject_plural": is_noun and subject is not None and subject.tag == "NNS" and not relations & {"det", "poss"},
    }  # fmt: skip


def _list_content(words: Sequence[ParsedWord]) -> list[ParsedWord]:
    return [
        word
        for word in words
        if (word.tag in NOUN_TAGS or word.tag == "CD" or word.tag.startswith(("JJ", "VB")))
        and is_content_word(fold_word(word.text))
        and word.lower not in _LIGHT | _VAGUE
    ]


def _measure_nouns(quote: SpokenQuote, words: Sequence[ParsedWord]) -> dict[str, float]:
    content = _list_content(words)
    nouns = [word for word in content if word.tag in NOUN_TAGS]
    bare, modified = 0, 0
    quoted = {word.start for word in words}
    for word in words:
        head = quote.parse.words[word.head]
        if word.lower == "the" and word.relation == "det" and head.tag in ("NN", "NNS"):
            is_modified = any(
                quote.parse.words[child].start in quoted for child in quote.parse.related(word.head, _MODIFIERS)
            )
            bare, modified = bare + (not is_modified), modified + is_modified
    return {
        "content": min(5, len({word.lower for word in content})) / 5, "little_content": len(content) <= 1,
        "nouns": min(3, len(nouns)) / 3, "no_noun": not nouns, "one_noun": len(nouns) == 1,
        "names": min(2, sum(word.tag in NAME_TAGS for word in words)) / 2,
        "number": any(word.tag == "CD" for word in words), "bare_the": min(2, bare), "modified_the": min(2, modified),
    }  # fmt: skip


def _measure_pointing(quote: SpokenQuote, words: Sequence[ParsedWord]) -> dict[str, float]:
    dependence = measure_dependence(quote.text.split())
    lower = [word.lower for word in words]
    noun_at = next((word.start for word in words if word.tag in NOUN_TAGS and word.lower not in _OTHERS), math.inf)
    pronouns = [word for word in words if word.lower in _OTHERS]
    pointing = [word for word in words if word.lower in _POINTING]
    pointed = [quote.parse.words[word.head].lower for word in pointing if word.relation == "det"]
    is_empty_it = not dependence
    place = quote.parse.subject(quote.head) if quote.kind != "phrase" else None
    subject = quote.parse.words[place].lower if place is not None else ""
    return {
        "dependence": min(3, dependence), "independent": dependence == 0,
        "others_unnamed": min(
            2, sum(word.start <= noun_at and not (word.lower == "it" and is_empty_it) for word in pronouns)
        ),
        "others_named": min(2, sum(word.start > noun_at for word in pronouns)),
        "it": 0 if is_empty_it else lower.count("it"),
        "main_pronoun": subject in ("he", "she", "they") or (subject == "it" and not is_empty_it),
        "substitute": any(
            word in ("one", "ones") and before in _BEFORE_SUBSTITUTES for before, word in itertools.pairwise(lower)
        ),
        "same": "same" in lower and "as" not in lower[lower.index("same") :],
        "then": "then" in lower, "as_said": bool(_AS_SAID.search(quote.text)),
        "quoting": bool(_QUOTING.search(quote.text)),
        "pointing_alone": min(2, sum(word.tag == "DT" and word.relation != "det" for word in pointing)),
        "pointing_at_noun": sum(noun not in HERE_AND_NOW for noun in pointed),
        "pointing_here": sum(noun in HERE_AND_NOW for noun in pointed),
        "tying": min(2, sum(word in _TYING for word in lower)), "here": any(word in _HERE for word in lower),
        "vague": min(3, sum(word in _VAGUE for word in lower)),
        "another": any(word in ("other", "another", "different", "similar", "others") for word in lower),
        "compared_with_nothing": any(word.tag in ("JJR", "RBR") for word in words) and "than" not in lower,
        "than": "than" in lower, "superlative": any(word.tag in ("JJS", "RBS") for word in words),
    }  # fmt: skip


def _measure_wording(quote: SpokenQuote, words: Sequence[ParsedWord]) -> dict[str, float]:
    text, text_words = quote.text, quote.text.split()
    first, last = words[0].lower if words else "", fold_word(text_words[-1]) if text_words else ""
    lower = text.lower()
    begins = [fold_word(word) for word in text_words[:2]]
    return {
        "question": quote.is_question, "denied": any(word.relation == "neg" for word in words),
        "quotation": any(mark in text for mark in '"“”'), "marks": bool(_BROKEN.search(text)),
        "broken": quote.is_broken or text.endswith((",", ":", ";")), "courtesy": bool(_COURTESY.search(text)),
        "loose": any(word.lower in _LOOSE for word in words),
        "loose_phrase": any(part in lower for part in _LOOSE_PHRASES),
        "coarse": any(fold_word(word) in _COARSE for word in text_words),
        "presenting": begins in (["here's", "the"], ["here's", "more"], ["let's", "say"], ["this", "is"]),
        "list": text.count(",") >= 2, "comma": text.count(",") == 1, "if": "if" in lower.split(),
        "begins_clause": first in _BEGINNINGS,
        "called": bool(_CALLED.search(text)) and any(word.relation in ("npadvmod", "intj") for word in words),
        "ends_open": bool(words) and words[-1].kind in ("ADP", "DET", "SCONJ", "CCONJ"),
        "ends_light": last in _LIGHT | {"like", "as", "to"}, "ends_stranded": last in _STRANDED,
        "ends_reporting": last in REPORTING_VERBS - {"know", "like"} and not text.endswith("?"),
    }  # fmt: skip


def _measure_phrase(quote: SpokenQuote, words: Sequence[ParsedWord]) -> dict[str, float]:
    if quote.kind != "phrase":
        return dict.fromkeys(_PHRASE_NAMES, 0.0)
    head = quote.parse.words[quote.head]
    relations = {quote.parse.words[child].relation for child in quote.parse.children[quote.head]}
    nouns = sum(word.tag in NOUN_TAGS for word in _list_content(words))
    first = words[0].lower if words else ""
    values = (
        True, first == "the", first in ("a", "an"), first in ("my", "your", "our", "their", "his", "its", "her"),
        first in _AMOUNTS, nouns <= 1, nouns == 2, nouns >= 3, "prep" in relations, bool(relations & {"relcl", "acl"}),
        head.tag in NAME_TAGS, len(words) <= 3, any(word.relation == "conj" for word in words), head.lower in _VAGUE,
        bool(quote.cuts), any(word.tag in FINITE_TAGS for word in words),
    )  # fmt: skip
    return {name: float(value) for name, value in zip(_PHRASE_NAMES, values, strict=True)}


_PHRASE_NAMES = (
    "phrase", "phrase_the", "phrase_a", "phrase_owned", "phrase_amount", "phrase_one_noun", "phrase_two_nouns",
    "phrase_three_nouns", "phrase_preposition", "phrase_clause", "phrase_name", "phrase_short", "phrase_joined",
    "phrase_vague", "phrase_cut", "phrase_finite",
)  # fmt: skip


def _measure_context(quote: SpokenQuote, words: Sequence[ParsedWord], context: QuoteContext) -> dict[str, float]:
    nouns = {fold_word(word.text).removesuffix("'s") for word in words if word.tag in NOUN_TAGS}
    nouns = {noun for noun in nouns if is_content_word(noun)}
    heard_words = frozenset[str]().union(*[*context.before, *context.said[: quote.index]][-HEARD_SENTENCE_COUNT:])
    known_the_count = sum(
        word.lower == "the"
        and word.relation == "det"
        and quote.parse.words[word.head].tag in ("NN", "NNS")
        and fold_word(quote.parse.words[word.head].text) in heard_words
        for word in words
    )
    counts = [context.counts.get(noun, 0) for noun in nouns]
    rarity = {noun: 1 - math.log(1 + context.spread.get(noun, 0)) / context.total for noun in nouns}
    spread = [context.spread.get(noun, 0) for noun in nouns]
    return {
        "heard_nouns": len(nouns & heard_words) / max(1, len(nouns)), "heard_the": min(2, known_the_count),
        "said_often": min(3, max(counts, default=0)) / 3,
        "said_again": min(6, sum(max(0, count - 1) for count in counts)) / 6,
        "rare": sum(rarity.values()) / max(1, len(nouns)),
        "topical": min(4.0, sum(min(3, context.counts.get(noun, 0)) * (0.3 + rarity[noun]) for noun in nouns)) / 4,
        "subject_of_video": min(1.0, math.log(1 + max(spread, default=0)) / context.total),
        "first_sentence": quote.index == 0, "late": quote.index / max(1, len(context.said)),
    }  # fmt: skip
