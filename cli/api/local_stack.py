"""Starts the one-machine stack for a command that needs one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from local import stack
from local.install.tools import Say
from local.stack import StackInfo


def ensure_running(state_dir: Path, console: Console, *, environ: Mapping[str, str] | None = None) -> StackInfo:
    """Start the stack of a state directory unless it runs; progress goes to ``console``.

    Raises StackError."""
    return stack.ensure_running(stack.layout_of(state_dir), environ or os.environ, line_printer(console))


def line_printer(console: Console) -> Say:
    """A function that prints each line as it is."""
    return lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)
