"""SubRip and WebVTT files of a clip, times from its start. Never touches media."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.documents import CaptionCue
from schemas.media import TimeRange, Word
from schemas.text import join_words
from streams.render.cues import CueRules, make_cues
from streams.render.layout import CaptionLook, wrapped

LINE_CHARACTERS = 42
"""Of a subtitle, by the guides of broadcasters; two lines, up to seven seconds."""
RULES = CueRules(max_words=14, max_length_ms=7_000, min_length_ms=1_000, pause_ms=1_000, hold_ms=300, linger_ms=400)
LOOK = CaptionLook(width_px=0, height_px=0, font_px=1, centre_y_px=0, max_line_px=LINE_CHARACTERS, word_space=1.0)
"""Lines measured in characters."""


def _characters(text: str, size: int) -> float:
    return len(text) * size


def subtitle_cues(words: Sequence[Word], clip: TimeRange) -> list[CaptionCue]:
    """Cues for reading: longer and fuller than those burned in."""
    return make_cues(words, clip, lambda texts: wrapped(texts, LOOK, LOOK.font_px, _characters) is not None, RULES)


def srt(cues: Sequence[CaptionCue], clip: TimeRange, language: str | None) -> str:
    """SubRip text."""
    blocks = [
        f"{number}\n{_time(cue.start_ms - clip.start_ms, ',')} --> {_time(cue.end_ms - clip.start_ms, ',')}\n"
        f"{_text(cue, language)}\n"
        for number, cue in enumerate(cues, 1)
    ]
    return "\n".join(blocks)


def vtt(cues: Sequence[CaptionCue], clip: TimeRange, language: str | None) -> str:
    """WebVTT text (W3C Recommendation track, 4.1); what would read as markup is escaped."""
    blocks = [
        f"{_time(cue.start_ms - clip.start_ms, '.')} --> {_time(cue.end_ms - clip.start_ms, '.')}\n"
        f"{_escaped(_text(cue, language))}\n"
        for cue in cues
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _text(cue: CaptionCue, language: str | None) -> str:
    texts = [word.text for word in cue.words]
    lines = wrapped(texts, LOOK, LOOK.font_px, _characters) or [texts]
    return "\n".join(join_words(line, language) for line in lines)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(at_ms: int, mark: str) -> str:
    seconds, ms = divmod(max(0, at_ms), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{ms:03}"
