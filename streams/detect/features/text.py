"""Features from words: hook, completeness, emotion, tension.

Absent where a language has no lists. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from schemas.common import TimeRange, Word
from schemas.documents.moments import Evidence
from streams.detect.features.audience import AudienceCues, read_audience_cues
from streams.detect.features.base import (
    FeatureValue,
    clamp_unit,
    combine_hints,
    number_evidence,
    quote_evidence,
    round_score,
)
from streams.detect.lexicon import DIGIT, ENGLISH, POLITE, Lexicon, normalise_lexicon_word
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

HOOK_MS = 7_000
"""Length of the hook: the time that a viewer gives a clip."""
EARLY_HOOK_MS = 3_000
"""Within this a hook counts in full; later it counts half."""
QUOTE_WORDS = (4, 18)
"""Fewest and most words of a quotable sentence."""
COURTESY_FACTOR = 0.25
"""Factor for a hook that is a greeting."""
PRAISE_FACTOR = 0.6
"""Factor for praise, compared with distress of the same strength."""
FULL_TENSION_RATIO = 0.10
"""Share of denying and strong words at which talk is at its most tense."""
MAX_POLARITY_WORDS = 25
"""Words read by VADER at once.

It sums over a text, so longer sentences are read in parts, and the strongest counts.
"""
_HINT_WEIGHTS: Mapping[str, float] = {"question": 0.5, "number": 0.3, "strong": 0.45, "contrast": 0.25, "address": 0.3}


@dataclass(frozen=True, kw_only=True)
class SentenceFacts:
    """Facts of a sentence, looked up once. ``emotion`` is VADER's compound, None outside English."""

    hits: Mapping[str, Sequence[str]]
    """Kind of hint to the words that gave it."""
    words: Sequence[str]
    content: frozenset[str]
    emotion: float | None
    quotable: float
    courtesy: bool
    """Whether it is a greeting, thanks or housekeeping."""
    audience_cues: AudienceCues


def read_sentence_facts(timeline: ProjectTimeline) -> Mapping[int, SentenceFacts]:
    """Read the facts of every sentence, by its first word."""
    analyser = SentimentIntensityAnalyzer()
    facts: dict[int, SentenceFacts] = {}
    before = 0
    for sentence in timeline.sentences:
        emotion = _measure_polarity(analyser, sentence.text) if sentence.lexicon is ENGLISH else None
        facts[sentence.first_word] = _build_facts(sentence, emotion, before)
        before = sentence.end_word - sentence.first_word
    return facts


def _measure_polarity(analyser: SentimentIntensityAnalyzer, text: str) -> float:
    words = [word for word in text.split() if normalise_lexicon_word(word) not in POLITE]
    pieces = [words[at : at + MAX_POLARITY_WORDS] for at in range(0, len(words), MAX_POLARITY_WORDS)]
    polarities = [float(analyser.polarity_scores(" ".join(piece))["compound"]) for piece in pieces]
    return max(polarities, key=abs, default=0.0)


def _build_facts(sentence: Sentence, emotion: float | None, previous_word_count: int) -> SentenceFacts:
    lexicon = sentence.lexicon
    words = [normalise_lexicon_word(word) for word in sentence.text.split()]
    hits = find_hints(words, sentence.text, lexicon)
    content = frozenset(word for word in words if len(word) > 2 and (not lexicon or word not in lexicon.stop))
    courtesy = bool(lexicon and lexicon.courtesy.search(sentence.text))
    quotable = 0.0 if courtesy else _rate_quotability(sentence, words, hits, emotion, lexicon)
    audience_cues = (
        AudienceCues() if courtesy else read_audience_cues(words, sentence.text, previous_word_count, lexicon)
    )
    return SentenceFacts(
        hits=hits,
        words=words,
        content=content,
        emotion=emotion,
        quotable=quotable,
        courtesy=courtesy,
        audience_cues=audience_cues,
    )


def find_hints(words: Sequence[str], text: str, lexicon: Lexicon | None) -> dict[str, list[str]]:
    """Find words that hint at something. Question marks and digits count in any language."""
    hints: dict[str, list[str]] = {}
    is_question = text.rstrip("\"'”’ ").endswith(("?", "？", "؟"))
    if is_question:
        hints["question"] = [text]
    digits = [word for word in words if DIGIT.search(word)]
    if lexicon:
        digits += [word for word in words if word in lexicon.numbers]
        hints["strong"] = [word for word in words if word in lexicon.strong]
        hints["contrast"] = [word for word in words if word in lexicon.contrast]
        hints["address"] = [word for word in words if word in lexicon.address]
    hints["number"] = digits
    return {kind: list(dict.fromkeys(hit_words)) for kind, hit_words in hints.items() if hit_words}


def _rate_quotability(
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
    content = combine_hints(
        [0.5 * len(hits.get("strong", ())), 0.25 * bool(hits.get("number")), 0.25 * bool(hits.get("contrast"))]
    )
    feeling = abs(emotion) if emotion is not None else 0.0
    is_leaning = bool(lexicon and words[0] in lexicon.leaning | lexicon.pointing)
    halting = bool(lexicon and (lexicon.fillers & set(words) or "…" in sentence.text))
    weakened = (0.6 if is_leaning else 1.0) * (0.5 if halting else 1.0) * (0.5 if "question" in hits else 1.0)
    return clamp_unit(0.45 * pithy + 0.35 * content + 0.2 * feeling) * weakened


def measure_hook(
    window: CandidateWindow, timeline: ProjectTimeline, facts: Mapping[int, SentenceFacts]
) -> FeatureValue | None:
    """Measure the first seconds: a question, a number, a contrast, an address, a strong word."""
    if not window.sentences:
        return None
    opening = _opening_words(window, timeline.words)
    text = " ".join(word.text.strip() for word in opening)
    opening_sentences = [
        sentence for sentence in window.sentences if sentence.start_ms < window.sentences[0].start_ms + HOOK_MS
    ]
    early_hints, all_hints = (
        _find_opening_hints(opening, opening_sentences, until_ms) for until_ms in (EARLY_HOOK_MS, HOOK_MS)
    )
    end_ms = opening[-1].end_ms
    evidence = [quote_evidence("opening_words", opening[0].start_ms, end_ms, text)]
    for kind, words in all_hints.items():
        evidence.append(quote_evidence(kind, opening[0].start_ms, end_ms, ", ".join(words), float(len(words)), "words"))
    strengths = [_hint_strength(kind, all_hints[kind]) * (1.0 if kind in early_hints else 0.5) for kind in all_hints]
    value = combine_hints(strengths)
    if any(facts[sentence.first_word].courtesy for sentence in opening_sentences):
        value *= COURTESY_FACTOR
        evidence.append(quote_evidence("courtesy", opening[0].start_ms, end_ms, "greeting, thanks or housekeeping"))
    return FeatureValue(value=round_score(value), evidence=evidence)


def _hint_strength(kind: str, words: Sequence[str]) -> float:
    return _HINT_WEIGHTS[kind] * (1.0 if kind != "strong" else min(1.5, 0.6 + 0.4 * len(words)))


def _find_opening_hints(
    opening: Sequence[Word], opening_sentences: Sequence[Sentence], until_ms: int
) -> Mapping[str, Sequence[str]]:
    """Find hints in words that start within ``until_ms``; a question counts if it has begun by then."""
    begin_ms = opening[0].start_ms
    words = [normalise_lexicon_word(word.text) for word in opening if word.start_ms < begin_ms + until_ms]
    begun_texts = [sentence.text for sentence in opening_sentences if sentence.start_ms < begin_ms + until_ms]
    hints = find_hints(words, "", opening_sentences[0].lexicon)
    question = next((text for text in begun_texts if "question" in find_hints([], text, None)), None)
    return {**({"question": [question]} if question else {}), **hints}


def _opening_words(window: CandidateWindow, words: Sequence[Word]) -> Sequence[Word]:
    first = window.sentences[0]
    window_words = words[first.first_word : window.sentences[-1].end_word]
    return [word for word in window_words if word.start_ms < first.start_ms + HOOK_MS] or window_words[:1]


def measure_completeness(window: CandidateWindow) -> FeatureValue | None:
    """Measure whether the clip starts and ends where thoughts do: the weaker end counts double."""
    if not window.sentences:
        return None
    low, high = sorted((window.start_quality, window.end_quality))
    first, last = window.sentences[0], window.sentences[-1]
    evidence = [
        quote_evidence(
            "start", first.start_ms, first.end_ms, window.start_flaw or first.text, window.start_quality, "of 1"
        ),
        quote_evidence("end", last.start_ms, last.end_ms, window.end_flaw or last.text, window.end_quality, "of 1"),
        number_evidence(
            "pause_before",
            TimeRange(start_ms=window.range.start_ms, end_ms=first.start_ms),
            first.pause_before_ms,
            "ms",
        ),
        number_evidence(
            "pause_after", TimeRange(start_ms=last.end_ms, end_ms=window.range.end_ms), last.pause_after_ms, "ms"
        ),
    ]
    return FeatureValue(value=round_score((2 * low + high) / 3), evidence=evidence)


def measure_emotion(window: CandidateWindow, facts: Mapping[int, SentenceFacts]) -> FeatureValue | None:
    """Measure feeling (VADER, English only): mean strength by words, lifted by the strongest sentence.

    Praise counts less than distress: it is also how people are polite.
    """
    rated = [
        (_feeling_strength(facts[rated_sentence.first_word]), rated_sentence)
        for rated_sentence in window.sentences
        if facts[rated_sentence.first_word].emotion is not None
    ]
    if not rated:
        return None
    peak, sentence = max(rated, key=lambda pair: pair[0])
    length = sum(rated_sentence.length_ms for _, rated_sentence in rated) or 1
    mean = sum(value * rated_sentence.length_ms for value, rated_sentence in rated) / length
    evidence: list[Evidence] = [number_evidence("mean_strength", window.range, mean, "of 1 (VADER)")]
    if peak > 0:
        compound = facts[sentence.first_word].emotion
        evidence.insert(
            0, quote_evidence("strongest", sentence.start_ms, sentence.end_ms, sentence.text, compound, "-1..1 (VADER)")
        )
    return FeatureValue(value=round_score(0.6 * mean + 0.4 * peak), evidence=evidence)


def _feeling_strength(facts: SentenceFacts) -> float:
    compound = 0.0 if facts.courtesy else facts.emotion or 0.0
    return -compound if compound < 0 else PRAISE_FACTOR * compound


def measure_tension(window: CandidateWindow, facts: Mapping[int, SentenceFacts]) -> FeatureValue | None:
    """Measure the share of words that deny, or are strong.

    What is refused, lost or absolute holds attention.
    """
    words_by_lexicon = [
        (lexicon, facts[sentence.first_word].words)
        for sentence in window.sentences
        if (lexicon := sentence.lexicon) is not None
    ]
    if not words_by_lexicon:
        return None
    tense_words = [
        word for lists, words in words_by_lexicon for word in words if word in lists.strong or word in lists.denying
    ]
    share = len(tense_words) / max(1, sum(len(words) for _, words in words_by_lexicon))
    named_words = ", ".join(list(dict.fromkeys(tense_words))[:6])
    return FeatureValue(
        value=round_score(share / FULL_TENSION_RATIO),
        evidence=[number_evidence("tense_words", window.range, 100 * share, "% of the words", named_words)],
    )


def choose_best_sentence(window: CandidateWindow, facts: Mapping[int, SentenceFacts]) -> Sentence:
    """Choose the most quotable sentence of a window; without any, the longest; the earlier on a tie."""
    return max(
        window.sentences,
        key=lambda sentence: (
            facts[sentence.first_word].quotable,
            sentence.end_word - sentence.first_word,
            -sentence.start_ms,
        ),
    )
