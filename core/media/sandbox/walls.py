"""The walls around a child, and those that must stand: `strict` starts none without them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, get_args

from core.process_control import is_memory_hidden

Wall = Literal[
    "system_calls", "landlock", "mounts", "processes", "network", "ipc", "own_user", "user_namespace", "worker_memory"
]
"""The walls, strongest first.

``system_calls``: the allow list of seccomp. ``landlock``: the granted files alone, and no signal or trace of another
process. ``mounts``, ``processes``, ``network``, ``ipc``: namespaces. ``own_user``: a user of its own (children of
root). ``user_namespace``: rights over nothing outside (children of other users). ``worker_memory``: the worker's memory
and environment are closed to others of its user.
"""
WALLS: tuple[Wall, ...] = get_args(Wall)
Policy = Literal["strict", "best-effort"]
DESCRIPTIONS: dict[str, str] = {
    "system_calls": "seccomp with an allow list of system calls",
    "files": "Landlock or a mount namespace (Linux 5.13, with landlock among its security modules)",
    "own_user": "a user of its own (the worker is root: run it as another user, or with CAP_SETUID and CAP_CHOWN)",
    "worker_memory": "PR_SET_DUMPABLE 0 in the worker",
}
"""What an operator reads about a wall that `strict` misses."""


class SandboxPolicy:
    """This process's demand on the walls of its children. Set once, before the first child."""

    def __init__(self) -> None:
        """Best effort, until `demand` says otherwise."""
        self.policy: Policy = "best-effort"
        self.standing: tuple[Wall, ...] | None = None
        """Walls of the latest child; None before the first."""

    def demand(self, policy: Policy) -> None:
        """Set what is demanded."""
        self.policy = policy

    @property
    def is_ready(self) -> bool:
        """Whether children may be started: under `strict`, once one was seen with every wall that must stand."""
        return self.policy != "strict" or (self.standing is not None and not self.missing)

    @property
    def missing(self) -> list[str]:
        """Walls that `strict` misses as of the latest child; empty where it demands nothing."""
        if self.policy != "strict" or self.standing is None:
            return []
        return list_missing(self.standing, is_root=os.geteuid() == 0)


SANDBOX = SandboxPolicy()
"""Of this process: children are started in many places, all under one policy."""


def list_missing(standing: Sequence[str], *, is_root: bool) -> list[str]:
    """Name what `strict` demands and does not have.

    Namespaces are not demanded: the default profile of container engines refuses them, and Landlock with the allow list
    closes the same ways.
    """
    missing = [] if "system_calls" in standing else ["system_calls"]
    if not {"landlock", "mounts"} & set(standing):
        missing.append("files")
    if is_root and "own_user" not in standing:
        missing.append("own_user")
    if "worker_memory" not in standing:
        missing.append("worker_memory")
    return missing


def with_worker(standing: Sequence[Wall]) -> list[Wall]:
    """The child's walls with this process's own."""
    worker_walls: list[Wall] = ["worker_memory"] if is_memory_hidden() else []
    return [*standing, *worker_walls]


def describe_missing(missing: Sequence[str]) -> str:
    """A sentence for operators."""
    descriptions = "; ".join(DESCRIPTIONS[name] for name in missing)
    return f"CLIPSTREAM_SANDBOX=strict misses {descriptions}. Mend it, or set best-effort"
