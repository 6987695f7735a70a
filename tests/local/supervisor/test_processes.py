"""Processes of the stack: a nice one steps aside although it has a session of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from core.process_control import AUTOGROUP
from local.supervisor.processes import Spawn, spawn

SAY = "import os, pathlib; print(os.nice(0), pathlib.Path('/proc/self/autogroup').read_text())"


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel shares the processor between processes only")
@pytest.mark.parametrize("nice", [0, 5, 19])
def test_a_nice_part_makes_its_session_nice(tmp_path: Path, nice: int) -> None:
    output = tmp_path / "said"
    how = Spawn(
        argv=[sys.executable, "-c", SAY], env=os.environ, cwd=tmp_path, log=tmp_path / "log", output=output, nice=nice
    )
    assert spawn(how).wait(timeout=30) == 0
    niceness, *_, of_session = output.read_text().split()
    assert int(niceness) == min(19, os.nice(0) + nice)
    assert int(of_session) == (min(5, int(niceness)) if nice else 0)
