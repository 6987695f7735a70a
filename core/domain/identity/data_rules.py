"""How an installation archives and erases the data of organisations. Pure data, for core.settings."""

from __future__ import annotations

from typing import Annotated

import msgspec


class DataRules(msgspec.Struct, frozen=True, kw_only=True):
    """Archives and erasures of organisations."""

    grace_days: Annotated[float, msgspec.Meta(ge=0, le=90)] = 7.0
    """Days between the request to erase an organisation and the erasure, in which it can be cancelled."""
    archive_days: Annotated[float, msgspec.Meta(gt=0, le=90)] = 7.0
    """Days for which a finished archive of an organisation is kept."""
    archive_gb: Annotated[float, msgspec.Meta(gt=0)] = 200.0
    """Largest archive: one that would be larger fails."""
