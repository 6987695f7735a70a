"""Word times next to the text: found by character, whatever changed in between."""

from __future__ import annotations

from core.domain.text.indexed_word_times import phrase_time, time_at, transcript_words, word_times
from core.domain.text.script_languages import said_in, written_in

WORDS = [("The", 0), ("walrus", 300), ("swims,", 900), ("the", 1500), ("walrus", 1700), ("sleeps.", 2400)]
TEXT = "The walrus swims, the walrus sleeps."


def test_a_word_has_the_time_of_its_beginning() -> None:
    times = word_times(TEXT, WORDS)
    assert times == [0, 0, 4, 300, 11, 900, 18, 1500, 22, 1700, 29, 2400]
    assert [time_at(times, TEXT.index(word)) for word in ("The", "swims", "sleeps", "leeps")] == [0, 900, 2400, 2400]
    assert time_at([], 5) is None
    assert time_at([3, 70], 2) is None


def test_changed_words_lose_their_time_and_no_others() -> None:
    corrected = word_times("The seal swims, the walrus sleeps.", WORDS)
    assert time_at(corrected, 4) == 0
    assert time_at(corrected, 9) == 900
    assert word_times("", WORDS) == word_times(TEXT, []) == []
    assert word_times("量子計算の歴史", [("量子", 10), ("計算の", 400), ("歴史", 800)]) == [0, 10, 2, 400, 5, 800]


def test_words_come_back_with_their_times() -> None:
    document = {"text": TEXT, "word_at": word_times(TEXT, WORDS)}
    assert transcript_words([document]) == WORDS
    assert transcript_words([document], from_ms=900, to_ms=1700) == [("swims,", 900), ("the", 1500)]
    assert transcript_words([{"text": "older than times"}]) == []
    assert phrase_time("walrus SLEEPS", [{"text": "elsewhere"}, document]) == 1700
    assert phrase_time("otter", [document]) is None


def test_a_text_goes_to_the_field_of_its_language_and_no_other() -> None:
    assert said_in(["ja"], "歴史") == {"said_ja": "歴史", "said_zh": None, "said_ko": None, "said_th": None}
    assert set(said_in(["en", None], "history").values()) == {None}
    assert (written_in("yue"), written_in("de"), written_in(None)) == ("zh", None, None)
