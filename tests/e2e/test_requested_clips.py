"""A project without a clip still leads to one: nearest moments, a clip of your own, its file."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import random
import re
from typing import Any

import av
import httpx2
import pytest

from core.infra.clickhouse import ClickHouseAnalytics
from local.stack import StackInfo
from tests.e2e.counters import expect_each_event_once
from tests.e2e.invariants import open_store, own_rows
from tests.e2e.rig import ROUGH, Api, Receiver
from tests.support.media.shared_media import media
from tests.support.progress import HANG_S, Patience, wait_while_moving

TALK = "talking/googlework_35s_180p.mp4"
LENGTHS = {"min_clip_ms": 5_000, "max_clip_ms": 12_000}
_SELECTED = """SELECT moment_id, rank, score FROM moments_once
WHERE org_id = {org_id:UUID} AND project_id = {project_id:UUID} AND selected"""


@pytest.fixture(scope="module")
def project(api: Api, receiver: Receiver) -> dict[str, Any]:
    """A talk without a good enough moment: its bar is out of reach. Its upload is replaced by noise at once."""
    project_id = api.start(media(TALK), min_score=100, **LENGTHS, **ROUGH)
    api.put_again(random.Random(0).randbytes(media(TALK).stat().st_size))
    ended = api.wait(project_id)
    receiver.wait_for(project_id, "project.completed")
    return ended


@pytest.fixture(scope="module")
def requested_clips(api: Api, project: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A clip of the nearest moment, and one of a requested range; both with files."""
    path = f"/v1/projects/{project['project_id']}/clips"
    words = api.get(f"/v1/projects/{project['project_id']}/transcript")["words"]
    start = min(words[len(words) // 2]["start_ms"], project["duration_ms"] - 9_000)
    near = api.post(path, {"moment_id": project["nearest"][0]["moment_id"]}, expect=202)
    own = api.post(path, {"start_ms": start, "end_ms": start + 9_000, "title": "My own"}, expect=202)
    for clip in (near, own):
        for export in clip["exports"]:
            assert api.export(export["export_id"])["state"] == "done"
    return api.get(f"/v1/clips/{near['clip_id']}"), api.get(f"/v1/clips/{own['clip_id']}")


def test_a_project_without_clips_names_its_nearest_moments(
    api: Api, project: dict[str, Any], receiver: Receiver
) -> None:
    assert (project["state"], project["nothing_found_reason"] is None) == ("completed", False)
    listed = {one["id"]: one for one in api.get(f"/v1/projects/{project['project_id']}/moments")["moments"]}
    assert 1 <= len(project["nearest"]) <= 3
    for near in project["nearest"]:
        assert listed[near["moment_id"]]["score"] == near["score"]
        assert listed[near["moment_id"]]["signals"]
        assert any(one["what"] == "score" and one["needed"] == 100 for one in near["lacks"])
    (told,) = receiver.of(project["project_id"], "project.completed")
    assert [one["moment_id"] for one in told["data"]["nearest"]] == [one["moment_id"] for one in project["nearest"]]
    assert {one["title"] for one in told["data"]["nearest"]} == {""}


def test_a_requested_clip_has_its_file_score_and_words(
    api: Api, project: dict[str, Any], requested_clips: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    near, own = requested_clips
    assert (near["score"], near["made_by"]) == (project["nearest"][0]["score"], "person")
    assert (own["title"], own["end_ms"] - own["start_ms"], own["ordinal"]) == ("My own", 9_000, 1)
    assert own["score"] is not None, "measured as the moments are"
    assert all(signal["evidence"] for signal in own["signals"])
    export = api.get(f"/v1/exports/{own['exports'][0]['export_id']}")
    body = httpx2.get(export["files"]["video"]["url"], timeout=HANG_S).content
    with av.open(io.BytesIO(body)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (1080, 1080)
        assert float(container.duration or 0) / av.time_base == pytest.approx(9.0, abs=0.15)
    assert export["files"]["srt"] is not None
    again = api.get(f"/v1/projects/{project['project_id']}")
    assert (again["state"], again["clip_count"]) == ("completed", 2)


def test_files_come_from_the_sealed_upload_not_from_a_later_put(
    api: Api, project: dict[str, Any], requested_clips: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """The certificate names the hash of the bytes that were uploaded; of the noise put later no file could be made."""
    sent = hashlib.sha256(media(TALK).read_bytes()).hexdigest()
    asyncio.run(expect_source(api.stack, project["project_id"], sent))
    for clip in requested_clips:
        for export in clip["exports"]:
            certificate = api.get(f"/v1/exports/{export['export_id']}")["certificate"]
            assert sent.startswith(certificate["made_with"]["input.source"])


async def expect_source(stack: StackInfo, project_id: str, sha256: str) -> None:
    """Fail unless the project's source, as it lies in the store, has this hash."""
    owner = await own_rows(stack)
    source = await owner.fetchval("select source from projects where project_id = $1::text::uuid", project_id)
    await owner.close()
    store, bucket = open_store(stack)
    ref = source if isinstance(source, dict) else json.loads(source)
    body = store.get_object(Bucket=bucket, Key=ref["key"])["Body"].read()
    assert (hashlib.sha256(body).hexdigest(), ref["sha256"]) == (sha256, sha256)


def test_a_requested_clip_is_found_and_counted_as_any_clip(
    api: Api, project: dict[str, Any], requested_clips: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    words = api.get(f"/v1/projects/{project['project_id']}/transcript")["words"]
    inside = [
        word
        for word in words
        if requested_clips[1]["start_ms"] <= word["start_ms"] and word["end_ms"] <= requested_clips[1]["end_ms"]
    ]
    query = max((re.sub(r"\W", "", word["text"]) for word in inside), key=len)
    asked = {"q": query, "project_id": project["project_id"], "only": "clips"}

    def found() -> list[str]:
        return [hit["clip_id"] for hit in api.get("/v1/search", params=asked)["clips"]]

    wait_while_moving(
        lambda: requested_clips[1]["clip_id"] in found(), f"the clip among the hits of {query!r}", progress=found
    )
    asyncio.run(expect_each_event_once(api.stack, project["project_id"]))
    rows = asyncio.run(_selected(api.stack, project["project_id"], 2))
    assert {str(row["moment_id"]): row["rank"] for row in rows} == {clip["clip_id"]: None for clip in requested_clips}


async def _selected(stack: StackInfo, project_id: str, wanted: int) -> list[dict[str, Any]]:
    analytics, patience = ClickHouseAnalytics(stack.env["CLIPSTREAM_CLICKHOUSE"]), Patience("the selected moments")
    try:
        while True:
            rows = await analytics.query(_SELECTED, {"org_id": stack.org_id, "project_id": project_id})
            if len(rows) == wanted:
                return list(rows)
            patience.check(len(rows))
            await asyncio.sleep(0.5)
    finally:
        await analytics.close()


def test_a_requested_clip_is_previewed_edited_and_bundled_as_any(
    api: Api, project: dict[str, Any], requested_clips: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    path = f"/v1/clips/{requested_clips[1]['clip_id']}"
    picture = api.http.post(f"{path}/preview", params={"at_ms": 1000}, json={"aspect": "1:1"})
    assert picture.status_code in (200, 202), picture.text
    suggested = api.get(f"{path}/edit")["suggested"]["1:1"]
    assert suggested, "the machine's own crops are there to start from"
    wish = {"operations": [{"op": "crop", "aspect": "1:1", "keys": suggested}]}
    edited = api.http.patch(f"{path}/edit", json=wish, headers={"If-Match": '"edit-1"'})
    assert edited.status_code == 200, "what is suggested is inside the picture"
    handed = api.http.get(f"{path}/edit/handover", params={"format": "otio"})
    assert handed.status_code == 200, handed.text
    assert b"My own" in handed.content
    bundle = api.http.get(f"/v1/projects/{project['project_id']}/exports.zip")
    assert (bundle.status_code, bundle.content[:2]) == (200, b"PK"), bundle.text[:200]


def test_its_end_is_reported_once_and_it_goes_with_its_project(
    api: Api, project: dict[str, Any], requested_clips: tuple[dict[str, Any], dict[str, Any]], receiver: Receiver
) -> None:
    project_id = project["project_id"]
    told = [one["data"] for one in receiver.of(project_id, "export.completed")]
    assert {one["clip_id"] for one in told} == {clip["clip_id"] for clip in requested_clips}
    assert len(receiver.of(project_id, "project.completed")) == 1, "a completed project is not completed again"
    api.call("DELETE", f"/v1/projects/{project_id}", expect=202)
    assert api.http.post(f"/v1/projects/{project_id}/clips", json={"start_ms": 0, "end_ms": 9_000}).status_code == 410
    assert api.http.get(f"/v1/clips/{requested_clips[1]['clip_id']}").status_code == 404
