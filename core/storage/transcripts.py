"""Rows of transcripts: version 1 is the machine's, each later one a person's edit of an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.domain.identity.actors import Actor
from core.domain.transcripts.corrections import Change
from core.domain.transcripts.speaker_operations import SpeakerChange
from core.infra.postgres.connection import Connection, Row
from schemas.common import ObjectRef, Value

_LIST = """
with page as (
  select t.version, t.word_count, t.created_at, e.actor, e.base_version, e.note, e.changes, e.speaker_changes
  from transcripts t left join transcript_edits e using (org_id, project_id, version)
  where t.org_id = $1 and t.project_id = $2 and t.version < $3 order by t.version desc limit $4),
sized as (
  select *, sum(octet_length(changes::text) + octet_length(speaker_changes::text)) over (
    order by version desc rows between unbounded preceding and 1 preceding) as before_it from page)
select * from sized where coalesce(before_it, 0) < $5 order by version desc
"""


class TranscriptRecord(Value, frozen=True, kw_only=True):
    """The object that holds one version of a transcript."""

    object: ObjectRef
    version: int


class NewTranscript(Value, frozen=True, kw_only=True):
    """One version that is to be written."""

    object: ObjectRef
    version: int
    language: str | None
    word_count: int


async def read_transcript(
    connection: Connection, org_id: UUID, project_id: UUID, version: int | None = None
) -> TranscriptRecord | None:
    """Read one version of a project's transcript, or the newest; None if it does not exist."""
    row = await connection.fetchrow(
        """select object, version from transcripts where org_id = $1 and project_id = $2
             and ($3::int is null or version = $3) order by version desc limit 1""",
        org_id,
        project_id,
        version,
    )
    return msgspec.convert(dict(row), TranscriptRecord) if row is not None else None


async def newest_transcript_version(connection: Connection, org_id: UUID, project_id: UUID) -> int | None:
    """The number of the newest version; None where there is no transcript."""
    version: int | None = await connection.fetchval(
        "select max(version) from transcripts where org_id = $1 and project_id = $2", org_id, project_id
    )
    return version


async def list_version_rows(
    connection: Connection, org_id: UUID, project_id: UUID, *, before: int, limit: int, max_bytes: int
) -> list[Row]:
    """Versions below ``before`` with their edits, newest first.

    Fewer than ``limit`` where the edits exceed ``max_bytes``.
    """
    rows: list[Row] = await connection.fetch(_LIST, org_id, project_id, before, limit, max_bytes)
    return rows


async def write_machine_transcript(
    connection: Connection, org_id: UUID, project_id: UUID, transcript: NewTranscript
) -> None:
    """Write what close made; a second run of the same work replaces the object."""
    await connection.execute(
        """insert into transcripts (org_id, project_id, version, object, language, word_count)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (org_id, project_id, version) do update set object = excluded.object""",
        org_id,
        project_id,
        transcript.version,
        transcript.object,
        transcript.language,
        transcript.word_count,
    )


async def insert_revision(
    connection: Connection,
    org_id: UUID,
    project_id: UUID,
    transcript: NewTranscript,
    *,
    base_version: int,
    actor: Actor,
    note: str,
    changes: Sequence[Change],
    speaker_changes: Sequence[SpeakerChange],
) -> None:
    """Add a person's version and what was changed in ``base_version``. The caller has locked the project."""
    await connection.execute(
        """insert into transcripts (org_id, project_id, version, object, language, word_count)
           values ($1, $2, $3, $4, $5, $6)""",
        org_id,
        project_id,
        transcript.version,
        transcript.object,
        transcript.language,
        transcript.word_count,
    )
    await connection.execute(
        """insert into transcript_edits
             (org_id, project_id, version, base_version, actor, note, changes, speaker_changes)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        org_id,
        project_id,
        transcript.version,
        base_version,
        str(actor),
        note,
        list(changes),
        list(speaker_changes),
    )
