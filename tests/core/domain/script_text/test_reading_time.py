"""Times of a script's words, and the rules that a script keeps."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.domain.script_text.reading_time import (
    BLOCK_MS,
    MAX_DURATION_MS,
    MIN_DURATION_MS,
    MIN_SENTENCE_MS,
    SENTENCE_MS,
    time_script,
)
from core.domain.script_text.rules import NO_WORDS_RULE, TOO_LONG_RULE, broken_script
from schemas.options.project import MAX_SCRIPT_BYTES, ProjectOptions
from schemas.options.script_text import CARDS_TEMPLATE, card_options

ENGLISH = ProjectOptions(language="en")
SHORT_LINES = "a\n\n" * 12_000
PLAIN = "The quick brown fox jumps over the lazy dog and runs away. "


def test_words_follow_each_other_at_reading_speed() -> None:
    timed = time_script(PLAIN * 40, "en")
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(timed.words))
    assert all(word.start_ms < word.end_ms <= timed.duration_ms for word in timed.words)
    words_a_minute = len(timed.words) / timed.duration_ms * 60_000
    assert 150 < words_a_minute < 200
    assert len(timed.sentences) == 40


def test_pauses_stand_behind_sentences_and_blocks() -> None:
    timed = time_script("One two three four five.\nSix seven eight nine ten.\n\nNew paragraph begins right here.", "en")
    gaps = [after.start_ms - before.end_ms for before, after in pairwise(timed.sentences)]
    assert gaps == [SENTENCE_MS, BLOCK_MS]


@pytest.mark.parametrize(("text", "language"), [("Go.", "en"), ("猫", "ja"), ("5", "de")])
def test_one_word_makes_a_project_of_the_shortest_length(text: str, language: str) -> None:
    timed = time_script(text, language)
    assert timed.duration_ms == MIN_DURATION_MS
    assert [time.length_ms for time in timed.sentences] == [MIN_SENTENCE_MS]


def test_signs_without_spaces_are_read_by_the_sign() -> None:
    han = time_script("吾輩は猫である名前はまだ無い" * 20, "ja")
    assert 250 < len(han.words) / han.duration_ms * 60_000 < 360
    thai = time_script("ฉันรักการอ่านหนังสือทุกวัน" * 20, "th")
    assert thai.duration_ms < 60_000


@pytest.mark.parametrize(
    ("text", "options", "path"),
    [
        ("!!! 🎉 ...", ENGLISH, "script_text"),
        ("[only a direction]", ENGLISH, "script_text"),
        ("x" * (MAX_SCRIPT_BYTES + 1), ENGLISH, "script_text"),
        ('"' * (MAX_SCRIPT_BYTES // 2 + 1), ENGLISH, "script_text"),
        (SHORT_LINES, ENGLISH, "script_text"),
        ("Hello.", ProjectOptions(), "options/language"),
        ("Hello.", ProjectOptions(language="en", captions=False), "options/captions"),
        ("Hello.", ProjectOptions(language="en", script="Hello."), "options/script"),
        ("Hello.", ProjectOptions(language="de", translate="en"), "options/translate"),
    ],
)
def test_a_script_that_cannot_be_shown_is_refused(text: str, options: ProjectOptions, path: str) -> None:
    assert list(broken_script(text, options)) == [path]


def test_a_refusal_says_what_is_missing() -> None:
    assert broken_script("?!", ENGLISH) == {"script_text": NO_WORDS_RULE}
    assert broken_script(SHORT_LINES, ENGLISH) == {"script_text": TOO_LONG_RULE}
    assert time_script(SHORT_LINES, "en").duration_ms > MAX_DURATION_MS
    assert broken_script(PLAIN * 1_000, ENGLISH) == {}


def test_captions_are_cards_unless_another_template_is_named() -> None:
    assert card_options("Hello.", ENGLISH).captions_template == CARDS_TEMPLATE
    assert card_options(None, ENGLISH) == ENGLISH
    own = ProjectOptions(language="en", captions_template="minimal")
    assert card_options("Hello.", own) == own
