"""A clip's edit as files for editing programs.

Media are named as the caller names them; no file is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.domain.editing.interchange import Format, Handover, InterchangeFile
from core.infra.interchange.cmx3600 import write_edl
from core.infra.interchange.fcpxml import write_fcpxml

SUFFIXES: Mapping[Format, str] = MappingProxyType({"otio": ".otio", "fcpxml": ".fcpxml", "edl": ".edl", "fcp7": ".xml"})
MEDIA_TYPES: Mapping[Format, str] = MappingProxyType(
    {"otio": "application/json", "fcpxml": "application/xml", "edl": "text/plain", "fcp7": "application/xml"}
)


def write(handover: Handover, file_format: Format) -> InterchangeFile:
    """Write the edit in one of the formats."""
    if file_format == "edl":
        return write_edl(handover)
    if file_format == "fcpxml":
        return write_fcpxml(handover)
    from core.infra.interchange import otio  # noqa: PLC0415 - the library takes a while to load, and few need it

    return otio.write_otio(handover) if file_format == "otio" else otio.write_fcp7(handover)
