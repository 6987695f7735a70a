"""An attacker's code in the place of a decoder: nothing that it tries works, whoever the worker is."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.core.media.sandbox.attacked_worker import UID
from tests.support.progress import HANG_S

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become each of these users"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the attempts use its numbers of system calls"),
]
MIN_ATTEMPTS = 100
NAMESPACES = {"mounts", "processes", "network", "ipc"}


@pytest.fixture
def work_dir() -> Iterator[Path]:
    """A folder that another user reaches, which pytest's own is not."""
    with TemporaryDirectory(dir="/var/tmp") as made:
        os.chown(made, UID, UID)
        yield Path(made)


def attacked(identity: str, work_dir: Path, policy: str = "best-effort") -> dict[str, Any]:
    """What a child of such a worker achieved, and the walls around it."""
    if identity == "root":
        os.chown(work_dir, 0, 0)
    command = [sys.executable, "-m", "tests.core.media.sandbox.attacked_worker", identity, str(work_dir), policy]
    environ = {"PATH": os.environ["PATH"], "CLIPSTREAM_SECRET": "not for children"}
    ran = subprocess.run(command, env=environ, capture_output=True, timeout=HANG_S, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


@pytest.mark.parametrize(
    ("identity", "walls"),
    [
        ("root", {*NAMESPACES, "own_user", "landlock", "system_calls", "worker_memory"}),
        ("user", {*NAMESPACES, "user_namespace", "landlock", "system_calls", "worker_memory"}),
        ("user-without-unshare", {"landlock", "system_calls", "worker_memory"}),
    ],
)
def test_no_attempt_works_and_strict_takes_the_walls(identity: str, walls: set[str], work_dir: Path) -> None:
    answer = attacked(identity, work_dir, "strict")
    assert set(answer["standing"]) == walls
    assert len(answer["tried"]) >= MIN_ATTEMPTS
    assert answer["worked"] == []
    assert not answer["changed"]


def test_strict_starts_nothing_where_no_wall_keeps_files(work_dir: Path) -> None:
    answer = attacked("user-without-unshare-without-landlock", work_dir, "strict")
    assert "Landlock or a mount namespace" in answer["refused"]
    assert "tried" not in answer


def test_best_effort_says_which_walls_stand(work_dir: Path) -> None:
    """The attempts work that a missing wall lets through: they are real ones."""
    answer = attacked("user-without-unshare-without-landlock", work_dir)
    assert set(answer["standing"]) == {"system_calls", "worker_memory"}
    assert "read_a_file_of_the_worker" in answer["worked"]
    assert "environment_of_the_worker" not in answer["worked"]
