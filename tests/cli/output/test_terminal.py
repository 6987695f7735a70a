"""Text on a terminal: long lines break between words, paths and links never."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cli.output.terminal import Display, wrap_lines

PATH = "/a/folder/with/a/long/name/01-a-clip-of-a-talk-on-pendulums-9x16.mp4"
SENTENCE = "Go on with `clipstream edit 1`, `export 1 --aspect 1:1` or `preview 1`: by number, or by the id."


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_lines_break_between_words(columns: int) -> None:
    lines = wrap_lines(SENTENCE, columns).splitlines()
    assert " ".join(lines) == SENTENCE
    assert max(len(line) for line in lines) <= columns


def test_a_word_longer_than_a_line_is_not_broken() -> None:
    assert PATH in wrap_lines(f"saved to {PATH} of the clip", 40).splitlines()


def test_lines_keep_their_indent_and_their_breaks() -> None:
    text = "A field is wrong:\n  end_ms: The source ends at 203.34 s: `end_ms` is at most that.\n\nend"
    lines = wrap_lines(text, 30).splitlines()
    assert lines[0] == "A field is wrong:"
    assert all(line.startswith("  ") for line in lines[1:-2])
    assert lines[-2:] == ["", "end"]


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_breaks_lines(terminal: bool) -> None:
    out = io.StringIO()
    Display(Console(file=out, width=30, force_terminal=terminal), lambda: 0.0).say(SENTENCE)
    assert (out.getvalue().count("\n") == 1) is not terminal
