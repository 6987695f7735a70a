"""Arguments and file names with bytes that are not UTF-8 get a plain error or question marks, no traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.__main__ import main
from cli.exit_codes import ExitCode
from tests.cli.commands.test_run import completed
from tests.cli.fake_api import PROJECT, Twin
from tests.cli.test_main import write_stack

BYTES = "a\udcffb"
"""How Python holds an argument whose bytes are no UTF-8."""


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["search", BYTES], "q"),
        (["clip", PROJECT, "0:10-0:20", "--title", BYTES], "title"),
        (["estimate", "--minutes", "1", "--prompt", BYTES], "options.prompt"),
        (["estimate", "--minutes", "1", "--topic", "fine", "--topic", BYTES], "options.topics.1"),
        (["run", "https://a.example/v.mp4", "--title", BYTES], "title"),
        (["run", f"https://a.example/{BYTES}.mp4"], "source_url"),
        (["dead", "show", BYTES], "path"),
    ],
)
def test_invalid_utf_8_is_refused_by_the_name_of_its_field(
    line: list[str], named: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.__main__._client", lambda _: Twin().client())
    monkeypatch.setattr("cli.api.credentials.accepts_key", lambda _: True)
    write_stack(tmp_path)
    more = ["--out", str(tmp_path / "out")] if line[0] == "run" else []
    assert main([*line, *more, "--state-dir", str(tmp_path), "--json"]) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert json.loads(shown.out)["error"]["detail"].startswith(f"{named}: it holds bytes that are not UTF-8.")
    assert "Traceback" not in shown.err


def test_a_file_may_have_any_bytes_in_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = completed(nothing_found_reason="Nothing is said.")
    monkeypatch.setattr("cli.__main__._client", lambda _: twin.client())
    monkeypatch.setattr("cli.api.credentials.accepts_key", lambda _: True)
    write_stack(tmp_path)
    video = tmp_path / "caf\udce9.mp4"
    video.write_bytes(b"film")
    main(["run", str(video), "--out", str(tmp_path / "out"), "--state-dir", str(tmp_path)])
    titles = [body["title"] for method, path, body in twin.seen if (method, path) == ("POST", "/v1/projects")]
    assert titles == ["caf?"], capsys.readouterr().err
