"""What a customer attaches to a project, clip or export: a JSON object of their own, and how it is changed. Pure.

It is kept as the compact JSON that came, its names in their order: jsonb would sort them, and write 1e300 out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

MOST_BYTES = 16 * 1024
"""As compact JSON in UTF-8."""
DEEPEST = 10
"""Levels of objects and lists, the outermost included."""
LONGEST_NAME = 200
"""Characters of a name."""
TITLE_CHARS = 500
"""Of a project; a message on Kafka is held to it too."""
CLIP_TITLE_CHARS = 200
"""Of a clip or an export."""
_BOUNDS = (
    f"an object of at most {MOST_BYTES:,} bytes as compact JSON in UTF-8, {DEEPEST} levels, "
    f"names of at most {LONGEST_NAME} characters"
)
Metadata: TypeAlias = Annotated[
    dict[str, Any],
    Meta(
        description=f"JSON of your own, given back as it is: {_BOUNDS}.",
        examples=[{"order": 4711, "tags": ["spring"]}],
        extra_json_schema={"additionalProperties": True},
    ),
]
MetadataPatch: TypeAlias = Annotated[
    dict[str, Any],
    Meta(
        description=f"Merged by RFC 7396: null takes a name out, lists are replaced as a whole. Afterwards {_BOUNDS}.",
        examples=[{"order": 4712, "tags": None}],
        extra_json_schema={"additionalProperties": True},
    ),
]


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer calls a thing, and attached to it."""

    title: str
    metadata: Metadata


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with metadata: where, and what it must be."""

    path: tuple[str | int, ...]
    rule: str


def encode_metadata(value: Mapping[str, Any]) -> str:
    """As it is kept: compact, names in their order."""
    return msgspec.json.encode(value).decode()


def decode_metadata(text: str) -> dict[str, Any]:
    """What is kept, as values."""
    return msgspec.json.decode(text, type=dict[str, Any])


def faults_of(value: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with metadata; empty where nothing is."""
    found = list(_faults(value, (), 1))
    if not found and (size := len(msgspec.json.encode(value))) > MOST_BYTES:
        found.append(Fault(path=(), rule=f"at most {MOST_BYTES:,} bytes as compact JSON in UTF-8, not {size:,}"))
    return found


def _faults(value: Any, path: tuple[str | int, ...], level: int) -> Iterator[Fault]:
    if not isinstance(value, dict | list):
        return
    if level > DEEPEST:
        yield Fault(path=path, rule=f"nested no deeper than {DEEPEST} levels")
        return
    for name, part in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(name, str) and not 0 < len(name) <= LONGEST_NAME:
            yield Fault(path=(*path, name), rule=f"called by 1 to {LONGEST_NAME} characters, not {len(name):,}")
        yield from _faults(part, (*path, name), level + 1)


def merged(value: Any, patch: Any) -> Any:
    """What a JSON Merge Patch (RFC 7396) makes of a value: names stay in their place, new ones come last."""
    if not isinstance(patch, dict):
        return patch
    found = dict(value) if isinstance(value, dict) else {}
    for name, part in patch.items():
        if part is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), part)
    return found
