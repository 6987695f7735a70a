"""SRT, WebVTT and text: widths, times, escaping, clips."""

from __future__ import annotations

import itertools
import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.domain.subtitles.cues import (
    MAX_LINE_CHARACTERS,
    MAX_LINES,
    Cue,
    clean,
    columns,
    range_cues,
    speaker_names,
    transcript_cues,
    word_cues,
)
from core.domain.subtitles.srt_vtt import srt, txt, vtt
from schemas.common import Segment, TimeRange, Word
from schemas.documents.diarization import Diarization, Speaker
from schemas.documents.transcript import Transcript


def word(text: str, start_ms: int, end_ms: int) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=end_ms, probability=1.0)


def transcript(words: list[Word], language: str = "en") -> Transcript:
    whole = Segment(
        start_ms=words[0].start_ms,
        end_ms=words[-1].end_ms,
        text=" ".join(one.text for one in words),
        first_word=0,
        end_word=len(words),
    )
    return Transcript(
        language=language,
        language_probability=1.0,
        duration_ms=words[-1].end_ms,
        words=words,
        segments=[whole],
        speech=[],
        model="m",
    )


def spoken(text: str, step_ms: int = 300) -> list[Word]:
    return [word(one, at * step_ms, at * step_ms + 250) for at, one in enumerate(text.split())]


def test_srt_has_numbers_commas_and_hours() -> None:
    cues = [
        Cue(start_ms=3_723_004, end_ms=3_724_050, lines=["Hello,", "you"]),
        Cue(start_ms=0, end_ms=1, lines=["<i>"]),
    ]
    assert srt(cues) == ("1\n01:02:03,004 --> 01:02:04,050\nHello,\nyou\n\n2\n00:00:00,000 --> 00:00:00,001\n＜i＞\n")
    assert srt([]) == ""


def test_vtt_escapes_markup_and_arrows() -> None:
    made = vtt([Cue(start_ms=0, end_ms=999, lines=["a --> <b> & c"])])
    assert made == "WEBVTT\n\n00:00:00.000 --> 00:00:00.999\na --&gt; &lt;b&gt; &amp; c\n"
    assert vtt([]) == "WEBVTT\n\n"


def test_a_pause_begins_a_new_cue() -> None:
    cues = word_cues([word("one", 0, 300), word("two", 1000, 1300)], "en")
    assert [cue.lines for cue in cues] == [["one"], ["two"]]


def test_cues_of_a_clip_count_from_its_start() -> None:
    words = [word("before", 0, 900), word("half", 900, 1200), word("in", 1200, 1500), word("after", 2100, 2400)]
    (cue,) = range_cues(transcript(words), TimeRange(start_ms=1000, end_ms=2000))
    assert (cue.start_ms, cue.lines) == (0, ["half in"])
    assert cue.end_ms == 700  # held a little longer to be read


def test_a_short_cue_is_held_but_not_over_the_next() -> None:
    first, second = transcript_cues(transcript([word("a", 0, 100), word("b", 850, 900)]))
    assert (first.end_ms, second.end_ms) == (700, 1550)


def test_wide_signs_take_two_columns_and_no_spaces() -> None:
    (cue, *_) = word_cues([word("漢字" * 5, 0, 100), word("漢字" * 5, 100, 200), word("漢", 200, 300)], "zh")
    assert cue.lines == ["漢字" * 10, "漢"] or cue.lines == ["漢字" * 10 + "漢"]
    assert columns("e\u0301") == 1


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=80))
def test_no_line_is_too_wide_and_no_word_is_lost(parts: list[str]) -> None:
    words = [word(part, at * 200, at * 200 + 200) for at, part in enumerate(parts)]
    cues = transcript_cues(transcript(words))
    assert all(columns(line) <= MAX_LINE_CHARACTERS for cue in cues for line in cue.lines)
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(one.end_ms <= other.start_ms for one, other in itertools.pairwise(cues))
    assert not any("-->" in line and "\n" in line for cue in cues for line in cue.lines)
    shown = re.sub(r"\s", "", "".join("".join(cue.lines) for cue in cues))
    said = re.sub(r"\s", "", "".join(clean(part) for part in parts))
    assert shown == said


def test_most_cues_have_at_most_two_lines() -> None:
    cues = word_cues(spoken("Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor " * 5), "en")
    assert all(len(cue.lines) <= MAX_LINES for cue in cues)


def test_plain_text_has_a_line_a_segment_and_paragraphs() -> None:
    parts = [
        Segment(start_ms=0, end_ms=1000, text="One.", first_word=0, end_word=1),
        Segment(start_ms=1100, end_ms=2000, text="Two.", first_word=1, end_word=2),
        Segment(start_ms=5000, end_ms=6000, text="Three.", first_word=2, end_word=3),
    ]
    assert txt(parts) == "One.\nTwo.\n\nThree.\n"


def conversation(*speakers: Speaker) -> Transcript:
    """Three lines by two voices; ``speakers`` are those that are known."""
    lines = (("S1", "Hello you", 0), ("S1", "Still me", 2000), ("S2", "Hello & bye", 4000))
    words, parts = list[Word](), list[Segment]()
    for who, text, at_ms in lines:
        first = len(words)
        for number, one in enumerate(text.split()):
            start_ms = at_ms + 300 * number
            words.append(Word(text=one, start_ms=start_ms, end_ms=start_ms + 250, probability=1.0, speaker=who))
        span = (words[first].start_ms, words[-1].end_ms)
        parts.append(
            Segment(start_ms=span[0], end_ms=span[1], text=text, first_word=first, end_word=len(words), speaker=who)
        )
    told = Diarization(speakers=list(speakers), turns=[], overlaps=[], model="m")
    whole = transcript(words)
    return msgspec.structs.replace(whole, segments=parts, diarization=told)


def test_each_format_names_the_speakers_of_a_conversation() -> None:
    talk = conversation(Speaker(id="S1", speech_ms=1, turns=1, name="Ada"), Speaker(id="S2", speech_ms=1, turns=1))
    assert txt(talk.segments, names=speaker_names(talk)) == "Ada: Hello you\nStill me\n\nS2: Hello & bye\n"
    labelled = srt(transcript_cues(talk, labelled=True))
    assert [line for line in labelled.splitlines() if line[:1].isalpha()] == [
        "Ada: Hello you", "Still me", "S2: Hello & bye"
    ]  # fmt: skip
    spoken = vtt(transcript_cues(talk))
    assert "<v Ada>Hello you\n" in spoken
    assert "<v Ada>Still me\n" in spoken
    assert "<v S2>Hello &amp; bye\n" in spoken


def test_a_name_is_escaped_as_text() -> None:
    talk = conversation(Speaker(id="S1", speech_ms=1, turns=1, name="<b>\nEve"), Speaker(id="S2", speech_ms=1, turns=1))
    assert "<v &lt;b&gt; Eve>Hello you" in vtt(transcript_cues(talk))
    assert "＜b＞ Eve: Hello you" in srt(transcript_cues(talk, labelled=True))


def test_a_single_speaker_is_not_named() -> None:
    talk = conversation(Speaker(id="S1", speech_ms=1, turns=1, name="Ada"))
    assert "Ada" not in txt(talk.segments, names=speaker_names(talk)) + vtt(transcript_cues(talk)) + srt(
        transcript_cues(talk, labelled=True)
    )
