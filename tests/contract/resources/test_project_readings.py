"""Every GET below a project after every kind of request: no 5xx, and each answer as documented.

The whole pipeline works on a film of six seconds; after each request, and once its work is done, everything is read.
Repeating a change changes nothing and sends no event.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from api.http.answer_form import versions
from api.http.operations import Operation
from api.organisation import charts
from api.routes import OPERATIONS
from core.infra.postgres.connection import org_transaction
from schemas import events
from schemas.stages import ON_DEMAND
from tests.api.openapi_checks import undocumented, unnamed
from tests.contract.rigs.api_world import new_letter
from tests.contract.rigs.pipeline_rig import Pipeline, make_pipeline
from tests.support.api_readings import Readings, gets, read_all_async
from tests.support.media.hostile_files import film

__all__ = ["make_pipeline"]
pytestmark = pytest.mark.contract
DRAFT = {"options": {"video": {"quality": "draft"}}}
OPTIONS = {"min_clip_ms": 3000, "max_clips": 1, "export": {"video": {"quality": "draft"}}}
LATER = {"Prefer": "respond-async"}
NEWEST = {"If-Match": "*"}
ELSEWHERE = {
    "cancelProject": "test_resources_of_a_cancelled_project_are_readable",
    "eraseProject": "the end of each story",
    **dict.fromkeys(
        (
            "describeTus",
            "createTusUpload",
            "getTusUpload",
            "appendTusUpload",
            "endTusUpload",
            "overrideTusMethod",
        ),
        "they are bytes and headers: tests/contract/resources/test_tus.py",
    ),
    **dict.fromkeys(("ingestProject", "detectClips"), "they are other names: tests/contract/resources/test_aliases.py"),
    "setPlan": "its plan bounds what is admitted: tests/contract/resources/test_usage.py",
    "eraseForeignOrganisation": "it erases all: tests/contract/organisation",
    "uploadVideo": "it takes forms: tests/contract/resources/test_jobs.py",
    "replayDeadLetter": "its message is none of the project's: tests/contract/api/test_api_organisation.py",
}
"""Requests that the long story does not make: where they are made."""
WITHOUT_PROVIDER = {"startProviderSignIn", "finishProviderSignIn"}
"""Reads of an installation with providers: tests/contract/identity/test_providers.py."""
OTHER_TAGS = {
    "auth": "tests/contract/identity",
    "people": "tests/contract/identity",
    "keys": "tests/contract/access",
    "oauth": "tests/contract/oauth",
    "billing": "tests/contract/payments",
    "shares": "tests/contract/sharing",
}
"""Tags of requests that touch no project: where they are made."""
CHARTS = {one.name for one in charts.OPERATIONS}
SELDOM = (
    {one.name for one in gets() if one.tag in ("keys", "audit", "people", "auth", "shares")}
    | CHARTS
    | {
        "downloadClip",
        "downloadCaptions",
        "getOverview",
    }
)
"""Reads of what no request of a story changes, of the whole history, and of files under a second name: made at its
beginning and its end."""
_CPU = "select coalesce(sum(amount), 0)::bigint from costs where kind = 'cpu_ms'"
STATES = {"waiting", "running", "done", "failed", "skipped"}


@cache
def patterns() -> list[tuple[re.Pattern[str], Operation]]:
    """Paths of the operations, those without parameters first."""
    ordered = sorted(OPERATIONS, key=lambda operation: operation.path.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", one.path)), one) for one in ordered]


def operation_of(method: str, path: str) -> Operation:
    """Which operation a request is of."""
    plain, method = path.partition("?")[0], "GET" if method == "HEAD" else method
    return next(one for pattern, one in patterns() if one.method == method and pattern.fullmatch(plain))


class Checked:
    """A client that compares every answer with the OpenAPI document, which describes the newest version."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client, self.faults = client, list[str]()
        self._checked = set[tuple[str, int, bytes]]()

    async def request(self, method: str, path: str) -> httpx2.Response:
        answer = await self._client.request(method, path, headers={versions.HEADER: versions.NEWEST})
        operation, same = operation_of(method, path), (path, answer.status_code, answer.content)
        if method == "GET" and same not in self._checked:
            self._checked.add(same)
            found = [*undocumented(operation, answer), *unnamed(operation, answer)]
            self.faults += [f"{path}: {fault}" for fault in found]
        return answer


class Story:
    """Requests about one project, each followed by a reading of everything."""

    def __init__(self, pipeline: Pipeline, project_id: str) -> None:
        self.pipeline, self.project_id, self.path = pipeline, project_id, f"/v1/projects/{project_id}"
        self.client = Checked(pipeline.client)
        self.ids: dict[str, list[str]] = {}
        self.reached, self.asked = set[str](), {"createProject"}

    async def read(self, skip: Collection[str] = ()) -> Readings:
        found = await read_all_async(
            self.client,  # type: ignore[arg-type]
            self.project_id,
            ids=self.ids,
            without=None,
            skip=skip,
        )
        assert not found.failures()
        assert self.client.faults == []
        self.reached |= set(found.operations.values())
        project = found.answers[self.path]
        if project.status == 200:
            states_hold(project.body)
        return found

    async def then(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Make a request, and read everything before its work and, if it has any, after it."""
        self.asked.add(operation_of(method, path).name)
        made = await self.pipeline.ask(method, path, body, **headers)
        await self.read(SELDOM)
        if await self.pipeline.run():
            await self.read(SELDOM)
        return made

    async def again(self, method: str, path: str, body: Any = None, **headers: str) -> None:
        """Repeat a request: nothing changes and no event is sent."""
        before = await self.count_outbox_rows()
        await self.pipeline.ask(method, path, body, **headers)
        assert await self.count_outbox_rows() == before

    async def count_outbox_rows(self) -> int:
        """Number of rows in the outbox."""
        async with org_transaction(self.pipeline.world.api, self.pipeline.org_id) as rows:
            return int(await rows.fetchval("select count(*) from outbox"))

    async def get(self, path: str = "") -> dict[str, Any]:
        return await self.pipeline.ask("GET", f"{self.path}{path}")


def states_hold(project: Mapping[str, Any]) -> None:
    """No stage waits or runs in a project that has ended; time and money are those of the ledger."""
    states = {stage["stage"]: stage["state"] for stage in project["stages"]}
    assert set(states.values()) <= STATES
    assert list(states)[:8] == ["ingest", "listen", "close", "look", "study", "detect", "frame", "render"]
    if project["state"] in ("completed", "failed", "cancelled"):
        assert not {"waiting", "running"} & set(states.values()), states
    items = project["cost"]["items"]
    assert project["cpu_ms"] == sum(item["amount"] for item in items if item["kind"] == "cpu_ms")


async def worked(pipeline: Pipeline, file: bytes, stops: Sequence[type[Any]] = (), **options: Any) -> Story:
    """A project from its request to its end, read at each stop."""
    story = Story(pipeline, await pipeline.project(file, **options))
    await story.read()
    for stop in stops:
        await pipeline.run(until=stop)
        await story.read()
    await pipeline.run()
    await story.read()
    return story


@pytest.fixture(scope="module")
def six_seconds(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film(tmp_path_factory.mktemp("film") / "film.mp4", seconds=6).read_bytes()


def unreached(story: Story, but: Collection[str] = ()) -> set[str]:
    return {operation.name for operation in gets()} - story.reached - set(but)


async def test_every_resource_is_readable_after_every_kind_of_request(pipeline: Pipeline, six_seconds: bytes) -> None:
    stops = (events.SpanPlanned, events.TranscriptCompleted, events.UnderstandingCompleted, events.MomentsDetected)
    story = await worked(pipeline, six_seconds, stops, **OPTIONS)
    assert (await story.get())["state"] == "completed"
    clip_id = (await story.then("POST", f"{story.path}/clips", {"start_ms": 1000, "end_ms": 4500, "title": "Mine"}))[
        "clip_id"
    ]
    clip = f"/v1/clips/{clip_id}"
    await previewed(story, clip)
    await edited(story, clip)
    export_id = await exported(story, clip)
    await story.then("POST", f"/v1/exports/{export_id}/replay")
    await renamed(story, clip, f"/v1/exports/{export_id}")
    await cancelled(story, clip)
    await retried(story, clip)
    await corrected(story)
    await of_the_organisation(story, clip)
    await new_letter(pipeline.world, pipeline.world.ann)
    await story.read()
    await of_uploads(story)
    await story.read()
    await money_and_time_agree(story)
    assert unreached(story, WITHOUT_PROVIDER) == set()
    ours = {one.name for one in OPERATIONS if one.method != "GET" and one.tag not in OTHER_TAGS}
    unasked = ours - story.asked
    assert unasked == set(ELSEWHERE), "make each kind of request in this story, or say in ELSEWHERE where it is made"
    await story.then("DELETE", story.path)
    assert (await pipeline.client.get(story.path)).status_code == 410


async def money_and_time_agree(story: Story) -> None:
    """Costs in the ledger, the project and analytics, after exports, previews, edits, a replay and a requested clip."""
    async with org_transaction(story.pipeline.world.api, story.pipeline.org_id) as rows:
        ledger = [await rows.fetchval(f"{_CPU} and {which}") for which in ("project_id is not null", "true")]
    assert (await story.get())["cpu_ms"] == ledger[0] > 0
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")  # nobody asked for it
    summary = await story.pipeline.ask("GET", f"/v1/analytics/summary?until={tomorrow}")
    assert summary["cpu_ms"] == ledger[1]


async def previewed(story: Story, clip: str) -> None:
    """Twice: the first request analyses the aspect, the second uses the analysis."""
    for at_ms in (500, 1500):
        made = await story.then("POST", f"{clip}/preview?at_ms={at_ms}", {"aspect": "1:1"}, **LATER)
        story.ids.setdefault("preview_id", []).append(made["preview_id"])
        await story.read()
    made_for_people = [stage for stage in (await story.get())["stages"] if stage["stage"] in ON_DEMAND]
    assert [(stage["stage"], stage["state"], stage["parts_done"]) for stage in made_for_people] == [
        ("preview", "done", 2), ("transcode", "done", 1),
    ], "to read the source once the project ended was to ask for its proxy"  # fmt: skip
    assert all(stage["cpu_ms"] > 0 for stage in made_for_people)


async def edited(story: Story, clip: str) -> None:
    for operation in (
        {"op": "trim", "segment_id": "s1", "start_ms": 1100, "end_ms": 4400},
        {"op": "mute", "segment_id": "s1"},
        {"op": "restore", "version": 1},
    ):
        await story.then("PATCH", f"{clip}/edit", {"operations": [operation]}, **NEWEST)
        versions = (await story.pipeline.ask("GET", f"{clip}/edit/versions"))["items"]
        await story.again("PATCH", f"{clip}/edit", {"operations": [operation]}, **NEWEST)
        assert (await story.pipeline.ask("GET", f"{clip}/edit/versions"))["items"] == versions


async def exported(story: Story, clip: str) -> str:
    """Another aspect, then several at once."""
    made = await story.then("POST", f"{clip}/export", {"aspect": "1:1", **DRAFT})
    await story.then("POST", f"{clip}/exports", {"aspects": ["1:1", "16:9"], **DRAFT})
    share = await story.pipeline.ask("POST", "/v1/shares", {"export_ids": [made["export_id"]]})
    story.ids["token"] = [share["token"]]
    return str(made["export_id"])


async def renamed(story: Story, *paths: str) -> None:
    """Title and metadata of the project, of a clip and of an export, then the title taken back."""
    for path in (story.path, *paths):
        wanted = {"title": "Renamed", "metadata": {"order": {"lines": [1, None]}}}
        await story.then("PATCH", path, wanted, **NEWEST)
        await story.again("PATCH", path, wanted, **NEWEST)
        await story.then("PATCH", path, {"title": None, "metadata": None}, **NEWEST)


async def cancelled(story: Story, clip: str) -> None:
    """Cancel one of two aspects before it is made; requesting it again makes another export."""
    made = await story.pipeline.ask("POST", f"{clip}/exports", {"aspects": ["4:5", "16:9"], "captions": False, **DRAFT})
    first, second = (f"/v1/exports/{one['export_id']}" for one in made["items"])
    assert (await story.then("POST", f"{first}/cancel"))["state"] == "cancelled"
    states = [(await story.pipeline.ask("GET", path))["state"] for path in (first, second)]
    assert states == ["cancelled", "done"]
    again = await story.then("POST", f"{clip}/export", {"aspect": "4:5", "captions": False, **DRAFT})
    assert again["export_id"] != made["items"][0]["export_id"]


async def retried(story: Story, clip: str) -> None:
    """An export that its render refused is made after all."""
    made = await story.pipeline.ask("POST", f"{clip}/export", {"aspect": "1:1", "captions": False, **DRAFT})
    path = f"/v1/exports/{made['export_id']}"
    await story.pipeline.run_refused("render")
    await story.read()
    assert (await story.pipeline.ask("GET", path))["state"] == "failed"
    await story.then("POST", f"{story.path}/retry", {"export_id": made["export_id"]})
    assert (await story.pipeline.ask("GET", path))["state"] == "done"


async def corrected(story: Story) -> None:
    """Words, and who speaks."""
    version = (await story.get("/transcript"))["version"]
    words = {"version": version, "edits": [{"first_word": 0, "end_word": 1, "text": "Words"}]}
    version = (await story.then("PATCH", f"{story.path}/transcript", words))["version"]
    await story.again("PATCH", f"{story.path}/transcript", words | {"version": version})
    speakers = (await story.get("/speakers"))["speakers"]
    if speakers:
        named = {"op": "rename", "speaker": speakers[0]["id"], "name": "Speaker of the film"}
        named_at = await story.then("PATCH", f"{story.path}/speakers", {"version": version, "edits": [named]})
        await story.again("PATCH", f"{story.path}/speakers", {"version": named_at["version"], "edits": [named]})
    assert (await story.get("/transcript"))["version"] == version + bool(speakers)


async def of_the_organisation(story: Story, clip: str) -> None:
    """A brand kit, score weights, a webhook endpoint, an archive and who calls: created, used, removed."""
    picture = io.BytesIO()
    Image.new("RGBA", (64, 32), (250, 120, 10, 255)).save(picture, "PNG")
    wanted = {"filename": "logo.png", "purpose": "image"}
    upload_id = await story.pipeline.upload(picture.getvalue(), **wanted)
    story.ids["upload_id"] = [upload_id]
    asset_id = (await story.then("POST", "/v1/assets", {"upload_id": upload_id, "name": "Logo"}))["asset_id"]
    kit = {"name": "House", "logo": {"asset_id": asset_id}}
    made = await story.then("POST", "/v1/brand-kits", kit)
    kit_id = made["kit_id"]
    changed = await story.then("PATCH", f"/v1/brand-kits/{kit_id}", {"name": "House, again"}, **NEWEST)
    await story.again("PATCH", f"/v1/brand-kits/{kit_id}", {"name": "House, again"}, **NEWEST)
    assert (await story.pipeline.ask("GET", f"/v1/brand-kits/{kit_id}"))["version"] == changed["version"] == 2
    branded = {"aspect": "9:16", "options": {"video": {"quality": "draft"}, "brand": {"kit_id": kit_id}}}
    await story.then("POST", f"{clip}/export", branded)
    preset = {"name": "House options", "options": {"export": {"brand": {"kit_id": kit_id}}}}
    preset_id = (await story.then("POST", "/v1/project-presets", preset))["preset_id"]
    await story.then("PATCH", f"/v1/project-presets/{preset_id}", {"name": "Our options"}, **NEWEST)
    await story.again("PATCH", f"/v1/project-presets/{preset_id}", {"name": "Our options"}, **NEWEST)
    await story.then("DELETE", f"/v1/project-presets/{preset_id}")
    weights = (await story.pipeline.ask("GET", "/v1/scoring/weights"))["weights"]
    for _ in range(2):
        await story.then("POST", "/v1/admin/scoring/weights", weights)
        assert (await story.pipeline.ask("GET", "/v1/scoring/weights"))["revision"] == 1
    await story.then("DELETE", "/v1/admin/scoring/weights")
    endpoint = {"url": "https://receiver.example/hook", "events": ["project.completed"]}
    endpoint_id = (await story.then("POST", "/v1/webhooks/endpoints", endpoint))["endpoint_id"]
    await of_deliveries(story, f"/v1/webhooks/endpoints/{endpoint_id}")
    await story.then("POST", "/v1/service-accounts", {"name": "The newsroom's uploader", "role": "editor"})
    app = {"name": "Calendar", "kind": "public", "scopes": ["read"], "redirect_uris": ["https://app.example/back"]}
    await story.then("POST", "/v1/oauth/clients", app)
    await story.then("POST", "/v1/organisation/archives", {})
    for path in (f"/v1/webhooks/endpoints/{endpoint_id}", f"/v1/brand-kits/{kit_id}", f"/v1/assets/{asset_id}"):
        await story.then("DELETE", path)


async def of_deliveries(story: Story, path: str) -> None:
    """An endpoint is changed, given another secret, tested; what was sent to it is sent again."""
    await story.then("PATCH", path, {"events": ["project.*", "webhook.*"], "paused": True})
    await story.then("POST", f"{path}/enable")
    await story.then("POST", f"{path}/rotate-secret", {"signing": "ed25519"})
    delivery_id = (await story.then("POST", f"{path}/test"))["delivery_id"]
    async with org_transaction(story.pipeline.world.worker, story.pipeline.org_id) as rows:
        await rows.execute(
            "update deliveries set state = 'failed', finished_at = now() where delivery_id = $1", uuid.UUID(delivery_id)
        )
    await story.then("POST", f"{path}/deliveries/{delivery_id}/replay")
    for action in ("replay", "recover"):
        await story.then("POST", f"{path}/{action}", {"since": "2026-01-01T00:00:00Z"})


async def of_uploads(story: Story) -> None:
    """Requests for uploads without a project, and for an estimate of a project that does not exist."""
    estimate = {"duration_ms": 60_000, "options": {"max_clips": 1}}
    await story.then("POST", "/v1/projects/estimate", estimate)
    in_parts = {"filename": "long.mp4", "size_bytes": 12 * 2**20, "parts": 2}
    path = f"/v1/uploads/{(await story.then('POST', '/v1/uploads/sign', in_parts))['upload_id']}"
    await story.then("POST", f"{path}/parts", {"numbers": [2]})
    await story.then("DELETE", path)
    whole = await story.pipeline.upload(b"a file that nothing is made of")
    await story.then("POST", f"/v1/uploads/{whole}/complete", {})


@pytest.mark.parametrize("kind", ["script", "silent", "unreadable", "url", "several shapes"])
async def test_resources_of_failed_and_other_projects_are_readable(
    pipeline: Pipeline, six_seconds: bytes, tmp_path: Path, kind: str
) -> None:
    if kind == "url":
        made = await pipeline.ask("POST", "/v1/projects", {"source_url": "https://video.example/a.mp4"})
        story = Story(pipeline, made["project_id"])
        await story.read()
        await pipeline.run()
        await story.read()
    elif kind == "unreadable":
        story = await worked(pipeline, b"this is no film at all")
    elif kind == "silent":
        silent = film(tmp_path / "silent.mp4", seconds=6, sound=False).read_bytes()
        story = await worked(pipeline, silent, (events.MomentsDetected,), **OPTIONS)
    elif kind == "script":
        story = await worked(pipeline, six_seconds, script="word word word word word", **OPTIONS)
    else:
        story = await worked(pipeline, six_seconds, aspects=["9:16", "1:1"], target_clips=1, **OPTIONS)
    project = await story.get()
    assert project["state"] == ("failed" if kind in ("url", "unreadable") else "completed"), project
    if project["state"] == "failed":  # again, for the same reason
        again = await story.then("POST", f"{story.path}/retry", {})
        assert (again["state"], again["stages"]) == ("queued", ["ingest"])
        assert ((await story.get())["state"], (await story.get())["failure"]) == ("failed", project["failure"])
    await story.then("DELETE", story.path)


@pytest.mark.parametrize("how", ["erase", "cancel"])
@pytest.mark.parametrize("stop", [None, events.SpanPlanned, events.UnderstandingCompleted], ids=str)
async def test_resources_of_a_cancelled_project_are_readable(
    pipeline: Pipeline, six_seconds: bytes, stop: type[Any] | None, how: str
) -> None:
    story = Story(pipeline, await pipeline.project(six_seconds))
    if stop is not None:
        await pipeline.run(until=stop)
    found = await story.read()
    assert found.answers[story.path].body["state"] == ("queued" if stop is None else "running")
    if how == "cancel":
        await story.then("POST", f"{story.path}/cancel")
        project = await story.get()
        assert (project["state"], {one["state"] for one in project["stages"]} & {"waiting", "running"}) == (
            "cancelled", set(),
        )  # fmt: skip
    await story.then("DELETE", story.path)
    assert (await pipeline.client.get(story.path)).status_code == 410
