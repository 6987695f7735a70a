"""Presets of platforms."""

from __future__ import annotations

import msgspec

from api.http.operations import Call, Operation, Reply
from schemas.options.presets import Preset, PresetName, presets

CACHED = {"Cache-Control": "private, max-age=300"}


class PresetList(msgspec.Struct, frozen=True, kw_only=True):
    """All presets by name."""

    presets: dict[PresetName, Preset]
    """Presets by name."""


async def list_presets(_call: Call[None, None]) -> Reply:
    """Every preset in full, with the sources of its figures."""
    return Reply(body=PresetList(presets=dict(presets())), headers=CACHED)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/presets",
        name="listPresets",
        tag="clips",
        permission="projects:read",
        summary="List what each platform takes",
        handler=list_presets,
        response=PresetList,
    ),
)
