"""Messages about a stack that does not start in time."""

from __future__ import annotations

from pathlib import Path

from local.config.state import Layout, PartStatus, StackState
from local.stack import why_late


def test_a_late_stack_names_the_part_it_waits_for_and_why(tmp_path: Path) -> None:
    parts = [
        PartStatus(name="kafka", state="ready", ready_after_s=6.0),
        PartStatus(name="search", state="external"),
        PartStatus(name="api"),
        PartStatus(name="triton", state="restarting", restarts=2, said="not ready after 90 s"),
    ]
    state = StackState(stack_id="x", parts={part.name: part for part in parts})
    said = why_late(Layout(root=tmp_path), state)
    assert "triton is late (not ready after 90 s)" in said
    assert str(tmp_path / "logs" / "triton.log") in said


def test_a_late_stack_without_a_late_part_leads_to_the_log(tmp_path: Path) -> None:
    assert "supervisor.log" in why_late(Layout(root=tmp_path), None)
