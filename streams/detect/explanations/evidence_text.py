"""Describe each feature in words, with its number or its quote. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.domain.clock_format import format_clock
from schemas.documents.moments import Evidence, SubScore
from streams.detect.features.base import shorten_text

MIN_REASON_STRENGTH = 0.45
"""Least strength of a feature that is a reason for a clip."""
MIN_RELATIVE_STRENGTH = 0.7
"""Least strength of a feature that compares with the video, where 0.5 is typical.

Energy and motion are 0.6 x mean + 0.4 x highest percentile: an average range (mean 0.5) can reach 0.7, no more.
"""
MIN_CUTS = 3
"""Fewer cuts than this are no rhythm: one in six seconds is ten a minute by arithmetic alone."""
MIN_LIVELY_DB = 6.0
"""Spread of levels from which sound is lively: twice the amplitude. An even noise stays within some 3 dB."""


@dataclass(frozen=True, kw_only=True)
class FeaturePhrase:
    """A feature in words; ``strength`` 0..1."""

    part: str
    phrase: str
    strength: float


def list_reasons(signal: SubScore) -> list[FeaturePhrase]:
    """List the features of a sub-score that are a reason for a clip, those with the largest share first."""
    return [phrase for phrase in describe_features(signal.evidence) if phrase.phrase and _is_reason(phrase)]


def _is_reason(phrase: FeaturePhrase) -> bool:
    if phrase.part in NEUTRAL_FEATURES:
        return False
    return (
        phrase.strength > MIN_RELATIVE_STRENGTH
        if phrase.part in RELATIVE_FEATURES
        else phrase.strength >= MIN_REASON_STRENGTH
    )


def describe_features(evidence: Sequence[Evidence]) -> list[FeaturePhrase]:
    """Describe the features of a sub-score, those with the largest share first."""
    evidence_by_part: dict[str, dict[str, Evidence]] = {}
    for evidence_item in evidence:
        evidence_by_part.setdefault(evidence_item.part, {})[evidence_item.kind] = evidence_item
    first_items = {
        part: next(iter(items.values())) for part, items in evidence_by_part.items() if part in _DESCRIPTIONS
    }
    ranked = sorted(first_items, key=lambda part: -(first_items[part].share or 0.0))
    return [
        FeaturePhrase(
            part=part, phrase=_DESCRIPTIONS[part](evidence_by_part[part]), strength=first_items[part].strength or 0.0
        )
        for part in ranked
    ]


def _describe_hook(items: Mapping[str, Evidence]) -> str:
    if "question" in items:
        return f"opens with the question “{shorten_text(items['question'].text, 60)}”"
    labels = {
        "strong": "strong words",
        "number": "a number",
        "contrast": "a contrast",
        "address": "the listener addressed",
    }
    kinds = [f"{name} ({items[kind].text})" for kind, name in labels.items() if kind in items]
    return f"opens with {' and '.join(kinds[:2])}" if kinds else ""


def _opening_substance(items: Mapping[str, Evidence]) -> str:
    return f"its opening is {items['housekeeping'].value:.2f} of 1 near to greeting and housekeeping"


def _tension(items: Mapping[str, Evidence]) -> str:
    tense_words = items["tense_words"]
    return f"words of tension ({tense_words.text})" if tense_words.text else ""


def _borders(items: Mapping[str, Evidence]) -> str:
    weakest = min(value for kind in ("start", "end") if (value := items[kind].value) is not None)
    return "starts and ends with a whole thought" if weakest >= 0.7 else ""


def _feeling(items: Mapping[str, Evidence]) -> str:
    peak = items.get("strongest")
    return (
        f"feeling runs high at {format_clock(peak.start_ms)} (“{shorten_text(peak.text, 50)}”, {peak.value:+.2f})"
        if peak
        else ""
    )


def _wit(items: Mapping[str, Evidence]) -> str:
    line = items.get("punch_line")
    return (
        f"a line like a punch line at {format_clock(line.start_ms)} (“{shorten_text(line.text, 50)}”)" if line else ""
    )


def _call(items: Mapping[str, Evidence]) -> str:
    line = items.get("call")
    return f"a call at {format_clock(line.start_ms)} (“{shorten_text(line.text, 50)}”)" if line else ""


def _voice(items: Mapping[str, Evidence]) -> str:
    raised_voice = items["raised_voice"]
    start = format_clock(raised_voice.start_ms)
    return f"the voice rises at {start} ({raised_voice.value:.2f}, the speaker's usual is 0.5)"


def _answered(items: Mapping[str, Evidence]) -> str:
    pauses = items["heard_in_pauses"]
    return f"{pauses.value:.1f} s of sound in the pauses behind its sentences, at {format_clock(pauses.start_ms)}"


def _density(items: Mapping[str, Evidence]) -> str:
    window_density, median = items["content_words"].value, items["video_median"].value
    return f"{window_density:.0f} different words of substance in 10 s (the video's median: {median:.0f})"


def _substance(items: Mapping[str, Evidence]) -> str:
    return f"it is {items['housekeeping'].value:.2f} of 1 near to greeting and housekeeping"


def _distance(items: Mapping[str, Evidence]) -> str:
    return f"its subject is nearness {items['near_the_video'].value:.2f} of 1 to the rest of the video"


def _describe_coherence(items: Mapping[str, Evidence]) -> str:
    return f"its sentences stay together (nearness {items['near_the_others'].value:.2f} of 1)"


def _fluency(items: Mapping[str, Evidence]) -> str:
    return f"{items['in_fragments'].value:.0f} % of the words in fragments, {items['stumbles'].value:.0f} % stumbles"


def _length(items: Mapping[str, Evidence]) -> str:
    return f"{items['length'].value:.0f} s long"


def _turns(items: Mapping[str, Evidence]) -> str:
    return f"{items['turns'].text} in turn, {items['turns'].value:.0f} changes a minute"


def _match(items: Mapping[str, Evidence]) -> str:
    topic, nearest = items["asked_for"], items["nearest"]
    return f"near to “{shorten_text(topic.text, 40)}”: “{shorten_text(nearest.text, 60)}” ({nearest.value:.2f})"


def _level(items: Mapping[str, Evidence]) -> str:
    raised_voice = items.get("raised_voice")
    if raised_voice is not None:  # then the voice made the number, not the level
        start = format_clock(raised_voice.start_ms)
        return f"the voice is raised at {start} ({raised_voice.value:.2f}, the speaker's usual is 0.5)"
    rise = items["peak_rise"]
    return (
        f"sound {rise.value:+.0f} dB against the video's median at {format_clock(rise.start_ms)}"
        if (rise.value or 0) >= 1
        else ""
    )


def _pace(items: Mapping[str, Evidence]) -> str:
    return f"spoken fast: {items['rate'].value:.1f} words/s (median {items['video_median'].value:.1f})"


def _faces(items: Mapping[str, Evidence]) -> str:
    return f"a face in {items['with_face'].value:.0f} % of the pictures"


def _cuts(items: Mapping[str, Evidence]) -> str:
    cuts = items["cuts"]
    count = (cuts.value or 0) * (cuts.end_ms - cuts.start_ms) / 60_000
    return f"{cuts.value:.0f} cuts a minute" if round(count) >= MIN_CUTS else ""


def _motion(items: Mapping[str, Evidence]) -> str:
    return f"more movement than most of the video ({items['change'].value:.0f} % from picture to picture)"


def _dynamics(items: Mapping[str, Evidence]) -> str:
    spread = items["spread"].value or 0
    return f"lively sound ({spread:.0f} dB between soft and loud)" if spread >= MIN_LIVELY_DB else ""


_DESCRIPTIONS: Mapping[str, Callable[[Mapping[str, Evidence]], str]] = {
    "opening": _describe_hook,
    "opening_substance": _opening_substance,
    "feeling": _feeling,
    "tension": _tension,
    "wit": _wit,
    "call": _call,
    "voice": _voice,
    "answered": _answered,
    "holds_together": _describe_coherence,
    "borders": _borders,
    "fluency": _fluency,
    "length": _length,
    "turns": _turns,
    "density": _density,
    "substance": _substance,
    "distance": _distance,
    "level": _level,
    "dynamics": _dynamics,
    "pace": _pace,
    "faces": _faces,
    "motion": _motion,
    "cuts": _cuts,
    "match": _match,
}
RELATIVE_FEATURES = frozenset({"density", "level", "dynamics", "pace", "motion", "voice"})
"""Features that compare a window with its video: 0.5 is typical."""
NEUTRAL_FEATURES = frozenset(
    {"voice", "opening_substance", "holds_together", "fluency", "length", "substance", "distance"}
)
"""Features that a good clip also needs, but that are no reason to watch it."""
