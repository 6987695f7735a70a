"""Rows of clips and of the versions of their edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from core.domain.editing.edit_operations import Operation
from core.domain.identity.actors import Actor
from core.infra.postgres.connection import Connection, Row
from schemas.common import Aspect, ObjectRef, TimeRange, Value
from schemas.documents.edit import CropKey, EditList, machine_edit
from schemas.documents.moments import ClipFacts, Moment
from schemas.events import ClipSelected

_INSERT_SELECTED = """
insert into clips
  (org_id, clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title, reason, signals,
   hook, description, hashtags, without_words)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict do nothing
"""
_INSERT_REQUESTED = """
insert into clips (org_id, clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title, reason, signals,
                   hook, description, hashtags, without_words, found_title, metadata, made_by)
select $1, $2, $3, coalesce(max(ordinal), -1) + 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'person'
from clips where org_id = $1 and project_id = $3 having count(*) < $17
returning ordinal
"""
_WRITE_FACTS = """
update clips set title = case when title = '' then $3 else title end,
  found_title = case when found_title = '' then $3 else found_title end, score = $4, confidence = $5,
  reason = $6, signals = $7, hook = $8, description = $9, hashtags = $10, without_words = $11, facts = $12
where org_id = $1 and clip_id = $2
"""
"""A title that a person gave stays, also one given since the clip was requested."""
_TO_FRAME = """
select p.source, p.source_index as index, c.tracks,
  (select d.edit from clip_edits d where d.org_id = $1 and d.clip_id = $2 and d.version = coalesce(
     (select e.edit_version from exports e where e.org_id = $1 and e.export_id = $3), $4)) as edit
from clips c join projects p using (org_id, project_id) where c.org_id = $1 and c.clip_id = $2
"""
_LIST_EDITS = """
with page as (
  select * from clip_edits where org_id = $1 and clip_id = $2 and version < $3 order by version desc limit $4),
sized as (
  select *, sum(octet_length(operations::text)) over (order by version desc rows between unbounded preceding
                                                      and 1 preceding) as before_it from page)
select version, base_version, actor, note, operations, created_at from sized
where coalesce(before_it, 0) < $5 order by version desc
"""


class ClipMedia(Value, frozen=True, kw_only=True):
    """The inputs that a clip is framed and rendered from.

    ``edit`` is None where the clip plays as the machine cut it.
    """

    source: ObjectRef
    index: ObjectRef
    tracks: ObjectRef | None
    """What frame saw of the clip; None until it was looked at."""
    edit: EditList | None


class RequestedClip(Value, frozen=True, kw_only=True):
    """A clip that a person chose, before it is measured."""

    title: str
    """Empty where the person gave none."""
    project_title: str
    moments: ObjectRef | None
    """The moments of the project; None where there are none."""


async def insert_selected_clip(connection: Connection, selected: ClipSelected, moment: Moment) -> None:
    """Add a clip that detect chose; the same one again changes nothing."""
    await connection.execute(
        _INSERT_SELECTED,
        selected.org_id,
        selected.clip_id,
        selected.project_id,
        selected.ordinal,
        moment.range.start_ms,
        moment.range.end_ms,
        moment.score,
        moment.confidence,
        moment.title,
        moment.reason,
        moment.signals,
        moment.hook,
        moment.description,
        moment.hashtags,
        moment.without_words or None,
    )


async def insert_requested_clip(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    clip_id: UUID,
    time: TimeRange,
    *,
    moment: Moment | None,
    title: str,
    metadata: str,
    max_clips: int,
) -> bool:
    """Add a clip that a person chose; False if the project has ``max_clips`` already.

    ``moment`` has the same range; its title is used if ``title`` is empty.
    """
    found_title = moment.title if moment else ""
    ordinal = await connection.fetchval(
        _INSERT_REQUESTED,
        org_id,
        clip_id,
        project_id,
        time.start_ms,
        time.end_ms,
        moment.score if moment else None,
        moment.confidence if moment else None,
        title or found_title,
        moment.reason if moment else "",
        moment.signals if moment else [],
        moment.hook if moment else "",
        moment.description if moment else "",
        moment.hashtags if moment else [],
        (moment.without_words or None) if moment else None,
        found_title if title else None,
        metadata,
        max_clips,
    )
    return ordinal is not None


async def find_clip_of_range(connection: Connection, org_id: UUID, project_id: UUID, time: TimeRange) -> UUID | None:
    """Find the clip of a project that has exactly this range."""
    clip_id: UUID | None = await connection.fetchval(
        "select clip_id from clips where org_id = $1 and project_id = $2 and start_ms = $3 and end_ms = $4",
        org_id,
        project_id,
        time.start_ms,
        time.end_ms,
    )
    return clip_id


async def find_clip_row(connection: Connection, org_id: UUID, clip_id: UUID) -> Row | None:
    """A clip's row with its project's length, size and options; None also if the project is gone."""
    return await connection.fetchrow(
        """select c.*, p.duration_ms, p.width_px, p.height_px, p.options, p.test as project_test
           from clips c join projects p using (org_id, project_id)
           where c.org_id = $1 and c.clip_id = $2 and p.state not in ('erased', 'cancelled')""",
        org_id,
        clip_id,
    )


async def list_clip_rows(connection: Connection, org_id: UUID, project_id: UUID) -> list[Row]:
    """The clips of a project in their order."""
    rows: list[Row] = await connection.fetch(
        "select * from clips where org_id = $1 and project_id = $2 order by ordinal", org_id, project_id
    )
    return rows


async def read_clip_title(connection: Connection, org_id: UUID, clip_id: UUID) -> str:
    """The clip's title; empty where it has none."""
    title = await connection.fetchval("select title from clips where org_id = $1 and clip_id = $2", org_id, clip_id)
    return str(title or "")


async def read_requested_clip(connection: Connection, org_id: UUID, clip_id: UUID) -> RequestedClip | None:
    """The row of a clip before it is measured; None where there is no such clip."""
    row = await connection.fetchrow(
        """select c.title, p.title as project_title, m.object as moments
           from clips c join projects p using (org_id, project_id)
           left join moments m using (org_id, project_id) where c.org_id = $1 and c.clip_id = $2""",
        org_id,
        clip_id,
    )
    return msgspec.convert(dict(row), RequestedClip) if row is not None else None


async def read_media_to_frame(
    connection: Connection, org_id: UUID, clip_id: UUID, *, export_id: UUID, edit_version: int
) -> ClipMedia | None:
    """Read what is framed, with the edit of this export.

    ``edit_version`` counts if there is no such export.
    """
    row = await connection.fetchrow(_TO_FRAME, org_id, clip_id, export_id, edit_version)
    return msgspec.convert(dict(row), ClipMedia) if row is not None else None


async def read_media(connection: Connection, org_id: UUID, clip_id: UUID, *, edit_version: int) -> ClipMedia | None:
    """The inputs of a clip's rendering, in this version of its edit; None where there is no such clip."""
    row = await connection.fetchrow(
        """select p.source, p.source_index as index, c.tracks,
             (select edit from clip_edits d where d.org_id = c.org_id and d.clip_id = c.clip_id
              and d.version = $3) as edit
           from clips c join projects p using (org_id, project_id) where c.org_id = $1 and c.clip_id = $2""",
        org_id,
        clip_id,
        edit_version,
    )
    return msgspec.convert(dict(row), ClipMedia) if row is not None else None


async def write_facts(
    connection: Connection, org_id: UUID, clip_id: UUID, facts: ClipFacts, document: ObjectRef
) -> None:
    """Write what was measured of a clip that a person chose."""
    await connection.execute(
        _WRITE_FACTS,
        org_id,
        clip_id,
        facts.title,
        facts.score,
        facts.confidence,
        facts.reason,
        facts.signals,
        facts.hook,
        facts.description,
        facts.hashtags,
        facts.without_words or None,
        document,
    )


async def write_tracks(connection: Connection, org_id: UUID, clip_id: UUID, tracks: ObjectRef) -> None:
    """Write where lies what frame saw of the clip."""
    await connection.execute("update clips set tracks = $3 where org_id = $1 and clip_id = $2", org_id, clip_id, tracks)


async def write_crop_suggestions(
    connection: Connection, org_id: UUID, clip_id: UUID, crops: Mapping[Aspect, Sequence[CropKey]]
) -> None:
    """Write the crops that a person may start from, by aspect."""
    await connection.execute("update clips set crops = $3 where org_id = $1 and clip_id = $2", org_id, clip_id, crops)


async def relabel_clip(
    connection: Connection, org_id: UUID, clip_id: UUID, *, title: str, found_title: str | None, metadata: str
) -> None:
    """Write the titles and the metadata (compact JSON) and count the revision.

    ``found_title`` is the machine's title, kept while a person's is shown; None where the machine's is shown.
    """
    await connection.execute(
        """update clips set title = $3, found_title = $4, metadata = $5, revision = revision + 1
           where org_id = $1 and clip_id = $2""",
        org_id,
        clip_id,
        title,
        found_title,
        metadata,
    )


async def newest_edit_version(connection: Connection, org_id: UUID, clip_id: UUID) -> int:
    """The number of the clip's last edit; 1, the machine's, where there is no other."""
    version = await connection.fetchval(
        "select max(version) from clip_edits where org_id = $1 and clip_id = $2", org_id, clip_id
    )
    return int(version or 1)


async def read_edit(connection: Connection, clip: Row, version: int) -> EditList | None:
    """Read one version of a clip's edit; None if it does not exist.

    Version 1 is not stored: it plays the clip's range.
    """
    if version == 1:
        return machine_edit(TimeRange(start_ms=clip["start_ms"], end_ms=clip["end_ms"]))
    value = await connection.fetchval(
        "select edit from clip_edits where org_id = $1 and clip_id = $2 and version = $3",
        clip["org_id"],
        clip["clip_id"],
        version,
    )
    return msgspec.convert(value, EditList) if value else None


async def list_versions_framed_alike(connection: Connection, clip: Row, version: int) -> list[int]:
    """Versions of the edit with the same segments and crops, hence framing; this one included."""
    rows = await connection.fetch(
        """select d.version from clip_edits d join clip_edits e using (org_id, clip_id)
           where org_id = $1 and clip_id = $2 and e.version = $3
             and d.edit -> 'segments' = e.edit -> 'segments' and d.edit -> 'crops' = e.edit -> 'crops'""",
        clip["org_id"],
        clip["clip_id"],
        version,
    )
    machine, edit = await read_edit(connection, clip, 1), await read_edit(connection, clip, version)
    is_machine = machine and edit and (edit.segments, edit.crops) == (machine.segments, machine.crops)
    return sorted({version, *(int(row["version"]) for row in rows), *([1] if is_machine else [])})


async def insert_edit(
    connection: Connection, clip: Row, edit: EditList, operations: Sequence[Operation], actor: Actor, note: str
) -> None:
    """Add a version of the edit. The caller holds the clip's lock, so that each number is used once."""
    await connection.execute(
        """insert into clip_edits (org_id, clip_id, version, base_version, actor, note, operations, edit)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        clip["org_id"],
        clip["clip_id"],
        edit.version,
        edit.base_version,
        str(actor),
        note,
        list(operations),
        edit,
    )


async def list_edit_rows(
    connection: Connection, org_id: UUID, clip_id: UUID, *, before: int, limit: int, max_bytes: int
) -> list[Row]:
    """Versions below ``before``, newest first; fewer where their operations exceed ``max_bytes``."""
    rows: list[Row] = await connection.fetch(_LIST_EDITS, org_id, clip_id, before, limit, max_bytes)
    return rows


async def lock_clip_id(connection: Connection, clip_id: UUID) -> None:
    """Let one transaction at a time add edits and exports to a clip."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 7302))", str(clip_id))
