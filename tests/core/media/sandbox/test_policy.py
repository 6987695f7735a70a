"""What `strict` demands of the walls, and what operators read about them."""

from __future__ import annotations

import pytest

from core.errors import Unavailable
from core.media.sandbox import parent
from core.media.sandbox.walls import SandboxPolicy, list_missing


@pytest.mark.parametrize(
    ("standing", "is_root", "missing"),
    [
        (["system_calls", "landlock", "worker_memory"], False, []),
        (["system_calls", "mounts", "worker_memory"], False, []),
        (["system_calls", "worker_memory"], False, ["files"]),
        (["landlock", "worker_memory"], False, ["system_calls"]),
        (["system_calls", "landlock", "worker_memory"], True, ["own_user"]),
        (["system_calls", "landlock", "own_user"], True, ["worker_memory"]),
    ],
)
def test_strict_lists_the_missing_walls(standing: list[str], is_root: bool, missing: list[str]) -> None:
    assert list_missing(standing, is_root=is_root) == missing


def test_a_missing_wall_stops_work_under_strict_only(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = SandboxPolicy()
    monkeypatch.setattr(parent, "SANDBOX", policy)
    parent.note_walls(["landlock"])
    assert policy.is_ready
    policy.demand("strict")
    with pytest.raises(Unavailable, match="allow list of system calls"):
        parent.note_walls(["landlock"])
    assert not policy.is_ready
