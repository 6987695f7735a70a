"""Rows that count failed sign-ins by address and by account, for all processes together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from core.infra.postgres.connection import Connection, set_place

_COUNT = """
insert into sign_in_failures as f (subject, failures, last_at) values ($1, 1, now())
on conflict (subject) do update set last_at = now(),
  failures = case when f.last_at < now() - $2::interval then 1 else f.failures + 1 end
returning failures
"""


async def see_subjects(connection: Connection, subjects: Sequence[str]) -> None:
    """Let the rest of the transaction see the counts of some subjects; a subject has no spaces."""
    await set_place(connection, "subjects", " ".join(subjects))


async def read_wait_s(connection: Connection, subjects: Sequence[str]) -> float:
    """Seconds until none of the subjects is locked."""
    seconds = await connection.fetchval(
        "select max(extract(epoch from locked_until - now())) from sign_in_failures where subject = any($1)",
        list(subjects),
    )
    return max(0.0, float(seconds or 0))


async def count_failure(connection: Connection, subject: str, window: dt.timedelta) -> int:
    """Count a failure; returns the number since the last pause of ``window``."""
    return int(await connection.fetchval(_COUNT, subject, window))


async def lock_subject(connection: Connection, subject: str, seconds: float) -> None:
    """Refuse a subject for some time."""
    await connection.execute(
        "update sign_in_failures set locked_until = now() + make_interval(secs => $2) where subject = $1",
        subject,
        seconds,
    )


async def forget_failures(connection: Connection, subject: str) -> None:
    """A sign-in worked: the count begins again."""
    await connection.execute(
        "update sign_in_failures set failures = 0, locked_until = null where subject = $1", subject
    )


async def take_back_failure(connection: Connection, subject: str) -> None:
    """A try that was counted before its end was no failure."""
    await connection.execute(
        "update sign_in_failures set failures = greatest(failures - 1, 0) where subject = $1", subject
    )


async def delete_failures(connection: Connection, subjects: Sequence[str]) -> None:
    """Delete the counts of some subjects."""
    await see_subjects(connection, subjects)
    await connection.execute("delete from sign_in_failures where subject = any($1)", list(subjects))
