"""Uploads: one PUT, parts, counting bytes, and files that cannot be sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.exits import USAGE, CliError
from cli.upload import Rewinding, check_file, upload
from tests.cli.twin import Twin


def test_a_small_file_goes_in_one_put(tmp_path: Path) -> None:
    path, counted, twin = tmp_path / "talk.mp4", [], Twin()
    path.write_bytes(b"x" * 35)
    assert upload(twin.client(), path, counted.append) == "u1"
    assert twin.stored == {"/whole": b"x" * 35}
    assert sum(counted) == 35
    assert twin.seen[-1][1] == "/v1/uploads/u1/complete"


def test_a_large_file_goes_in_parts_whose_urls_are_asked_for_as_needed(tmp_path: Path) -> None:
    path, counted, twin = tmp_path / "long.mp4", [], Twin(single=False)
    content = bytes(range(35))
    path.write_bytes(content)
    upload(twin.client(), path, counted.append)
    assert b"".join(twin.stored[f"/part-{number}"] for number in range(1, 5)) == content
    assert [body["numbers"] for _, seen, body in twin.seen if seen.endswith("/parts")] == [[3, 4]]
    assert sum(counted) == 35


def test_a_broken_try_is_taken_back() -> None:
    counted: list[int] = []
    counter = Rewinding(counted.append)
    for sent in (5, 9):
        counter.begin()
        counter.add(sent)
    assert counted == [5, -5, 9]


@pytest.mark.parametrize("name", ["missing.mp4", ".", "empty.mp4"])
def test_what_cannot_be_sent_is_said_before_anything_starts(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(CliError) as caught:
        check_file(tmp_path / name)
    assert caught.value.code == USAGE
