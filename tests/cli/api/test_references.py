"""Short names on the command line: numbers of the last run, first digits of ids, and what fails."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cli.api.references import References, memory_file
from cli.exit_codes import CliError, ExitCode
from tests.cli.fake_api import Twin

PROJECT = "0b8e6c4e-7d57-4b52-8a55-6c1f3f0a9e21"
CLIPS = ["aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"]


def id_answer(*ids: str, kind: str = "clip") -> httpx2.Response:
    return httpx2.Response(200, json={"items": [{"kind": kind, "id": one} for one in ids]})


def references(tmp_path: Path, *answers: httpx2.Response) -> References:
    twin = Twin()
    twin.overrides[("GET", "/v1/ids")] = list(answers)
    return References(twin.client(), tmp_path / "deep" / "last-run.json")


def test_numbers_stand_for_the_clips_of_the_last_run(tmp_path: Path) -> None:
    names = references(tmp_path)
    names.remember(PROJECT, CLIPS)
    again = references(tmp_path)
    assert [again.full_id("clip", number) for number in ("1", "2")] == CLIPS
    assert again.full_id("project", "last") == PROJECT


def test_a_clip_added_since_has_the_next_number(tmp_path: Path) -> None:
    names = references(tmp_path)
    names.remember(PROJECT, CLIPS)
    names.add(PROJECT, "aaaaaaaa-0000-4000-8000-000000000003")
    names.add("another project", "aaaaaaaa-0000-4000-8000-000000000004")
    assert names.full_id("clip", "3").endswith("3")
    with pytest.raises(CliError, match="has 3 clips: there is no clip 4"):
        names.full_id("clip", "4")


def test_another_api_has_another_last_run(tmp_path: Path) -> None:
    memory = tmp_path / "last-run.json"
    References(Twin().client(), memory).remember(PROJECT, CLIPS)
    other = Twin().client()
    other.api_url = "http://elsewhere"
    with pytest.raises(CliError, match="no last run"):
        References(other, memory).full_id("clip", "1")


@pytest.mark.parametrize("text", ["{", "[1]", '{"http://api": 3}', ""])
def test_an_unreadable_memory_counts_as_empty(tmp_path: Path, text: str) -> None:
    memory = tmp_path / "last-run.json"
    memory.write_text(text)
    names = References(Twin().client(), memory)
    with pytest.raises(CliError, match="no last run"):
        names.full_id("clip", "1")
    names.remember(PROJECT, CLIPS)
    assert names.full_id("clip", "1") == CLIPS[0]


def test_an_unwritable_memory_does_not_stop_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    names = References(Twin().client(), tmp_path / "file" / "last-run.json")
    names.remember(PROJECT, CLIPS)
    with pytest.raises(CliError, match="no last run"):
        names.full_id("clip", "1")


def test_first_digits_are_resolved_by_the_api(tmp_path: Path) -> None:
    assert references(tmp_path, id_answer(CLIPS[0])).full_id("clip", "AAAA") == CLIPS[0]


@pytest.mark.parametrize(
    ("kind", "text", "answers", "line"),
    [
        ("clip", "aaaa", [id_answer(*CLIPS)], "is the start of several ids"),
        ("project", "bbbb", [id_answer()], "There is no project whose id starts with bbbb: `clipstream projects`"),
        ("clip", "c1", [], "'c1' names no clip: give its id or the first digits of it, or a number of the last run"),
        ("export", "2", [], "'2' names no export"),
        ("brand_kit", "abc", [], "`clipstream brand list` lists them"),
    ],
)  # fmt: skip
def test_a_reference_to_none_or_several_is_refused(
    tmp_path: Path, kind: str, text: str, answers: list[httpx2.Response], line: str
) -> None:
    with pytest.raises(CliError) as caught:
        references(tmp_path, *answers).full_id(kind, text)
    assert line in caught.value.line
    assert caught.value.code == ExitCode.USAGE


def test_every_argument_that_names_a_resource_is_resolved(tmp_path: Path) -> None:
    names = references(tmp_path, id_answer("p", kind="project"), id_answer("k", kind="brand_kit"))
    names.remember(PROJECT, CLIPS)
    args = Namespace(clip="2", project="0b8e", export=None, brand={"kit_id": "5c0f", "version": 3}, words=["1"])
    names.resolve(args)
    told: dict[str, Any] = vars(args)
    assert told == {
        "clip": CLIPS[1], "project": "p", "export": None, "brand": {"kit_id": "k", "version": 3}, "words": ["1"],
    }  # fmt: skip


def test_the_memory_lies_in_the_persons_state_directory() -> None:
    assert memory_file({"XDG_STATE_HOME": "/s", "HOME": "/h"}) == Path("/s/clipstream/last-run.json")
    assert memory_file({"HOME": "/h"}) == Path("/h/.local/state/clipstream/last-run.json")
