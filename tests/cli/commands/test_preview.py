"""`preview`: an immediate frame, a delayed one, and the request it sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from cli.__main__ import make_parser
from cli.commands.preview import preview
from cli.exit_codes import CliError
from cli.output.terminal import Display
from tests.cli.fake_api import Twin

PATH = "/v1/clips/c1/preview"
PICTURE = httpx2.Response(200, content=b"a picture", headers={"content-type": "image/png"})


def run(twin: Twin, out: Path, *flags: str) -> tuple[int, Any]:
    args = make_parser().parse_args(["preview", "c1", "--out", str(out), *flags])
    return preview(twin.client(), args, Display(Console(quiet=True), lambda: 0.0))


def test_a_picture_that_comes_at_once_is_written(tmp_path: Path) -> None:
    twin, out = Twin(), tmp_path / "x.png"
    twin.overrides[("POST", PATH)] = [PICTURE]
    changes = tmp_path / "changes.json"
    changes.write_text(json.dumps({"letters": {"fill": "#00ff00"}}))
    flags = ["--at", "1:02.5", "--aspect", "1:1", "--captions-template", "word_pop", "--caption-language", "en"]
    code, answer = run(twin, out, *flags, "--captions-overrides", str(changes), "--version", "2")
    assert (code, answer["at_ms"], out.read_bytes()) == (0, 62_500, b"a picture")
    (body,) = [body for method, _, body in twin.seen if method == "POST"]
    assert body == {
        "aspect": "1:1", "template": "word_pop", "edit_version": 2,
        "options": {"captions": {"language": "en", "overrides": {"letters": {"fill": "#00ff00"}}}},
    }  # fmt: skip


def test_a_preview_that_takes_longer_is_waited_for(tmp_path: Path) -> None:
    twin, out = Twin(), tmp_path / "x.png"
    later = {"type": "/problems/not-ready", "title": "t", "status": 404, "detail": "d", "code": "not-ready"}
    twin.overrides[("POST", PATH)] = [
        httpx2.Response(202, json={"preview_id": "v1"}, headers={"location": "/v1/previews/v1"})
    ]
    twin.overrides[("GET", "/v1/previews/v1")] = [httpx2.Response(404, json=later), PICTURE]
    assert run(twin, out)[0] == 0
    assert out.read_bytes() == b"a picture"


def test_a_failed_or_unwritable_preview_gives_one_line(tmp_path: Path) -> None:
    twin = Twin()
    failed = {"type": "/problems/preview-failed", "title": "t", "status": 409, "detail": "d", "code": "preview-failed"}
    twin.overrides[("POST", PATH)] = [httpx2.Response(409, json=failed)]
    with pytest.raises(CliError):
        run(twin, tmp_path / "x.png")
    with pytest.raises(CliError, match="is not a folder"):
        run(twin, tmp_path / "nowhere" / "x.png")
    with pytest.raises(SystemExit):
        run(twin, tmp_path / "x.png", "--captions-overrides", str(tmp_path / "none.json"))
