"""`edit` and `handover`: flags become operations on the version that was read; undo goes back step by step."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from cli.__main__ import make_parser
from cli.commands import edit
from cli.exit_codes import CliError
from cli.output.terminal import Display
from tests.cli.fake_api import Twin

PATH = "/v1/clips/c1/edit"
SAID = ["well", "we", "met", "well", "Doctor,", "Who"]


def segment(name: str, start_ms: int, end_ms: int, **more: Any) -> dict[str, Any]:
    at = {"start_ms": start_ms, "end_ms": end_ms, "output_start_ms": 0.0, "output_end_ms": 1_000.0}
    return {"segment_id": name, "speed": 1.0, "muted": False, "gain_db": 0.0, **at, **more}


def version(number: int, *segments: dict[str, Any]) -> httpx2.Response:
    told: dict[str, Any] = {"version": number, "base_version": number - 1 or None, "length_ms": 1_000.0, "captions": []}
    return httpx2.Response(200, json=told | {"segments": segments or [segment("s1", 0, 10_000)]})


def run(twin: Twin, *flags: str) -> tuple[int, Any]:
    args = make_parser().parse_args(["edit", "c1", *flags])
    return edit.edit(twin.client(), args, Display(Console(quiet=True), lambda: 0.0))


def sent_operations(twin: Twin) -> Any:
    (body,) = [body for method, _, body in twin.seen if method == "PATCH"]
    return body["operations"]


def twin_of(*answers: httpx2.Response, **more: Any) -> Twin:
    twin = Twin()
    twin.overrides[("GET", PATH)] = list(answers)
    twin.overrides[("PATCH", PATH)] = [version(9)]
    words = [{"text": text, "start_ms": 1_000 * at, "end_ms": 1_000 * at + 600} for at, text in enumerate(SAID)]
    twin.overrides[("GET", "/v1/clips/c1")] = [httpx2.Response(200, json={"project_id": "p1"})]
    twin.overrides[("GET", "/v1/projects/p1/transcript")] = [httpx2.Response(200, json={"version": 4, "words": words})]
    pages = more.get("pages", [])
    twin.overrides[("GET", f"{PATH}/versions")] = [httpx2.Response(200, json=page) for page in pages]
    return twin


def test_flags_become_operations_on_the_version_that_was_read() -> None:
    twin = twin_of(version(3, segment("s1", 0, 2_000), segment("s2", 2_500, 10_000)))
    flags = ["--drop-fillers", "--drop-pauses", "--trim", "0:01-0:09", "--delete-words", "0-2"]
    code, answer = run(twin, *flags, "--delete-words", "doctor who", "--note", "shorter")
    assert (code, answer["version"]) == (0, 9)
    assert twin.headers[-1]["if-match"] == '"edit-3"'
    assert twin.seen[-1][2]["transcript_version"] == 4, "the words are counted in the version that was read"
    assert sent_operations(twin) == [
        {"op": "delete_words", "first_word": 0, "end_word": 2},
        {"op": "delete_words", "first_word": 4, "end_word": 6},
        {"op": "drop_fillers"},
        {"op": "drop_pauses", "longer_than_ms": 700, "leave_ms": 250},
        {"op": "trim", "segment_id": "s1", "start_ms": 1_000},
        {"op": "trim", "segment_id": "s2", "end_ms": 9_000},
    ]


@pytest.mark.parametrize(
    ("wanted", "operations"),
    [
        (
            "0:00-0:05",
            [
                {"op": "remove", "segment_id": "s3"},
                {"op": "trim", "segment_id": "s1", "start_ms": 0},
                {"op": "trim", "segment_id": "s2", "end_ms": 5_000},
            ],
        ),
        (
            "0:07-0:09",
            [
                {"op": "remove", "segment_id": "s1"},
                {"op": "remove", "segment_id": "s2"},
                {"op": "trim", "segment_id": "s3", "start_ms": 7_000, "end_ms": 9_000},
            ],
        ),
    ],
)
def test_a_trim_takes_out_the_pieces_that_lie_outside(wanted: str, operations: list[Any]) -> None:
    twin = twin_of(version(5, segment("s1", 0, 760), segment("s2", 2_680, 4_780), segment("s3", 6_190, 11_760)))
    run(twin, "--trim", wanted)
    assert sent_operations(twin) == operations


def test_an_edit_without_flags_changes_nothing() -> None:
    twin = twin_of(version(2, segment("s1", 0, 900, speed=2.0, muted=True, gain_db=-3.0)))
    assert run(twin)[1]["version"] == 2
    assert [method for method, _, _ in twin.seen] == ["GET"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [("well", "2 times in the clip. Say which: 0-1, 3-4."), ("nobody", "“nobody” is not said"), ("…", "12-15")],
)
def test_words_must_occur_at_one_place(wanted: str, told: str) -> None:
    with pytest.raises(CliError, match=told):
        run(twin_of(version(1)), "--delete-words", wanted)


def test_words_that_are_cut_out_are_not_found() -> None:
    with pytest.raises(CliError, match="is not said"):
        run(twin_of(version(2, segment("s1", 0, 3_900))), "--delete-words", "Doctor Who")


def version_item(number: int, *operations: dict[str, Any]) -> dict[str, Any]:
    return {"version": number, "base_version": number - 1 if number > 1 else None, "operations": list(operations)}


MUTE, BACK = {"op": "mute", "segment_id": "s1"}, {"op": "restore", "version": 2}


@pytest.mark.parametrize(
    ("newest", "items", "goal"),
    [
        (3, [version_item(3, MUTE), version_item(2, MUTE), version_item(1)], 2),
        (4, [version_item(4, BACK), version_item(3, MUTE), version_item(2, MUTE), version_item(1)], 1),
        (5, [version_item(5, MUTE), version_item(4, BACK)], 4),
    ],
)
def test_undo_goes_back_one_change_and_again_one_further(newest: int, items: list[Any], goal: int) -> None:
    twin = twin_of(version(newest), pages=[{"items": items, "next_before": None}])
    run(twin, "--undo")
    assert sent_operations(twin) == [{"op": "restore", "version": goal}]


def test_undo_turns_pages_and_ends_at_the_first_version() -> None:
    first = {"items": [version_item(3, {"op": "restore", "version": 1})], "next_before": 3}
    twin = twin_of(version(3), pages=[first, {"items": [version_item(2, MUTE), version_item(1)], "next_before": None}])
    with pytest.raises(CliError, match="nothing to undo"):
        run(twin, "--undo")


@pytest.mark.parametrize("flags", [["--undo", "--drop-fillers"], ["--version", "1", "--drop-fillers"]])
def test_conflicting_flags_are_refused(flags: list[str]) -> None:
    twin = twin_of(version(3), pages=[{"items": [version_item(3, MUTE)], "next_before": None}])
    with pytest.raises(CliError):
        run(twin, *flags)


def test_a_handover_is_a_file_and_its_warnings_are_shown(tmp_path: Path) -> None:
    twin = Twin()
    headers = {"Clipstream-Warnings": json.dumps(["edl: a list has no levels"])}
    twin.overrides[("GET", f"{PATH}/handover")] = [httpx2.Response(200, content=b"TITLE: A\n", headers=headers)]
    out = tmp_path / "new" / "clip.edl"
    args = make_parser().parse_args(["handover", "c1", "--format", "edl", "--out", str(out), "--reel", "A1"])
    code, answer = edit.handover(twin.client(), args, Display(Console(quiet=True), lambda: 0.0))
    assert (code, answer["warnings"], out.read_bytes()) == (0, ["edl: a list has no levels"], b"TITLE: A\n")


@pytest.mark.parametrize("changed", [True, False])
def test_an_edit_without_effect_is_reported(changed: bool) -> None:
    twin = twin_of(version(3))
    answer = json.loads(version(3).content) | {"changed": changed}
    twin.overrides[("PATCH", PATH)] = [httpx2.Response(200, json=answer)]
    out = io.StringIO()
    args = make_parser().parse_args(["edit", "c1", "--drop-fillers"])
    assert edit.edit(twin.client(), args, Display(Console(file=out), lambda: 0.0))[0] == 0
    assert ("Nothing to change" in out.getvalue()) is not changed


def test_the_look_of_the_exports_is_shown() -> None:
    read = version(3).json() | {"look": {"template": "minimal"}}
    shown = io.StringIO()
    args = make_parser().parse_args(["edit", "c1"])
    edit.edit(twin_of(httpx2.Response(200, json=read)).client(), args, Display(Console(file=shown), lambda: 0.0))
    assert 'look of its exports: {"template": "minimal"}' in shown.getvalue()
