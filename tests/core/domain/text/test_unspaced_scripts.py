"""Characters and phrases of scripts without spaces: units that are never cut, and line breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.subtitles.cues import word_cues
from core.domain.text.graphemes import clusters
from core.domain.text.unspaced_scripts import NEVER_FIRST, joined, phrased, stand_apart
from schemas.common import Word


def unspaced_words(text: str, each_ms: int = 100) -> list[Word]:
    """Text without spaces, as Whisper returns it (pieces are separated by blanks here)."""
    return [
        Word(text=piece, start_ms=each_ms * at, end_ms=each_ms * (at + 1), probability=0.9)
        for at, piece in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("e\u0301a", 2),
        ("क्षत्रिय", 3),
        ("שָׁלוֹם", 4),
        ("กำลัง", 3),
        ("👩‍🚀👍🏽🇩🇪🇫🇷❤️‍🔥", 5),
        ("각\u1100\u1161\u11a8", 2),
        ("1️⃣", 1),
        ("សំរក្សា", 3),
        ("ಶಕ್ತಿ", 2),
        ("\r\na", 2),
        ("", 0),
    ],
)
def test_a_sign_is_one_grapheme_cluster(text: str, count: int) -> None:
    assert len(clusters(text)) == count


@given(st.text())
def test_signs_join_to_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text


def test_single_signs_become_phrases_with_the_times_of_their_ends() -> None:
    found = phrased(unspaced_words("エ ネ ル ギ ー は 常 に 保 存 さ れ ま す 。"), "ja")
    assert [word.text for word in found] == ["エネルギーは", "常に", "保存されます。"]
    assert [(word.start_ms, word.end_ms) for word in found] == [(0, 600), (600, 800), (800, 1500)]


def test_chinese_and_thai_have_phrases_too() -> None:
    chinese = [word.text for word in phrased(unspaced_words("能 量 总 是 守 恒 的 ，"), "zh")]
    assert "".join(chinese) == "能量总是守恒的，"
    assert 2 <= len(chinese) <= 5
    assert not any(word[0] in NEVER_FIRST for word in chinese)
    thai = [word.text for word in phrased(unspaced_words("พลัง งาน ถูก อนุ รักษ์ เสมอ"), "th")]
    assert "".join(thai) == "พลังงานถูกอนุรักษ์เสมอ"
    assert len(thai) < 6


def test_a_long_text_that_a_person_wrote_is_cut_at_its_phrases() -> None:
    (whole,) = unspaced_words("エネルギーは常に保存されます。", 1_500)
    found = phrased([whole], "ja")
    assert [word.text for word in found] == ["エネルギーは", "常に", "保存されます。"]
    assert [found[0].start_ms, found[-1].end_ms] == [0, 1_500]


def test_pauses_speakers_and_other_scripts_part_phrases() -> None:
    words = unspaced_words("保 存")
    assert len(phrased([words[0], Word(text="存", start_ms=900, end_ms=990, probability=1)], "ja")) == 2
    assert len(phrased([words[0], Word(text="存", start_ms=100, end_ms=200, probability=1, speaker="S2")], "ja")) == 2
    assert [word.text for word in phrased(unspaced_words("I love 東 京"), "ja")] == ["I", "love", "東京"]
    assert phrased(unspaced_words("just English words"), "en") == unspaced_words("just English words")


@given(st.lists(st.text(max_size=20), max_size=30), st.sampled_from(["ja", "zh", "th", "my", "en", None]))
def test_phrases_lose_no_sign_and_keep_times_in_order(texts: list[str], language: str | None) -> None:
    words = [Word(text=text, start_ms=100 * at, end_ms=100 * at + 90, probability=0.9) for at, text in enumerate(texts)]
    found = phrased(words, language)
    assert "".join(word.text for word in found) == "".join(text for text in texts if text.strip())
    assert all(word.text for word in found)
    starts = [word.start_ms for word in found]
    assert starts == sorted(starts)


def test_spaces_stand_where_their_scripts_have_them() -> None:
    assert joined("人", "、") == "人、"
    assert joined("機械", "学習") == "機械学習"
    assert joined("machine", "learning") == "machine learning"
    assert joined("用", "Python") == "用Python"
    assert joined("에너지는", "항상") == "에너지는 항상"
    assert stand_apart("用", "Python") == 0.5


def test_subtitle_lines_break_between_phrases() -> None:
    text = "生 ま れ な が ら に し て 自 由 で あ り 、 か つ 、 尊 厳 と 権 利 と に つ い て 平 等 で あ る 。"
    lines = [line for cue in word_cues(unspaced_words(text), "ja") for line in cue.lines]
    assert "".join(lines) == text.replace(" ", "")
    assert len(lines) > 1
    assert not any(line[0] in NEVER_FIRST for line in lines)


def test_a_long_word_is_never_cut_inside_a_sign() -> None:
    lines = [
        line
        for cue in word_cues([Word(text="👩‍🚀" * 20, start_ms=0, end_ms=900, probability=1)], "en")
        for line in cue.lines
    ]
    assert len(lines) > 1
    assert all(len(line) % len("👩‍🚀") == 0 for line in lines)
