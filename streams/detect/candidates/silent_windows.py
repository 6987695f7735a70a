"""Candidate windows of a video without enough speech, from sound and picture. Pure."""

from __future__ import annotations

from schemas.common import TimeRange
from streams.detect.candidates.speech_windows import MIN_VIDEO_MS
from streams.detect.features.visual import MIN_FACE_SCORE, has_motion
from streams.detect.timeline import SILENT_DB, ProjectTimeline
from streams.detect.window import CandidateWindow

WINDOW_STEP_MS = 5_000
"""Distance between window starts."""
MIN_WORDS = 5
"""Fewer words than this in a whole video are not enough speech to cut by."""
MIN_AUDIBLE_RATIO = 0.2
"""Share of levels above silence from which a range is audible."""
MAX_SNAP_MS = 2_500
"""Distance within which a window's edge moves to a cut or a border of music."""


def has_speech(timeline: ProjectTimeline) -> bool:
    """Whether there is enough speech to cut on sentences."""
    return len(timeline.words) >= MIN_WORDS


def is_audible(timeline: ProjectTimeline, part: TimeRange) -> bool:
    """Whether there is something to hear in ``part``."""
    if timeline.sound is None:
        return False
    levels = timeline.sound.levels_in(part)
    return levels.size > 0 and float((levels > SILENT_DB).mean()) >= MIN_AUDIBLE_RATIO


def has_faces(timeline: ProjectTimeline, part: TimeRange) -> bool:
    """Whether a face is visible in ``part``."""
    return any(face.score >= MIN_FACE_SCORE for picture in timeline.pictures_in(part) for face in picture.faces)


def has_content(timeline: ProjectTimeline, part: TimeRange) -> bool:
    """Whether anything is heard, moves, or faces the viewer."""
    return is_audible(timeline, part) or has_motion(timeline, part) or has_faces(timeline, part)


def find_silent_windows(timeline: ProjectTimeline, *, min_ms: int, max_ms: int) -> list[CandidateWindow]:
    """Find windows of two lengths every 5 s where something happens, and whole sections of music.

    Edges move to the nearest cut or border of music.
    """
    if timeline.duration_ms < min_ms:
        spans = [timeline.full_range] if timeline.duration_ms >= MIN_VIDEO_MS else []
    else:
        lengths = sorted({min_ms, min(max_ms, timeline.duration_ms, max(min_ms, (min_ms + max_ms) // 2))})
        starts = range(0, timeline.duration_ms - min_ms + 1, WINDOW_STEP_MS)
        spans = [
            _snap(timeline, TimeRange(start_ms=start, end_ms=start + length), min_ms, max_ms)
            for start in starts
            for length in lengths
            if start + length <= timeline.duration_ms
        ] + list_music_sections(timeline, min_ms, max_ms)
    unique = {(part.start_ms, part.end_ms): part for part in spans if has_content(timeline, part)}
    return [
        CandidateWindow(range=unique[key], sentences=(), start_quality=0.0, end_quality=0.0) for key in sorted(unique)
    ]


def list_music_borders(timeline: ProjectTimeline) -> list[int]:
    """List where music begins, ends or changes."""
    events = timeline.sounds.events if timeline.sounds else []
    return [at for event in events if event.kind in ("music", "section") for at in (event.start_ms, event.end_ms)]


def list_music_sections(timeline: ProjectTimeline, min_ms: int, max_ms: int) -> list[TimeRange]:
    """List runs of whole sections of music that have a clip's length."""
    borders = sorted(set(list_music_borders(timeline)))
    return [
        TimeRange(start_ms=start, end_ms=end)
        for at, start in enumerate(borders)
        for end in borders[at + 1 :]
        if min_ms <= end - start <= max_ms
    ]


def _snap(timeline: ProjectTimeline, part: TimeRange, min_ms: int, max_ms: int) -> TimeRange:
    borders = [0, *(shot.at_ms for shot in timeline.shots), *list_music_borders(timeline), timeline.duration_ms]
    start, end = (
        min(
            (border_ms for border_ms in borders if abs(border_ms - edge_ms) <= MAX_SNAP_MS),
            key=lambda border_ms: abs(border_ms - edge_ms),
            default=edge_ms,
        )
        for edge_ms in (part.start_ms, part.end_ms)
    )
    return TimeRange(start_ms=start, end_ms=end) if min_ms <= end - start <= max_ms else part
