"""Video without enough speech: windows from sound and pictures, or the honest sentence that there is nothing. Pure."""

from __future__ import annotations

from schemas.common import TimeRange
from streams.detect.candidates.speech_windows import SHORTEST_WHOLE_MS
from streams.detect.features.visual import MIN_FACE_SCORE, moves
from streams.detect.timeline import SILENT_DB, Timeline
from streams.detect.window import Window

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
