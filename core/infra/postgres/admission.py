"""Admission to the lanes: a queue has a window of events in flight, and queues take turns.

What waits, waits in the outbox. A place is taken before its event is sent and freed by a trigger of the attempts' table
in the transaction that ends the attempt, so neither a crash of the relay nor of a worker loses one. An event that is
sent again for one stage has no place of others that know it already. Runs as the relay's role, but for `release` and
`release_unreadable`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from schemas.lanes import LANES

_ADMIT = """
with recursive windows as (
  select * from unnest($1::text[], $2::int[], $3::int[]) as w (lane, of_queue, of_org)
), queues as (
  (select lane, org_id, queue from outbox where waits and published_at is null order by lane, org_id, queue limit 1)
  union all
  select n.lane, n.org_id, n.queue from queues q cross join lateral (
    select o.lane, o.org_id, o.queue from outbox o
    where o.waits and o.published_at is null and (o.lane, o.org_id, o.queue) > (q.lane, q.org_id, q.queue)
    order by o.lane, o.org_id, o.queue limit 1) n
), in_flight as (
  select lane, org_id, queue, count(distinct input_id)::int as number from admissions group by lane, org_id, queue
), in_flight_of_org as (
  select lane, org_id, sum(number)::int as number from in_flight group by lane, org_id
), next as (
  select o.seq, q.lane, q.org_id, coalesce(p.priority, 0) as priority, coalesce(i.number, 0) + o.place as turn,
         coalesce(p.of_org, w.of_org, $4) - coalesce(g.number, 0) as room
  from queues q left join windows w using (lane) left join org_windows p using (lane, org_id)
  left join in_flight i using (lane, org_id, queue) left join in_flight_of_org g using (lane, org_id)
  cross join lateral (
    select seq, row_number() over (order by due_at, seq) as place from (
      select seq, due_at from outbox
      where waits and published_at is null and lane = q.lane and org_id = q.org_id and queue = q.queue
        and due_at <= coalesce($7, now())
      order by due_at, seq limit greatest(0, coalesce(p.of_queue, w.of_queue, $4) - coalesce(i.number, 0))) first) o
), turns as (
  select seq, priority, turn, room, row_number() over (partition by lane, org_id order by turn, random()) as place
  from next
), admitted as (
  update outbox set waits = false, admitted_at = clock_timestamp()
  where seq in (select seq from turns where place <= room order by priority desc, turn, seq limit $4)
  returning org_id, lane, queue, input_id, project_id, for_stage
)
insert into admissions (org_id, input_id, stage, lane, queue, project_id)
select a.org_id, a.input_id, s.stage, a.lane, a.queue, a.project_id
from admitted a join unnest($5::text[], $6::text[]) as s (lane, stage) using (lane)
where a.for_stage in ('', s.stage) or not exists (
  select 1 from attempts t where t.org_id = a.org_id and t.input_id = a.input_id and t.stage = s.stage)
on conflict do nothing
"""
"""The queues that wait are found by hops in the index, however long each is. A turn is the number of events that a
queue would then have in flight: the fewest first, and of equals any. An organisation may have windows and a priority of
its own; its windows bound what a higher priority keeps waiting. A lane of another version, without a window, is open.
"""
_RELEASE = "delete from admissions where org_id = $1 and input_id = $2 and stage = $3"
_RELEASE_UNREADABLE = """
delete from admissions a where org_id = $1 and input_id = $2 and stage = $3 and not exists (
  select 1 from attempts t where t.org_id = a.org_id and t.input_id = a.input_id and t.stage = a.stage
    and t.state in ('running', 'free'))
"""
_RELEASE_UNCLAIMED = """
delete from admissions a where admitted_at < now() - $1::text::interval and not exists (
  select 1 from attempts t where t.org_id = a.org_id and t.input_id = a.input_id and t.stage = a.stage
    and t.state in ('running', 'free'))
"""
_UNCLAIMED = "1 hour"
"""Age from which a place without an attempt is freed: its message was lost, or no worker could read it."""
_COUNT_WAITING = """
select lane, count(*)::int as number from outbox
where waits and published_at is null and due_at <= now() group by lane
"""
_LANES, _STAGES = zip(*((lane.name, stage) for lane in LANES for stage in lane.stages), strict=True)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The most events in flight in a lane: of one queue, and of all queues of one organisation."""

    lane: str
    of_queue: int
    of_org: int


async def admit(connection: Connection, windows: Sequence[Window], limit: int, now: dt.datetime | None = None) -> None:
    """Give free places to events that are due, at most ``limit``; `list_due_rows` lists them from then on.

    ``now`` is Postgres's own time if None.
    """
    await connection.execute(
        _ADMIT,
        [window.lane for window in windows],
        [window.of_queue for window in windows],
        [window.of_org for window in windows],
        limit,
        _LANES,
        _STAGES,
        now,
    )


async def release(connection: Connection, org_id: UUID, input_id: UUID, stage: str) -> None:
    """Free the place of an event that a stage drops without an attempt."""
    await connection.execute(_RELEASE, org_id, input_id, stage)


async def release_unreadable(connection: Connection, org_id: UUID, input_id: UUID, stage: str) -> None:
    """Free the place of a message that a stage cannot read, unless another copy of it has an attempt."""
    await connection.execute(_RELEASE_UNREADABLE, org_id, input_id, stage)


async def release_unclaimed(connection: Connection) -> None:
    """Free the places of events that have had no attempt for an hour."""
    await connection.execute(_RELEASE_UNCLAIMED, _UNCLAIMED)


async def count_waiting(connection: Connection) -> dict[str, int]:
    """Events that are due and wait for a place, by lane."""
    return {row["lane"]: row["number"] for row in await connection.fetch(_COUNT_WAITING)}
