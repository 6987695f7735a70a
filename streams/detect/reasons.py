"""Title and reason of a moment, made from its own words and its own evidence. Pure; invents no text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from schemas.documents import Evidence, SubScore
from streams.detect.lexicon import Lexicon, bare
from streams.detect.measured import shorten
from streams.detect.sentences import Sentence
from streams.detect.signals import RELATIVE

TITLE_CHARS = 60
TELLING = 0.45
"""A signal weaker than this is no reason."""
BEYOND_TYPICAL = 0.7
"""Nor is one up to this that compares with the video itself, where 0.5 is typical.

Energy and motion are 0.6 x mean + 0.4 x highest percentile: an average stretch (mean 0.5) can reach 0.7, no more.
"""
REASONS = 3
RHYTHM = 3
"""Fewer cuts than this are no rhythm: one in six seconds is ten a minute by arithmetic alone."""
LIVELY_DB = 6.0
"""Twice the amplitude. The levels of an even noise, 100 ms each, lie within some 3 dB."""
_CLAUSE = re.compile(r"[;:–—]\s|,?\s(?=(?:because|which|so that|when|where|and|but|who)\s)")
_DROP_FIRST = frozenset({"so", "and", "but", "now", "well", "okay", "ok", "then", "because", "or", "um", "uh"})


def clock(ms: int) -> str:
    """``m:ss`` or ``h:mm:ss``."""
    seconds = ms // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"


def spoken_title(sentence: Sentence, lexicon: Lexicon | None) -> str:
    """A sentence as a title: no opening filler, cut at a clause where too long, no closing full stop, capital first."""
    words = sentence.text.split()
    while lexicon and len(words) > 3 and bare(words[0]) in _DROP_FIRST:
        words = words[1:]
    text = " ".join(words)
    if len(text) > TITLE_CHARS:
        text = _first_clauses(text)
    text = shorten(text, TITLE_CHARS)
    if text.endswith((".", "。", ",", ";", ":")) and not text.endswith("..."):
        text = text.rstrip(".。,;:")
    return text[:1].upper() + text[1:]


def _first_clauses(text: str) -> str:
    ends = [match.start() for match in _CLAUSE.finditer(text) if 24 <= match.start() <= TITLE_CHARS]
    return text[: ends[-1]] if ends else text


def quiet_title(start_ms: int, signals: Sequence[SubScore]) -> str:
    """What can be said of a moment without words: what stands out most in it, and when."""
    named = {
        "energy": "Loudest stretch",
        "dynamics": "Liveliest sound",
        "motion": "Most movement",
        "faces": "Faces",
        "cuts": "Fast cuts",
    }
    best = next((named[signal.name] for signal, _ in standing_out(signals) if signal.name in named), "Scene")
    return f"{best} at {clock(start_ms)}"


def standing_out(signals: Sequence[SubScore]) -> list[tuple[SubScore, str]]:
    """The signals that are a reason for a clip, the one that counts most first, each with its words and number."""
    strong = [
        signal
        for signal in signals
        if signal.name in _PHRASES
        and (signal.value > BEYOND_TYPICAL if signal.name in RELATIVE else signal.value >= TELLING)
    ]
    strong.sort(key=lambda signal: signal.weight * signal.value, reverse=True)
    told = [(signal, _PHRASES[signal.name](_by_kind(signal.evidence))) for signal in strong]
    return [(signal, phrase) for signal, phrase in told if phrase]


def reason(signals: Sequence[SubScore]) -> str:
    """One sentence: the strongest signals in words, each with its number or its quote."""
    phrases = [phrase for _, phrase in standing_out(signals)]
    if not phrases:
        strongest = max(signals, key=lambda signal: signal.value * signal.weight)
        return (
            f"Nothing stands out; its best signal is {strongest.name.replace('_', ' ')} ({strongest.value:.2f} of 1)."
        )
    return _sentence(phrases[:REASONS])


def _sentence(phrases: Sequence[str]) -> str:
    joined = "; ".join(phrases)
    return joined[:1].upper() + joined[1:] + "."


def _by_kind(evidence: Sequence[Evidence]) -> Mapping[str, Evidence]:
    return {one.kind: one for one in evidence}


def _hook(found: Mapping[str, Evidence]) -> str:
    if "question" in found:
        return f"opens with the question “{shorten(found['question'].text, 60)}”"
    named = {
        "strong": "strong words",
        "number": "a number",
        "contrast": "a contrast",
        "address": "the listener addressed",
    }
    kinds = [f"{name} ({found[kind].text})" for kind, name in named.items() if kind in found]
    return f"opens with {' and '.join(kinds[:2])}" if kinds else ""


def _completeness(found: Mapping[str, Evidence]) -> str:
    weakest = min(value for kind in ("start", "end") if (value := found[kind].value) is not None)
    return "starts and ends with a whole thought" if weakest >= 0.7 else ""


def _emotion(found: Mapping[str, Evidence]) -> str:
    peak = found.get("strongest")
    return (
        f"feeling runs high at {clock(peak.start_ms)} (“{shorten(peak.text, 50)}”, {peak.value:+.2f})" if peak else ""
    )


def _quotability(found: Mapping[str, Evidence]) -> str:
    return f"quotable: “{shorten(found['sentence'].text, 70)}”"


def _payoff(found: Mapping[str, Evidence]) -> str:
    return f"ends on “{shorten(found['last_sentence'].text, 70)}”"


def _density(found: Mapping[str, Evidence]) -> str:
    own, median = found["content_words"].value, found["video_median"].value
    return f"{own:.0f} different words of substance in 10 s (the video's median: {median:.0f})"


def _energy(found: Mapping[str, Evidence]) -> str:
    rise = found["peak_rise"]
    return (
        f"sound {rise.value:+.0f} dB against the video's median at {clock(rise.start_ms)}"
        if (rise.value or 0) >= 1
        else ""
    )


def _pace(found: Mapping[str, Evidence]) -> str:
    return f"spoken fast: {found['rate'].value:.1f} words/s (median {found['video_median'].value:.1f})"


def _faces(found: Mapping[str, Evidence]) -> str:
    return f"a face in {found['with_face'].value:.0f} % of the pictures"


def _cuts(found: Mapping[str, Evidence]) -> str:
    seen = found["cuts"]
    count = (seen.value or 0) * (seen.end_ms - seen.start_ms) / 60_000
    return f"{seen.value:.0f} cuts a minute" if round(count) >= RHYTHM else ""


def _motion(found: Mapping[str, Evidence]) -> str:
    return f"more movement than most of the video ({found['change'].value:.0f} % from picture to picture)"


def _dynamics(found: Mapping[str, Evidence]) -> str:
    spread = found["spread"].value or 0
    return f"lively sound ({spread:.0f} dB between soft and loud)" if spread >= LIVELY_DB else ""


_PHRASES: Mapping[str, Callable[[Mapping[str, Evidence]], str]] = {
    "hook": _hook,
    "completeness": _completeness,
    "emotion": _emotion,
    "quotability": _quotability,
    "payoff": _payoff,
    "density": _density,
    "energy": _energy,
    "pace": _pace,
    "faces": _faces,
    "cuts": _cuts,
    "motion": _motion,
    "dynamics": _dynamics,
}
