"""The last part to finish reports the end: a project's decisions on a real Postgres, with parts that end together."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import AsyncIterator

import msgspec
import pytest

from core.infra.postgres.connection import Pool, create_pool, org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle, spans
from core.settings import Settings
from schemas import events
from schemas.common import ObjectRef, TimeRange
from schemas.ids import result_id
from tests.contract.rigs.postgres import new_org

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WINDOW = 4


def ref(name: str) -> ObjectRef:
    return ObjectRef(key=f"k/{name}", sha256="0" * 64, size=1)


class Project:
    """One project of an organisation of its own; each method is one transaction, as in an actor."""

    def __init__(self, pool: Pool, org_id: uuid.UUID) -> None:
        self.pool, self.org_id, self.project_id = pool, org_id, uuid.uuid4()
        self.owner = (self.org_id, self.project_id)

    def cause(self, name: str) -> Cause:
        return Cause(input_id=result_id(self.project_id, "test", name), source="test", now=NOW)

    def span(self, ordinal: int, count: int) -> events.SpanPlanned:
        stretch = TimeRange(start_ms=ordinal * 1000, end_ms=ordinal * 1000 + 1000)
        return events.SpanPlanned(
            org_id=self.org_id, project_id=self.project_id, ordinal=ordinal, span_count=count,
            range=stretch, padded=stretch, source=ref("s"), index=ref("i"),
        )  # fmt: skip

    async def plan(self, count: int) -> None:
        async with org_transaction(self.pool, self.org_id) as connection:
            upload = events.UploadReceived(org_id=self.org_id, project_id=self.project_id, source_url="https://a.org/v")
            await project_lifecycle.create_project(connection, upload)
            await project_lifecycle.lock_project(connection, *self.owner)
            for ordinal in range(count):
                await connection.execute(
                    "insert into spans (org_id, project_id, ordinal, event) values ($1, $2, $3, $4)",
                    *self.owner, ordinal, self.span(ordinal, count),
                )  # fmt: skip
            for stage, total in (("listen", count), ("look", count), ("close", 1), ("study", 1), ("detect", 1)):
                await project_lifecycle.expect_parts(connection, *self.owner, stage, total)
            await spans.emit_next_spans(connection, *self.owner, self.cause("plan"), WINDOW)

    async def end(self, ordinal: int, part: spans.Part, *, given_up: bool = False) -> None:
        async with org_transaction(self.pool, self.org_id) as connection:
            await project_lifecycle.lock_project(connection, *self.owner)
            result = None if given_up else ref(f"{part}{ordinal}")
            cause = self.cause(f"{part}{ordinal}")
            await spans.end_span(connection, self.span(ordinal, 0), part, result, cause, window=WINDOW)

    async def close(self, *, failed: bool = False) -> None:
        async with org_transaction(self.pool, self.org_id) as connection:
            await project_lifecycle.lock_project(connection, *self.owner)
            await project_lifecycle.end_part(connection, *self.owner, "close", self.cause("close"), failed=failed)
            await spans.emit_understood(connection, *self.owner, self.cause("close"))

    async def emitted(self) -> Counter[str]:
        async with org_transaction(self.pool, self.org_id) as connection:
            rows = await connection.fetch(
                "select headers->>'ce_type' as type from outbox where org_id = $1 and project_id = $2", *self.owner
            )
        return Counter(row["type"].removeprefix("clipstream.") for row in rows)


@pytest.fixture
async def project(postgres: Settings) -> AsyncIterator[Project]:
    pool = await create_pool(postgres.postgres_worker, size=10)
    org_id = await new_org(postgres)
    yield Project(pool, org_id)
    await pool.close()


async def test_at_most_four_spans_are_outstanding(project: Project) -> None:
    await project.plan(7)
    assert (await project.emitted())["SpanPlanned"] == WINDOW
    await project.end(0, "heard")
    assert (await project.emitted())["SpanPlanned"] == WINDOW
    await project.end(0, "seen")
    assert (await project.emitted())["SpanPlanned"] == WINDOW + 1
    await project.end(1, "seen", given_up=True)
    await project.end(1, "heard", given_up=True)
    assert (await project.emitted())["SpanPlanned"] == WINDOW + 2


async def test_parts_that_end_at_the_same_time_report_once(project: Project) -> None:
    await project.plan(4)
    parts: list[spans.Part] = ["heard", "seen"]
    await asyncio.gather(*(project.end(ordinal, part) for ordinal, part in itertools.product(range(4), parts)))
    emitted = await project.emitted()
    assert (emitted["SpansHeard"], emitted["UnderstandingCompleted"]) == (1, 0)
    await project.close()
    assert (await project.emitted())["UnderstandingCompleted"] == 1


async def test_concurrent_ends_of_close_and_look_report_once(project: Project) -> None:
    await project.plan(1)
    await project.end(0, "heard")
    await asyncio.gather(project.close(), project.end(0, "seen"))
    assert (await project.emitted())["UnderstandingCompleted"] == 1


async def test_a_part_that_is_given_up_is_named_and_the_rest_goes_on(project: Project) -> None:
    await project.plan(2)
    for ordinal in range(2):
        await project.end(ordinal, "seen", given_up=ordinal == 1)
        await project.end(ordinal, "heard")
    await project.close(failed=True)
    async with org_transaction(project.pool, project.org_id) as connection:
        payload = await connection.fetchval(
            "select payload from outbox where org_id = $1 and headers->>'ce_type' = $2",
            project.org_id,
            "clipstream.UnderstandingCompleted",
        )
        warnings = await connection.fetchval("select warnings from projects where org_id = $1", project.org_id)
    assert b'"missing":["transcript","pictures"]' in payload
    assert warnings == ["look: 0:01 to 0:02 was given up"]


async def add_exports(project: Project, states: list[str]) -> None:
    async with org_transaction(project.pool, project.org_id) as connection:
        for ordinal, state in enumerate(states):
            clip_id = uuid.uuid4()
            await connection.execute(
                """insert into clips (org_id, clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title,
                     reason, signals) values ($1, $2, $3, $4, 0, 1, 1, 1, '', '', '[]')""",
                project.org_id, clip_id, project.project_id, ordinal,
            )  # fmt: skip
            await connection.execute(
                """insert into exports (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms,
                     end_ms, automatic, state, failure_detail)
                   values ($1, $2, $3, $4, $5, '9:16', true, 0, 1, true, $6, 'why')""",
                project.org_id, uuid.uuid4(), project.project_id, clip_id, ordinal, state,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        (["done", "rendering"], None),
        (["done", "failed"], "ProjectCompleted"),
        (["done"], "ProjectCompleted"),
        (["failed", "failed"], "ProjectFailed"),
        (["failed", "cancelled"], "ProjectFailed"),
        (["done", "cancelled"], "ProjectCompleted"),
        (["cancelled", "cancelled"], "ProjectCompleted"),
        (["cancelled", "waiting"], None),
    ],
)
async def test_a_project_ends_when_its_automatic_exports_have(
    project: Project, states: list[str], outcome: str | None
) -> None:
    await project.plan(1)
    await add_exports(project, states)
    assert await settled(project) == {}, "detect has not ended: more clips may come"
    await end_stage(project, "detect")
    assert await settled(project) == {}, "study has not ended"
    await end_stage(project, "study")
    for _ in range(2):
        assert await settled(project) == ({outcome: 1} if outcome else {})


async def test_a_clip_in_several_shapes_is_one_clip(project: Project) -> None:
    await project.plan(1)
    await add_exports(project, ["done", "done"])
    async with org_transaction(project.pool, project.org_id) as connection:
        await connection.execute(
            """insert into exports (org_id, export_id, project_id, clip_id, ordinal, aspect, captions, start_ms, end_ms,
                 automatic, number, state)
               select org_id, gen_random_uuid(), project_id, clip_id, ordinal, '1:1', true, 0, 1, true, 2, 'failed'
               from exports where org_id = $1 and project_id = $2""",
            *project.owner,
        )
    for stage in ("detect", "study"):
        await end_stage(project, stage, settle=True)
    async with org_transaction(project.pool, project.org_id) as connection:
        row = await connection.fetchrow("select * from projects where org_id = $1 and project_id = $2", *project.owner)
        told = await connection.fetchval(
            "select payload from outbox where org_id = $1 and headers->>'ce_type' like '%ProjectCompleted'",
            project.org_id,
        )
    assert row is not None
    assert (row["state"], row["warnings"]) == ("completed", ["2 of 4 files of clips failed"])
    assert msgspec.json.decode(told)["clip_count"] == 2


async def settled(project: Project) -> dict[str, int]:
    """The project's state after it was checked for its end."""
    async with org_transaction(project.pool, project.org_id) as connection:
        await project_lifecycle.lock_project(connection, *project.owner)
        await project_lifecycle.settle_project(connection, *project.owner, project.cause("settle"))
    emitted = await project.emitted()
    return {name: emitted[name] for name in ("ProjectCompleted", "ProjectFailed") if emitted[name]}


async def end_stage(project: Project, stage: str, *, settle: bool = False) -> None:
    async with org_transaction(project.pool, project.org_id) as connection:
        await project_lifecycle.lock_project(connection, *project.owner)
        await project_lifecycle.end_part(connection, *project.owner, stage, project.cause(stage))
        if settle:
            await project_lifecycle.settle_project(connection, *project.owner, project.cause(stage))


async def test_detect_and_study_ending_at_once_complete_it_once(project: Project) -> None:
    await project.plan(1)
    await asyncio.gather(*(end_stage(project, stage, settle=True) for stage in ("detect", "study")))
    assert (await project.emitted())["ProjectCompleted"] == 1


async def test_versions_of_a_projects_events_have_no_gap(project: Project) -> None:
    await project.plan(3)
    await asyncio.gather(*(project.end(ordinal, "heard") for ordinal in range(3)))
    async with org_transaction(project.pool, project.org_id) as connection:
        rows = await connection.fetch("select version from project_events where org_id = $1 order by 1", project.org_id)
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
