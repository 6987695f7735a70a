"""Words that are stressed, and those that have an emoji, in more than one script."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from core.domain.text.bare_word import bare_word
from streams.renderer.captions.emphasis import find_emoji, find_keyword
from streams.renderer.typography.font_fallback import choose_font
from streams.renderer.typography.fonts import EMOJI_FONT


@pytest.mark.parametrize(
    ("language", "texts", "found"),
    [
        ("en", ["my", "Rockets!"], (1, "🚀")),
        ("de", ["die", "Idee"], (1, "💡")),
        ("ru", ["энергия", "и", "мир"], (0, "⚡")),
        ("ar", ["هذه", "الطاقة"], (1, "⚡")),
        ("he", ["הרובוט"], (0, "🤖")),
        ("ja", ["エネルギーは", "常に"], (0, "⚡")),
        ("zh-Hans", ["能量", "总是"], (0, "⚡")),
        ("ko", ["에너지는"], (0, "⚡")),
        ("en", ["moonlight", "carpet"], None),
        ("xx", ["rocket"], None),
        (None, ["rocket"], None),
    ],
)
def test_a_thing_has_its_emoji(language: str | None, texts: list[str], found: tuple[int, str] | None) -> None:
    assert find_emoji(texts, language) == found


def test_every_emoji_of_the_table_is_in_the_font() -> None:
    table: dict[str, dict[str, str]] = json.loads((files("schemas") / "data" / "emoji.json").read_text())
    for known in table.values():
        assert all(word == word.casefold() == bare_word(word) for word in known)
        assert all(choose_font(one, "display") == EMOJI_FONT for one in known.values())


@pytest.mark.parametrize(
    ("language", "texts", "number"),
    [
        ("ar", ["في", "الطاقة"], 1),
        ("hi", ["और", "महत्वपूर्ण"], 1),
        ("ja", ["人", "は"], None),
        ("zh", ["我们", "能量守恒"], 1),
        ("de", ["eigentlich", "Energie"], 1),
    ],
)
def test_long_words_are_stressed_in_their_own_script(language: str, texts: list[str], number: int | None) -> None:
    assert find_keyword(texts, language) == number
