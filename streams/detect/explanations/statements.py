"""Statements of a clip: its sentences and clauses without stumbles, and how each stands alone. Pure.

A statement leaves out words of its sentence and adds none: its words are said in the clip, in order. English only.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from core.domain.text.english.anaphora import measure_dependence
from core.domain.text.english.clauses import (
    PHRASE_FLAW_SCORE,
    begins_clause,
    is_half,
    is_statement,
    list_ends,
    list_starts,
)
from core.domain.text.english.shortening import drop_adverbs, drop_apposition, list_noun_phrases
from core.domain.text.english.stopwords import HESITATIONS, TOPICLESS_WORDS, word_set
from core.domain.text.english.word_classes import PREPOSITIONS, REPORTING_VERBS, SUBORDINATORS, fold_word
from core.domain.text.sentence_end import ends_sentence
from streams.detect.sentences import Sentence

MAX_FLAW = 0.65
"""Flaw up to which a statement stands alone: one that points outside of its text has 1."""
MAX_KEPT_SENTENCES = 2_048
"""Sentences whose statements are kept: the windows of a video share most of theirs."""
_OPENERS = word_set(
    "so and but or then because um uh hmm oh ah yeah yep okay ok anyway anyways also plus actually basically "
    "honestly frankly obviously however therefore thus hence meanwhile moreover furthermore finally besides indeed "
    "again nor certainly apparently unfortunately fortunately luckily eventually perhaps again secondly thirdly "
    "firstly"
)
"""First words that tie a sentence to the one before."""
_OPENERS_BEFORE_COMMA = word_set(
    "now well look listen see right yes no first second third today sir like folks man dude alright hey absolutely "
    "exactly sure again sorry still though yet true correct indeed god"
)
"""The same, where a comma follows."""
_PHRASES = tuple(
    phrase.split()
    for phrase in (
        "you know", "i mean", "of course", "in fact", "for example", "for instance", "by the way", "after all",
        "in other words", "at the end of the day", "as a matter of fact", "to be honest", "let me tell you",
        "on the other hand", "first of all", "let me say", "in addition", "by itself", "above all", "my friends",
        "ladies and gentlemen", "mr president", "tell me", "again and again", "and then", "and so", "so then",
        "let me be clear", "make no mistake", "believe me", "to me", "for me", "i guess", "that said", "at that point",
        "i say", "i tell you", "i have to say", "all right", "i will say", "i would say", "oh my gosh", "it's like",
        "i'm like", "and i'm like", "it's just that", "the thing is", "the point is", "to be fair", "as you know",
        "as i said", "as we all know", "most important", "most importantly", "more importantly", "again and again",
    )
)  # fmt: skip
"""Phrases before a statement that say nothing of it."""
_MATRIX = re.compile(
    r"^(?:(?:i|we|you)"
    r"(?: (?:really|just|do|also|still|truly|firmly|always|would|will|can|want to|have to|all|too|happen to))*"
    r" (?:think|thought|believe|know|guess|understand|say|suggest|argue|admit|mean|see|realise|realize|feel like"
    r"|tell you|find|figured?|felt like|learned|remember)"
    r"|(?:i've|we've|i have|we have) (?:\w+ )?(?:learned|seen|found|realised|realized|noticed)(?: from \w+)? that"
    r"|(?:i'm|we're|i am|we are)(?: \w+ly| very| pretty)* (?:sure|convinced|certain|confident|saying|telling you)"
    r"|the(?: \w+)? (?:truth|fact|point|lesson|thing|idea|answer|bottom line|result|good news|bad news)"
    r"(?: of (?:the matter|[\w ]{3,30}?))? is"
    r"|it turns out|it's (?:clear|obvious|true)|there's no (?:doubt|question)|what (?:i mean|that means) is"
    r"|let me tell you|the reason(?: why)?[\w ]{0,30} is)(?: that|,)? ",
)
"""A clause before a statement that only says that somebody thinks so."""
_SET_OFF = re.compile(
    r",? (?:you know|i mean|i think|i guess|i believe|of course|for example|for instance|sir|right|obviously|again"
    r"|as you know|as you all are aware|at a minimum|by the way|as you all know|in hindsight|as well"
    r"|(?:very |quite )?(?:frankly|honestly)"
    r"|in fact|however|indeed|in a sense|so to speak|like),(?= )",
    re.IGNORECASE,
)
"""Insertions between commas."""
_SOFTENER = re.compile(
    r"(?<!\ba)(?<!\bthe)(?<!\bsome)(?<!\bthis)(?<!\bthat)(?<!\bany)(?<!\bwhat)(?<!\bof)(?<!\bone)"
    r"(?<!\bthese) (?:sort of|kind of|kinda|sorta)(?= )",
    re.IGNORECASE,
)
_AND_SO_ON = re.compile(r",? and so (?:forth|on)(?=[.?!]?$)", re.IGNORECASE)
_TWICE = word_set("very really had that no far many much never long so more again bye ha is blah")
"""Words that are said twice on purpose, or by grammar."""
_QUOTES = str.maketrans("", "", '"“”')
_MAX_REPEATED_WORDS = 3
"""Longest run of words that is said twice by a stumble (“on the -- on the”)."""
_DASH = re.compile(r"—|--|\s[-–]+(?=\s)")
_BROKEN = re.compile(r"\s(?:—|–|-)(?:\s|$)|\.\.\.|…|[()>]|/\w+/")
"""Marks of speech that breaks off or of remarks between."""
_COARSE = word_set("shit fuck fucking damn hell crap")
MANY_WORDS = 6
"""Words of a sentence from which it may say something with common words only."""
NOUN_PHRASE_FLAW_SCORE = -0.2
"""A noun with its clause is no sentence, but better than other parts that are none."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence of a clip or a part of it.

    ``flaw`` is 0 where it stands alone and grows with what keeps it from that; ``index`` is its sentence's place in the
    clip; ``is_whole`` says that nothing but stumbles and openings is left out, ``is_sentence`` that it has a subject
    with its verb.
    """

    text: str
    index: int
    flaw: float
    is_whole: bool
    is_sentence: bool = True

    @property
    def content(self) -> list[str]:
        """Its words that carry a subject, folded, in order."""
        return [word for word in map(fold_word, self.text.split()) if is_content_word(word)]

    @property
    def is_question(self) -> bool:
        """Whether it asks."""
        return self.text.rstrip("\"”'’").endswith("?")


def is_content_word(word: str) -> bool:
    """Whether a folded word may say what is spoken of."""
    return len(word) > 2 and word.removesuffix("'s") not in TOPICLESS_WORDS and any(map(str.isalpha, word))


def list_statements(sentences: Sequence[Sentence]) -> list[Statement]:
    """List the statements of English sentences, those of one sentence next to each other."""
    statements: dict[tuple[int, str], Statement] = {}
    for index, sentence in enumerate(sentences):
        if sentence.lexicon:
            for statement in _split(sentence):
                statements.setdefault((index, statement.text), replace(statement, index=index))
    return list(statements.values())


@lru_cache(maxsize=MAX_KEPT_SENTENCES)
def _split(sentence: Sentence) -> Sequence[Statement]:
    return list(_list_statements_of(sentence))


def _list_statements_of(sentence: Sentence) -> Iterator[Statement]:
    words = drop_stumbles(sentence.text)
    spoken_ends = [place + 1 for place, word in enumerate(words) if ends_sentence(word)]
    for first, end in itertools.pairwise(sorted({0, *spoken_ends, len(words)})):
        run = words[first:end]
        for part, flaw, is_whole in _list_parts(run):
            text, mark_flaw = _write(part)
            rated = _rate_flaw(text, sentence) if text else 1.0
            if first == 0 and sentence.text[:1].islower():
                rated += 1.0
            if end == len(words) and sentence.ending != "stop":
                rated += 0.5
            if text:
                yield Statement(
                    text=text, index=0, flaw=round(rated + flaw + mark_flaw, 4),
                    is_whole=is_whole and len(run) == len(words), is_sentence=is_statement(text.split()),
                )  # fmt: skip


def _list_parts(run: Sequence[str]) -> Iterator[tuple[Sequence[str], float, bool]]:
    """List parts of a spoken sentence, the flaw of cutting it there, and whether it is the whole."""
    quoted = {place for place, word in enumerate(run) if place and word[:1] in '"“'}
    shorter = drop_apposition(run)
    variants = [run, *filter(None, (shorter, drop_adverbs(shorter or run)))]
    for words in variants:
        ends = list_ends(words)
        is_question = words[-1].rstrip("\"”'’").endswith("?") if words else False
        for first, end in itertools.product(sorted({*list_starts(words), *quoted}), ends):
            if first < end:
                is_short_question = is_question and ends[end] == PHRASE_FLAW_SCORE
                flaw = ends[end] + (1.0 if is_question and end < len(words) and not is_short_question else 0.0)
                flaw += 1.0 if end < len(words) and is_half(words[first:end]) else 0.0
                for part, opening_flaw in _list_openings(words[first:end]):
                    is_cut = end < len(words)
                    is_whole = first == 0 and not is_cut and words is run
                    ending = "?" if is_short_question else ""
                    yield _without_last_mark(part, ending) if is_cut else part, flaw + opening_flaw, is_whole
    for first, end in list_noun_phrases(run):
        yield _without_last_mark(run[first:end]), NOUN_PHRASE_FLAW_SCORE, False


def _without_last_mark(words: Sequence[str], ending: str = "") -> Sequence[str]:
    return [*words[:-1], words[-1].rstrip(",;:—–-….") + ending]


def drop_stumbles(text: str) -> list[str]:
    """Split a text into words, without hesitations, insertions and words said twice by mistake."""
    plain = " ".join(_DASH.sub(" — ", text.replace("`", "")).split())
    plain = _AND_SO_ON.sub("", _SOFTENER.sub("", _SET_OFF.sub("", plain)))
    words: list[str] = []
    for word in plain.split():
        if fold_word(word) not in HESITATIONS:
            words.append(word)
        elif words and word.endswith(","):
            words[-1] = words[-1].rstrip(",")
    index = 0
    while index < len(words):
        for size in range(_MAX_REPEATED_WORDS, 0, -1):
            run, behind = words[index : index + size], index + size
            while behind < len(words) and not fold_word(words[behind]):
                behind += 1
            again = words[behind : behind + size]
            if len(again) == size and _is_stumble(run, again):
                del words[index:behind]
                break
        else:
            index += 1
    return words


def _is_stumble(run: Sequence[str], again: Sequence[str]) -> bool:
    folded = [fold_word(word) for word in run]
    return (
        folded == [fold_word(word) for word in again]
        and all(folded)
        and not (len(folded) == 1 and folded[0] in _TWICE)
        and not run[-1].endswith((".", "?", "!", ";"))
        and not (len(folded) == 1 and run[-1].endswith(",") and is_content_word(folded[0]))
    )


def _list_openings(words: Sequence[str]) -> Iterator[tuple[Sequence[str], float]]:
    """List a part without its opening, and without who thinks so, each with its flaw."""
    part = _drop_openers(words)
    folded = " ".join(fold_word(word) for word in part)
    matrix = _MATRIX.match(folded + " ")
    yield part, 0.1 * bool(matrix)
    if matrix:
        rest = part[len(matrix[0].split()) :]
        is_late = len(rest) > 3 and fold_word(rest[0]) in SUBORDINATORS | PREPOSITIONS
        if begins_clause(rest, 0) or (is_late and is_statement(rest)):
            yield _drop_openers(rest), 0.0


def _drop_openers(words: Sequence[str]) -> Sequence[str]:
    part = list(words)
    while len(part) > 2:
        first, folded = fold_word(part[0]), [fold_word(word) for word in part[:8]]
        if (
            not first
            or (first in _OPENERS and not (first == "so" and folded[1] in ("that", "many", "much", "far", "long")))
            or (part[0].endswith(",") and first in _OPENERS_BEFORE_COMMA)
        ):
            part = part[1:]
        elif phrase := next(
            (phrase for phrase in _PHRASES if folded[: len(phrase)] == phrase and _ends_phrase(part, len(phrase))), None
        ):
            part = part[len(phrase) :]
        elif part[0].endswith(",") and part[0][:1].isupper() and begins_clause(part, 1) and first not in ("today",):
            part = part[1:]
        else:
            break
    return part


def _ends_phrase(words: Sequence[str], length: int) -> bool:
    """Whether an opening phrase ends there: at its comma, or before a clause."""
    is_marked = len(words) > length and words[length - 1].endswith((",", ":", "-", "—"))
    return is_marked or (fold_word(words[0]) != "after" and begins_clause(words, length))


def _write(words: Sequence[str]) -> tuple[str, float]:
    """Join words with a capital, without a lone quotation mark; and the flaw of the marks."""
    text = " ".join(words).strip("–—-> ,;:")
    flaw = 0.0
    if re.fullmatch(r"[\"“][^\"“”]*[\"”]", text) or re.fullmatch(r"[\"“]?[^\"“”]+[\"”]?", text):
        text = text.translate(_QUOTES)
    elif text.count('"') % 2 or text.count("“") != text.count("”"):
        text, flaw = text.translate(_QUOTES), 0.7
    return text[:1].upper() + text[1:], flaw


def _rate_flaw(text: str, sentence: Sentence) -> float:
    words = text.split()
    folded = [fold_word(word) for word in words]
    content = [word for word in folded if is_content_word(word)]
    lower = text.lower()
    flaws = (
        measure_dependence(words),
        1.0 * (not is_statement(words)),
        0.8 * text.endswith(("...", "…", ",", ":", ";")),
        1.5 * bool(sentence.lexicon and sentence.lexicon.courtesy.search(text)),
        0.15 * ('"' in text or "“" in text),
        0.7 * bool(_BROKEN.search(text)),
        0.7
        * sum(
            word in lower
            for word in (" like,", " right,", ' like "', " like “", " or whatever", " and stuff", " something like")
        ),
        0.7
        * (
            folded[:2] in (["here's", "the"], ["here's", "more"], ["let's", "say"], ["this", "is"])
            or bool(set(folded) & _COARSE)
        ),
        (0.4 if len(words) > MANY_WORDS else 0.6) * (len(content) < 2),
        0.7 * (len(words) < 4),
        0.6 * (text.endswith("?") and not content),
        0.7 * (folded[-1] in REPORTING_VERBS - {"know", "like"} and not text.endswith("?")),
    )
    return sum(flaws)


def rate_sequel(first: Statement, second: Statement) -> float:
    """Rate the flaw of a statement behind another, which may explain what it points at."""
    if second.index > first.index + 1 or (second.index == first.index and not first.is_whole):
        return second.flaw
    alone, words = measure_dependence(second.text.split()), first.text.split()
    together = measure_dependence([*words, *second.text.split()]) - measure_dependence(words)
    return max(0.0, second.flaw - alone + min(alone, together))
