"""Attempts of an attacker's code: a list of them, and what they share.

Numbers of system calls are those of x86_64.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
Attempt = Callable[[dict[str, Any]], object]
"""Gets what the worker says about itself; returns whether it had its effect. An exception counts as refused."""
ATTEMPTS: dict[str, Attempt] = {}
MAX_READ_BYTES = 1_000_000


def attempt(function: Attempt) -> Attempt:
    """List it."""
    ATTEMPTS[function.__name__] = function
    return function


def call(number: int, *arguments: Any) -> int:
    """A system call; raises OSError."""
    done = int(LIBC.syscall(ctypes.c_long(number), *arguments))
    if done < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return done


def contains(path: str, text: bytes) -> bool:
    with Path(path).open("rb") as file:
        return text in file.read(MAX_READ_BYTES)
