"""Cues as SRT, WebVTT and plain text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.domain.clock_format import format_timestamp
from core.domain.subtitles.cues import DOUBT, Cue, clean
from schemas.common import Segment


def srt(cues: Iterable[Cue]) -> str:
    """SubRip text; ``<`` and ``>`` become full-width signs, because it has no escape for markup."""
    blocks = (
        f"{number}\n{format_timestamp(cue.start_ms, ',')} --> {format_timestamp(cue.end_ms, ',')}\n"
        + "\n".join(map(_bare, cue.lines))
        + "\n"
        for number, cue in enumerate(cues, start=1)
    )
    return "\n".join(blocks)


def vtt(cues: Iterable[Cue]) -> str:
    """WebVTT: text escaped, so that no word can be markup or end a cue; a speaker is a voice span."""
    blocks = (
        f"{format_timestamp(cue.start_ms, '.')} --> {format_timestamp(cue.end_ms, '.')}\n"
        + (f"<v {_escaped(cue.speaker)}>" if cue.speaker else "")
        + "\n".join(map(_escaped, cue.lines))
        + "\n"
        for cue in cues
    )
    return "WEBVTT\n\n" + "\n".join(blocks)


def txt(segments: Iterable[Segment], *, paragraph_ms: int = 2_000, names: Mapping[str, str] | None = None) -> str:
    """Plain text: one segment a line, an empty line at each pause of ``paragraph_ms``.

    With ``names`` of speakers also at each change of speaker, and the new one is named.
    """
    lines: list[str] = []
    before_ms: int | None = None
    before: str | None = None
    for segment in segments:
        speaker = (names or {}).get(segment.speaker or "")
        changed = speaker is not None and speaker != before
        if before_ms is not None and (changed or segment.start_ms - before_ms >= paragraph_ms):
            lines.append("")
        text = (DOUBT if segment.trust == "doubtful" else "") + clean(segment.text)
        lines.append(f"{speaker}: {text}" if changed else text)
        before_ms, before = segment.end_ms, speaker
    return "".join(f"{line}\n" for line in lines)


def _bare(text: str) -> str:
    return text.replace("<", "＜").replace(">", "＞")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
