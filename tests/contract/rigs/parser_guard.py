"""Catches native parsers that a stage calls in its worker's own process: hostile bytes are read in children alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any
from unittest.mock import patch

import av
import uharfbuzz
from fontTools import ttLib
from PIL import Image, ImageFont

OPENERS: tuple[tuple[Any, str], ...] = (
    (av, "open"),
    (Image, "open"),
    (ImageFont, "truetype"),
    (uharfbuzz, "Face"),
    (ttLib.TTFont, "__init__"),
)
"""What begins to parse bytes, where the product calls it."""
OURS = ("core.", "streams.")


@contextmanager
def guarded_parsers() -> Iterator[list[str]]:
    """Note which modules of ours open something while the block lasts, except where a test itself called them."""
    caught: list[str] = []
    with ExitStack() as stack:
        for owner, name in OPENERS:
            stack.enter_context(patch.object(owner, name, _noting(getattr(owner, name), name, caught)))
        yield caught


def _noting(opener: Callable[..., Any], name: str, caught: list[str]) -> Callable[..., Any]:
    def note(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        caller = frame.f_globals.get("__name__", "")
        if caller.startswith(OURS) and not _is_called_by_a_test(frame):
            caught.append(f"{caller} calls {name}")
        return opener(*args, **kwargs)

    return note


def _is_called_by_a_test(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("tests."):
            return True
        frame = frame.f_back
    return False
