"""One part's life, with a real process."""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.config.state import Layout, PartStatus
from local.services.service import Part
from local.supervisor.runner import Runner


async def test_a_late_part_gets_more_time_at_its_next_start(tmp_path: Path) -> None:
    came_up = tmp_path / "came-up"
    script = f"import pathlib, time; time.sleep(1.5); pathlib.Path({str(came_up)!r}).touch(); time.sleep(60)"

    def up() -> None:
        if not came_up.exists():
            raise ConnectionError("nobody answers")

    part = Part(
        name="slow", argv=(sys.executable, "-c", script), env=dict(os.environ), tier="store", probe=up,
        start_timeout_s=1.0,
    )  # fmt: skip
    layout = Layout(root=tmp_path)
    layout.logs.mkdir()
    told: list[str] = []

    def changed(status: PartStatus) -> None:
        told.append(f"{status.state} {status.said}".strip())

    with ThreadPoolExecutor(2) as executor:
        runner = Runner(part, layout=layout, stack_id="test", executor=executor, changed=changed)
        living = asyncio.create_task(runner.keep([]))
        await asyncio.wait_for(runner.ready.wait(), 30)
        await runner.stop()
        await asyncio.wait_for(living, 30)
    assert "restarting not ready after 1 s (nobody answers)" in told
    assert told[-1] == "stopped"
