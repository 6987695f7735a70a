"""Counts of the whole installation for its operators, of the rows that `show_all` lets them see."""

from __future__ import annotations

import datetime as dt

import msgspec

from core.infra.postgres.connection import Connection
from schemas.common import Value

_COUNTS = """
select
  (select count(*) from projects where state = 'queued') as projects_queued,
  (select count(*) from projects where state = 'running') as projects_running,
  (select count(*) from dead_letters where replayed_at is null) as letters,
  (select max(created_at) from dead_letters where replayed_at is null) as last_letter_at,
  (select count(*) from outbox where published_at is null and not waits and due_at <= now()) as unsent,
  (select min(due_at) from outbox where published_at is null and not waits and due_at <= now()) as unsent_since,
  current_setting('server_version') as postgres
"""
_LANES = """
select lane, count(*) as waiting, min(due_at) as oldest_at from outbox
where waits and published_at is null group by lane
"""
_STAGES = """
select stage, count(*) filter (where state = 'running') as running, count(*) filter (where state = 'free') as retrying
from attempts where state in ('running', 'free') and org_id is not null group by stage
"""


class InstallationCounts(Value, frozen=True, kw_only=True):
    """What is at work, and what waits."""

    projects_queued: int
    projects_running: int
    letters: int
    last_letter_at: dt.datetime | None
    unsent: int
    """Events that are due and not sent."""
    unsent_since: dt.datetime | None
    postgres: str
    """Version of the database."""


class LaneCount(Value, frozen=True, kw_only=True):
    """Events that wait for a place in a lane."""

    lane: str
    waiting: int
    oldest_at: dt.datetime


class StageCount(Value, frozen=True, kw_only=True):
    """Attempts of a stage that are not over."""

    stage: str
    running: int
    retrying: int


async def read_counts(connection: Connection) -> InstallationCounts:
    """Counts of the rows that the transaction sees."""
    return msgspec.convert(dict(await connection.fetchrow(_COUNTS)), InstallationCounts)


async def list_lane_counts(connection: Connection) -> list[LaneCount]:
    """Lanes in which something waits."""
    return [LaneCount(**row) for row in await connection.fetch(_LANES)]


async def list_stage_counts(connection: Connection) -> list[StageCount]:
    """Stages with an attempt that is not over."""
    return [StageCount(**row) for row in await connection.fetch(_STAGES)]
