"""Customers' metadata on projects, clips and exports: bounds, encoding and merge patch. Pure.

Metadata is stored as compact JSON text in the given order: jsonb would sort the names and write 1e300 out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

MAX_BYTES = 16 * 1024
"""Size as compact JSON in UTF-8."""
MAX_LEVELS = 10
"""Levels of objects and lists, including the outermost."""
MAX_NAME_CHARACTERS = 200
"""Length of a name."""
MAX_TITLE_CHARACTERS = 500
"""Length of a project's title, by API and Kafka."""
MAX_CLIP_TITLE_CHARACTERS = 200
"""Length of a clip's or an export's title."""
_BOUNDS = (
    f"an object of at most {MAX_BYTES:,} bytes as compact JSON in UTF-8, {MAX_LEVELS} levels, "
    f"names of at most {MAX_NAME_CHARACTERS} characters"
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
    """The title and metadata of a project, clip or export."""

    title: str
    metadata: Metadata


class MetadataFault(msgspec.Struct, frozen=True, kw_only=True):
    """One broken rule of metadata, and where."""

    path: tuple[str | int, ...]
    rule: str


def encode_metadata(value: Mapping[str, Any]) -> str:
    """Encode metadata as it is stored: compact, names in their order."""
    return msgspec.json.encode(value).decode()


def decode_metadata(text: str) -> dict[str, Any]:
    """Decode stored metadata."""
    return msgspec.json.decode(text, type=dict[str, Any])


def faults_of(value: Mapping[str, Any]) -> list[MetadataFault]:
    """The broken rules of metadata; empty where none is."""
    faults = list(_faults(value, (), 1))
    if not faults and (size := len(msgspec.json.encode(value))) > MAX_BYTES:
        faults.append(
            MetadataFault(path=(), rule=f"at most {MAX_BYTES:,} bytes as compact JSON in UTF-8, not {size:,}")
        )
    return faults


def _faults(value: Any, path: tuple[str | int, ...], level: int) -> Iterator[MetadataFault]:
    if not isinstance(value, dict | list):
        return
    if level > MAX_LEVELS:
        yield MetadataFault(path=path, rule=f"nested no deeper than {MAX_LEVELS} levels")
        return
    for name, part in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(name, str) and not 0 < len(name) <= MAX_NAME_CHARACTERS:
            yield MetadataFault(
                path=(*path, name), rule=f"called by 1 to {MAX_NAME_CHARACTERS} characters, not {len(name):,}"
            )
        yield from _faults(part, (*path, name), level + 1)


def merged(value: Any, patch: Any) -> Any:
    """A value after a JSON Merge Patch (RFC 7396): names stay in their place, new ones come last."""
    if not isinstance(patch, dict):
        return patch
    document = dict(value) if isinstance(value, dict) else {}
    for name, part in patch.items():
        if part is None:
            document.pop(name, None)
        else:
            document[name] = merged(document.get(name), part)
    return document
