"""``clipstream export``: one or several aspects are one request, and each file is downloaded."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from cli.__main__ import make_parser
from cli.commands.download import download
from cli.commands.export import export
from cli.exit_codes import CliError, ExitCode
from cli.output.terminal import Display
from tests.cli.fake_api import Twin, clip, problem
from tests.cli.fake_api import export as finished

CLIP = "/v1/clips/clip-0"


def run_export(twin: Twin, out: Path, *flags: str) -> tuple[int, dict[str, Any]]:
    shown = Display(Console(file=io.StringIO(), width=120), lambda: 0.0)
    args = make_parser().parse_args(["export", "clip-0", "--out", str(out), "--json", *flags])
    return export(twin.client(), args, shown)


def twin_of(*aspects: str, failed: str = "") -> Twin:
    """An API with one export for each aspect; ``failed`` names one that failed."""
    made = [finished(at, failed=aspect == failed) | {"aspect": aspect} for at, aspect in enumerate(aspects)]
    briefs = [{"export_id": one["export_id"]} for one in made]
    twin = Twin(exports={one["export_id"]: one for one in made})
    twin.overrides = {
        ("GET", CLIP): [httpx2.Response(200, json=clip(0, "A talk"))],
        ("POST", f"{CLIP}/export"): [httpx2.Response(202, json=briefs[0])],
        ("POST", f"{CLIP}/exports"): [httpx2.Response(202, json={"items": briefs})],
    }
    return twin


def test_one_aspect_is_requested_by_the_single_export(tmp_path: Path) -> None:
    twin = twin_of("9:16")
    code, told = run_export(twin, tmp_path)
    assert (code, told["export_id"]) == (ExitCode.OK, "export-0")
    assert [body for method, _, body in twin.seen if method == "POST"] == [{}]
    assert Path(told["saved"]["video"]).name == "01-a-talk-9x16.mp4"


def test_several_aspects_are_one_request(tmp_path: Path) -> None:
    twin = twin_of("9:16", "1:1")
    code, told = run_export(twin, tmp_path, "--aspect", "9:16", "--aspect", "1:1", "--aspect", "9:16", "--no-captions")
    assert code == ExitCode.OK
    posts = [(path, body) for method, path, body in twin.seen if method == "POST"]
    assert posts == [(f"{CLIP}/exports", {"aspects": ["9:16", "1:1"], "captions": False})]
    names = [Path(one["saved"]["video"]).name for one in told["items"]]
    assert names == ["01-a-talk-9x16.mp4", "01-a-talk-1x1.mp4"]


def test_files_stand_in_one_column(tmp_path: Path) -> None:
    twin = twin_of("9:16")
    files = twin.exports["export-0"]["files"]
    scores = {"score": 0.5, "sharp": 0.5, "contrast": 0.5, "face_size": None, "eyes_open": None}
    files["thumbnails"] = [files["thumbnail"] | {"scores": scores}] * 2
    said = io.StringIO()
    args = make_parser().parse_args(["export", "clip-0", "--out", str(tmp_path)])
    assert export(twin.client(), args, Display(Console(file=said, width=200), lambda: 0.0))[0] == ExitCode.OK
    lines = [line for line in said.getvalue().splitlines() if line.startswith(("video", "thumbnail"))]
    assert len(lines) == 3
    assert len({line.index(str(tmp_path)) for line in lines}) == 1


def test_a_failed_export_does_not_withhold_the_other_files(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="1:1 failed: There are no pictures") as caught:
        run_export(twin_of("9:16", "1:1", failed="1:1"), tmp_path, "--aspect", "9:16", "--aspect", "1:1")
    assert caught.value.code == ExitCode.PROJECT_FAILED
    assert (tmp_path / "01-a-talk-9x16.mp4").is_file()


@pytest.mark.parametrize(
    ("code", "ends"), [("not-ready", ExitCode.NOTHING_FOUND), ("export-not-done", ExitCode.NOTHING_FOUND)]
)
def test_an_empty_zip_is_not_an_error(tmp_path: Path, code: str, ends: int) -> None:
    twin, printed = Twin(), io.StringIO()
    path = "/v1/projects/p-0/exports.zip"
    twin.overrides |= {
        ("HEAD", path): [httpx2.Response(404)],
        ("GET", path): [problem(404, code, "It is not there", "Nothing yet.")],
    }
    args = make_parser().parse_args(["download", "p-0", "--zip", "--out", str(tmp_path)])
    assert download(twin.client(), args, Display(Console(file=printed, width=120), lambda: 0.0)) == (
        ends,
        {"saved": []},
    )
    assert "No export of this project is finished." in printed.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_a_zip_that_is_refused_says_why(tmp_path: Path) -> None:
    path, twin = "/v1/projects/p-0/exports.zip", Twin()
    twin.overrides |= {
        ("HEAD", path): [httpx2.Response(404)],
        ("GET", path): [problem(404, "not-found", "There is no such thing", "There is no such project.")],
    }
    args = make_parser().parse_args(["download", "p-0", "--zip", "--out", str(tmp_path)])
    with pytest.raises(CliError, match="There is no such project"):
        download(twin.client(), args, Display(Console(file=io.StringIO(), width=120), lambda: 0.0))
