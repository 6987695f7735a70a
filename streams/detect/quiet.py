"""Video without enough speech: windows from sound and pictures, or the honest sentence that there is nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schemas.media import TimeRange
from schemas.moments import SubScore
from streams.detect.measured import shorten
from streams.detect.phrases import clock
from streams.detect.select import LEAST_ASKED, MIN_SUPPORT, Weighed, order
from streams.detect.signals_pictures import MIN_FACE_SCORE, moves
from streams.detect.timeline import SILENT_DB, Timeline
from streams.detect.windows import SHORTEST_WHOLE_MS, Window

STEP_MS = 5_000
MIN_WORDS = 5
"""Fewer words than this in a whole video are no speech to cut by."""
HEARD_SHARE = 0.2
"""A stretch counts as heard when this share of its levels is above silence."""
SNAP_MS = 2_500


def is_spoken(timeline: Timeline) -> bool:
    """Whether there is enough speech to cut on sentences."""
    return len(timeline.words) >= MIN_WORDS


def heard(timeline: Timeline, part: TimeRange) -> bool:
    """Whether there is something to hear in ``part``."""
    if timeline.sound is None:
        return False
    levels = timeline.sound.levels(part)
    return levels.size > 0 and float((levels > SILENT_DB).mean()) >= HEARD_SHARE


def has_faces(timeline: Timeline, part: TimeRange) -> bool:
    """Whether a face is seen in ``part``."""
    return any(face.score >= MIN_FACE_SCORE for picture in timeline.pictures_in(part) for face in picture.faces)


def happens(timeline: Timeline, part: TimeRange) -> bool:
    """Whether anything is heard, moves, or looks at the viewer."""
    return heard(timeline, part) or moves(timeline, part) or has_faces(timeline, part)


def quiet_windows(timeline: Timeline, *, min_ms: int, max_ms: int) -> list[Window]:
    """Windows of two lengths every 5 s, moved to the nearest cut or border of music, and whole sections of music.

    Only where something happens.
    """
    if timeline.duration_ms < min_ms:
        spans = [timeline.whole] if timeline.duration_ms >= SHORTEST_WHOLE_MS else []
    else:
        lengths = sorted({min_ms, min(max_ms, timeline.duration_ms, max(min_ms, (min_ms + max_ms) // 2))})
        starts = range(0, timeline.duration_ms - min_ms + 1, STEP_MS)
        spans = [
            _snap(timeline, TimeRange(start_ms=start, end_ms=start + length), min_ms, max_ms)
            for start in starts
            for length in lengths
            if start + length <= timeline.duration_ms
        ] + music_sections(timeline, min_ms, max_ms)
    unique = {(part.start_ms, part.end_ms): part for part in spans if happens(timeline, part)}
    return [Window(range=unique[key], sentences=(), start_quality=0.0, end_quality=0.0) for key in sorted(unique)]


def music_borders(timeline: Timeline) -> list[int]:
    """Where music begins, ends, or becomes another."""
    events = timeline.sounds.events if timeline.sounds else []
    return [at for event in events if event.kind in ("music", "section") for at in (event.start_ms, event.end_ms)]


def music_sections(timeline: Timeline, min_ms: int, max_ms: int) -> list[TimeRange]:
    """Runs of whole sections of music that have a clip's length."""
    borders = sorted(set(music_borders(timeline)))
    return [
        TimeRange(start_ms=start, end_ms=end)
        for at, start in enumerate(borders)
        for end in borders[at + 1 :]
        if min_ms <= end - start <= max_ms
    ]


def _snap(timeline: Timeline, part: TimeRange, min_ms: int, max_ms: int) -> TimeRange:
    borders = [0, *(shot.at_ms for shot in timeline.shots), *music_borders(timeline), timeline.duration_ms]
    start, end = (
        min((b for b in borders if abs(b - at) <= SNAP_MS), key=lambda b: abs(b - at), default=at)
        for at in (part.start_ms, part.end_ms)
    )
    return TimeRange(start_ms=start, end_ms=end) if min_ms <= end - start <= max_ms else part


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
    said = f": the nearest, at {clock(found.start_ms)}, is “{shorten(found.text, 60)}”" if found else ""
    return f"Nothing in this video comes near to {asked}{said}."


def _not_enough(weighed: Sequence[Weighed], min_score: float) -> str:
    supported = [one for one in weighed if one.support >= MIN_SUPPORT]
    best = order(supported or weighed)[0]
    told, which = "One stretch was weighed", "it"
    if len(weighed) > 1:
        told, which = f"{len(weighed)} stretches were weighed", "the best"
    scores = f"{which}, at {clock(best.range.start_ms)}, scores {best.score:.0f} of 100"
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
