"""Title and reason of a moment, and each sub-score in a sentence, from its own evidence. Pure; invents no text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.domain.clock_format import format_clock
from schemas.documents.moments import Evidence, SubScore
from streams.detect.explanations.evidence_text import phrases, telling
from streams.detect.features.base import shorten
from streams.detect.lexicon import bare
from streams.detect.sentences import Sentence

TITLE_CHARS = 60
REASONS = 3
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
"""A sentence that begins so says nothing by its first comma."""
_DROP_FIRST = frozenset(
    {"so", "and", "but", "now", "well", "okay", "ok", "then", "because", "or", "um", "uh", "hmm", "yeah", "oh", "ah"}
)
_OPENING_WORDS = 2
"""Before a first comma: no more than an opening (“Today, …”); what follows it tells how the sentence begins."""


def spoken_title(sentence: Sentence) -> str:
    """A sentence as a title: no opening filler, cut at a clause where too long, no closing full stop, capital first."""
    words = sentence.text.split()
    while sentence.lexicon and len(words) > 3 and bare(words[0]) in _DROP_FIRST:
        words = words[1:]
    text = " ".join(words)
    if len(text) > TITLE_CHARS:
        text = _first_clauses(text)
    text = shorten(text, TITLE_CHARS)
    if text.endswith((".", "。", ",", ";", ":")) and not text.endswith("..."):
        text = text.rstrip(".。,;:")
    return text[:1].upper() + text[1:]


def _first_clauses(text: str) -> str:
    """Up to the last clause that fits; else to the last comma, where what stands before it is no mere condition."""
    opening, _, rest = text.partition(", ")
    begins = rest if rest and len(opening.split()) <= _OPENING_WORDS else text
    breaks = [_CLAUSE] if bare(begins.split(maxsplit=1)[0]) in _CONDITIONS else [_CLAUSE, _COMMA]
    for one in breaks:
        if ends := [match.start() for match in one.finditer(text) if 24 <= match.start() <= TITLE_CHARS]:
            return text[: ends[-1]]
    return text


def quiet_title(start_ms: int, signals: Sequence[SubScore]) -> str:
    """What can be said of a moment without words: what stands out most in it, and when."""
    named = {
        "level": "Loudest stretch",
        "dynamics": "Liveliest sound",
        "motion": "Most movement",
        "faces": "Faces",
        "cuts": "Fast cuts",
    }
    best = next((named[one.part] for signal in signals for one in telling(signal) if one.part in named), "Scene")
    return f"{best} at {format_clock(start_ms)}"


def standing_out(signals: Sequence[SubScore]) -> list[tuple[SubScore, str]]:
    """The sub-scores that are a reason for a clip, the one that counts most first, each with its words and number."""
    found = [(signal, telling(signal)) for signal in signals]
    found.sort(key=lambda pair: pair[0].weight * pair[0].value, reverse=True)
    return [(signal, strong[0].phrase) for signal, strong in found if strong]


def support_of(
    signals: Sequence[SubScore], table: Mapping[str, float], features: Mapping[str, Mapping[str, float]]
) -> float:
    """Weight of the features that are a reason, in shares of the whole table: how much speaks for a clip."""
    return round(sum(table[one.name] * features[one.name][each.part] for one in signals for each in telling(one)), 4)


def told(name: str, value: float, evidence: Sequence[Evidence]) -> str:
    """A sub-score in one sentence, whether it is a reason or not."""
    found = [one.phrase for one in phrases(evidence) if one.phrase]
    if not found:
        return f"{name.replace('_', ' ').capitalize()}: nothing to point at ({value:.2f} of 1)."
    return _sentence(found[:2])


def reason(signals: Sequence[SubScore]) -> str:
    """One sentence: the strongest sub-scores in words, each with its number or its quote."""
    phrases = [phrase for _, phrase in standing_out(signals)]
    if not phrases:
        strongest = max(signals, key=lambda signal: signal.value * signal.weight)
        return (
            f"Nothing stands out; its best signal is {strongest.name.replace('_', ' ')} ({strongest.value:.2f} of 1)."
        )
    return _sentence(phrases[:REASONS])


def _sentence(phrases: Sequence[str]) -> str:
    joined = "; ".join(phrases)
    return joined[:1].upper() + joined[1:] + ("" if joined.endswith("…") else ".")
