"""Uploads: one PUT, parts, counting bytes, and files that cannot be sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.api.client import Rewinding
from cli.api.upload import check_file, upload
from cli.api.upload_note import UploadNote
from cli.exit_codes import CliError, ExitCode
from tests.cli.fake_api import Twin


def send(twin: Twin, path: Path) -> tuple[list[int], list[str]]:
    """Upload a file; returns the progress counts and the printed lines."""
    counted: list[int] = []
    said: list[str] = []
    assert upload(twin.client(), path, counted.append, UploadNote(path.with_name("note")), said.append) == "u1"
    return counted, said


def test_a_small_file_goes_in_one_put(tmp_path: Path) -> None:
    path, twin = tmp_path / "talk.mp4", Twin()
    path.write_bytes(b"x" * 35)
    counted, _ = send(twin, path)
    assert twin.stored == {"/whole": b"x" * 35}
    assert sum(counted) == 35
    assert twin.seen[-1][1] == "/v1/uploads/u1/complete"


def test_urls_of_parts_are_requested_as_needed(tmp_path: Path) -> None:
    path, twin = tmp_path / "long.mp4", Twin(single=False)
    content = bytes(range(35))
    path.write_bytes(content)
    counted, said = send(twin, path)
    assert said == []
    assert not path.with_name("note").exists()
    assert b"".join(twin.stored[f"/part-{number}"] for number in range(1, 5)) == content
    assert [body["numbers"] for _, seen, body in twin.seen if seen.endswith("/parts")] == [[3, 4]]
    assert sum(counted) == 35


def test_an_interrupted_upload_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path, twin = tmp_path / "long.mp4", Twin(single=False)
    path.write_bytes(bytes(range(35)))
    twin.refused["/part-3"] = [404]
    with pytest.raises(CliError) as caught:
        send(twin, path)
    assert caught.value.code == ExitCode.STACK_UNAVAILABLE
    kept, twin.puts = dict(twin.stored), []
    counted, said = send(twin, path)
    assert twin.puts == ["/part-3", "/part-4"]
    assert set(kept) == {"/part-1", "/part-2"}
    assert sum(counted) == 35
    assert said == ["The upload goes on: 2 of 4 parts are there."]


def test_a_changed_file_is_uploaded_again(tmp_path: Path) -> None:
    path, twin = tmp_path / "long.mp4", Twin(single=False)
    path.write_bytes(bytes(range(35)))
    twin.refused["/part-3"] = [404]
    with pytest.raises(CliError):
        send(twin, path)
    path.write_bytes(bytes(range(1, 36)))
    twin.puts = []
    send(twin, path)
    assert len(twin.puts) == 4


def test_an_expired_url_is_requested_again(tmp_path: Path) -> None:
    path, twin = tmp_path / "long.mp4", Twin(single=False)
    path.write_bytes(bytes(range(35)))
    twin.refused["/part-2"] = [403]
    send(twin, path)
    assert [body["numbers"] for _, seen, body in twin.seen if seen.endswith("/parts")] == [[2, 3, 4]]


def test_a_broken_try_is_taken_back() -> None:
    counted: list[int] = []
    counter = Rewinding(counted.append)
    for sent in (5, 9):
        counter.begin()
        counter.add(sent)
    assert counted == [5, -5, 9]


@pytest.mark.parametrize("name", ["missing.mp4", ".", "empty.mp4"])
def test_an_unusable_file_is_refused_before_the_upload(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(CliError) as caught:
        check_file(tmp_path / name)
    assert caught.value.code == ExitCode.USAGE
