"""What players and timelines show of a project: source or proxy, waveform, timeline, pictures; on real stores."""

from __future__ import annotations

import uuid
from base64 import b64decode
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest

from core.infra.postgres.connection import org_transaction
from schemas import events
from tests.contract.rigs.pipeline_rig import Pipeline, make_pipeline
from tests.ingest.probe.test_player_format import remuxed
from tests.support.media.hostile_files import film
from tests.support.media.synthetic_media import index_of

__all__ = ["make_pipeline"]
pytestmark = pytest.mark.contract
PARTS = ("source", "waveform", "timeline", "thumbnail")


async def asked(pipeline: Pipeline, project_id: str, part: str, **query: Any) -> httpx2.Response:
    return await pipeline.client.get(f"/v1/projects/{project_id}/{part}", params=query)


async def fetched(url: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.get(url, headers=headers)


async def keys_of(pipeline: Pipeline, project_id: str) -> list[str]:
    prefix = f"{pipeline.org_id}/{project_id}/"
    return [item.key for item in await pipeline.context.objects.list_prefix(prefix, limit=None)]  # type: ignore[attr-defined]


async def test_a_player_and_a_timeline_find_all_that_they_show(pipeline: Pipeline, tmp_path: Path) -> None:
    """A source whose index stands at its end, from before its ingest to its erasure."""
    project_id = await pipeline.project(film(tmp_path / "film.mp4", seconds=6).read_bytes())
    for part in PARTS:
        early = await asked(pipeline, project_id, part)
        assert (early.status_code, early.json()["code"]) == (404, "not-ready")
        assert early.headers["retry-after"]
    await pipeline.run(until=events.MomentsDetected)
    (card,) = (await pipeline.ask("GET", "/v1/projects"))["items"]
    assert card["thumbnail_url"].split("?")[0] == await picture_of(pipeline, project_id), "of the source, before clips"
    working = (await asked(pipeline, project_id, "source")).json()
    assert (working["state"], working["reason"], working["kind"]) == ("preparing", "project-running", "source")
    await pipeline.run()
    answer = await asked(pipeline, project_id, "source")
    asked_for = answer.json()
    assert (asked_for["state"], asked_for["reason"], asked_for["kind"]) == ("preparing", "encoding", "source")
    assert answer.headers["retry-after"]
    assert (await fetched(asked_for["url"], range="bytes=4-7")).content == b"ftyp", "the source itself, meanwhile"
    await asked(pipeline, project_id, "source")
    assert await pipeline.run() > 0
    await the_proxy_plays(pipeline, project_id, tmp_path)
    await the_waveform_is_drawn(pipeline, project_id)
    await the_timeline_is_drawn(pipeline, project_id)
    await the_pictures_show(pipeline, project_id)
    for part in PARTS:
        assert (await pipeline.world.bob.client.get(f"/v1/projects/{project_id}/{part}")).status_code == 404
    assert {key.split("/")[2] for key in await keys_of(pipeline, project_id)} >= {"proxy", "source", "seen"}
    await pipeline.ask("DELETE", f"/v1/projects/{project_id}")
    await pipeline.run()
    assert await keys_of(pipeline, project_id) == []
    async with org_transaction(pipeline.context.pool, pipeline.org_id) as rows:
        assert await rows.fetchval("select count(*) from source_media") == 0
    for part in PARTS:
        assert (await asked(pipeline, project_id, part)).status_code == 410


async def the_proxy_plays(pipeline: Pipeline, project_id: str, folder: Path) -> None:
    link = (await asked(pipeline, project_id, "source")).json()
    assert (link["state"], link["kind"], link["reason"], link["detail"]) == ("ready", "proxy", None, None)
    assert (link["content_type"], link["width_px"], link["height_px"]) == ("video/mp4", 64, 64)
    part = await fetched(link["url"], range="bytes=0-99")
    assert (part.status_code, part.headers["content-type"]) == (206, "video/mp4")
    assert part.headers["content-disposition"] == "inline"
    file = (await fetched(link["url"])).content
    assert len(file) == link["size_bytes"]
    (folder / "proxy.mp4").write_bytes(file)
    index = index_of(folder / "proxy.mp4")
    assert abs(index.duration_ms - link["duration_ms"]) <= 110, "a picture of ten a second"
    project = await pipeline.ask("GET", f"/v1/projects/{project_id}")
    (stage,) = [stage for stage in project["stages"] if stage["stage"] == "transcode"]
    assert (stage["state"], stage["parts_done"], project["percent"]) == ("done", 1, 100), "asked twice, made once"
    costs = [item for item in project["cost"]["items"] if item.get("stage") == "transcode"]
    assert {item["kind"] for item in costs} >= {"cpu_ms"}
    assert not await pipeline.run(), "what is ready is not made again"


async def the_waveform_is_drawn(pipeline: Pipeline, project_id: str) -> None:
    answer = await asked(pipeline, project_id, "waveform")
    wave = answer.json()
    assert (wave["per_second"], wave["count"], wave["start_ms"], wave["reason"]) == (20, wave["count"], 0, None)
    peaks = b64decode(wave["peaks"])
    assert len(peaks) == wave["count"] == -(-wave["duration_ms"] * 20 // 1000)
    assert max(peaks) == 255
    assert 0.2 < wave["loudest"] < 0.3, "a tone of a quarter of full scale"
    held = await pipeline.client.get(
        f"/v1/projects/{project_id}/waveform", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert held.status_code == 304
    near = (await asked(pipeline, project_id, "waveform", per_second=100, start_ms=1_005, end_ms=2_000)).json()
    assert (near["start_ms"], near["per_second"], near["count"]) == (1_000, 100, 100)
    beyond = (await asked(pipeline, project_id, "waveform", start_ms=99_000)).json()
    assert (beyond["count"], beyond["peaks"]) == (0, "")
    for query in ({"per_second": 3}, {"start_ms": 2_000, "end_ms": 2_000}, {"start_ms": -1}):
        assert (await asked(pipeline, project_id, "waveform", **query)).status_code == 422


async def the_timeline_is_drawn(pipeline: Pipeline, project_id: str) -> None:
    answer = await asked(pipeline, project_id, "timeline")
    timeline = answer.json()
    assert timeline["complete"]
    assert (timeline["shots"][0]["start_ms"], timeline["shots"][-1]["end_ms"]) == (0, timeline["duration_ms"])
    assert all(part is not None for part in timeline.values())
    assert timeline["speech"]
    held = await pipeline.client.get(
        f"/v1/projects/{project_id}/timeline", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert held.status_code == 304


async def picture_of(pipeline: Pipeline, project_id: str) -> str:
    """Where the picture that stands for a project lies, without the signature."""
    answer = (await asked(pipeline, project_id, "thumbnail")).json()
    assert (answer["shows"], answer["at_ms"] is not None) == ("source", True)
    return str(answer["url"]).split("?")[0]


async def the_pictures_show(pipeline: Pipeline, project_id: str) -> None:
    stands = (await asked(pipeline, project_id, "thumbnail")).json()
    clips = (await pipeline.ask("GET", f"/v1/projects/{project_id}/clips"))["items"]
    assert stands["shows"] == ("clip" if clips else "source")
    (card,) = (await pipeline.ask("GET", "/v1/projects"))["items"]
    assert (await fetched(card["thumbnail_url"])).content[:2] == b"\xff\xd8"
    at = (await asked(pipeline, project_id, "thumbnail", at_ms=100)).json()
    assert (at["shows"], at["content_type"]) == ("source", "image/jpeg")
    picture = await fetched(at["url"])
    assert (picture.headers["content-type"], picture.content[:2]) == ("image/jpeg", b"\xff\xd8")


async def read_only(pipeline: Pipeline, file: bytes) -> str:
    """A project that ended once its source was read: players need no more of it."""
    project_id = await pipeline.project(file)
    await pipeline.run(until=events.SpanPlanned)
    async with org_transaction(pipeline.context.pool, pipeline.org_id) as rows:
        await rows.execute("update projects set state = 'completed', finished_at = now()")
        await rows.execute("delete from outbox where published_at is null")
    return project_id


async def test_a_source_that_plays_is_not_encoded(pipeline: Pipeline, tmp_path: Path) -> None:
    """And one without sound has an empty waveform, with the reason."""
    plain = film(tmp_path / "film.mp4", seconds=6, sound=False)
    fast = remuxed(plain, tmp_path / "fast.mp4", movflags="+faststart")
    project_id = await read_only(pipeline, fast.read_bytes())
    link = (await asked(pipeline, project_id, "source")).json()
    assert (link["state"], link["kind"], link["content_type"]) == ("ready", "source", "video/mp4")
    assert (await fetched(link["url"])).content == fast.read_bytes()
    wave = (await asked(pipeline, project_id, "waveform")).json()
    assert (wave["count"], wave["peaks"], wave["reason"]) == (0, "", "no-sound")
    assert not await pipeline.run()


async def test_a_proxy_that_fails_says_why_and_is_tried_again_later(pipeline: Pipeline, tmp_path: Path) -> None:
    project_id = await read_only(pipeline, film(tmp_path / "film.mp4", seconds=6).read_bytes())
    await asked(pipeline, project_id, "source")
    await pipeline.run_refused("transcode")
    link = (await asked(pipeline, project_id, "source")).json()
    assert (link["state"], link["reason"], link["kind"]) == ("unavailable", "media.corrupt", "source")
    assert link["detail"] == "It is broken."
    assert not await pipeline.run(), "a fault of the file is not tried again"
    await set_row(pipeline, "failure_reason = 'retries.exhausted'")
    assert not await asked_again(pipeline, project_id), "it has just failed"
    await set_row(pipeline, "finished_at = now() - interval '2 hours'")
    assert await asked_again(pipeline, project_id)
    assert (await asked(pipeline, project_id, "source")).json()["state"] == "ready"
    await set_row(pipeline, "state = 'waiting', requested_at = now() - interval '25 hours'")
    assert await asked_again(pipeline, project_id), "a request that nothing came of is made again"


async def set_row(pipeline: Pipeline, change: str) -> None:
    async with org_transaction(pipeline.context.pool, pipeline.org_id) as rows:
        await rows.execute(f"update source_media set {change}")


async def asked_again(pipeline: Pipeline, project_id: str) -> int:
    await asked(pipeline, project_id, "source")
    return await pipeline.run()


async def test_sound_alone_is_played_too(pipeline: Pipeline, tmp_path: Path) -> None:
    plain, sound = film(tmp_path / "film.mp4", seconds=6), tmp_path / "a.mp3"
    with av.open(str(plain)) as source, av.open(str(sound), "w") as target:
        stream = target.add_stream("libmp3lame", rate=16_000)
        for frame in source.decode(audio=0):
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    project_id = await read_only(pipeline, sound.read_bytes())
    first = (await asked(pipeline, project_id, "source")).json()
    assert (first["kind"], first["content_type"], first["width_px"]) == ("source", "audio/mpeg", None)
    await pipeline.run()
    link = (await asked(pipeline, project_id, "source")).json()
    assert (link["state"], link["kind"], link["content_type"]) == ("ready", "proxy", "audio/mp4")
    missing = await asked(pipeline, project_id, "thumbnail")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


async def test_a_cancelled_project_shows_its_source_only(pipeline: Pipeline, tmp_path: Path) -> None:
    project_id = await pipeline.project(film(tmp_path / "film.mp4", seconds=6).read_bytes())
    await pipeline.run(until=events.SpanPlanned)
    await pipeline.ask("POST", f"/v1/projects/{project_id}/cancel")
    link = (await asked(pipeline, project_id, "source")).json()
    assert (link["state"], link["reason"], link["kind"]) == ("unavailable", "project.cancelled", "source")
    assert (await asked(pipeline, str(uuid.uuid4()), "source")).status_code == 404
