"""A script becomes a project with clips on cards, on real stores and in every stage; Triton is not asked."""

from __future__ import annotations

import io
import uuid
from typing import Any

import asyncpg
import av
import httpx2
import msgspec
import numpy as np
import pytest

from schemas import events
from schemas.common import ObjectRef
from schemas.documents.span import SCRIPT_MODEL
from schemas.options.brand_kit import BrandKit
from schemas.options.export_options import BrandPin, ExportOptions
from schemas.options.project import ProjectOptions
from streams.ingest.agent import IngestStage
from tests.contract.rigs.pipeline_rig import Pipeline, make_pipeline
from tests.contract.rigs.stage_rig import Rig, make_rig

__all__ = ["make_pipeline", "make_rig"]
pytestmark = pytest.mark.contract
SCRIPT = """# Why parachutes work

Have you ever wondered why a sheet of cloth can save your life? The secret is not the cloth. It is the air that has
nowhere to go!

## The numbers

Without a parachute, a falling person reaches **200 kilometres an hour** in about twelve seconds. With one, the speed is
18 kilometres an hour, which is a jump from a table. How can so little cloth make such a difference? Because drag grows
with the square of the speed.

- Twice as fast means four times the drag.
- Half the size means half the drag.

So a canopy of forty square metres stops you within three seconds. That is the most surprising thing about it: nobody
needs an engine, a wing or a computer. You need a hole in the middle, or it would swing like a pendulum!
"""
DRAFT = {"video": {"quality": "draft"}, "storyboard": False, "thumbnails": {"count": 1}}
OPTIONS: dict[str, Any] = {"language": "en", "max_clips": 1, "max_clip_ms": 15_000, "export": DRAFT}


async def read_frames(url: str) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Every tenth frame of a stored video, in RGB."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        body = (await client.get(url)).content
    with av.open(io.BytesIO(body)) as container:
        return [f.to_ndarray(format="rgb24") for n, f in enumerate(container.decode(video=0)) if n % 10 == 0]


async def test_a_script_becomes_clips_on_cards(pipeline: Pipeline) -> None:
    body = {"script_text": SCRIPT, "options": OPTIONS | {"aspects": ["9:16", "16:9"]}}
    path = f"/v1/projects/{(await pipeline.ask('POST', '/v1/projects', body))['project_id']}"
    await pipeline.run()
    project = await pipeline.ask("GET", path)
    assert (project["state"], project["title"], project["warnings"]) == ("completed", "Why parachutes work", [])
    states = {stage["stage"]: (stage["state"], stage["cpu_ms"]) for stage in project["stages"]}
    assert states["listen"] == states["look"] == ("skipped", 0)
    assert {state for state, _ in states.values()} == {"done", "skipped"}
    assert states["frame"] == ("done", 0)
    spared = {stage["stage"]: stage["cpu_ms"]["expected"] for stage in project["cost"]["estimate"]["stages"]}
    assert spared["listen"] == spared["look"] == spared["frame"] == 0 < spared["render"]

    transcript = await pipeline.ask("GET", f"{path}/transcript")
    assert (transcript["model"], transcript["language"], transcript["diarization"]) == (SCRIPT_MODEL, "en", None)
    assert [segment["text"] for segment in transcript["segments"]][:3] == [
        "Why parachutes work",
        "Have you ever wondered why a sheet of cloth can save your life?",
        "The secret is not the cloth.",
    ]
    assert {segment["trust"] for segment in transcript["segments"]} == {"trusted"}
    intelligence = await pipeline.ask("GET", f"{path}/intelligence")
    assert intelligence["summary"]

    (clip,) = (await pipeline.ask("GET", f"{path}/clips"))["items"]
    assert {export["aspect"] for export in clip["exports"]} == {"9:16", "16:9"}
    for brief in clip["exports"]:
        export = await pipeline.ask("GET", f"/v1/exports/{brief['export_id']}")
        certificate = export["certificate"]
        assert (export["template"], export["state"]) == ("cards", "done")
        assert certificate["verdict"] == "pass", [c for c in certificate["checks"] if c["verdict"] != "pass"]
        assert certificate["warnings"] == ["audio.absent: the source has no sound; the clip's track is silent"]
        assert certificate["integrated_lufs"] is None
        frames = await read_frames(export["files"]["video"]["url"])
        middle = frames[len(frames) // 2]
        high, wide = middle.shape[:2]
        assert (middle.min(axis=2) > 235).sum() > 0.004 * high * wide, "white letters"
        edge = np.concatenate([middle[: high // 20].reshape(-1, 3), middle[-high // 20 :].reshape(-1, 3)])
        assert edge.max() < 200, "nothing but the background at top and bottom"
    found = await pipeline.ask("GET", "/v1/search?q=table")
    assert "jump from a table" in found["segments"][0]["text"]


async def test_a_clip_of_a_script_is_edited_previewed_replayed_and_erased(pipeline: Pipeline) -> None:
    body = {"script_text": SCRIPT, "title": "Mine", "options": OPTIONS}
    path = f"/v1/projects/{(await pipeline.ask('POST', '/v1/projects', body))['project_id']}"
    await pipeline.run_refused("detect")
    assert (await pipeline.ask("GET", path))["state"] == "failed"
    await pipeline.ask("POST", f"{path}/retry", {})
    await pipeline.run()
    project = await pipeline.ask("GET", path)
    assert (project["state"], project["title"]) == ("completed", "Mine")
    assert [s["state"] for s in project["stages"] if s["stage"] in ("listen", "look")] == ["skipped", "skipped"]
    (clip,) = (await pipeline.ask("GET", f"{path}/clips"))["items"]
    clip_path = f"/v1/clips/{clip['clip_id']}"
    await pipeline.ask("POST", f"/v1/exports/{clip['exports'][0]['export_id']}/replay")
    await pipeline.run()
    replay = await pipeline.ask("GET", f"/v1/exports/{clip['exports'][0]['export_id']}/replay")
    assert (replay["state"], replay["outcome"]) == ("done", "same"), replay
    trim = [{"op": "trim", "segment_id": "s1", "end_ms": clip["end_ms"] - 3_000}]
    await pipeline.ask("PATCH", f"{clip_path}/edit", {"operations": trim}, **{"If-Match": "*"})
    square = await pipeline.ask("POST", f"{clip_path}/export", {"aspect": "1:1"})
    await pipeline.run()
    export = await pipeline.ask("GET", f"/v1/exports/{square['export_id']}")
    assert (export["state"], export["template"], export["edit_version"]) == ("done", "cards", 2)
    await pipeline.ask("DELETE", path)
    await pipeline.run()
    assert (await pipeline.client.get(path)).status_code == 410


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"script_text": "Hello."}, "/options/language"),
        ({"script_text": "?! 🎉", "options": {"language": "en"}}, "/script_text"),
        ({"script_text": "x" * 60_001, "options": {"language": "en"}}, "/script_text"),
        ({"script_text": "", "options": {"language": "en"}}, "/script_text"),
        ({"script_text": "a\0b", "options": {"language": "en"}}, "/script_text"),
        ({"script_text": "Hello.", "options": {"language": "en", "captions": False}}, "/options/captions"),
        ({"script_text": "Hello.", "options": {"language": "en", "script": "Hello."}}, "/options/script"),
        ({"script_text": "Hello.", "options": {"language": "de", "translate": "en"}}, "/options/translate"),
        ({"script_text": "Hello.", "source_url": "https://example.org/a", "options": {"language": "en"}}, ""),
        ({"script_text": "Hello.", "options": {"language": "en"}, "reuse": True}, "/reuse"),
        ({"script_text": "x " * 29_000, "options": {"language": "en"}, "metadata": {"a": "x" * 9_000}}, ""),
    ],
)
async def test_what_cannot_be_shown_is_a_422(pipeline: Pipeline, body: dict[str, Any], pointer: str) -> None:
    answer = await pipeline.client.post("/v1/projects", json=body)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.text


async def test_an_estimate_takes_a_script(pipeline: Pipeline) -> None:
    body = {"script_text": SCRIPT, "options": {"language": "en"}}
    estimate = await pipeline.ask("POST", "/v1/projects/estimate", body)
    assert 50_000 < estimate["estimate"]["media_ms"] < 90_000
    assert estimate["assumed"] == [f"length: {estimate['estimate']['media_ms'] / 1000:.0f} s to read the script"]
    amounts = {stage["stage"]: stage["cpu_ms"]["expected"] for stage in estimate["estimate"]["stages"]}
    assert amounts["listen"] == 0 < amounts["render"]
    refused = await pipeline.client.post("/v1/projects/estimate", json={"script_text": "Hello."})
    assert refused.status_code == 422


async def test_a_producer_sends_a_script_with_a_kit(rig: Rig) -> None:
    kit_id = uuid.uuid4()
    kit = BrandKit(name="House", colours={"background": "#c01010", "primary": "#c01010"})
    owner = await asyncpg.connect(rig.context.settings.postgres_owner)
    await owner.execute("select set_config('app.org', $1, false)", str(rig.org_id))
    await owner.execute("insert into brand_kits (org_id, kit_id, version) values ($1, $2, 1)", rig.org_id, kit_id)
    await owner.execute(
        "insert into brand_kit_versions (org_id, kit_id, version, kit) values ($1, $2, 1, $3::jsonb)",
        rig.org_id, kit_id, msgspec.json.encode(kit).decode(),
    )  # fmt: skip
    await owner.close()
    options = ProjectOptions(language="en", export=ExportOptions(brand=BrandPin(kit_id=kit_id)))
    event = events.UploadReceived(**rig.of, script_text="Hello.", title="From Kafka", options=options)
    assert await rig.send(IngestStage(rig.context), event, uuid.uuid4()) == "committed"
    assert [type(sent.event).__name__ for sent in await rig.fresh()] == ["SpansHeard"]
    project = await rig.project()
    assert (project["duration_ms"], project["options"]["captions_template"]) == (3_000, "cards")
    assert (await rig.stage("listen"))["state"] == (await rig.stage("look"))["state"] == "skipped"
    body = await rig.objects.get(msgspec.convert(project["source"], ObjectRef))
    with av.open(io.BytesIO(body)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.mean(axis=(0, 1)) == pytest.approx([0xC0, 0x10, 0x10], abs=4)
    assert rig.speech.tasks == []


@pytest.mark.parametrize(
    "options", [ProjectOptions(), ProjectOptions(language="en", captions=False)], ids=["no language", "no captions"]
)
async def test_a_wrong_script_of_a_producer_fails_with_its_reason(rig: Rig, options: ProjectOptions) -> None:
    event = events.UploadReceived(**rig.of, script_text="Hello.", options=options)
    await rig.send(IngestStage(rig.context), event, uuid.uuid4())
    project = await rig.project()
    assert (project["state"], project["failure_reason"]) == ("failed", "upload.script")
