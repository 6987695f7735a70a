"""Holding a stage of a project in mid-commit, by a trigger that only the tests install. Never part of the product.

An attempt that is about to be marked as done waits in the database as long as its (project, stage) stands in
``test_holds``: the work is done, the result is written, nothing is committed. The worst moment to be struck.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from local.stack import StackInfo

_INSTALL = """
create table if not exists test_holds (project_id uuid, stage text, primary key (project_id, stage));
create or replace function test_hold() returns trigger language plpgsql security definer as $$
begin
  perform pg_advisory_xact_lock_shared(hashtext(new.project_id || new.stage));
  while exists (select 1 from test_holds where project_id = new.project_id and stage = new.stage) loop
    perform pg_sleep(0.05);
  end loop;
  return new;
end $$;
drop trigger if exists test_hold on attempts;
create trigger test_hold before update on attempts for each row
  when (new.state = 'done' and old.state = 'running') execute function test_hold();
"""
_REMOVE = (
    "drop trigger if exists test_hold on attempts; drop function if exists test_hold; drop table if exists test_holds"
)


_WAITS = """
select count(*) from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted
  and objid = (hashtext($1)::bigint & 4294967295)::oid
"""


class Holds:
    """The database as its owner sees it, walled to the first organisation."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def hold(self, project_id: str, stage: str) -> None:
        await self.connection.execute("insert into test_holds (project_id, stage) values ($1, $2)", project_id, stage)

    async def release_all(self) -> None:
        await self.connection.execute("delete from test_holds")

    async def reached(self, project_id: str, stage: str, timeout_s: float = 90.0) -> None:
        """Return when the stage of that project is claimed and its commit waits."""
        deadline = time.monotonic() + timeout_s
        while not await self.connection.fetchval(_WAITS, f"{project_id}{stage}"):
            assert time.monotonic() < deadline, f"{stage} of {project_id} was not reached"
            await asyncio.sleep(0.1)

    async def at_work(self, project_ids: list[str], stage: str, timeout_s: float = 90.0) -> None:
        """Return when the stage has begun with each of these projects, or is past it."""
        begun = "select count(distinct project_id) from attempts where project_id = any($1::uuid[]) and stage = $2"
        deadline = time.monotonic() + timeout_s
        while await self.connection.fetchval(begun, project_ids, stage) < len(project_ids):
            assert time.monotonic() < deadline, f"{stage} did not begin with each of {project_ids}"
            await asyncio.sleep(0.1)

    async def attempts(self, project_id: str) -> list[Any]:
        rows: list[Any] = await self.connection.fetch("select * from attempts where project_id = $1", project_id)
        return rows

    async def finished_at(self, project_id: str, stage: str) -> float:
        """When the stage's attempt was done, as seconds since the epoch."""
        at: float = await self.connection.fetchval(
            "select extract(epoch from max(finished_at))::float8 from attempts where project_id = $1 and stage = $2 "
            "and state = 'done'",
            project_id,
            stage,
        )
        return at

    async def logical_events(self, project_id: str) -> dict[str, list[str]]:
        """Type → distinct event ids ever written for the project, progress left out."""
        rows = await self.connection.fetch(
            "select distinct headers->>'ce_type' as type, event_id::text as id from outbox where project_id = $1 "
            "and headers->>'ce_type' <> 'clipstream.ProjectProgressed'",
            project_id,
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["type"].removeprefix("clipstream."), []).append(row["id"])
        return found


async def own_rows(stack: StackInfo) -> Any:
    """A connection of the owner's that sees the first organisation's rows."""
    connection = await asyncpg.connect(stack.env["CLIPSTREAM_POSTGRES_OWNER"])
    await connection.execute("select set_config('app.org', $1, false)", stack.org_id)
    return connection


@asynccontextmanager
async def holding(stack: StackInfo) -> AsyncIterator[Holds]:
    """Install the trigger, remove it afterwards whatever happens."""
    connection = await own_rows(stack)
    try:
        await connection.execute(_INSTALL)
        yield Holds(connection)
    finally:
        await connection.execute("delete from test_holds")
        await connection.execute(_REMOVE)
        await connection.close()
