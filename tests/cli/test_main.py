"""The command line: usage, exit codes, --json on stdout alone, where the API is found."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from cli.__main__ import main, make_parser
from cli.api import credentials
from cli.commands.stack import as_json
from cli.exit_codes import MEANINGS, CliError, ExitCode
from local.stack import StackInfo
from tests.cli.fake_api import Twin

CLIP = "00000000-0000-4000-8000-0000000000c1"


def args(tmp_path: Path, api: str | None = None, key: str | None = None) -> Namespace:
    return Namespace(api=api, key=key, state_dir=str(tmp_path))


def write_stack(tmp_path: Path, api: str = "http://127.0.0.1:1") -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"endpoints": {"api": api}, "webhook_port": 7}))
    (tmp_path / "credentials.json").write_text(json.dumps({"api_key": "clp_live_x"}))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "run",
        "run a.mp4 --aspect 4:3",
        "run a.mp4 --max-clips 0",
        "dead",
        "search a --mode x",
        "search --min-score 2",
        "run a --js",
    ],
)
def test_a_wrong_command_line_is_a_usage_error(line: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == ExitCode.USAGE


def every_parser(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from every_parser(inner)


@pytest.mark.parametrize("parser", list(every_parser(make_parser())), ids=lambda parser: parser.prog)
def test_every_help_begins_with_a_valid_example(parser: argparse.ArgumentParser) -> None:
    shown = parser.format_help()
    examples = re.findall(r"^  (clipstream .*)$", shown.partition("usage:")[0], re.MULTILINE)
    assert examples
    assert "help exit-codes" in shown
    for line in examples:
        words = shlex.split(line)[1:]
        assert line.startswith(parser.prog)
        make_parser().parse_args(words)


def test_exit_codes_are_printed_and_stand_on_one_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "exit-codes"]) == 0
    shown = capsys.readouterr().out
    assert all(meaning in shown for meaning in MEANINGS.values())
    docs = Path(__file__).parents[2] / "docs"
    told = {
        page.name
        for page in docs.glob("*.md")
        for code, meaning in MEANINGS.items()
        if f"| {code} | {meaning} |" in page.read_text()
    }
    page = (docs / "cli.md").read_text()
    assert [meaning for code, meaning in MEANINGS.items() if f"| {code} | {meaning} |" not in page] == []
    assert told == {"cli.md"}


def test_help_of_a_command_is_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["help", "brand", "create"])
    assert caught.value.code == 0
    assert "usage: clipstream brand create" in capsys.readouterr().out


def test_errors_with_json_are_json_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["run", str(tmp_path / "missing.mp4"), "--json", "--state-dir", str(tmp_path)])
    shown = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert json.loads(shown.out)["error"]["exit_code"] == ExitCode.USAGE
    assert shown.err.startswith("clipstream: ")
    assert "Traceback" not in shown.err


def test_an_unwritable_file_gives_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = Twin()
    twin.overrides[("POST", f"/v1/clips/{CLIP}/preview")] = [
        httpx2.Response(200, content=b"a picture", headers={"content-type": "image/png"})
    ]
    monkeypatch.setattr("cli.__main__._client", lambda _: twin.client())
    write_stack(tmp_path)
    assert main(["preview", CLIP, "--out", str(tmp_path), "--state-dir", str(tmp_path)]) == ExitCode.USAGE
    assert capsys.readouterr().err == f"clipstream: {tmp_path}: Is a directory\n"


def test_a_missing_stack_gives_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLIPSTREAM_API", raising=False)
    assert main(["projects", "--state-dir", str(tmp_path)]) == ExitCode.STACK_UNAVAILABLE
    assert capsys.readouterr().err.count("\n") == 1


def test_version_needs_no_api(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"clipstream"}


def test_flags_go_before_environment_before_the_stack(tmp_path: Path) -> None:
    write_stack(tmp_path)
    environ = {"CLIPSTREAM_API": "http://env", "CLIPSTREAM_API_KEY": "env"}
    assert credentials.find_access(args(tmp_path, "http://flag", "flag"), environ).api_url == "http://flag"
    assert credentials.find_access(args(tmp_path), environ).api_key == "env"
    assert credentials.find_access(args(tmp_path), {}).receiver_port == 7


def test_the_stacks_own_api_needs_no_key_but_another_does(tmp_path: Path) -> None:
    write_stack(tmp_path, "http://127.0.0.1:5")
    assert credentials.find_access(args(tmp_path), {"CLIPSTREAM_API": "http://127.0.0.1:5"}).api_key == "clp_live_x"
    with pytest.raises(CliError, match="no key") as caught:
        credentials.find_access(args(tmp_path, "http://elsewhere"), {})
    assert caught.value.code == ExitCode.USAGE
    with pytest.raises(CliError, match="http or https"):
        credentials.find_access(args(tmp_path, "elsewhere:80", "key"), {})


def test_every_command_can_be_run() -> None:
    parser = make_parser()
    for line in (
        "run v",
        "demo",
        "projects",
        "clips p",
        "search a b",
        "export c",
        "dead list",
        "version",
        "up",
        "down",
    ):
        assert callable(parser.parse_args(line.split()).run)


def test_a_recorded_stack_is_used_only_if_it_answers_to_its_key() -> None:
    own = credentials.Access(api_url="http://api", api_key="right")

    def api(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200 if request.headers["authorization"] == "Bearer right" else 401)

    def nobody(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    assert credentials.accepts_key(own, httpx2.MockTransport(api))
    assert not credentials.accepts_key(
        credentials.Access(api_url="http://api", api_key="old"), httpx2.MockTransport(api)
    )
    assert not credentials.accepts_key(own, httpx2.MockTransport(nobody))


def test_a_named_key_opens_the_local_stack(tmp_path: Path) -> None:
    write_stack(tmp_path)
    assert credentials.find_access(args(tmp_path, key="mine"), {}).api_key == "mine"
    assert credentials.find_access(args(tmp_path), {"CLIPSTREAM_API_KEY": "env"}).api_key == "env"


def test_a_complaint_is_one_line_that_names_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "a.mp4", "--aspect", "4:3"])
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "`clipstream run --help`" in shown


def test_a_running_stack_is_printed_as_json_with_every_field() -> None:
    values = {str: "x", bool: True, float: 1.5, int: 7, Path: Path("/a/b"), dict[str, str]: {"A": "b"}}
    fields = msgspec.structs.fields(StackInfo)
    info = StackInfo(**{field.name: values[field.type] for field in fields})
    told = json.loads(as_json(info))
    assert set(told) == {field.name for field in fields}
    assert told["state_dir"] == "/a/b"
