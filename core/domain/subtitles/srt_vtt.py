"""Cues as SRT (written by pysubs2), WebVTT and plain text. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

from pysubs2 import SSAEvent, SSAFile
from pysubs2.formats.subrip import SubripFormat

from core.domain.clock_format import format_timestamp
from core.domain.subtitles.cues import DOUBT, Cue, clean
from schemas.common import Segment

_BACKSLASH = "\ue000"
"""Stands for a backslash inside pysubs2, which takes a word's ``\\N`` for a line break; `clean` leaves no such sign."""
_LINE_EDGE = "\ue001"
"""Stands at both ends of a line inside pysubs2, which else drops empty lines and the spaces around the text."""


class _Srt(SubripFormat):
    """pysubs2's writer with our time stamps: its own stay at 99:59:59,999 from the hundredth hour on."""

    @staticmethod
    def ms_to_timestamp(ms: int) -> str:
        return format_timestamp(ms, ",")


def srt(cues: Iterable[Cue]) -> str:
    """SubRip text; ``<`` and ``>`` become full-width signs, because it has no escape for markup."""
    subtitles = SSAFile()
    subtitles.events = [
        SSAEvent(start=cue.start_ms, end=cue.end_ms, text=r"\N".join(map(_guarded, cue.lines))) for cue in cues
    ]
    file = io.StringIO()
    _Srt.to_file(subtitles, file, "srt", keep_ssa_tags=True)
    text = file.getvalue().removesuffix("\n")  # no empty line after the last cue
    return text.replace(_BACKSLASH, "\\").replace(_LINE_EDGE, "")


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


def _guarded(line: str) -> str:
    """A line that pysubs2 writes as it is."""
    line = line.replace("<", "＜").replace(">", "＞").replace("\\", _BACKSLASH)
    return f"{_LINE_EDGE}{line}{_LINE_EDGE}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
