"""Signals from the words: hook, completeness, emotion … Pure; absent where the language has no lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from schemas.common import TimeRange, Word
from schemas.documents.moments import Evidence
from streams.detect.features.audience import Line, read_line
from streams.detect.features.base import Measured, any_of, clamp, number, quote, rounded
from streams.detect.lexicon import DIGIT, ENGLISH, POLITE, Lexicon, bare
from streams.detect.sentences import Sentence
from streams.detect.timeline import Timeline
from streams.detect.window import Window

HOOK_MS = 7_000
"""How long a viewer gives a clip: what is said by then is the hook."""
SOON_MS = 3_000
"""Within this a hook counts in full; later it counts half."""
QUOTE_WORDS = (4, 18)
COURTESY = 0.25
"""What is left of a hook that is a greeting."""
PRAISE = 0.6
"""What praise counts beside distress of the same strength."""
TENSE = 0.10
"""Share of denying and strong words at which a stretch is as tense as talk gets."""
MOST_WORDS = 25
"""VADER adds up over a text: long sentences are read in pieces of so many words, and the strongest one counts."""
_HOOKS: Mapping[str, float] = {"question": 0.5, "number": 0.3, "strong": 0.45, "contrast": 0.25, "address": 0.3}


@dataclass(frozen=True, kw_only=True)
class SentenceFacts:
    """What is looked up once per sentence. ``emotion`` is VADER's compound, -1..1, None outside English."""

    hits: Mapping[str, Sequence[str]]
    """Kind of hint to the words that gave it."""
    words: Sequence[str]
    content: frozenset[str]
    emotion: float | None
    quotable: float
    courtesy: bool
    """Greeting, thanks or housekeeping."""
    line: Line


def read_sentences(timeline: Timeline) -> Mapping[int, SentenceFacts]:
    """Facts of every sentence, by its first word."""
    analyser = SentimentIntensityAnalyzer()
    facts: dict[int, SentenceFacts] = {}
    before = 0
    for sentence in timeline.sentences:
        emotion = _polarity(analyser, sentence.text) if sentence.lexicon is ENGLISH else None
        facts[sentence.first_word] = _facts(sentence, emotion, before)
        before = sentence.end_word - sentence.first_word
    return facts


def _polarity(analyser: SentimentIntensityAnalyzer, text: str) -> float:
    words = [word for word in text.split() if bare(word) not in POLITE]
    pieces = [words[at : at + MOST_WORDS] for at in range(0, len(words), MOST_WORDS)]
    found = [float(analyser.polarity_scores(" ".join(piece))["compound"]) for piece in pieces]
    return max(found, key=abs, default=0.0)


def _facts(sentence: Sentence, emotion: float | None, before: int) -> SentenceFacts:
    lexicon = sentence.lexicon
    words = [bare(word) for word in sentence.text.split()]
    hits = hints(words, sentence.text, lexicon)
    content = frozenset(word for word in words if len(word) > 2 and (not lexicon or word not in lexicon.stop))
    courtesy = bool(lexicon and lexicon.courtesy.search(sentence.text))
    quotable = 0.0 if courtesy else _quotable(sentence, words, hits, emotion, lexicon)
    line = Line() if courtesy else read_line(words, sentence.text, before, lexicon)
    return SentenceFacts(
        hits=hits, words=words, content=content, emotion=emotion, quotable=quotable, courtesy=courtesy, line=line
    )


def hints(words: Sequence[str], text: str, lexicon: Lexicon | None) -> dict[str, list[str]]:
    """Which words hint at what. Question marks and digits count in any language."""
    found: dict[str, list[str]] = {}
    asks = text.rstrip("\"'”’ ").endswith(("?", "？", "؟"))
    if asks:
        found["question"] = [text]
    digits = [word for word in words if DIGIT.search(word)]
    if lexicon:
        digits += [word for word in words if word in lexicon.numbers]
        found["strong"] = [word for word in words if word in lexicon.strong]
        found["contrast"] = [word for word in words if word in lexicon.contrast]
        found["address"] = [word for word in words if word in lexicon.address]
    found["number"] = digits
    return {kind: list(dict.fromkeys(hit)) for kind, hit in found.items() if hit}


def _quotable(
    sentence: Sentence,
    words: Sequence[str],
    hits: Mapping[str, Sequence[str]],
    emotion: float | None,
    lexicon: Lexicon | None,
) -> float:
    low, high = QUOTE_WORDS
    if sentence.ending == "split" or sentence.text[:1].islower() or not low <= len(words) <= high:
        return 0.0
    pithy = 1.0 - abs(len(words) - 9) / 14
    says = any_of(
        [0.5 * len(hits.get("strong", ())), 0.25 * bool(hits.get("number")), 0.25 * bool(hits.get("contrast"))]
    )
    moved = abs(emotion) if emotion is not None else 0.0
    leans = bool(lexicon and words[0] in lexicon.leaning | lexicon.pointing)
    halting = bool(lexicon and (lexicon.fillers & set(words) or "…" in sentence.text))
    weakened = (0.6 if leans else 1.0) * (0.5 if halting else 1.0) * (0.5 if "question" in hits else 1.0)
    return clamp(0.45 * pithy + 0.35 * says + 0.2 * moved) * weakened


def hook(window: Window, timeline: Timeline, facts: Mapping[int, SentenceFacts]) -> Measured | None:
    """What the first seconds hold: a question, a number, a contrast, the listener addressed, a strong word."""
    if not window.sentences:
        return None
    opening = _opening_words(window, timeline.words)
    text = " ".join(word.text.strip() for word in opening)
    asked = [s for s in window.sentences if s.start_ms < window.sentences[0].start_ms + HOOK_MS]
    soon, late = (_said(opening, asked, until_ms) for until_ms in (SOON_MS, HOOK_MS))
    end_ms = opening[-1].end_ms
    evidence = [quote("opening_words", opening[0].start_ms, end_ms, text)]
    for kind, words in late.items():
        evidence.append(quote(kind, opening[0].start_ms, end_ms, ", ".join(words), float(len(words)), "words"))
    strengths = [_strength(kind, late[kind]) * (1.0 if kind in soon else 0.5) for kind in late]
    value = any_of(strengths)
    if any(facts[sentence.first_word].courtesy for sentence in asked):
        value *= COURTESY
        evidence.append(quote("courtesy", opening[0].start_ms, end_ms, "greeting, thanks or housekeeping"))
    return Measured(value=rounded(value), evidence=evidence)


def _strength(kind: str, words: Sequence[str]) -> float:
    return _HOOKS[kind] * (1.0 if kind != "strong" else min(1.5, 0.6 + 0.4 * len(words)))


def _said(opening: Sequence[Word], asked: Sequence[Sentence], until_ms: int) -> Mapping[str, Sequence[str]]:
    """Hints among the words that start within ``until_ms``; a question counts when it has begun by then."""
    begin_ms = opening[0].start_ms
    words = [bare(word.text) for word in opening if word.start_ms < begin_ms + until_ms]
    begun = [sentence.text for sentence in asked if sentence.start_ms < begin_ms + until_ms]
    found = hints(words, "", asked[0].lexicon)
    question = next((text for text in begun if "question" in hints([], text, None)), None)
    return {**({"question": [question]} if question else {}), **found}


def _opening_words(window: Window, words: Sequence[Word]) -> Sequence[Word]:
    first = window.sentences[0]
    run = words[first.first_word : window.sentences[-1].end_word]
    return [word for word in run if word.start_ms < first.start_ms + HOOK_MS] or run[:1]


def completeness(window: Window) -> Measured | None:
    """Whether the clip starts and ends where thoughts do: the weaker end counts double."""
    if not window.sentences:
        return None
    low, high = sorted((window.start_quality, window.end_quality))
    first, last = window.sentences[0], window.sentences[-1]
    evidence = [
        quote("start", first.start_ms, first.end_ms, window.start_flaw or first.text, window.start_quality, "of 1"),
        quote("end", last.start_ms, last.end_ms, window.end_flaw or last.text, window.end_quality, "of 1"),
        number(
            "pause_before",
            TimeRange(start_ms=window.range.start_ms, end_ms=first.start_ms),
            first.pause_before_ms,
            "ms",
        ),
        number("pause_after", TimeRange(start_ms=last.end_ms, end_ms=window.range.end_ms), last.pause_after_ms, "ms"),
    ]
    return Measured(value=rounded((2 * low + high) / 3), evidence=evidence)


def emotion(window: Window, facts: Mapping[int, SentenceFacts]) -> Measured | None:
    """How strongly the sentences feel (VADER, English only): mean strength by words, lifted by the strongest one.

    Praise counts less than distress: it is also how people are polite.
    """
    felt = [(_felt(facts[s.first_word]), s) for s in window.sentences if facts[s.first_word].emotion is not None]
    if not felt:
        return None
    peak, sentence = max(felt, key=lambda pair: pair[0])
    length = sum(s.length_ms for _, s in felt) or 1
    mean = sum(value * s.length_ms for value, s in felt) / length
    evidence: list[Evidence] = [number("mean_strength", window.range, mean, "of 1 (VADER)")]
    if peak > 0:
        compound = facts[sentence.first_word].emotion
        evidence.insert(
            0, quote("strongest", sentence.start_ms, sentence.end_ms, sentence.text, compound, "-1..1 (VADER)")
        )
    return Measured(value=rounded(0.6 * mean + 0.4 * peak), evidence=evidence)


def _felt(facts: SentenceFacts) -> float:
    compound = 0.0 if facts.courtesy else facts.emotion or 0.0
    return -compound if compound < 0 else PRAISE * compound


def tension(window: Window, facts: Mapping[int, SentenceFacts]) -> Measured | None:
    """Share of the words that deny, or are strong: what is refused, lost, or absolute makes people listen."""
    known = [(lexicon, facts[s.first_word].words) for s in window.sentences if (lexicon := s.lexicon) is not None]
    if not known:
        return None
    found = [word for lists, words in known for word in words if word in lists.strong or word in lists.denying]
    share = len(found) / max(1, sum(len(words) for _, words in known))
    named = ", ".join(list(dict.fromkeys(found))[:6])
    return Measured(
        value=rounded(share / TENSE),
        evidence=[number("tense_words", window.range, 100 * share, "% of the words", named)],
    )


def best_sentence(window: Window, facts: Mapping[int, SentenceFacts]) -> Sentence:
    """The most quotable sentence of a window; where none is, the longest; the earlier one on a tie."""
    return max(window.sentences, key=lambda s: (facts[s.first_word].quotable, s.end_word - s.first_word, -s.start_ms))
