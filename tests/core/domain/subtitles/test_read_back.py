"""SRT and ASS as another program reads them."""

from __future__ import annotations

import pysubs2
import pytest

from core.domain.subtitles.ass_ttml import ass
from core.domain.subtitles.cues import Cue
from core.domain.subtitles.srt_vtt import srt

CUES = [
    Cue(start_ms=0, end_ms=1_230, lines=["Fish & chips,", "they said"], speaker="Ann"),
    Cue(start_ms=3_725_000, end_ms=3_726_000, lines=["Ёж"], speaker="S2"),
]


@pytest.mark.parametrize(("format_", "text"), [("srt", srt(CUES)), ("ass", ass(CUES))])
def test_pysubs2_reads_times_and_words(format_: str, text: str) -> None:
    events = pysubs2.SSAFile.from_string(text, format_=format_).events
    assert [(one.start, one.end, one.plaintext.split("\n")) for one in events] == [
        (cue.start_ms, cue.end_ms, cue.lines) for cue in CUES
    ]


def test_pysubs2_writes_the_same_ass() -> None:
    text = ass(CUES)
    assert pysubs2.SSAFile.from_string(text, format_="ass").to_string("ass", header_notice="") == text
