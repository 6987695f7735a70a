"""Flags of ``clipstream edit`` that name segments, as operations of the API."""

from __future__ import annotations

import argparse
import json
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cli.api.client import JSON
from cli.options.project import parse_time_ms, parse_time_range
from schemas.common import Aspect

AUTOMATIC_CROP = "auto"
"""As a crop: gives the framing of a shape back to the machine."""
NO_LOOK = "none"
"""As a look: takes it away."""
BEFORE, AT = "=", "@"


class _Append(argparse.Action):
    """Collects operations of all flags in the order in which they were typed."""

    def __call__(
        self, _parser: argparse.ArgumentParser, namespace: Namespace, values: Any, _option: str | None = None
    ) -> None:
        """Add one operation."""
        listed = getattr(namespace, self.dest, None) or []
        setattr(namespace, self.dest, [*listed, *(values if isinstance(values, list) else [values])])


def add_operations(parser: argparse.ArgumentParser) -> None:
    """The flags; together they are ``operations``."""
    group = parser.add_argument_group("segments", "by their ids (s1, s2 …), which `clipstream edit CLIP` shows")
    flags: Sequence[tuple[str, str, Callable[[str], Any], str]] = (
        ("--split", "S@T", split, "make two of a segment, at a time of the video: s1@1:42.5"),
        ("--join", "S", join, "make one of a segment and the next"),
        ("--move", "S[=S]", move, "play a segment before another, or last: s3=s1"),
        ("--insert", "T-T[=S]", insert, "play a further part of the video, before a segment or last: 2:10-2:20=s2"),
        ("--remove", "S", remove, "take a segment out"),
        ("--speed", "S=N", speed, "play faster or slower, 0.25 to 4: s2=1.25"),
        ("--mute", "S", mute, "without its sound and captions"),
        ("--unmute", "S", unmute, "with them again"),
        ("--gain", "S=DB", gain, "louder or softer, -24 to 12: s1=-3"),
        ("--style", "S[=NAME]", style, "captions by another template; without a name as the export's again"),
        (
            "--crop",
            "SHAPE=FILE",
            crop,
            f"frame a shape by key frames of a JSON file; 9:16={AUTOMATIC_CROP}: by the machine",
        ),
        ("--look", "FILE", look, f"shape, captions, kit and sound of a JSON file; {NO_LOOK}: as without a look"),
        ("--text", "T-T[=TEXT]", text, "show this instead of the words there; an empty text hides them, none: as said"),
        ("--restore", "N", restore, "all as it was in version N"),
        ("--operations", "FILE", operations, "a JSON list of operations, as the API takes them"),
    )
    for flag, metavar, kind, description in flags:
        group.add_argument(flag, dest="operations", action=_Append, type=kind, metavar=metavar, help=description)


def split(typed: str) -> JSON:
    """``s1@1:42.5``."""
    segment, at, when = typed.partition(AT)
    if not at:
        raise ArgumentTypeError(f"{typed!r} has no time: write s1@1:42.5")
    return {"op": "split", "segment_id": segment, "at_ms": parse_time_ms(when)}


def join(typed: str) -> JSON:
    """``s1``."""
    return {"op": "join", "segment_id": typed}


def move(typed: str) -> JSON:
    """``s3=s1``, or ``s3``."""
    segment, _, before = typed.partition(BEFORE)
    return {"op": "move", "segment_id": segment, "before": before or None}


def insert(typed: str) -> JSON:
    """``2:10-2:20=s2``, or ``2:10-2:20``."""
    part, _, before = typed.partition(BEFORE)
    return {"op": "insert", **parse_time_range(part), "before": before or None}


def remove(typed: str) -> JSON:
    """``s2``."""
    return {"op": "remove", "segment_id": typed}


def speed(typed: str) -> JSON:
    """``s2=1.25``."""
    segment, number = _number(typed, "s2=1.25")
    return {"op": "speed", "segment_id": segment, "speed": number}


def mute(typed: str) -> JSON:
    """``s2``."""
    return {"op": "mute", "segment_id": typed, "muted": True}


def unmute(typed: str) -> JSON:
    """``s2``."""
    return {"op": "mute", "segment_id": typed, "muted": False}


def gain(typed: str) -> JSON:
    """``s1=-3``."""
    segment, number = _number(typed, "s1=-3")
    return {"op": "gain", "segment_id": segment, "gain_db": number}


def style(typed: str) -> JSON:
    """``s2=karaoke_fill``, or ``s2``."""
    segment, _, template = typed.partition(BEFORE)
    return {"op": "style", "segment_id": segment, "template": template or None}


def crop(typed: str) -> JSON:
    """``9:16=keys.json``, or ``9:16=auto``."""
    aspect, equals, path = typed.partition(BEFORE)
    if not equals:
        raise ArgumentTypeError(f"{typed!r} names no file: write 9:16=keys.json, or 9:16={AUTOMATIC_CROP}")
    try:
        shape = msgspec.convert(aspect, Aspect)
    except msgspec.ValidationError:
        raise ArgumentTypeError(f"{aspect!r} is not an aspect: write 9:16, 4:5, 1:1 or 16:9") from None
    return {
        "op": "crop",
        "aspect": shape,
        "keys": [] if path == AUTOMATIC_CROP else _read(path, list, "a list of key frames"),
    }


def look(path: str) -> JSON:
    """``look.json``, or ``none``."""
    return {"op": "look", "look": None if path == NO_LOOK else _read(path, dict, "the parts of a look")}


def text(typed: str) -> JSON:
    """``1:30-1:34=Words``; ``1:30-1:34=`` hides the words, ``1:30-1:34`` shows them as they were said."""
    part, equals, replacement = typed.partition(BEFORE)
    return {"op": "text", **parse_time_range(part), "text": replacement if equals else None}


def restore(typed: str) -> JSON:
    """``3``."""
    if not typed.isdecimal():
        raise ArgumentTypeError(f"{typed!r} is not a version: write its number, e.g. 3")
    return {"op": "restore", "version": int(typed)}


def operations(path: str) -> list[JSON]:
    """A JSON file with a list of operations."""
    operations_typed: list[JSON] = _read(path, list, "a list of operations")
    return operations_typed


def _number(typed: str, example: str) -> tuple[str, float]:
    segment, _, number = typed.partition(BEFORE)
    try:
        return segment, float(number)
    except ValueError:
        raise ArgumentTypeError(f"{typed!r} names no number: write {example}") from None


def _read(path: str, kind: type[Any], noun: str) -> Any:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ArgumentTypeError(f"{path!r} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ArgumentTypeError(f"{path!r} is not JSON: {error}") from None
    if not isinstance(content, kind):
        raise ArgumentTypeError(f"{path!r} must hold {noun}")
    return content
