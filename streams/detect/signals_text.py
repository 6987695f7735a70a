"""Signals from the words: hook, completeness, emotion … Pure; absent where the language has no lists."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from schemas.documents import Evidence
from schemas.media import TimeRange, Word
from streams.detect.lexicon import DIGIT, Lexicon, bare
from streams.detect.measured import Measured, any_of, clamp, number, quote, rank_in, rounded
from streams.detect.sentences import Sentence
from streams.detect.timeline import Timeline
from streams.detect.windows import Window

HOOK_MS = 7_000
"""How long a viewer gives a clip: what is said by then is the hook."""
QUOTE_WORDS = (4, 18)
DENSITY_STEP_MS = 15_000
COURTESY = 0.25
"""What is left of a hook that is a greeting."""
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


def read_sentences(timeline: Timeline) -> Mapping[int, SentenceFacts]:
    """Facts of every sentence, by its first word."""
    analyser = SentimentIntensityAnalyzer() if timeline.language == "en" else None
    facts: dict[int, SentenceFacts] = {}
    for sentence in timeline.sentences:
        emotion = float(analyser.polarity_scores(sentence.text)["compound"]) if analyser else None
        facts[sentence.first_word] = _facts(sentence, timeline.lexicon, emotion)
    return facts


def _facts(sentence: Sentence, lexicon: Lexicon | None, emotion: float | None) -> SentenceFacts:
    words = [bare(word) for word in sentence.text.split()]
    hits = hints(words, sentence.text, lexicon)
    content = frozenset(word for word in words if len(word) > 2 and (not lexicon or word not in lexicon.stop))
    courtesy = bool(lexicon and lexicon.courtesy.search(sentence.text))
    quotable = 0.0 if courtesy else _quotable(sentence, words, hits, emotion, lexicon)
    return SentenceFacts(hits=hits, words=words, content=content, emotion=emotion, quotable=quotable, courtesy=courtesy)


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
    hits = hints([bare(word.text) for word in opening], asked[-1].text if asked else text, timeline.lexicon)
    end_ms = opening[-1].end_ms
    evidence = [quote("opening_words", opening[0].start_ms, end_ms, text)]
    for kind, words in hits.items():
        evidence.append(quote(kind, opening[0].start_ms, end_ms, ", ".join(words), float(len(words)), "words"))
    strengths = [_HOOKS[kind] * (1.0 if kind != "strong" else min(1.5, 0.6 + 0.4 * len(hits[kind]))) for kind in hits]
    value = any_of(strengths)
    if any(facts[sentence.first_word].courtesy for sentence in asked):
        value *= COURTESY
        evidence.append(quote("courtesy", opening[0].start_ms, end_ms, "greeting, thanks or housekeeping"))
    return Measured(value=rounded(value), evidence=evidence)


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


def _density(content: Sequence[frozenset[str]], length_ms: int) -> float:
    return len(frozenset().union(*content)) * 10_000 / max(1, length_ms)


def density_levels(timeline: Timeline, facts: Mapping[int, SentenceFacts]) -> list[float]:
    """Different content words in 10 s of speech, for each stretch of about 15 s of speech of the whole video."""
    levels: list[float] = []
    run: list[Sentence] = []
    for sentence in timeline.sentences:
        run.append(sentence)
        length_ms = sum(part.length_ms for part in run)
        if length_ms >= DENSITY_STEP_MS:
            levels.append(_density([facts[s.first_word].content for s in run], length_ms))
            run = []
    return levels


def density(
    window: Window, timeline: Timeline, facts: Mapping[int, SentenceFacts], levels: Sequence[float]
) -> Measured | None:
    """Different content words in 10 s, as a percentile of the video's own stretches (needs two of them)."""
    if timeline.lexicon is None or not window.sentences or len(levels) < 2:
        return None
    parts: list[float] = []
    run: list[Sentence] = []
    for at, sentence in enumerate(window.sentences):
        run.append(sentence)
        length_ms = sum(part.length_ms for part in run)
        if length_ms >= DENSITY_STEP_MS or at + 1 == len(window.sentences):
            parts.append(_density([facts[s.first_word].content for s in run], max(length_ms, DENSITY_STEP_MS // 2)))
            run = []
    per_10_s = statistics.fmean(parts)
    words = sorted(frozenset().union(*(facts[s.first_word].content for s in window.sentences)), key=len, reverse=True)
    evidence = [
        number("content_words", window.range, per_10_s, "different words in 10 s", ", ".join(sorted(words[:6]))),
        number("video_median", timeline.whole, statistics.median(levels), "different words in 10 s"),
    ]
    return Measured(value=rounded(rank_in(per_10_s, levels)), evidence=evidence)


def emotion(window: Window, facts: Mapping[int, SentenceFacts]) -> Measured | None:
    """How strongly the sentences feel (VADER, English only): mean strength, lifted by the strongest one."""
    felt = [
        (0.0 if facts[s.first_word].courtesy else abs(facts[s.first_word].emotion or 0.0), s)
        for s in window.sentences
        if facts[s.first_word].emotion is not None
    ]
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
    return Measured(value=rounded(0.5 * mean + 0.5 * peak), evidence=evidence)


def quotability(window: Window, timeline: Timeline, facts: Mapping[int, SentenceFacts]) -> Measured | None:
    """The best short sentence that says something strong on its own."""
    if timeline.lexicon is None or not window.sentences:
        return None
    best = best_sentence(window, facts)
    value = facts[best.first_word].quotable
    return Measured(
        value=rounded(value),
        evidence=[quote("sentence", best.start_ms, best.end_ms, best.text, round(value, 3), "of 1")],
    )


def payoff(window: Window, timeline: Timeline, facts: Mapping[int, SentenceFacts]) -> Measured | None:
    """Whether the clip ends on something: how quotable its last sentence is."""
    if timeline.lexicon is None or len(window.sentences) < 2:
        return None
    last = window.sentences[-1]
    value = facts[last.first_word].quotable
    return Measured(
        value=rounded(value),
        evidence=[quote("last_sentence", last.start_ms, last.end_ms, last.text, round(value, 3), "of 1")],
    )


def best_sentence(window: Window, facts: Mapping[int, SentenceFacts]) -> Sentence:
    """The most quotable sentence of a window; where none is, the longest; the earlier one on a tie."""
    return max(window.sentences, key=lambda s: (facts[s.first_word].quotable, s.end_word - s.first_word, -s.start_ms))
