"""SRT and VTT of a clip."""

from __future__ import annotations

from schemas.media import TimeRange, Word
from streams.render.subtitles import LINE_CHARACTERS, srt, subtitle_cues, vtt
from tests.render.synth import words

CLIP = TimeRange(start_ms=60_000, end_ms=3_700_000)
TEXT = "This is the first sentence of a talk that goes on for quite a while, as talks do. Then <b>it</b> & ended."


def test_times_count_from_the_clips_start() -> None:
    cues = subtitle_cues(words("Hello there.", 61_500), CLIP)
    assert srt(cues, CLIP, "en") == "1\n00:00:01,500 --> 00:00:02,500\nHello there.\n"
    assert vtt(cues, CLIP, "en") == "WEBVTT\n\n00:00:01.500 --> 00:00:02.500\nHello there.\n"


def test_hours_are_written() -> None:
    cues = subtitle_cues(words("Late.", 3_665_000), CLIP)
    assert "01:00:05,000 -->" in srt(cues, CLIP, "en")


def test_lines_are_short_and_every_word_is_there() -> None:
    cues = subtitle_cues(words(TEXT, 60_000), CLIP)
    body = srt(cues, CLIP, "en")
    lines = [line for line in body.splitlines() if line and "-->" not in line and not line.isdigit()]
    assert " ".join(lines) == TEXT
    assert max(len(line) for line in lines) <= LINE_CHARACTERS
    assert all(block.count("\n") <= 4 for block in body.split("\n\n"))


def test_vtt_escapes_markup() -> None:
    body = vtt(subtitle_cues(words(TEXT, 60_000), CLIP), CLIP, "en")
    assert "&lt;b&gt;it&lt;/b&gt; &amp; ended." in body


def test_languages_without_spaces_are_joined() -> None:
    heard = [
        Word(text=text, start_ms=60_000 + n * 300, end_ms=60_300 + n * 300, probability=1)
        for n, text in enumerate("今日は")
    ]
    assert "今日は" in srt(subtitle_cues(heard, CLIP), CLIP, "ja")


def test_nothing_said_is_nothing_written() -> None:
    assert subtitle_cues([], CLIP) == []
