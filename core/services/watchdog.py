"""The watchdog: projects in which nothing moves, and events that were published and never claimed.

Such an event is lost to its stage: the log lost it, or its consumer group's place was moved past it. Nothing but the
outbox can bring it again. Runs as the relay's role; the API reads what stands still as its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from core.infra.postgres.outbox import LANED_TYPES, LANES_OF_TYPES
from schemas import codec, events
from schemas.stages import Stage

MAX_ROUNDS_SHIFT = 8
"""The pause between rounds doubles up to 256 times ``still_s``: a long queue must not grow by its own watchdog."""
TAKEN_BY: Mapping[type[events.AnyEvent], tuple[Stage, ...]] = {
    events.UploadReceived: ("ingest",),
    events.SpanPlanned: ("listen", "look"),
    events.SpansHeard: ("close",),
    events.TranscriptCompleted: ("study",),
    events.UnderstandingCompleted: ("detect",),
    events.ClipRequested: ("detect",),
    events.ClipSelected: ("frame",),
    events.ExportRequested: ("frame",),
    events.PreviewRequested: ("frame",),
    events.RenderRequested: ("render",),
    events.ReplayRequested: ("render",),
    events.PreviewPlanned: ("preview",),
    events.ProxyRequested: ("transcode",),
}
"""Which stages take an event of a project; tests compare it with what the stages want."""
_TAKERS = "(values {}) as taker(type, stage)"
_STILL = """
select p.org_id, p.project_id, p.state, moved.at as moved_at,
  array(select a.stage from attempts a where a.org_id = p.org_id and a.project_id = p.project_id
        and a.state in ('running', 'free') order by a.started_at) as stages,
  (select a.last_error from attempts a where a.org_id = p.org_id and a.project_id = p.project_id
   and a.state = 'free' and a.waiting_since is not null order by a.waiting_since limit 1) as waits_for
from projects p cross join lateral (
select greatest(p.created_at, p.started_at,
  (select max(case when a.state in ('free', 'running') and a.waiting_since is not null then a.waiting_since
                   when a.state = 'running' and a.lease_until > now() then now()
                   else greatest(a.started_at, a.finished_at) end)
   from attempts a where a.org_id = p.org_id and a.project_id = p.project_id),
  (select max(o.published_at) from outbox o
   where o.org_id = p.org_id and o.project_id = p.project_id and o.emission = 0)) as at
) as moved
where p.state in ('queued', 'running') and p.created_at < now() - $1::interval and moved.at < now() - $1::interval
  and not exists (
    select 1 from outbox w where w.org_id = p.org_id and w.project_id = p.project_id and w.waits
      and w.published_at is null)
order by moved.at limit $2
"""
"""A project moves when an attempt begins, ends or holds its lease, or an event is first sent; what waits is still.

An attempt that waits for a part of ours has not moved since it began to wait, however often it was tried.
A project whose next event waits for a place of its organisation waits for its turn, and does not stand still.
"""
_BEGIN_ROUND = """
insert into watchdog_rounds (org_id, project_id, round, at) values ($1, $2, 1, now())
on conflict (org_id, project_id) do update set at = now(),
  round = case when watchdog_rounds.at < $4 then 1 else watchdog_rounds.round + 1 end
where watchdog_rounds.at < $4
   or watchdog_rounds.at < now() - $3::interval * (1 << least(watchdog_rounds.round, $5::int))
returning round
"""
"""A project that moved since the last round begins with the first again."""
_EMIT_UNCLAIMED = """
insert into outbox (org_id, event_id, for_stage, emission, project_id, topic, key, partition, headers, payload,
  lane, queue, input_id, waits)
select distinct on (o.event_id, taker.stage)
  o.org_id, o.event_id, taker.stage, -$3::bigint, o.project_id, o.topic, o.key, o.partition, o.headers, o.payload,
  o.lane, o.queue, o.input_id, o.lane is not null and not exists (
    select 1 from admissions p where p.org_id = o.org_id and p.input_id = o.input_id and p.stage = taker.stage)
from outbox o join {takers} on taker.type = o.headers ->> 'ce_type'
where o.org_id = $1 and o.project_id = $2 and o.published_at is not null
  and not exists (
    select 1 from attempts a where a.org_id = o.org_id and a.project_id = o.project_id and a.stage = taker.stage
      and a.headers ->> 'ce_id' = o.headers ->> 'ce_id')
  and not exists (
    select 1 from outbox w where w.org_id = o.org_id and w.project_id = o.project_id and w.event_id = o.event_id
      and w.published_at is null)
order by o.event_id, taker.stage, o.lane is null
on conflict do nothing returning 1
"""
"""An event that has its place still goes out with it; one that lost it waits for another."""
_EMIT_FREE = """
insert into outbox (org_id, event_id, for_stage, emission, project_id, topic, key, partition, headers, payload,
  lane, queue, input_id, waits)
select a.org_id, (a.headers ->> 'ce_id')::uuid, a.stage, -$3::bigint, a.project_id, a.topic, a.key, a.partition,
  a.headers, a.payload, lane_of.lane, coalesce(earlier.queue, a.org_id), a.input_id,
  lane_of.lane is not null and not exists (
    select 1 from admissions p where p.org_id = a.org_id and p.input_id = a.input_id and p.stage = a.stage)
from attempts a
left join unnest($4::text[], $5::text[]) as lane_of (type, lane) on lane_of.type = a.headers ->> 'ce_type'
left join lateral (
  select o.queue from outbox o where o.org_id = a.org_id and o.project_id = a.project_id and o.input_id = a.input_id
    and o.lane = lane_of.lane order by o.seq desc limit 1) earlier on true
where a.org_id = $1 and a.project_id = $2 and a.state = 'free' and not exists (
  select 1 from outbox w where w.org_id = a.org_id and w.project_id = a.project_id
    and w.event_id = (a.headers ->> 'ce_id')::uuid and w.published_at is null)
on conflict do nothing returning 1
"""
"""It waits in the queue of its event's earlier rows (a delivery's: its endpoint), else in its organisation's."""


class StillProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project at work in which nothing moved for a while."""

    org_id: UUID
    project_id: UUID
    state: str
    moved_at: dt.datetime
    stages: list[str]
    """Stages with an attempt that is not over."""
    waits_for: str | None
    """The part that the longest waiting attempt waits for; None where nothing reported that."""


def _takers() -> str:
    rows = [f"('{codec.type_name(kind)}', '{stage}')" for kind, stages in TAKEN_BY.items() for stage in stages]
    return _TAKERS.format(", ".join(rows))


async def list_still_projects(connection: Connection, still: dt.timedelta, limit: int) -> list[StillProject]:
    """Projects that the role sees and in which nothing moved for ``still``, the stillest first."""
    rows = await connection.fetch(_STILL, still, limit)
    return [StillProject(**row) for row in rows]


async def emit_again(connection: Connection, project: StillProject, still: dt.timedelta) -> int:
    """Emit the lost events of a still project again, unless a round was lately; returns their number.

    What waits in the outbox (for an outage to end, say) is not lost.
    """
    key = project.org_id, project.project_id
    round_ = await connection.fetchval(_BEGIN_ROUND, *key, still, project.moved_at, MAX_ROUNDS_SHIFT)
    if round_ is None:
        return 0
    emission = int(project.moved_at.timestamp()) * 1000 + round_  # a number of its own for each round of each stillness
    emitted: Sequence[object] = await connection.fetch(_EMIT_UNCLAIMED.format(takers=_takers()), *key, emission)
    freed: Sequence[object] = await connection.fetch(_EMIT_FREE, *key, emission, LANED_TYPES, LANES_OF_TYPES)
    return len(emitted) + len(freed)


async def show_all(connection: Connection) -> None:
    """Show the operators' organisation the projects of all, until the transaction ends."""
    await connection.execute("select set_config('app.watch', 'yes', true)")
