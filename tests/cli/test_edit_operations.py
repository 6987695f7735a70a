"""Each operation of the API has a flag of `edit`, and the API accepts what the flag makes."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from cli.__main__ import make_parser
from cli.options.edit_operations import add_operations
from core.domain.editing.edit_operations import Operation
from tests.docs.pages import text_of

TYPED: list[tuple[list[str], dict[str, Any]]] = [
    (["--split", "s1@1:42.5"], {"op": "split", "segment_id": "s1", "at_ms": 102_500}),
    (["--join", "s1"], {"op": "join", "segment_id": "s1"}),
    (["--move", "s3=s1"], {"op": "move", "segment_id": "s3", "before": "s1"}),
    (["--move", "s3"], {"op": "move", "segment_id": "s3", "before": None}),
    (["--insert", "2:10-2:20=s2"], {"op": "insert", "start_ms": 130_000, "end_ms": 140_000, "before": "s2"}),
    (["--remove", "s2"], {"op": "remove", "segment_id": "s2"}),
    (["--speed", "s2=1.25"], {"op": "speed", "segment_id": "s2", "speed": 1.25}),
    (["--mute", "s2"], {"op": "mute", "segment_id": "s2", "muted": True}),
    (["--unmute", "s2"], {"op": "mute", "segment_id": "s2", "muted": False}),
    (["--gain", "s1=-3"], {"op": "gain", "segment_id": "s1", "gain_db": -3.0}),
    (["--style", "s2=karaoke_fill"], {"op": "style", "segment_id": "s2", "template": "karaoke_fill"}),
    (["--style", "s2"], {"op": "style", "segment_id": "s2", "template": None}),
    (["--crop", "9:16=auto"], {"op": "crop", "aspect": "9:16", "keys": []}),
    (["--text", "1:30-1:34=So: a=b"], {"op": "text", "start_ms": 90_000, "end_ms": 94_000, "text": "So: a=b"}),
    (["--text", "1:30-1:34="], {"op": "text", "start_ms": 90_000, "end_ms": 94_000, "text": ""}),
    (["--text", "1:30-1:34"], {"op": "text", "start_ms": 90_000, "end_ms": 94_000, "text": None}),
    (["--restore", "3"], {"op": "restore", "version": 3}),
]


@pytest.mark.parametrize(
    ("flags", "operation"), TYPED, ids=lambda value: " ".join(value) if type(value) is list else ""
)
def test_a_flag_makes_an_operation_that_the_api_takes(flags: list[str], operation: dict[str, Any]) -> None:
    (made,) = make_parser().parse_args(["edit", "1", *flags]).operations
    assert made == operation
    msgspec.convert(made, Operation)


def test_every_operation_of_the_api_has_a_flag_and_a_row_on_the_page() -> None:
    known = {str(kind.__struct_config__.tag) for kind in get_args(Operation)}
    page = text_of("docs/cli.md")
    rows = dict(re.findall(r"^\| `(--[a-z-]+)`(?:, `--[a-z]+`)? \| `(\w+)` \|", page, re.MULTILINE))
    assert set(rows.values()) == known
    flags = {option for action in _edit_parser()._actions for option in action.option_strings}
    assert set(rows) <= flags


def _edit_parser() -> argparse.ArgumentParser:
    for action in make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            parser: argparse.ArgumentParser = action.choices["edit"]
            return parser
    raise AssertionError("there are no commands")


def test_operations_keep_the_order_in_which_they_were_typed(tmp_path: Path) -> None:
    file = tmp_path / "more.json"
    file.write_text(json.dumps([{"op": "join", "segment_id": "s9"}, {"op": "drop_fillers"}]))
    line = ["edit", "1", "--split", "s1@9", "--operations", str(file), "--remove", "s1"]
    made = make_parser().parse_args(line).operations
    assert [one["op"] for one in made] == ["split", "join", "drop_fillers", "remove"]


def test_key_frames_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = [{"at_ms": 0, "crop": {"x": 0.1, "y": 0, "width": 0.3, "height": 1}}]
    file.write_text(json.dumps(keys))
    (made,) = make_parser().parse_args(["edit", "1", "--crop", f"1:1={file}"]).operations
    assert made == {"op": "crop", "aspect": "1:1", "keys": keys}


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--split", "s1"], "write s1@1:42.5"),
        (["--speed", "s1"], "write s2=1.25"),
        (["--gain", "s1=loud"], "write s1=-3"),
        (["--crop", "9:16"], "write 9:16=keys.json"),
        (["--crop", "3:4=auto"], "is not an aspect"),
        (["--crop", "9:16=/nowhere.json"], "cannot be read"),
        (["--restore", "x"], "write its number"),
        (["--text", "90=x"], "is not a start and an end"),
        (["--operations", __file__], "is not JSON"),
    ],
)
def test_an_invalid_operation_is_refused(flags: list[str], line: str) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_operations(parser)
    with pytest.raises(argparse.ArgumentError) as caught:
        parser.parse_args(flags)
    assert line in str(caught.value)
