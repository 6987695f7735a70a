"""Log files: capped, read from their end."""

from __future__ import annotations

import os
from pathlib import Path

from local.supervisor.logs import follow, last_line, rotate, tail


def test_the_last_lines_of_a_log_are_read(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"line {number}\n" for number in range(1000)))
    assert tail(log, 2) == ["line 998", "line 999"]
    assert tail(tmp_path / "none.log", 5) == []


def test_the_last_line_of_a_part_is_found(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("Traceback …\nValueError: no such model\n\n")
    assert last_line(log) == "ValueError: no such model"
    assert last_line(tmp_path / "none.log") == "its log is empty"


def test_a_long_log_is_cut_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(descriptor, b"x" * 90 + b"the end\n")
        assert rotate(log, cap_bytes=50)
        os.write(descriptor, b"new\n")
    finally:
        os.close(descriptor)
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "a.log.1").read_bytes().endswith(b"the end\n")
    assert not rotate(log, cap_bytes=50)


def test_following_shows_new_lines_and_survives_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("before\n" * 30)
    steps = iter(["first\nhal", "f\n", None])
    seen: list[str] = []

    def going_on() -> bool:
        step = next(steps, "stop")
        if step == "stop":
            return False
        if step is None:
            log.write_text("after\n")
        else:
            with log.open("a") as file:
                file.write(str(step))
        return True

    seen.extend(line for _, line in follow([log], going_on))
    assert seen == ["first", "half", "after"]
