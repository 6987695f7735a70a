"""The versions of a clip's edit, as they are stored. Reads and adds; never changes one, and knows no operation."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.domain.editing.edit_operations import Operation
from core.infra.postgres.connection import Connection, Row
from schemas.common import TimeRange
from schemas.documents.edit import EditList, machine_edit


async def newest_version(rows: Connection, org_id: UUID, clip_id: UUID) -> int:
    """The number of the clip's last version; 1 where nobody edited it."""
    found = await rows.fetchval(
        "select max(version) from clip_edits where org_id = $1 and clip_id = $2", org_id, clip_id
    )
    return int(found or 1)


async def read_edit(rows: Connection, clip: Row, version: int) -> EditList | None:
    """One version of a clip's edit; None where there is none."""
    if version == 1:
        return machine_edit(TimeRange(start_ms=clip["start_ms"], end_ms=clip["end_ms"]))
    found = await rows.fetchval(
        "select edit from clip_edits where org_id = $1 and clip_id = $2 and version = $3",
        clip["org_id"], clip["clip_id"], version,
    )  # fmt: skip
    return msgspec.convert(found, EditList) if found else None


async def write_edit(
    rows: Connection, clip: Row, edit: EditList, operations: Sequence[Operation], key_id: UUID, note: str
) -> None:
    """Add a version. Whoever calls holds the clip's lock, so that two never take one number."""
    await rows.execute(
        """insert into clip_edits (org_id, clip_id, version, base_version, key_id, note, operations, edit)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        clip["org_id"], clip["clip_id"], edit.version, edit.base_version, key_id, note, list(operations), edit,
    )  # fmt: skip
