"""Holding a stage of a project in mid-commit, by a trigger that only the tests install. Never part of the product.

An attempt that is about to be marked as done waits in the database as long as its (project, stage) stands in
``test_holds``: the work is done, the result is written, nothing is committed. The worst moment to be struck.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import boto3

from local.stack import StackInfo
from tests.support.progress import HANG_S, Patience

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
_MOVED = "select row(count(*), sum(fence), sum(counter), count(finished_at))::text from attempts"


class Holds:
    """The database as its owner sees it, walled to the first organisation."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def hold(self, project_id: str, stage: str) -> None:
        await self.connection.execute("insert into test_holds (project_id, stage) values ($1, $2)", project_id, stage)

    async def release_all(self) -> None:
        await self.connection.execute("delete from test_holds")

    async def reached(self, project_id: str, stage: str) -> None:
        """Return when the stage of that project is claimed and its commit waits."""
        await self._until(lambda: self.connection.fetchval(_WAITS, f"{project_id}{stage}"), f"{stage} of {project_id}")

    async def at_work(self, project_ids: list[str], stage: str) -> None:
        """Return when the stage has begun with each of these projects, or is past it."""
        sql = "select count(distinct project_id) from attempts where project_id = any($1::uuid[]) and stage = $2"

        async def begun() -> bool:
            return bool(await self.connection.fetchval(sql, project_ids, stage) >= len(project_ids))

        await self._until(begun, f"{stage} of each of {project_ids}")

    async def _until(self, ask: Callable[[], Awaitable[Any]], awaited: str) -> None:
        """Wait as long as any attempt of the organisation moves."""
        patience = Patience(awaited)
        while not await ask():
            patience.check(await self.connection.fetchval(_MOVED))
            await asyncio.sleep(0.1)

    async def attempts(self, project_id: str) -> list[Any]:
        rows: list[Any] = await self.connection.fetch(
            "select * from attempts where project_id = $1 order by stage, input_id", project_id
        )
        return rows

    async def ended(self, project_id: str, stage: str) -> None:
        """Return when the stage's attempt is done."""
        sql = "select 1 from attempts where project_id = $1 and stage = $2 and state = 'done'"
        await self._until(lambda: self.connection.fetchval(sql, project_id, stage), f"the end of {stage}")

    async def rested(self, project_id: str) -> None:
        """Return when no attempt of the project runs: a webhook is received before its attempt ends."""
        sql = "select not exists (select 1 from attempts where project_id = $1 and state = 'running')"
        await self._until(lambda: self.connection.fetchval(sql, project_id), "the end of what runs")

    async def running(self, project_id: str, stage: str) -> list[str]:
        """Inputs that the stage works on for the project."""
        sql = "select input_id::text from attempts where project_id = $1 and stage = $2 and state = 'running'"
        return [row["input_id"] for row in await self.connection.fetch(sql, project_id, stage)]

    async def running_at_once(self, held: dict[str, str]) -> dict[str, list[str]]:
        """Return each stage's running inputs of its project, once every stage is held at the same moment.

        A commit that is held longer than the product waits for its database (30 s) is given up and tried again, so a
        stage that was held once may just be between two tries.
        """
        patience = Patience(f"one moment in which each of {', '.join(held)} is held")
        while True:
            reached = [await self.connection.fetchval(_WAITS, f"{held[stage]}{stage}") for stage in held]
            inputs = {stage: await self.running(project_id, stage) for stage, project_id in held.items()}
            if all(reached) and all(inputs.values()):
                return inputs
            patience.check(await self.connection.fetchval(_MOVED))
            await asyncio.sleep(0.1)

    async def times(self, stage: str) -> list[tuple[str, float, float]]:
        """Input, last claim and end of each ended attempt of a stage, as seconds since the epoch, by claim."""
        rows = await self.connection.fetch(
            "select input_id::text, extract(epoch from started_at)::float8, extract(epoch from finished_at)::float8 "
            "from attempts where stage = $1 and finished_at is not null order by started_at",
            stage,
        )
        return [tuple(row) for row in rows]

    async def logical_events(self, project_id: str) -> dict[str, list[str]]:
        """Distinct event ids of the project by type, without progress events."""
        rows = await self.connection.fetch(
            "select distinct headers->>'ce_type' as type, event_id::text as id from outbox where project_id = $1 "
            "and headers->>'ce_type' <> 'clipstream.ProjectProgressed' order by type, id",
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
        connection.terminate()  # a test that was cut off may have left it in the middle of a query
        await _remove_holds(stack)


async def _remove_holds(stack: StackInfo) -> None:
    """Free the workers that are held, though their transactions hold locks on the trigger's table."""
    connection = await own_rows(stack)
    try:
        await connection.execute("delete from test_holds", timeout=HANG_S)
        await connection.execute(_REMOVE, timeout=HANG_S)
    finally:
        connection.terminate()


def open_store(stack: StackInfo) -> tuple[Any, str]:
    """A client of the stack's object store, and the name of its bucket."""
    env = stack.env
    store = boto3.client(
        "s3",
        endpoint_url=env["CLIPSTREAM_S3"],
        aws_access_key_id=env["CLIPSTREAM_S3_ACCESS_KEY"],
        aws_secret_access_key=env["CLIPSTREAM_S3_SECRET_KEY"],
        region_name="us-east-1",
    )
    return store, env["CLIPSTREAM_S3_BUCKET"]
