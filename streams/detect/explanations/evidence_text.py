"""Each feature in words: what it found, with its number or its quote. Pure; says nothing where there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.domain.clock_format import format_clock
from schemas.documents.moments import Evidence, SubScore
from streams.detect.features.base import shorten

TELLING = 0.45
"""A signal weaker than this is no reason."""
BEYOND_TYPICAL = 0.7
"""Nor is one up to this that compares with the video itself, where 0.5 is typical.

Energy and motion are 0.6 x mean + 0.4 x highest percentile: an average stretch (mean 0.5) can reach 0.7, no more.
"""
RHYTHM = 3
"""Fewer cuts than this are no rhythm: one in six seconds is ten a minute by arithmetic alone."""
LIVELY_DB = 6.0
"""Twice the amplitude. The levels of an even noise, 100 ms each, lie within some 3 dB."""


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """A feature in words; ``strength`` 0..1."""

    part: str
    phrase: str
    strength: float


def telling(signal: SubScore) -> list[Phrase]:
    """The features of a sub-score that are a reason for a clip, those that made most of it first."""
    return [one for one in phrases(signal.evidence) if one.phrase and _is_reason(one)]


def _is_reason(one: Phrase) -> bool:
    if one.part in NO_REASON:
        return False
    return one.strength > BEYOND_TYPICAL if one.part in RELATIVE else one.strength >= TELLING


def phrases(evidence: Sequence[Evidence]) -> list[Phrase]:
    """The features of a sub-score in words, those that made most of it first."""
    parts: dict[str, dict[str, Evidence]] = {}
    for one in evidence:
        parts.setdefault(one.part, {})[one.kind] = one
    firsts = {part: next(iter(found.values())) for part, found in parts.items() if part in _PHRASES}
    ranked = sorted(firsts, key=lambda part: -(firsts[part].share or 0.0))
    return [
        Phrase(part=part, phrase=_PHRASES[part](parts[part]), strength=firsts[part].strength or 0.0) for part in ranked
    ]


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


def _opening_substance(found: Mapping[str, Evidence]) -> str:
    return f"its opening is {found['housekeeping'].value:.2f} of 1 near to greeting and housekeeping"


def _tension(found: Mapping[str, Evidence]) -> str:
    said = found["tense_words"]
    return f"words of tension ({said.text})" if said.text else ""


def _borders(found: Mapping[str, Evidence]) -> str:
    weakest = min(value for kind in ("start", "end") if (value := found[kind].value) is not None)
    return "starts and ends with a whole thought" if weakest >= 0.7 else ""


def _feeling(found: Mapping[str, Evidence]) -> str:
    peak = found.get("strongest")
    return (
        f"feeling runs high at {format_clock(peak.start_ms)} (“{shorten(peak.text, 50)}”, {peak.value:+.2f})"
        if peak
        else ""
    )


def _wit(found: Mapping[str, Evidence]) -> str:
    line = found.get("punch_line")
    return f"a line like a punch line at {format_clock(line.start_ms)} (“{shorten(line.text, 50)}”)" if line else ""


def _call(found: Mapping[str, Evidence]) -> str:
    line = found.get("call")
    return f"a call at {format_clock(line.start_ms)} (“{shorten(line.text, 50)}”)" if line else ""


def _voice(found: Mapping[str, Evidence]) -> str:
    one = found["raised_voice"]
    return f"the voice rises at {format_clock(one.start_ms)} ({one.value:.2f}, the speaker's usual is 0.5)"


def _answered(found: Mapping[str, Evidence]) -> str:
    heard = found["heard_in_pauses"]
    return f"{heard.value:.1f} s of sound in the pauses behind its sentences, at {format_clock(heard.start_ms)}"


def _density(found: Mapping[str, Evidence]) -> str:
    own, median = found["content_words"].value, found["video_median"].value
    return f"{own:.0f} different words of substance in 10 s (the video's median: {median:.0f})"


def _substance(found: Mapping[str, Evidence]) -> str:
    return f"it is {found['housekeeping'].value:.2f} of 1 near to greeting and housekeeping"


def _distance(found: Mapping[str, Evidence]) -> str:
    return f"its subject is nearness {found['near_the_video'].value:.2f} of 1 to the rest of the video"


def _together(found: Mapping[str, Evidence]) -> str:
    return f"its sentences stay together (nearness {found['near_the_others'].value:.2f} of 1)"


def _fluency(found: Mapping[str, Evidence]) -> str:
    return f"{found['in_fragments'].value:.0f} % of the words in fragments, {found['stumbles'].value:.0f} % stumbles"


def _length(found: Mapping[str, Evidence]) -> str:
    return f"{found['length'].value:.0f} s long"


def _turns(found: Mapping[str, Evidence]) -> str:
    return f"{found['turns'].text} in turn, {found['turns'].value:.0f} changes a minute"


def _match(found: Mapping[str, Evidence]) -> str:
    wish, near = found["asked_for"], found["nearest"]
    return f"near to “{shorten(wish.text, 40)}”: “{shorten(near.text, 60)}” ({near.value:.2f})"


def _level(found: Mapping[str, Evidence]) -> str:
    raised = found.get("raised_voice")
    if raised is not None:  # then the voice made the number, not the level
        return (
            f"the voice is raised at {format_clock(raised.start_ms)} ({raised.value:.2f}, the speaker's usual is 0.5)"
        )
    rise = found["peak_rise"]
    return (
        f"sound {rise.value:+.0f} dB against the video's median at {format_clock(rise.start_ms)}"
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
    "opening": _hook,
    "opening_substance": _opening_substance,
    "feeling": _feeling,
    "tension": _tension,
    "wit": _wit,
    "call": _call,
    "voice": _voice,
    "answered": _answered,
    "holds_together": _together,
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
RELATIVE = frozenset({"density", "level", "dynamics", "pace", "motion", "voice"})
"""Features that compare a window with its video: 0.5 is typical."""
NO_REASON = frozenset({"voice", "opening_substance", "holds_together", "fluency", "length", "substance", "distance"})
"""What a good clip also needs, but is no reason to watch it."""
