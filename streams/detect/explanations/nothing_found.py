"""The sentence that says why there is no clip, or none with words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain.clock_format import format_clock
from schemas.common import TimeRange
from schemas.documents.moments import SubScore
from streams.detect.candidates.silent_windows import happens, is_spoken
from streams.detect.candidates.speech_windows import SHORTEST_WHOLE_MS
from streams.detect.features.base import shorten
from streams.detect.features.visual import MIN_FACE_SCORE
from streams.detect.selection import LEAST_ASKED, MIN_SUPPORT, Weighed, order
from streams.detect.timeline import Timeline


def why_no_words(part: TimeRange, timeline: Timeline) -> str:
    """Why a stretch has no captions, in a sentence; empty where a word is said in it."""
    if any(word.start_ms < part.end_ms and word.end_ms > part.start_ms for word in timeline.words):
        return ""
    if timeline.without_words:
        return timeline.without_words
    return "Nothing is said in this stretch: it has no captions, because there are no words to show."


def nothing_found(timeline: Timeline, weighed: Sequence[Weighed], min_score: float, wishes: Sequence[str] = ()) -> str:
    """Why there is no clip, in a sentence for a person. ``min_score`` is what a clip must reach."""
    if timeline.duration_ms < SHORTEST_WHOLE_MS:
        return (
            f"This video is {timeline.duration_ms / 1000:.1f} s long: too short for a clip, "
            f"which takes at least {SHORTEST_WHOLE_MS // 1000} s."
        )
    if not timeline.has_video:
        kept = "; its transcript is there" if timeline.words else ""
        return f"This recording has no pictures to make a clip of{kept}."
    if wishes and weighed and max(one.asked or 0.0 for one in weighed) < LEAST_ASKED:
        return _not_asked(weighed, wishes)
    return _not_enough(weighed, min_score) if weighed else _silence(timeline)


def _not_asked(weighed: Sequence[Weighed], wishes: Sequence[str]) -> str:
    asked = " or ".join(f"“{shorten(wish, 60)}”" for wish in wishes)
    nearest = max(weighed, key=lambda one: (one.asked or 0.0, -one.range.start_ms))
    found = next((one for signal in nearest.signals for one in signal.evidence if one.kind == "nearest"), None)
    said = f": the nearest, at {format_clock(found.start_ms)}, is “{shorten(found.text, 60)}”" if found else ""
    return f"Nothing in this video comes near to {asked}{said}."


def _not_enough(weighed: Sequence[Weighed], min_score: float) -> str:
    supported = [one for one in weighed if one.support >= MIN_SUPPORT]
    best = order(supported or weighed)[0]
    told, which = "One stretch was weighed", "it"
    if len(weighed) > 1:
        told, which = f"{len(weighed)} stretches were weighed", "the best"
    scores = f"{which}, at {format_clock(best.range.start_ms)}, scores {best.score:.0f} of 100"
    if not supported:
        strongest = _named(max(best.signals, key=lambda signal: signal.value * signal.weight))
        return f"{told} and nothing stands out enough: {scores}, and its best signal is {strongest}."
    weakest = _named(min(best.signals, key=lambda signal: signal.value))
    return f"{told} and nothing is good enough: {scores}, where {min_score:.0f} are needed (weakest: {weakest})."


def _named(signal: SubScore) -> str:
    return f"{signal.name.replace('_', ' ')}, {signal.value:.2f} of 1"


def _silence(timeline: Timeline) -> str:
    lost = " Parts of it could not be worked on." if timeline.missing else ""
    if is_spoken(timeline):
        return f"Something is said in this video, but no stretch starts and ends with whole sentences.{lost}"
    said = "Nothing is said" if not timeline.words else "Hardly anything is said"
    if not timeline.pictures:
        return f"{said} and none of this video's pictures could be looked at.{lost}"
    if happens(timeline, timeline.whole):
        return f"{said} in this video, and the rest is too little to choose a clip by: {_the_rest(timeline)}.{lost}"
    return f"{said} and nothing moves in this video.{lost}"


def _the_rest(timeline: Timeline) -> str:
    looked = timeline.pictures
    faces = sum(any(face.score >= MIN_FACE_SCORE for face in picture.faces) for picture in looked)
    seen = f"{len(looked)} picture{'s' * (len(looked) != 1)} looked at, {faces} with a face"
    active = timeline.sound.active(timeline.whole) if timeline.sound else np.zeros(0)
    return f"{seen}, " + (f"sound at {float(np.median(active)):.0f} dBFS" if active.size else "no sound")
