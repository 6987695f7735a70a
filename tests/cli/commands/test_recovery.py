"""Commands when something stands still or failed: `retry` and `stuck`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.exit_codes import ExitCode
from tests.cli.commands.test_commands import BASE, EXPORT, plan, run, sent, twin
from tests.cli.fake_api import PROJECT, Twin, problem

__all__ = ["twin"]
RETRIED = {"project_id": PROJECT, "state": "running", "stages": ["frame", "render"], "export_ids": [EXPORT, "e2"]}
STUCK: list[dict[str, Any]] = [
    {
        "org_id": "o1", "project_id": PROJECT, "state": "running", "still_since": "2026-05-06T12:00:00.123Z",
        "stages": ["render", "render", "frame"], "waits_for": "triton is not available: nobody answers",
    },
    {
        "org_id": "o1", "project_id": EXPORT, "state": "queued", "still_since": "2026-05-06T13:00:00Z",
        "stages": [], "waits_for": None,
    },
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ([], {}),
        (["--stage", "detect"], {"stage": "detect"}),
        (["--export", EXPORT], {"export_id": EXPORT}),
        (["--stage", "render", "--export", EXPORT], {"stage": "render", "export_id": EXPORT}),
    ],
)
def test_retry_takes_up_the_named_project_stage_or_export(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], body: dict[str, str]
) -> None:
    plan(twin, "POST", f"{BASE}/retry", RETRIED, status=202)
    assert run(tmp_path, "retry", PROJECT, *words) == ExitCode.OK
    assert sent(twin, "POST", f"{BASE}/retry") == body
    shown = capsys.readouterr().out
    assert "At work again: frame, render, 2 files to make. The project is running." in shown
    assert f"`clipstream project {PROJECT[:8]}`" in shown


def test_retry_as_json_prints_the_answer(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(twin, "POST", f"{BASE}/retry", RETRIED | {"export_ids": []}, status=202)
    assert run(tmp_path, "retry", PROJECT, "--json") == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == RETRIED | {"export_ids": []}


def test_a_retry_without_a_failure_says_so(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refusal = problem(409, "nothing-to-retry", "Nothing to retry", "Nothing of it failed that could be taken up again.")
    twin.overrides["POST", f"{BASE}/retry"] = [refusal]
    assert run(tmp_path, "retry", PROJECT) != ExitCode.OK
    shown = capsys.readouterr()
    assert "Nothing of it failed" in shown.out + shown.err
    assert "Traceback" not in shown.err


def test_a_stage_outside_projects_is_a_usage_error(twin: Twin, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, "retry", PROJECT, "--stage", "deliver")
    assert ended.value.code == ExitCode.USAGE
    assert not twin.seen


def test_stuck_lists_stalled_projects_with_their_reason(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(twin, "GET", "/v1/admin/stuck", {"items": STUCK})
    assert run(tmp_path, "stuck") == ExitCode.OK
    shown = capsys.readouterr().out
    assert "2026-05-06 12:00:00" in shown
    assert "render, frame" in shown, "each stage once"
    assert "triton is not available" in shown
    assert "2026-05-06 13:00:00" in shown
    assert twin.queries[-1] == {}, "the watchdog's own time"


def test_stuck_takes_another_time_and_prints_json(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(twin, "GET", "/v1/admin/stuck", {"items": STUCK})
    assert run(tmp_path, "stuck", "--minutes", "5", "--json") == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["items"] == STUCK
    assert float(twin.queries[-1]["minutes"]) == 5


def test_stuck_says_so_where_every_project_moves(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(twin, "GET", "/v1/admin/stuck", {"items": []})
    assert run(tmp_path, "stuck") == ExitCode.OK
    assert capsys.readouterr().out.strip() == "Every project that is at work moves."
