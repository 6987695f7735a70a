"""Quotes of what is said: sentences, clauses and noun phrases, cut where their grammar allows. Pure.

A quote leaves out words of its sentence and adds none: its words are said, in order. English only.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from core.domain.text.english.parses import AUXILIARY_RELATIONS, NOUN_TAGS, SUBJECTS, Parse, Parser
from core.domain.text.english.stopwords import word_set
from core.domain.text.english.word_classes import CONDITIONS, COURTESY_PHRASES, SUBORDINATORS, fold_word
from core.domain.text.profanity import coarse_words
from core.domain.text.quotes.spoken_sentence import SpokenSentence
from core.domain.text.quotes.stumbles import drop_openers, drop_stumbles, write_words
from core.domain.text.sentence_end import ends_sentence

MAX_QUOTE_CHARS = 220
"""Longest quote: that of a description."""
MAX_PHRASE_CHARS = 70
"""Longest noun phrase."""
MIN_PHRASE_WORDS, MAX_PHRASE_WORDS = 2, 14
"""Fewest and most words of a noun phrase."""
MAX_CUTS = 3
"""Parts that may be cut off a clause's end."""
MAX_KEPT_SENTENCES = 2_048
"""Sentences whose quotes are kept: the windows of a video share most of theirs."""

QuoteKind = Literal["sentence", "part", "clause", "claim", "phrase"]
"""A whole sentence, a sentence cut short, one of several joined clauses, what somebody says to think, a noun phrase."""


@dataclass(frozen=True, kw_only=True)
class SpokenQuote:
    """Words of a sentence.

    ``index`` is the sentence's place among those that are quoted; ``first`` to ``end`` are places in the parse, without
    ``gap`` where that is given, ``head`` is its verb or noun; ``cuts`` are relations of what was cut off its end, with
    whether a comma stood there, ``dropped`` that of what was left out before it, ``claimer`` the subject of who says to
    think so.
    """

    text: str
    index: int
    kind: QuoteKind
    parse: Parse
    first: int
    end: int
    head: int
    gap: tuple[int, int] | None = None
    cuts: tuple[tuple[str, bool], ...] = ()
    dropped: str = ""
    claimer: str = ""
    is_broken: bool = False
    """Whether its sentence begins or ends in the middle, or a courtesy is said in it."""

    @property
    def is_question(self) -> bool:
        """Whether it asks."""
        return self.text.rstrip("\"”'’").endswith("?")


_CUTTABLE = frozenset({"advcl", "conj", "relcl", "acl", "appos", "prep", "parataxis", "npadvmod", "advmod"})
"""Relations of what a clause may do without."""
_CUTTABLE_PREPOSITIONS = word_set(
    "in on at for with from during by since after before like across through over around within because"
)
_LOOSE_ADVERBS = word_set("already again now today tonight yesterday here anymore anyway too also")
_KEPT_PREPOSITIONS = word_set("without except unlike")
_JOINING = frozenset({"and", "but", "so", "yet", ";", ":", "—", "–"})
_ASIDES = frozenset({"relcl", "appos"})
_LEADING = frozenset({"cc", "mark", "punct", "intj", "advmod", "prep", "advcl", "npadvmod", "meta"})
_EMPTY_LEADING = frozenset({"cc", "mark", "punct", "intj"})
_ASIDE_MARKS = frozenset({",", "—", "–"})
_LIMITING = word_set("only either neither both whether never every no none nothing not n't")
"""Words whose statement is half without its second part."""
_DEGREES = frozenset({"JJS", "RBS", "JJR", "RBR"})
_BAD_ENDS = word_set(
    "be is are was were am been already just being say says saying said like as to and or but so because than that the "
    "a an if when primarily mostly mainly even only also never not"
)
_NO_BEGINNINGS = word_set("which who whom whose where that's than")
_CUT_NAME = re.compile(r"\b[A-Z]\.[A-Z]\.?$")
_OTHERS = word_set("he she it they him her them")
_CLAIM_VERBS = word_set(
    "think thought believe know knew say mean guess feel felt see find found hope understand realize realise tell "
    "learned learn figure remember suppose argue suggest admit confess saying telling sure convinced certain confident "
    "realized noticed seen insist promise"
)
"""What one says to think so by: the rest is said by the speaker."""
_CLAIM_NOUNS = word_set(
    "truth fact point lesson thing idea answer line result news problem reason principle difference story"
)
_DOUBTS = word_set("would could might")
_ASKING = word_set("if whether who which when where why how what")


def list_quotes(sentences: Sequence[SpokenSentence], parse: Parser) -> list[SpokenQuote]:
    """List the quotes of English sentences, those of one sentence next to each other."""
    return [
        replace(quote, index=index)
        for index, sentence in enumerate(sentences)
        if sentence.is_quotable
        for quote in _list_quotes_of(sentence, parse)
    ]


def list_parses(text: str, parse: Parser) -> list[Parse]:
    """Parse what a sentence says without stumbles, one run of words after the other."""
    words = drop_stumbles(text)
    ends = [place + 1 for place, word in enumerate(words) if ends_sentence(word)]
    return [parse(" ".join(words[first:end])) for first, end in itertools.pairwise(sorted({0, *ends, len(words)}))]


@lru_cache(maxsize=MAX_KEPT_SENTENCES)
def _list_quotes_of(sentence: SpokenSentence, parse: Parser) -> Sequence[SpokenQuote]:
    quotes: dict[str, SpokenQuote] = {}
    parses = list_parses(sentence.text, parse)
    for place, run in enumerate(parses):
        is_cut_off = place + 1 == len(parses) and not sentence.is_ended
        is_cut = is_cut_off or (place == 0 and sentence.text[:1].islower())
        for quote in (*_list_clauses(run), *_list_phrases(run)):
            key = quote.text.rstrip(".")
            if key not in quotes or (quote.kind == "sentence" and quotes[key].kind != "sentence"):
                quotes[key] = replace(quote, is_broken=is_cut or bool(COURTESY_PHRASES.search(quote.text)))
    return list(quotes.values())


def _list_clauses(parse: Parse) -> Iterator[SpokenQuote]:
    is_asked = parse.text.rstrip('"”').endswith("?")
    for head, kind, claimer in _list_heads(parse):
        own_first, own_end = parse.span(head)
        for first, dropped in _list_beginnings(parse, head, own_first):
            for end, cuts in _list_ends(parse, head, first, own_end):
                for gap in (None, *_list_asides(parse, first, end)):
                    if not (parse.begins_word(first) and _ends_word(parse, end)):
                        continue
                    text = write_words(drop_openers(_write(parse, first, end, gap).split())).rstrip(" ,;:—–-")
                    is_whole = kind == "part" and not (cuts or dropped or gap) and end >= len(parse.words) - 1
                    quote = SpokenQuote(
                        text=text, index=0, kind="sentence" if is_whole else kind, parse=parse, first=first, end=end,
                        head=head, gap=gap, cuts=cuts, dropped=dropped, claimer=claimer,
                    )  # fmt: skip
                    if finished := _finish(quote, is_asked=is_asked):
                        yield finished


def _finish(quote: SpokenQuote, *, is_asked: bool) -> SpokenQuote | None:
    """Return a clause with its question mark, None for what is none."""
    words = [fold_word(word) for word in quote.text.split()]
    parse, head = quote.parse, quote.head
    is_unfit = len(quote.text) > MAX_QUOTE_CHARS or _CUT_NAME.search(quote.text) or coarse_words("en") & set(words)
    if not words or is_unfit:
        return None
    is_cut = bool(quote.cuts) or quote.kind in ("clause", "claim")
    if is_cut and words[-1] in _BAD_ENDS:
        return None
    if not is_asked:
        is_dependent = head <= quote.first or any(
            child < head
            and parse.words[child].relation in ("mark", "advmod")
            and parse.words[child].lower in SUBORDINATORS
            and child <= quote.first + 1
            for child in parse.children[head]
        )
        is_half = words[0] in _NO_BEGINNINGS or (words[0] in SUBORDINATORS | {"that"} and is_dependent)
        return None if is_half else quote
    if quote.text.endswith("?"):
        return quote
    if quote.text.endswith(('"', "”")) or not _asks(parse, head):
        return None if quote.kind in ("sentence", "part") else quote
    return replace(quote, text=quote.text.rstrip(".") + "?")


def _asks(parse: Parse, head: int) -> bool:
    subject, (first, _) = parse.subject(head), parse.span(head)
    if subject is None or first == head:
        return False
    auxiliaries = parse.related(head, AUXILIARY_RELATIONS)
    return (
        parse.words[first].tag in ("WP", "WRB", "WDT")
        or any(auxiliary < subject for auxiliary in auxiliaries)
        or head < subject
    )


def _list_heads(parse: Parse) -> Iterator[tuple[int, QuoteKind, str]]:
    """List the verbs of clauses that the speaker says, each with who says to think so."""
    for place, word in enumerate(parse.words):
        has_clause = parse.subject(place) is not None and parse.is_finite(place)
        if word.relation == "ROOT":
            yield place, "part", ""
        elif word.relation == "parataxis" and has_clause:
            yield place, "claim", ""
        elif word.relation == "conj" and has_clause:
            chain = _first_joined(parse, place)
            if _is_alternative(parse, place, chain):
                continue
            if parse.words[chain].relation == "ROOT":
                yield place, "clause", ""
            elif parse.words[chain].relation == "ccomp" and _is_claimed(parse, chain):
                yield place, "claim", ""
        elif word.relation == "ccomp" and has_clause and _is_side_by_side(parse, place):
            yield place, "clause", ""
        elif word.relation == "ccomp" and has_clause and _is_claimed(parse, place):
            subject = parse.subject(word.head)
            yield place, "claim", parse.words[subject].lower if subject is not None else "none"


def _is_side_by_side(parse: Parse, place: int) -> bool:
    """Whether a clause stands before another one, with a semicolon between them."""
    end = parse.span(place)[1]
    return place < parse.words[place].head and end < len(parse.words) and parse.words[end].text == ";"


def _first_joined(parse: Parse, place: int) -> int:
    while parse.words[place].relation == "conj":
        place = parse.words[place].head
    return place


def _is_alternative(parse: Parse, place: int, chain: int) -> bool:
    """Whether a joined clause may only hold under the first one's condition, or instead of it."""
    is_conditional = any(_is_condition(parse, child) for child in parse.related(chain, ("advcl",)))
    first = parse.span(place)[0]
    before = {word.lower for word in parse.words[max(0, first - 2) : place]}
    return is_conditional or not before & _JOINING or bool(before & {"or", "nor", "either"})


def _is_claimed(parse: Parse, place: int) -> bool:
    """Whether the speaker stands for a clause: no denial, condition, doubt or other person is before it."""
    while (relation := parse.words[place].relation) != "ROOT":
        head = parse.words[place].head
        if relation == "ccomp":
            if not _is_own_claim(parse, place, head):
                return False
        elif relation != "conj":
            return False
        place = head
    return True


def _is_own_claim(parse: Parse, place: int, claim: int) -> bool:
    children = [parse.words[child] for child in parse.children[claim]]
    relations = {word.relation for word in children if word.start < parse.words[claim].start}
    is_joined = parse.words[claim].relation == "ccomp"
    if "neg" in {word.relation for word in children} or claim > place or "advcl" in relations:
        return False
    if "mark" in relations and not is_joined:
        return False
    subject_place = parse.subject(claim)
    subject = parse.words[subject_place].lower if subject_place is not None else ""
    first, verb = parse.words[parse.span(place)[0]].lower, parse.words[claim].lower
    if first in ("why", "how", "what") and verb in ("is", "'s", "was"):
        return subject in ("that", "this", "it", "which", "there", "here")
    if first in _ASKING:
        return False
    if subject in ("i", "we"):
        return verb in _CLAIM_VERBS and not any(word.tag == "MD" and word.lower in _DOUBTS for word in children)
    is_news = verb in ("is", "'s", "was") and subject in _CLAIM_NOUNS
    return is_news or (subject == "it" and verb in ("turns", "clear", "obvious", "true"))


def _list_beginnings(parse: Parse, head: int, first: int) -> list[tuple[int, str]]:
    """List where a clause may begin, with what is left out before."""
    beginnings = [(first, "")]
    for child in parse.children[head]:
        word = parse.words[child]
        if child > head or not (word.relation in _LEADING or _is_side_by_side(parse, child)):
            break
        is_asking = parse.words[parse.span(child)[0]].tag in ("WRB", "WP", "WDT")
        holds_condition = any(part.lower in CONDITIONS for part in parse.words[slice(*parse.span(child))])
        if is_asking or (word.relation == "advcl" and holds_condition):
            break
        end = parse.span(child)[1]
        while end < head and parse.words[end].is_mark:
            end += 1
        beginnings.append((end, word.relation))
        if word.relation in _EMPTY_LEADING and len(beginnings) == 2:
            beginnings[0] = (end, "")
    return beginnings


def _is_condition(parse: Parse, place: int) -> bool:
    return any(parse.words[child].lower in CONDITIONS for child in parse.related(place, ("mark", "advmod")))


def _list_ends(parse: Parse, head: int, first: int, end: int) -> list[tuple[int, tuple[tuple[str, bool], ...]]]:
    """List where a clause or phrase may end, with what is cut off there."""
    ends: dict[int, tuple[tuple[str, bool], ...]] = {end: ()}
    waiting = [end]
    while waiting:
        at = waiting.pop()
        cuts = ends[at]
        last = at - 1
        while last > first and parse.words[last].is_mark:
            last -= 1
        if len(cuts) >= MAX_CUTS or last <= head:
            continue
        place = last
        while place not in (head, parse.words[place].head):
            begins = parse.span(place)[0]
            cut = begins
            while cut > first and (parse.words[cut - 1].is_mark or parse.words[cut - 1].relation == "cc"):
                cut -= 1
            if begins > head and cut > head and cut not in ends and _may_cut(parse, place, head, first, begins, cut):
                ends[cut] = (*cuts, (parse.words[place].relation, parse.words[begins - 1].is_mark))
                waiting.append(cut)
            place = parse.words[place].head
    return list(ends.items())


def _may_cut(parse: Parse, place: int, clause: int, first: int, begins: int, cut: int) -> bool:
    """Whether a clause is whole and true without what belongs to one of its words."""
    word, head = parse.words[place], parse.words[parse.words[place].head]
    if word.relation not in _CUTTABLE or (word.relation == "advcl" and _is_condition(parse, place)):
        return False
    has_comma = parse.words[begins - 1].is_mark
    kept_words = parse.words[first:begins]
    if word.relation == "prep" and word.lower in _KEPT_PREPOSITIONS:
        return False
    if word.relation == "prep" and not has_comma:
        has_object = any(
            word.head < child < place and parse.words[child].relation not in ("prt", "neg", "punct")
            for child in parse.children[word.head]
        )
        if not (head.is_verb and word.lower in _CUTTABLE_PREPOSITIONS and has_object):
            return False
        if any(other.tag in _DEGREES for other in kept_words):
            return False
    if word.relation == "conj" and not (
        head.is_verb and _first_joined(parse, place) in (clause, _first_joined(parse, clause))
    ):
        return False
    if word.relation in ("acl", "relcl") and not has_comma:
        return False
    if word.relation == "npadvmod" and not (has_comma or head.is_verb):
        return False
    if word.relation == "advmod" and not (has_comma or word.lower.endswith("ly") or word.lower in _LOOSE_ADVERBS):
        return False
    is_second_part = word.relation == "conj" or (word.relation in ("prep", "advcl") and not has_comma)
    if is_second_part and _LIMITING & {other.lower for other in kept_words}:
        return False
    last = parse.words[cut - 1] if cut > first else None
    is_open = last is not None and (
        last.relation in ("advmod", "aux", "det", "mark") or last.text == "-" or last.lower in ("like", "as")
    )
    return not is_open and parse.words[begins - 1].text != "-"


def _list_asides(parse: Parse, first: int, end: int) -> Iterator[tuple[int, int]]:
    """List what two commas or dashes set off inside."""
    for place in range(first, end):
        if parse.words[place].relation in _ASIDES and not any(parse.related(place, ("conj",))):
            begins, ends = parse.span(place)
            if (
                begins > first
                and ends + 1 < end
                and parse.words[begins - 1].text in _ASIDE_MARKS
                and parse.words[ends].text in _ASIDE_MARKS
            ):
                yield begins - 1, ends + 1


def _ends_word(parse: Parse, end: int) -> bool:
    return end >= len(parse.words) or parse.begins_word(end) or parse.words[end].is_mark


def _write(parse: Parse, first: int, end: int, gap: tuple[int, int] | None) -> str:
    if gap is None:
        return parse.write(first, end)
    return f"{parse.write(first, gap[0])} {parse.write(gap[1], end)}"


def _list_phrases(parse: Parse) -> Iterator[SpokenQuote]:
    """List nouns with all that belongs to them."""
    for place, word in enumerate(parse.words):
        if word.tag in NOUN_TAGS and word.relation in (*SUBJECTS, "dobj", "pobj", "attr", "conj", "ROOT", "appos"):
            first, own_end = parse.span(place)
            while first < place and (
                parse.words[first].is_mark or parse.words[first].relation in ("cc", "mark", "intj", "prep", "predet")
            ):
                first += 1
            for end, cuts in _list_ends(parse, place, first, own_end):
                text = parse.write(first, end).strip(' ,;:—–-.?!"“”')
                is_named = not any(other.tag == "PRP" and other.lower in _OTHERS for other in parse.words[first:end])
                is_short = MIN_PHRASE_WORDS <= len(text.split()) <= MAX_PHRASE_WORDS and len(text) <= MAX_PHRASE_CHARS
                if is_named and is_short and parse.begins_word(first) and _ends_word(parse, end):
                    yield SpokenQuote(
                        text=write_words(text.split()), index=0, kind="phrase", parse=parse, first=first, end=end,
                        head=place, cuts=cuts,
                    )  # fmt: skip
