"""Explain in a sentence why there is no clip, or none with words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.domain.clock_format import format_clock
from schemas.common import TimeRange
from schemas.documents.moments import SubScore
from streams.detect.candidates.silent_windows import has_content, has_speech
from streams.detect.candidates.speech_windows import MIN_VIDEO_MS
from streams.detect.features.base import shorten_text
from streams.detect.features.visual import MIN_FACE_SCORE
from streams.detect.selection import MIN_MATCH, MIN_SUPPORT, ScoredWindow, rank_windows
from streams.detect.timeline import ProjectTimeline


def explain_no_captions(part: TimeRange, timeline: ProjectTimeline) -> str:
    """Explain why a range has no captions; empty where a word is said in it."""
    if any(word.start_ms < part.end_ms and word.end_ms > part.start_ms for word in timeline.words):
        return ""
    if timeline.without_words:
        return timeline.without_words
    return "Nothing is said in this range: it has no captions, because there are no words to show."


def explain_nothing_found(
    timeline: ProjectTimeline, windows: Sequence[ScoredWindow], min_score: float, topics: Sequence[str] = ()
) -> str:
    """Explain why there is no clip. ``min_score`` is what a clip must reach."""
    if timeline.duration_ms < MIN_VIDEO_MS:
        return (
            f"This video is {timeline.duration_ms / 1000:.1f} s long: too short for a clip, "
            f"which takes at least {MIN_VIDEO_MS // 1000} s."
        )
    if not timeline.has_video:
        suffix = "; its transcript is there" if timeline.words else ""
        return f"This recording has no pictures to make a clip of{suffix}."
    if topics and windows and max(window.asked or 0.0 for window in windows) < MIN_MATCH:
        return _explain_no_match(windows, topics)
    return _explain_low_scores(windows, min_score) if windows else _explain_silence(timeline)


def _explain_no_match(windows: Sequence[ScoredWindow], topics: Sequence[str]) -> str:
    topic_list = " or ".join(f"“{shorten_text(topic, 60)}”" for topic in topics)
    nearest = max(windows, key=lambda window: (window.asked or 0.0, -window.range.start_ms))
    nearest_quote = next(
        (window for signal in nearest.signals for window in signal.evidence if window.kind == "nearest"), None
    )
    quote_text = (
        f": the nearest, at {format_clock(nearest_quote.start_ms)}, is “{shorten_text(nearest_quote.text, 60)}”"
        if nearest_quote
        else ""
    )
    return f"Nothing in this video comes near to {topic_list}{quote_text}."


def _explain_low_scores(windows: Sequence[ScoredWindow], min_score: float) -> str:
    supported = [window for window in windows if window.support >= MIN_SUPPORT]
    best = rank_windows(supported or windows)[0]
    count_text, subject = "One part was scored", "it"
    if len(windows) > 1:
        count_text, subject = f"{len(windows)} parts were scored", "the best"
    scores = f"{subject}, at {format_clock(best.range.start_ms)}, scores {best.score:.0f} of 100"
    if not supported:
        strongest = _name_signal(max(best.signals, key=lambda signal: signal.value * signal.weight))
        return f"{count_text} and nothing stands out enough: {scores}, and its best signal is {strongest}."
    weakest = _name_signal(min(best.signals, key=lambda signal: signal.value))
    return f"{count_text} and nothing is good enough: {scores}, where {min_score:.0f} are needed (weakest: {weakest})."


def _name_signal(signal: SubScore) -> str:
    return f"{signal.name.replace('_', ' ')}, {signal.value:.2f} of 1"


def _explain_silence(timeline: ProjectTimeline) -> str:
    missing_note = " Parts of it could not be worked on." if timeline.missing else ""
    if has_speech(timeline):
        return f"Something is said in this video, but no part starts and ends with whole sentences.{missing_note}"
    speech_note = "Nothing is said" if not timeline.words else "Hardly anything is said"
    if not timeline.pictures:
        return f"{speech_note} and none of this video's pictures could be looked at.{missing_note}"
    if has_content(timeline, timeline.full_range):
        rest = _describe_rest(timeline)
        return f"{speech_note} in this video, and the rest is too little to choose a clip by: {rest}.{missing_note}"
    return f"{speech_note} and nothing moves in this video.{missing_note}"


def _describe_rest(timeline: ProjectTimeline) -> str:
    pictures = timeline.pictures
    faces = sum(any(face.score >= MIN_FACE_SCORE for face in picture.faces) for picture in pictures)
    picture_note = f"{len(pictures)} picture{'s' * (len(pictures) != 1)} looked at, {faces} with a face"
    active = timeline.sound.active_levels_in(timeline.full_range) if timeline.sound else np.zeros(0)
    return f"{picture_note}, " + (f"sound at {float(np.median(active)):.0f} dBFS" if active.size else "no sound")
