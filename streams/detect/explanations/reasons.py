"""Title and reason of a moment, and each sub-score in a sentence, from its own evidence. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.domain.clock_format import format_clock
from schemas.documents.moments import Evidence, SubScore
from streams.detect.explanations.evidence_text import describe_features, list_reasons
from streams.detect.features.base import shorten_text
from streams.detect.lexicon import normalise_lexicon_word
from streams.detect.sentences import Sentence

MAX_TITLE_CHARS = 60
"""Longest title."""
MAX_REASONS = 3
"""Reasons named for a moment."""
_CLAUSE = re.compile(
    r"[;:–—]\s|,?\s(?=(?:because|which|so that|when|where|but|who)\s)"
    r"|,?\s(?=and\s(?!(?:there|then|again|more|on|over|forth|down|out|wide|large|a half)\b))"
)
"""Where a clause ends; not inside of “here and there”, “again and again”, “two and a half”."""
_COMMA = re.compile(r",\s")
_CONDITIONS = frozenset(
    {"when", "whenever", "if", "unless", "because", "since", "while", "as", "although", "though", "until", "after"}
    | {"before", "once", "where", "in", "on", "at", "for", "from", "with"}
)
"""Words after which a sentence says nothing by its first comma."""
_DROP_FIRST = frozenset(
    {"so", "and", "but", "now", "well", "okay", "ok", "then", "because", "or", "um", "uh", "hmm", "yeah", "oh", "ah"}
)
_MAX_OPENING_WORDS = 2
"""Most words of an opening before a first comma (“Today, …”); what follows it is the sentence's real start."""


def title_from_sentence(sentence: Sentence) -> str:
    """Make a title of a sentence: no opening filler, cut at a clause, no full stop, capital first."""
    words = sentence.text.split()
    while sentence.lexicon and len(words) > 3 and normalise_lexicon_word(words[0]) in _DROP_FIRST:
        words = words[1:]
    text = " ".join(words)
    if len(text) > MAX_TITLE_CHARS:
        text = _cut_at_clause(text)
    text = shorten_text(text, MAX_TITLE_CHARS)
    if text.endswith((".", "。", ",", ";", ":")) and not text.endswith("..."):
        text = text.rstrip(".。,;:")
    return text[:1].upper() + text[1:]


def _cut_at_clause(text: str) -> str:
    """Cut at the last clause that fits; else at the last comma, unless a mere condition stands before it."""
    opening, _, rest = text.partition(", ")
    clause_start = rest if rest and len(opening.split()) <= _MAX_OPENING_WORDS else text
    breaks = (
        [_CLAUSE] if normalise_lexicon_word(clause_start.split(maxsplit=1)[0]) in _CONDITIONS else [_CLAUSE, _COMMA]
    )
    for pattern in breaks:
        if ends := [match.start() for match in pattern.finditer(text) if 24 <= match.start() <= MAX_TITLE_CHARS]:
            return text[: ends[-1]]
    return text


def title_from_signals(start_ms: int, signals: Sequence[SubScore]) -> str:
    """Make a title of a moment without words: what stands out most in it, and when."""
    labels = {
        "level": "Loudest part",
        "dynamics": "Liveliest sound",
        "motion": "Most movement",
        "faces": "Faces",
        "cuts": "Fast cuts",
    }
    best = next(
        (labels[phrase.part] for signal in signals for phrase in list_reasons(signal) if phrase.part in labels), "Scene"
    )
    return f"{best} at {format_clock(start_ms)}"


def list_strong_signals(signals: Sequence[SubScore]) -> list[tuple[SubScore, str]]:
    """List the sub-scores that are a reason for a clip, in words, the one that counts most first."""
    reasons = [(signal, list_reasons(signal)) for signal in signals]
    reasons.sort(key=lambda pair: pair[0].weight * pair[0].value, reverse=True)
    return [(signal, strong[0].phrase) for signal, strong in reasons if strong]


def compute_support(
    signals: Sequence[SubScore], table: Mapping[str, float], features: Mapping[str, Mapping[str, float]]
) -> float:
    """Return the weight of the features that are a reason, as a share of the whole table."""
    return round(
        sum(
            table[signal.name] * features[signal.name][phrase.part]
            for signal in signals
            for phrase in list_reasons(signal)
        ),
        4,
    )


def describe_sub_score(name: str, value: float, evidence: Sequence[Evidence]) -> str:
    """Describe a sub-score in one sentence, whether it is a reason or not."""
    feature_phrases = [feature_phrase.phrase for feature_phrase in describe_features(evidence) if feature_phrase.phrase]
    if not feature_phrases:
        return f"{name.replace('_', ' ').capitalize()}: nothing to point at ({value:.2f} of 1)."
    return _join_phrases(feature_phrases[:2])


def write_reason(signals: Sequence[SubScore]) -> str:
    """Write one sentence of the strongest sub-scores, each with its number or its quote."""
    phrases = [phrase for _, phrase in list_strong_signals(signals)]
    if not phrases:
        strongest = max(signals, key=lambda signal: signal.value * signal.weight)
        return (
            f"Nothing stands out; its best signal is {strongest.name.replace('_', ' ')} ({strongest.value:.2f} of 1)."
        )
    return _join_phrases(phrases[:MAX_REASONS])


def _join_phrases(phrases: Sequence[str]) -> str:
    joined_phrases = "; ".join(phrases)
    return joined_phrases[:1].upper() + joined_phrases[1:] + ("" if joined_phrases.endswith("…") else ".")
