"""Rows of mails: written with what they tell of, sent and deleted by the relay's process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from core.infra.postgres.connection import Connection, set_place
from schemas.common import Value

_TAKE = """
update mails set tries = tries + 1, due_at = now() + make_interval(secs => least(30 * 4 ^ tries, 21600))
where mail_id = (select mail_id from mails where state = 'due' and due_at <= now() order by due_at
                 for update skip locked limit 1)
returning mail_id, template, tries, sealed, created_at < now() - make_interval(secs => $1) as late
"""


class DueMail(Value, frozen=True, kw_only=True):
    """A mail that is due, taken for one try."""

    mail_id: UUID
    template: str
    tries: int
    sealed: bytes
    late: bool
    """Whether this is its last try."""


async def insert_mail(
    connection: Connection,
    mail_id: UUID,
    *,
    template: str,
    locale: str,
    sealed: bytes,
    receiver: str,
    user_id: UUID | None,
    org_id: UUID | None,
    project_ids: Sequence[UUID] = (),
) -> None:
    """Add a mail, due now, once.

    ``receiver``: keyed hash of its address; ``project_ids``: whose titles it has.
    """
    await connection.execute(
        """insert into mails (mail_id, template, locale, sealed, receiver, user_id, org_id, project_ids)
           values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing""",
        mail_id,
        template,
        locale,
        sealed,
        receiver,
        user_id,
        org_id,
        list(project_ids),
    )


async def delete_mails_to(connection: Connection, receivers: Sequence[str]) -> None:
    """Delete every mail to an address, by its keyed hashes."""
    await set_place(connection, "subjects", " ".join(receivers))
    await connection.execute("delete from mails where receiver = any($1)", list(receivers))


async def count_recent_mails(connection: Connection, user_id: UUID, template: str, since: dt.datetime) -> int:
    """Number of mails of a template to a person since then."""
    count: int = await connection.fetchval(
        "select count(*) from mails where user_id = $1 and template = $2 and created_at > $3", user_id, template, since
    )
    return count


async def take_due_mail(connection: Connection, try_for_s: float) -> DueMail | None:
    """Take the mail that is due longest; it is due again, later and later, until its outcome is written."""
    row = await connection.fetchrow(_TAKE, try_for_s)
    return DueMail(**dict(row)) if row is not None else None


async def end_mail(
    connection: Connection, mail_id: UUID, state: Literal["sent", "undeliverable"], error: str | None = None
) -> None:
    """Write how a mail ended."""
    await connection.execute(
        "update mails set state = $2, last_error = $3, ended_at = now() where mail_id = $1", mail_id, state, error
    )


async def note_mail_error(connection: Connection, mail_id: UUID, error: str) -> None:
    """Write why a try failed; the next one is due already."""
    await connection.execute("update mails set last_error = $2 where mail_id = $1", mail_id, error)


async def count_mails(connection: Connection) -> dict[str, int]:
    """Number of mails by state."""
    rows = await connection.fetch("select state, count(*) as count from mails group by state")
    return {row["state"]: row["count"] for row in rows}
