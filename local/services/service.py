"""A service of the stack as data: its command, when it counts as ready, how it is stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from local.config.stack_secrets import Secrets
from local.config.state import Layout
from local.install.all import Installed

Check = Callable[[], None]
"""Blocking; returns when fine, raises anything when not. Runs in a thread."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs from which the parts of one stack are made."""

    stack_id: str
    layout: Layout
    secrets: Secrets
    installed: Installed
    environ: Mapping[str, str]
    port: Callable[[str], int]
    """The port of a name in ``numbers.PORTS``."""
    outside: Path | None
    """A directory that other users can reach, where this state directory is not one and we are root."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One process, or one command that runs to its end (``once``)."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    tier: Literal["store", "product"]
    """Products are stopped first, stores after them."""
    needs: tuple[str, ...] = ()
    port: int | None = None
    once: bool = False
    forked: bool = False
    """Whether ``python -m NAME …`` is forked from the prefork server, which has loaded the module."""
    capture: Callable[[str], None] | None = None
    """Takes the output of a command that runs once."""
    prepare: Check | None = None
    """Before each start."""
    probe: Check | None = None
    """Ready means that this worked."""
    settle: Check | None = None
    """Once, right after the probe first worked and before the part counts as ready."""
    alive: Check | None = None
    """Asked while it runs; failing for ``sick_after_s`` on end restarts the part."""
    alive_every_s: float = 5.0
    sick_after_s: float = 60.0
    start_timeout_s: float = 90.0
    nice: int = 0
    uid: int | None = None
    gid: int | None = None
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 15.0
    death_signal: int = signal.SIGKILL
    """Signal that its process gets from the kernel when the supervisor is killed."""
