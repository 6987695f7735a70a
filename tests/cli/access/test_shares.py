"""Commands of share links, and the address that signs in: requests, printed text, exit codes."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from cli.access.shares import life_s
from cli.commands import stack as stack_commands
from cli.exit_codes import ExitCode
from local import sign_in_link
from local.sign_in_link import SignInLink, make_sign_in_link
from local.stack import StackInfo, layout_of
from tests.cli.commands.test_commands import plan, run, sent
from tests.cli.fake_api import Twin
from tests.cli.test_main import write_stack

SHARE_ID, CLIP, EXPORT = (f"{digits}-0000-4000-8000-000000000001" for digits in ("7d1f20aa", "0b8e6c4e", "5c0f93d1"))
SHARE: dict[str, Any] = {
    "share_id": SHARE_ID, "title": "", "state": "live", "test": False, "views": 3, "last_viewed_at": None,
    "expires_at": "2026-12-02T12:00:00Z", "exports": [{"title": "Why it \u001b[31mfalls"}],
    "url": "https://clips.example/s/clw_EXAMPLE",
}  # fmt: skip


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Twin:
    twin = Twin()
    monkeypatch.setattr("cli.__main__._client", lambda _: twin.client())
    write_stack(tmp_path)
    return twin


def known(twin: Twin, *kinds_and_ids: tuple[str, str]) -> None:
    plan(twin, "GET", "/v1/ids", *[{"items": [{"kind": kind, "id": full}]} for kind, full in kinds_and_ids])


def test_clips_are_shared_by_what_a_person_types(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known(twin, ("clip", CLIP))
    plan(twin, "POST", "/v1/shares", SHARE, status=201)
    assert run(tmp_path, "share", CLIP[:8], "--title", "Best", "--expires", "30d", "--no-download") == ExitCode.OK
    assert sent(twin, "POST", "/v1/shares") == {
        "clip_ids": [CLIP],
        "title": "Best",
        "allow_download": False,
        "show_organisation": False,
        "expires_in_s": 30 * 86_400,
    }
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == SHARE["url"]
    assert "until 2026-12-02 12:00:00 UTC" in shown


def test_exports_are_shared_too(twin: Twin, tmp_path: Path) -> None:
    known(twin, ("export", EXPORT))
    plan(twin, "POST", "/v1/shares", SHARE, status=201)
    assert run(tmp_path, "share", EXPORT[:8]) == ExitCode.OK
    assert sent(twin, "POST", "/v1/shares")["export_ids"] == [EXPORT]


def test_clips_and_exports_are_not_shared_together(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known(twin, ("clip", CLIP), ("export", EXPORT))
    assert run(tmp_path, "share", CLIP[:8], EXPORT[:8]) == ExitCode.USAGE
    assert "either clips or exports" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("12h", 43_200), ("7d", 604_800), ("4w", 2_419_200)])
def test_a_time_has_a_unit(text: str, seconds: int) -> None:
    assert life_s(text) == seconds
    for wrong in (text[:-1], f"-{text}", f"0{text}", f"{text}s", "", "1y"):
        with pytest.raises(argparse.ArgumentTypeError, match="is not a time"):
            life_s(wrong)


def test_links_are_listed_and_revoked(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(twin, "GET", "/v1/shares", *[{"items": [SHARE], "next_cursor": None}] * 2)
    assert run(tmp_path, "shares", "list", "--state", "live") == ExitCode.OK
    assert twin.queries[-1] == {"limit": "20", "state": "live"}
    shown = capsys.readouterr().out
    assert "7d1f20aa" in shown
    assert "falls" in shown
    assert "\u001b" not in shown
    twin.overrides["DELETE", f"/v1/shares/{SHARE_ID}"] = [httpx2.Response(204)]
    assert run(tmp_path, "shares", "revoke", "7d1f") == ExitCode.OK
    assert "is revoked" in capsys.readouterr().out


def stack_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: subprocess.CompletedProcess[str]) -> list[Any]:
    """A stack that seems to run, and whose programs answer this; the calls of them."""
    write_stack(tmp_path)
    (tmp_path / "stack.env").write_text("CLIPSTREAM_API=http://127.0.0.1:8080\nCLIPSTREAM_POSTGRES_BOOTSTRAP=secret\n")
    monkeypatch.setattr(sign_in_link, "is_running", lambda _: True)
    calls: list[Any] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **more: calls.append((command, more)) or done)
    return calls


def test_a_sign_in_link_has_its_code_behind_the_fragment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = msgspec.json.encode({"code": "cln_x", "email": "owner@clipstream.localhost", "minutes": 15.0}).decode()
    calls = stack_of(tmp_path, monkeypatch, subprocess.CompletedProcess([], 0, stdout=f"a line\n{printed}\n"))
    link = make_sign_in_link(layout_of(tmp_path), {"PATH": "/bin", "CLIPSTREAM_POSTGRES_OWNER": "another's"})
    assert link == SignInLink(
        url="http://127.0.0.1:8080/app/sign-in#code=cln_x", email="owner@clipstream.localhost", minutes=15.0
    )
    ((command, more),) = calls
    assert command == [sys.executable, "-m", "streams", "--sign-in-code"]
    assert more["env"]["CLIPSTREAM_POSTGRES_BOOTSTRAP"] == "secret"
    assert "CLIPSTREAM_POSTGRES_OWNER" not in more["env"]
    opened: list[str] = []
    monkeypatch.setattr(stack_commands.webbrowser, "open", lambda url: opened.append(url) or True)
    assert run(tmp_path, "sign-in-link", "--browser") == ExitCode.OK
    assert capsys.readouterr().out.strip() == link.url
    assert opened == [link.url]


def test_a_sign_in_link_that_cannot_be_made_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = subprocess.CompletedProcess([], 2, stdout="", stderr="Traceback\nCLIPSTREAM_SIGN_IN_CODES is off\n")
    stack_of(tmp_path, monkeypatch, failed)
    assert run(tmp_path, "sign-in-link") == ExitCode.STACK_UNAVAILABLE
    told = capsys.readouterr().err
    assert "CLIPSTREAM_SIGN_IN_CODES is off" in told
    assert "Traceback" not in told
    monkeypatch.setattr(sign_in_link, "is_running", lambda _: False)
    assert run(tmp_path, "sign-in-link") == ExitCode.STACK_UNAVAILABLE
    assert "`clipstream up` first" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("codes", "returncode", "address"),
    [("on", 0, "/app/sign-in#code=cln_x"), ("on", 2, "/app/"), ("off", 0, "/app/")],
)
def test_up_prints_the_address_of_the_web_app(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    codes: str,
    returncode: int,
    address: str,
) -> None:
    """A stack without sign-in by codes, or whose code could not be made, works all the same."""
    printed = '{"code": "cln_x", "email": "owner@clipstream.localhost", "minutes": 15.0}'
    stack_of(tmp_path, monkeypatch, subprocess.CompletedProcess([], returncode, stdout=printed, stderr="why"))
    info = StackInfo(
        state_dir=tmp_path, started_here=True, ready_after_s=1.0, api="http://127.0.0.1:8080", org_id="o", api_key="k",
        producer_key_id="p", producer_secret="s", webhook_port=1, files_port=2,
        env={"CLIPSTREAM_SIGN_IN_CODES": codes},
    )  # fmt: skip
    monkeypatch.setattr(stack_commands.stack, "ensure_running", lambda *_, **__: info)
    assert run(tmp_path, "up") == ExitCode.OK
    assert capsys.readouterr().out.splitlines()[1].split() == ["web", "app", f"http://127.0.0.1:8080{address}"]
