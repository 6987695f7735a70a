"""ASS, TTML and text of cues: they read back to the same words and times, with any characters."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.subtitles.ass_ttml import ass, plain, ttml
from core.domain.subtitles.cues import Cue, clean

P = "{http://www.w3.org/ns/ttml}p"
AGENT = "{http://www.w3.org/ns/ttml#metadata}agent"
CUES = [
    Cue(start_ms=0, end_ms=1_234, lines=["Fish & chips <now>", "said {he}\\N"], speaker='Ann, "B" & Co'),
    Cue(start_ms=3_725_006, end_ms=3_726_000, lines=["Ёж"], speaker="S2"),
    Cue(start_ms=3_727_000, end_ms=3_728_000, lines=["again"], speaker="S2"),
]


def test_ttml_is_xml_with_the_words_times_and_speakers() -> None:
    root = ET.fromstring(ttml(CUES, "en"))
    assert root.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "en"
    found = root.findall(f".//{P}")
    assert ["|".join(one.itertext()) for one in found] == ["|".join(cue.lines) for cue in CUES]
    assert (found[1].attrib["begin"], found[1].attrib["end"]) == ("01:02:05.006", "01:02:06.000")
    names = {
        one.attrib["{http://www.w3.org/XML/1998/namespace}id"]: "".join(one.itertext()) for one in root.iter(AGENT)
    }
    assert [names[one.attrib[AGENT]] for one in found] == [cue.speaker for cue in CUES]


def test_ass_has_a_line_for_each_cue_and_no_word_can_be_a_command() -> None:
    lines = [line for line in ass(CUES).splitlines() if line.startswith("Dialogue:")]
    assert (
        lines[0] == 'Dialogue: 0,0:00:00.00,0:00:01.23,Default,Ann  "B" & Co,0,0,0,,Fish & chips <now>\\Nsaid ｛he｝＼N'
    )
    assert lines[1].startswith("Dialogue: 0,1:02:05.01,1:02:06.00,Default,S2,")
    head = ass([]).splitlines()
    formats = [line for line in head if line.startswith("Format:")]
    style = next(line for line in head if line.startswith("Style:"))
    assert len(formats[0].split(",")) == len(style.split(","))


def test_text_is_one_cue_a_line() -> None:
    assert plain(CUES).splitlines() == ["Fish & chips <now> said {he}\\N", "Ёж", "again"]


@given(st.text(max_size=40).map(clean).filter(bool), st.integers(0, 10**7))
def test_any_words_read_back(text: str, start_ms: int) -> None:
    cue = Cue(start_ms=start_ms, end_ms=start_ms + 900, lines=[text], speaker=text)
    (found,) = ET.fromstring(ttml([cue])).findall(f".//{P}")
    assert "".join(found.itertext()) == text
    events = ass([cue]).partition("[Events]")[2].splitlines()
    assert len(events) == 3, "no word begins a line of its own"
    assert not re.search(r"[{}]", events[2])


@pytest.mark.parametrize(("at_ms", "shown"), [(4, "0:00:00.00"), (5, "0:00:00.01"), (59_999, "0:01:00.00")])
def test_hundredths_are_rounded(at_ms: int, shown: str) -> None:
    (line,) = [one for one in ass([Cue(start_ms=at_ms, end_ms=90_000, lines=["a"])]).splitlines() if "Dialogue" in one]
    assert line.split(",")[1] == shown
