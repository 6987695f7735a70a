"""Every command on a page works: the command line parses it, the module exists, make has the target."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from cli.__main__ import make_parser
from tests.docs.pages import REPO, blocks, inline_code, text_of

COMMAND = re.compile(r"^(?:\.venv/bin/)?((?:clipstream|python -m|make) .*)$", re.MULTILINE)
FLAG = re.compile(r"--[a-z][a-z-]*")
TYPED = sorted({line for block in blocks(text_of(), "sh") for line in COMMAND.findall(block)})
NAMED = sorted({code for code in inline_code(text_of()) if COMMAND.match(code)})


def parser_of(words: list[str]) -> argparse.ArgumentParser:
    """The parser of a command and of the command inside it."""
    parser: argparse.ArgumentParser = make_parser()
    for word in words:
        inner = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        if not inner:
            break
        assert word in inner[0].choices, f"there is no command {word!r}"
        parser = inner[0].choices[word]
    return parser


@pytest.mark.parametrize("line", [line for line in TYPED if line.startswith("clipstream ")])
def test_every_documented_command_line_parses(line: str) -> None:
    make_parser().parse_args(shlex.split(line, comments=True)[1:])


@pytest.mark.parametrize("code", [code for code in NAMED if re.match(r"clipstream [a-z]", code)])
def test_every_named_flag_exists(code: str) -> None:
    flags = parser_of(code.split()[1:])._option_string_actions
    assert [flag for flag in FLAG.findall(code) if flag not in flags] == []


@pytest.mark.parametrize("line", sorted(line for line in {*TYPED, *NAMED} if line.startswith("python -m ")))
def test_every_named_module_and_its_flags_exist(line: str) -> None:
    words = shlex.split(line, comments=True)
    path = REPO / words[2].replace(".", "/")
    files = [file for file in (path.with_suffix(".py"), path / "__main__.py") if file.exists()]
    assert len(files) == 1, f"there is no module {words[2]}"
    shared = "" if "benchmarks" not in words[2] else (REPO / "benchmarks" / "harness" / "rig.py").read_text()
    known = set(FLAG.findall(files[0].read_text() + shared))
    assert {flag for word in words[3:] for flag in FLAG.findall(word)} - known == set()


def test_every_named_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
    named = {line.split()[1] for line in (*TYPED, *NAMED) if line.startswith("make ")}
    assert named
    assert named - targets == set()
