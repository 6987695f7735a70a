"""Cues as ASS (written by pysubs2), TTML and plain text; `srt_vtt` has the other formats. Pure.

Sources: W3C TTML2 (8.1, 12.1, 14.1) and IMSC 1.1's text profile; the ASS reader of libass (override blocks, ``\\N``).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

from pysubs2 import SSAEvent, SSAFile
from pysubs2.formats.substation import SubstationFormat

from core.domain.clock_format import format_timestamp
from core.domain.subtitles.cues import Cue

SUBTITLE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "srt": "application/x-subrip",
        "vtt": "text/vtt; charset=utf-8",
        "ass": "text/x-ssa; charset=utf-8",
        "ttml": "application/ttml+xml",
        "txt": "text/plain; charset=utf-8",
    }
)
"""Media types by the suffix of the file."""
ASS_HEAD = """[Script Info]
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 2
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Inter,64,&H00FFFFFF,&H00FFFFFF,&H000E0C0C,&H80000000,-1,0,0,0,100,100,0,0,1,4,2,2,96,96,80,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
_ASS_SIGNS = str.maketrans({"{": "｛", "}": "｝", "\\": "＼"})
"""Override blocks and line breaks begin with these, and not all readers know an escape."""


class _Ass(SubstationFormat):
    """pysubs2's writer with our time stamps: its own stop at 9:59:59.99, where libass reads more."""

    @staticmethod
    def ms_to_timestamp(requested_ms: int) -> str:
        """Format a time in hundredths of a second, the finest unit of the format."""
        seconds, hundredths = divmod(max(0, requested_ms + 5) // 10, 100)
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{hundredths:02d}"


def ass(cues: Iterable[Cue]) -> str:
    """Advanced SubStation Alpha: white with a dark outline, at the bottom; a speaker is the line's name."""
    subtitles = SSAFile.from_string(ASS_HEAD, format_="ass")
    subtitles.events = [
        SSAEvent(
            start=cue.start_ms,
            end=cue.end_ms,
            name=(cue.speaker or "").translate(_ASS_SIGNS).replace(",", " "),
            text=r"\N".join(line.translate(_ASS_SIGNS) for line in cue.lines),
        )
        for cue in cues
    ]
    file = io.StringIO()
    _Ass.to_file(subtitles, file, "ass", header_notice="")
    return file.getvalue()


def ttml(cues: Sequence[Cue], language: str | None = None) -> str:
    """TTML 2 with media time; speakers are agents."""
    speakers = list(dict.fromkeys(cue.speaker for cue in cues if cue.speaker))
    agents = "".join(
        f'      <ttm:agent xml:id="s{number}" type="person">'
        f'<ttm:name type="full">{escape(name)}</ttm:name></ttm:agent>\n'
        for number, name in enumerate(speakers, start=1)
    )
    body = "".join(
        f'      <p begin="{format_timestamp(cue.start_ms)}" end="{format_timestamp(cue.end_ms)}"'
        f"{_agent(cue, speakers)}>"
        f"{'<br/>'.join(map(escape, cue.lines))}</p>\n"
        for cue in cues
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" \
xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling" \
ttp:timeBase="media" xml:lang={quoteattr(language or "")}>
  <head>
    <metadata>
{agents}    </metadata>
    <layout>
      <region xml:id="bottom" tts:origin="10% 80%" tts:extent="80% 15%" tts:displayAlign="after" \
tts:textAlign="center"/>
    </layout>
  </head>
  <body region="bottom">
    <div>
{body}    </div>
  </body>
</tt>
"""


def _agent(cue: Cue, speakers: Sequence[str]) -> str:
    return f' ttm:agent="s{speakers.index(cue.speaker) + 1}"' if cue.speaker else ""


def plain(cues: Iterable[Cue]) -> str:
    """The spoken text, one cue a line; no times."""
    return "".join(" ".join(cue.lines) + "\n" for cue in cues)
