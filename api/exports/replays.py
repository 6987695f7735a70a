"""Replays: ask for a finished export to be made again and compared, and read the result."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

import msgspec

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, require
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import put
from core.storage.exports import find_replay_row, lock_export_row, write_replay_request
from schemas.documents.replay import Difference, ReplayOutcome, ReplayResult
from schemas.events import ReplayRequested


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The newest replay of an export. Its result is null until it is done."""

    replay_id: UUID
    export_id: UUID
    state: Literal["waiting", "done"]
    requested_at: dt.datetime
    finished_at: dt.datetime | None
    outcome: ReplayOutcome | None = None
    """Whether the bytes are the same."""
    detail: str | None = None
    files: list[str] = []
    """Names of the files whose bytes differ."""
    compared: int = 0
    """Number of compared files."""
    differences: list[Difference] = []
    """Inputs and versions that differ between then and now."""


def replay_view(row: Row) -> Replay:
    """A replay in the form of an answer."""
    report = msgspec.convert(row["report"], ReplayResult) if row["report"] else None
    results = {name: getattr(report, name) for name in ReplayResult.__struct_fields__} if report else {}
    columns = ("replay_id", "export_id", "state", "requested_at", "finished_at")
    return Replay(**{name: row[name] for name in columns}, **results)


async def request_replay(call: Call[None, None]) -> Reply:
    """Have an export made again; while one replay of it waits, it is that one."""
    async with call.rows() as rows:
        export = require(await lock_export_row(rows, call.org_id, call.ids["export_id"]), "export")
        if export["state"] != "done":
            raise ApiProblem("export-not-done", f"The export is {export['state']}: there is nothing to compare with.")
        row = await _read(rows, call)
        if row is None or row["state"] == "done":
            row = await _write_replay(rows, call, export)
    return Reply(body=replay_view(row), headers={"Location": f"/v1/exports/{export['export_id']}/replay"})


async def _read(rows: Connection, call: Call[None, None]) -> Row | None:
    return await find_replay_row(rows, call.org_id, call.ids["export_id"])


async def _write_replay(rows: Connection, call: Call[None, None], export: Row) -> Row:
    """Write the replay over an earlier one, with its event."""
    replay_id = call.context.new_id()
    row = await write_replay_request(rows, export, replay_id, call.now)
    event = ReplayRequested(
        org_id=call.org_id,
        project_id=export["project_id"],
        clip_id=export["clip_id"],
        export_id=export["export_id"],
        ordinal=export["ordinal"],
        replay_id=replay_id,
    )
    await put(rows, event, call.cause(replay_id))
    return row


async def get_replay(call: Call[None, None]) -> Reply:
    """Read the newest replay of an export."""
    async with call.rows() as rows:
        row = require(await _read(rows, call), "replay")
    return Reply(body=replay_view(row))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/exports/{export_id}/replay",
        name="requestReplay",
        tag="clips",
        permission="projects:write",
        status=202,
        located=True,
        summary="Have an export made again, to see whether the same bytes come out",
        handler=request_replay,
        response=Replay,
        problems=("export-not-done",),
    ),
    Operation(
        method="GET",
        path="/v1/exports/{export_id}/replay",
        name="getReplay",
        tag="clips",
        permission="projects:read",
        summary="Read the newest replay of an export",
        handler=get_replay,
        response=Replay,
    ),
)
