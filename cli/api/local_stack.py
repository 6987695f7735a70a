"""Starts the one-machine stack where a command needs one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from local import stack
from local.install.tools import Say
from local.stack import StackInfo


def ensure_running(state_dir: Path, console: Console, *, environ: Mapping[str, str] | None = None) -> StackInfo:
    """The stack of a state directory: found running, or started, with its progress on ``console``. Raises Problem."""
    return stack.ensure_running(stack.layout_of(state_dir), environ or os.environ, sayer(console))


def sayer(console: Console) -> Say:
    """Prints each line as it is."""
    return lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)
