"""ClickHouse views of projects, clips, exports, edits and deliveries: titles follow changes and erasures."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.infra.clickhouse import ClickHouseAnalytics
from core.infra.postgres.connection import org_transaction
from core.settings import Settings
from core.storage.labels import LabelRecord, PostgresLabels
from schemas import events
from schemas.common import ObjectRef, Sibling, TimeRange
from streams.sinks.clickhouse.sink import ClickHouseSink
from tests.contract.rigs.api_world import World, new_clip, open_world
from tests.sinks.fakes import MemoryObjects
from tests.support import event_factory as made

pytestmark = pytest.mark.contract
REF = ObjectRef(key="k", sha256="0" * 64, size=1)
URL = "https://a.example/v.mp4"
VIEWS = ("labels_once", "projects_once", "clips_once", "exports_once", "edits_once", "deliveries_once")


@pytest.fixture
async def world(postgres: Settings) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened


class Story:
    """A project with rows in Postgres, and its events in the sink."""

    def __init__(self, world: World, analytics: ClickHouseAnalytics, labels: PostgresLabels) -> None:
        async def trust(*_: Any) -> None:
            return

        self.world, self.analytics = world, analytics
        self.offset = uuid4().int % 2**40
        """A batch of the same offsets is the same batch to the engine."""
        self.sink = ClickHouseSink(analytics, MemoryObjects(), trust, labels=labels)  # type: ignore[arg-type]
        self.org, self.project, self.clip = world.ann.org_id, UUID(int=0), UUID(int=0)

    @property
    def owner(self) -> dict[str, Any]:
        return {"org_id": self.org, "project_id": self.project}

    async def tell(self, *found: events.AnyEvent) -> None:
        batch = [made.arrived(one, offset=self.offset + number) for number, one in enumerate(found)]
        self.offset += len(found)
        assert not await self.sink.handle(batch)

    async def all(self, view: str) -> list[dict[str, Any]]:
        sql = f"SELECT * FROM {view} WHERE org_id = {{org:UUID}} ORDER BY ALL"
        return await self.analytics.query(sql, {"org": str(self.org)})

    async def row_values(self, view: str, *names: str) -> tuple[Any, ...]:
        (row,) = await self.all(view)
        return tuple(row[name] for name in names)

    async def begin(self) -> list[UUID]:
        """A project made by the API, with a clip and two exports of one request."""
        metadata = {"order": 4711}
        body = {"source_url": URL, "title": "A talk", "metadata": metadata}
        answer = (await self.world.ann.client.post("/v1/projects", json=body)).json()
        self.project = UUID(answer["project_id"])
        self.clip = await new_clip(self.world, self.world.ann, self.project)
        wish = {"aspects": ["9:16", "1:1"], "title": "Of a post"}
        made_ = (await self.world.ann.client.post(f"/v1/clips/{self.clip}/exports", json=wish)).json()["items"]
        ids = [UUID(one["export_id"]) for one in made_]
        await self.tell(
            events.UploadReceived(**self.owner, source_url=URL, title="A talk", metadata=metadata),
            events.ClipSelected(**self.owner, **self.look(), export_id=uuid4(), score=71.5, confidence=0.5),
            events.ExportRequested(
                **self.owner, **self.look(), export_id=ids[0], edit_version=2,
                siblings=[Sibling(export_id=ids[1], aspect="1:1")],
            ),
        )  # fmt: skip
        return ids

    def look(self) -> dict[str, Any]:
        stretch = TimeRange(start_ms=10_000, end_ms=40_000)
        return {
            "clip_id": self.clip,
            "ordinal": 0,
            "rendition": events.Rendition(range=stretch, aspect="9:16", captions=True),
        }


@pytest.fixture
async def story(world: World, analytics: ClickHouseAnalytics, postgres: Settings) -> AsyncIterator[Story]:
    labels = PostgresLabels(postgres.postgres_worker, name="views-test")
    yield Story(world, analytics, labels)
    await labels.close()


async def patch(story: Story, path: str, body: dict[str, Any]) -> None:
    answer = await story.world.ann.client.patch(path, json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def test_a_title_shows_is_renamed_and_is_gone_after_an_erasure(story: Story) -> None:
    first, second = await story.begin()
    title, metadata = await story.row_values("projects_once", "title", "metadata")
    assert (title, json.loads(metadata)) == ("A talk", {"order": 4711})
    assert await story.row_values("clips_once", "title", "metadata", "score", "made_by") == ("T", "{}", 71.5, "machine")
    assert sorted(row["title"] for row in await story.all("exports_once")) == ["", "Of a post", "Of a post"]
    await patch(story, f"/v1/projects/{story.project}", {"title": "SECRET", "metadata": {"order": None, "SECRET": "ü"}})
    await patch(story, f"/v1/clips/{story.clip}", {"title": "SECRET clip"})
    await patch(story, f"/v1/exports/{first}", {"metadata": {"SECRET": [1]}})
    told: dict[str, Any] = {**story.owner, "revision": 2, "changed": ["title"]}
    await story.tell(
        events.ExportUpdated(**told, version=3, clip_id=story.clip, export_id=first, ordinal=0),
        events.ClipUpdated(**told, version=2, clip_id=story.clip, ordinal=0),
        events.ProjectUpdated(**told, version=1),
    )
    late = events.UploadReceived(**story.owner, source_url=URL, title="A talk")
    await story.tell(late)
    assert await story.row_values("projects_once", "title", "metadata") == ("SECRET", '{"SECRET":"ü"}')
    assert await story.row_values("clips_once", "title") == ("SECRET clip",)
    shown = {row["export_id"]: (row["title"], row["metadata"]) for row in await story.all("exports_once")}
    assert shown[first] == ("Of a post", '{"SECRET":[1]}')
    assert shown[second] == ("Of a post", "{}")
    assert await secrets(story) == {"labels"}, "nothing else of the store has a word of them"
    await story.world.ann.client.delete(f"/v1/projects/{story.project}")
    await story.tell(events.ProjectErased(**story.owner, version=9))
    await story.tell(events.ProjectUpdated(**told, version=1), late)
    for view in VIEWS:
        assert await story.all(view) == []
    assert await secrets(story) == set()


async def secrets(story: Story) -> set[str]:
    """Tables with a row of the organisation that contains the word."""
    names = await story.analytics.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'", {}
    )
    found = set()
    for name in (row["name"] for row in names):
        if name != "schema_migrations":
            rows = await story.all(name)
            found |= {name for row in rows if "SECRET" in str(row)}
    return found


async def test_exports_edits_and_deliveries_are_columns_and_counts(story: Story) -> None:
    first, second = await story.begin()
    of_clip: dict[str, Any] = {**story.owner, "clip_id": story.clip, "ordinal": 0}
    edit: dict[str, Any] = {"transcript_version": 1, "segment_count": 2, "length_ms": 9000}
    one, other = uuid4(), uuid4()
    await story.tell(
        events.ExportCompleted(
            **of_clip, export_id=first, aspect="9:16", video=REF, duration_ms=30_000, integrated_lufs=-14.0,
            verdict="warn", tries=2,
        ),
        events.ExportCancelled(**of_clip, export_id=second),
        events.ClipEdited(**of_clip, **edit, version=4, edit_version=2, base_version=1, operations=["trim", "mute"]),
        events.ClipEdited(**of_clip, **edit, version=5, edit_version=3, base_version=2, operations=["restore"]),
        *(events.DeliveryDue(**story.owner, delivery_id=one, attempt=number) for number in (1, 2, 3)),
        events.DeliveryDue(**story.owner, delivery_id=other, attempt=1),
        events.ProjectProgressed(
            **story.owner, version=1, stage="ingest", state="done", percent=100, media_ms=600_000
        ),
    )  # fmt: skip
    counts = ("exports", "exports_done", "exports_failed", "exports_cancelled", "edits")
    assert await story.row_values("clips_once", *counts) == (3, 1, 0, 1, 2)
    assert await story.row_values("projects_once", "clips", *counts) == (1, 3, 1, 0, 1, 2)
    assert await story.row_values("projects_once", "deliveries", "delivery_tries") == (2, 4)
    assert await story.row_values("projects_once", "state", "ended_at", "media_ms") == ("running", None, 600_000)
    exports = {row["export_id"]: row for row in await story.all("exports_once")}
    assert pick(exports[first], "state", "aspect", "verdict", "tries", "edit_version", "duration_ms") == [
        "done", "9:16", "warn", 2, 2, 30_000,
    ]  # fmt: skip
    assert pick(exports[second], "state", "aspect", "automatic", "duration_ms") == ["cancelled", "1:1", False, None]
    (waiting,) = (row for name, row in exports.items() if name not in (first, second))
    assert pick(waiting, "state", "ended_at", "automatic", "captions") == ["waiting", None, True, True]
    assert [row["operations"] for row in await story.all("edits_once")] == [["trim", "mute"], ["restore"]]
    assert sorted(row["tries"] for row in await story.all("deliveries_once")) == [1, 3]
    await story.tell(events.ProjectFailed(**story.owner, version=8, reason="media.corrupt", detail="d"))
    state, reason, ended = await story.row_values("projects_once", "state", "reason", "ended_at")
    assert (state, reason) == ("failed", "media.corrupt")
    assert isinstance(ended, dt.datetime)
    await story.tell(events.ProjectRetried(**story.owner, version=9, stages=["detect"]))
    assert await story.row_values("projects_once", "state", "reason", "ended_at") == ("running", "", None)
    await story.tell(events.ProjectCompleted(**story.owner, version=12, clip_count=1))
    assert await story.row_values("projects_once", "state", "reason") == ("completed", ""), "it was retried"


def pick(row: dict[str, Any], *names: str) -> Sequence[Any]:
    return [row[name] for name in names]


async def test_missing_resources_have_no_title(postgres: Settings, story: Story) -> None:
    await story.begin()
    labels = PostgresLabels(postgres.postgres_worker, name="views-test")
    nobody = uuid4()
    assert await labels.read_labels_of(story.org, nobody, story.clip, []) == []
    assert await labels.read_titles(story.org, nobody) is None
    assert await labels.read_labels_of(nobody, story.project, story.clip, []) == [], "another organisation's"
    (project, clip) = await labels.read_labels_of(story.org, story.project, story.clip, [uuid4()])
    assert project == LabelRecord(
        kind="project", id=story.project, revision=1, title="A talk", metadata='{"order":4711}'
    )
    assert clip.kind == "clip"
    titles = await labels.read_titles(story.org, story.project)
    assert titles is not None
    assert (titles.project, titles.clips) == ("A talk", {story.clip: "T"})
    async with org_transaction(story.world.worker, story.org) as rows:
        await rows.execute("update projects set state = 'erased' where project_id = $1", story.project)
    assert await labels.read_titles(story.org, story.project) is None
    assert await labels.read_labels_of(story.org, story.project, story.clip, []) == []
    await labels.close()
