"""A clip's edit as files that editing programs open. Names media as its caller does; opens none, and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.handover import Format, Handover, Written
from streams.adapters.editors.edl import write_edl
from streams.adapters.editors.fcpxml import write_fcpxml

SUFFIXES: Mapping[Format, str] = MappingProxyType({"otio": ".otio", "fcpxml": ".fcpxml", "edl": ".edl", "fcp7": ".xml"})
MEDIA_TYPES: Mapping[Format, str] = MappingProxyType(
    {"otio": "application/json", "fcpxml": "application/xml", "edl": "text/plain", "fcp7": "application/xml"}
)


def write(handover: Handover, wanted: Format) -> Written:
    """The file in one of the formats."""
    if wanted == "edl":
        return write_edl(handover)
    if wanted == "fcpxml":
        return write_fcpxml(handover)
    from streams.adapters.editors import timelines  # noqa: PLC0415 - the library takes a while to load, and few need it

    return timelines.write_otio(handover) if wanted == "otio" else timelines.write_fcp7(handover)
