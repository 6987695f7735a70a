"""Removal of an earlier run's clip files from the same folder, and of nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cli.api.client import JSON
from cli.exit_codes import ExitCode
from cli.output.stale_clips import remove_stale_files
from tests.cli.commands.test_run import completed, run
from tests.cli.fake_api import clip, export

OPTIONS = {"aspect": "9:16"}


def report(*names: str, source: str = "talk.mp4", options: JSON = OPTIONS, shapes: tuple[str, ...] = ()) -> JSON:
    clips: list[JSON] = [{"files": {"video": name}} for name in names]
    if shapes:
        clips[0]["shapes"] = [{"files": {"video": name}} for name in shapes]
    return {"source": source, "project": {"options": options}, "clips": clips}


def folder(out: Path, told: object, *names: str) -> Path:
    for name in names:
        (out / name).write_bytes(b"a clip")
    (out / "report.json").write_text(told if isinstance(told, str) else json.dumps(told))
    return out


def test_a_second_run_keeps_its_own_clips_and_foreign_files(tmp_path: Path) -> None:
    first = completed(options=OPTIONS)
    first.clips, first.exports = [clip(0, "One"), clip(1, "Two")], {"export-0": export(0), "export-1": export(1)}
    assert run(tmp_path, first)[0].code == ExitCode.OK
    (tmp_path / "out" / "02-mine.mp4").write_bytes(b"mine")
    second = completed(options=OPTIONS)
    second.clips, second.exports = [clip(0, "Two"), clip(1, "One")], {"export-0": export(0), "export-1": export(1)}
    _, text = run(tmp_path, second)
    videos = sorted(path.name for path in (tmp_path / "out").glob("*.mp4"))
    assert videos == ["01-two-9x16.mp4", "02-mine.mp4", "02-one-9x16.mp4"]
    assert "Removed 6 files of an earlier run" in " ".join(text.split())


def test_a_run_that_lost_a_clip_removes_nothing(tmp_path: Path) -> None:
    first = completed(options=OPTIONS)
    first.clips, first.exports = [clip(0, "One")], {"export-0": export(0)}
    run(tmp_path, first)
    second = completed(options=OPTIONS)
    second.clips, second.exports = [clip(0, "Two")], {"export-0": export(0, failed=True)}
    assert run(tmp_path, second)[0].code == ExitCode.PARTIAL
    assert (tmp_path / "out" / "01-one-9x16.mp4").exists()


def test_files_of_further_aspects_are_removed_too(tmp_path: Path) -> None:
    out = folder(tmp_path, report("a.mp4", shapes=("a-1x1.mp4",)), "a.mp4", "a-1x1.mp4", "b.mp4")
    assert remove_stale_files(out, report("b.mp4")) == ["a-1x1.mp4", "a.mp4"]
    assert (out / "b.mp4").exists()


@pytest.mark.parametrize(
    "told",
    [
        report("a.mp4", source="other.mp4"),
        report("a.mp4", options={"aspect": "1:1"}),
        {"clips": [{"files": {"video": "a.mp4"}}]},
        ["a.mp4"],
        "not a report",
    ],
    ids=["another source", "another wish", "another report", "a list", "no JSON"],
)
def test_files_of_another_source_or_request_stay(told: object, tmp_path: Path) -> None:
    out = folder(tmp_path, told, "a.mp4")
    assert remove_stale_files(out, report("b.mp4")) == []
    assert (out / "a.mp4").exists()


def test_a_folder_without_a_report_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"a clip")
    assert remove_stale_files(tmp_path, report("b.mp4")) == []


def test_files_changed_since_links_and_other_folders_stay(tmp_path: Path) -> None:
    out, beyond = tmp_path / "out", tmp_path / "beyond.mp4"
    out.mkdir()
    beyond.write_bytes(b"theirs")
    names = ("changed.mp4", "link.mp4", "folder.mp4", "../beyond.mp4", str(beyond), "gone.mp4")
    (out / "link.mp4").symlink_to(beyond)
    (out / "folder.mp4").mkdir()
    folder(out, report(*names), "changed.mp4")
    later_ns = (out / "report.json").stat().st_mtime_ns + 1_000_000
    os.utime(out / "changed.mp4", ns=(later_ns, later_ns))
    assert remove_stale_files(out, report("b.mp4")) == []
    assert beyond.read_bytes() == b"theirs"
    assert {path.name for path in out.iterdir()} == {"changed.mp4", "link.mp4", "folder.mp4", "report.json"}
