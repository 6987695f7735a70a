"""Scripts split into blocks and words: Markdown, scripts without spaces, hostile text."""

from __future__ import annotations

import time

import pytest

from core.domain.script_text.blocks import MAX_WORD_CHARACTERS, split_blocks, split_into_words, title_of_script

HOSTILE = {
    "brackets": "[" * 60_000,
    "stars": " *a" * 20_000,
    "lines of underscores": " _a" * 20_000,
    "open links": "[a](" * 15_000,
    "one word": "x" * 60_000,
    "Han": "猫" * 20_000,
    "emoji": "🎉" * 15_000,
    "sentences": "a. " * 20_000,
    "paragraphs": "a\n\n" * 20_000,
    "quotes": "> " * 30_000,
    "headings": "# " * 30_000,
    "rules": "- " * 30_000,
    "spaces": " " * 60_000,
    "fence": "~" * 59_999 + "x",
}


def kinds(text: str) -> list[tuple[str, str]]:
    return [(block.kind, " ".join(block.words)) for block in split_blocks(text)]


def test_markdown_loses_its_marks_and_keeps_its_words() -> None:
    text = """# Why **parachutes** work ##

A line
and its next with *stress*, __more__, `code` and a [link](https://example.org/a "title").
![picture](x.png)
- one
* two
1. three
> a quote

---
```python
snake_case 2*3*4
```
<b>HTML</b> [aside] is text"""
    assert kinds(text) == [
        ("heading", "Why parachutes work"),
        ("paragraph", "A line and its next with stress, more, code and a link."),
        ("item", "one"),
        ("item", "two"),
        ("item", "1) three"),
        ("paragraph", "a quote"),
        ("paragraph", "snake_case 2*3*4"),
        ("paragraph", "<b>HTML</b> is text"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("down — a lot! 🚀 Really.", ["down —", "a", "lot! 🚀", "Really."]),
        ("🎉 Party ( yes )", ["🎉 Party", "( yes )"]),
        ("C'est quoi ?", ["C'est", "quoi ?"]),
        ("「どこ」か。", ["「ど", "こ」", "か。"]),
        ("2026年", ["2026", "年"]),
        ("مرحبا بالعالم،", ["مرحبا", "بالعالم،"]),
        ("!!! ... 🎉", []),
    ],
)
def test_what_has_no_letter_belongs_to_a_neighbour(text: str, words: list[str]) -> None:
    assert split_into_words(text) == words


def test_control_characters_and_overrides_of_direction_go() -> None:
    assert kinds("\u202eevil\x07bell\ufeff\r\n\x0b\u2066x\u2069") == [("paragraph", "evil bell"), ("paragraph", "x")]


def test_a_title_is_the_first_block_cut_at_a_word() -> None:
    assert title_of_script("## Hello, *world*\n\nMore.") == "Hello, world"
    long = title_of_script("word " * 40)
    assert long.endswith("word…")
    assert len(long) <= 101
    assert title_of_script("吾輩は猫。") == "吾輩は猫。"
    assert title_of_script("!!!") == title_of_script(None) == ""


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_costs_more_than_its_length(name: str) -> None:
    begun = time.process_time()
    plain = split_blocks("word " * 12_000)
    usual_s = time.process_time() - begun
    assert plain
    begun = time.process_time()
    blocks = split_blocks(HOSTILE[name])
    assert time.process_time() - begun < 0.2 + 30 * usual_s
    assert all(len(word) <= 3 * MAX_WORD_CHARACTERS for block in blocks for word in block.words)
