"""Rows with a fixed lifetime: kept answers, dead letters, refusals, previews.

Runs as the relay's role.
"""

from __future__ import annotations

from core.infra.postgres.connection import Connection

_EXPIRED = (
    "delete from idempotency_keys where created_at < now() - interval '25 hours'",  # they count for 24 hours
    "delete from dead_letters where created_at < now() - interval '28 days'",  # as long as dead.v1 has them
    "delete from upload_refusals where created_at < now() - interval '7 days'",  # as long as the topics have them
    """with gone as (
         delete from previews where created_at < now() - interval '1 day' returning org_id, project_id),
       planned as (insert into object_sweeps (org_id, kind, subject_id, due_at)
         select distinct org_id, 'project', project_id, now() from gone on conflict do nothing)
       select from gone""",
)


async def delete_expired(connection: Connection) -> int:
    """Delete expired rows of every organisation and return how many.

    The objects of deleted previews are swept afterwards.
    """
    tags = [await connection.execute(statement) for statement in _EXPIRED]
    return sum(int(tag.rpartition(" ")[2]) for tag in tags)
