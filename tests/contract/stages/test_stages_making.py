"""The frame and render stages on real stores: an event in, rows and events out; the last ends a project."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import msgspec
import numpy as np
import pytest
from PIL import Image

from core.errors import Unavailable
from core.infra.postgres.connection import org_transaction, set_org
from core.services import project_lifecycle
from schemas import events
from schemas.common import ObjectRef, TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.diarization import VoiceWindows
from schemas.documents.export import Certificate, ExportFiles
from schemas.documents.frame_plan import FramePlan
from schemas.documents.replay import ReplayResult
from schemas.ids import result_id
from schemas.options.brand_kit import BrandKit, CheckedAsset, Placed
from schemas.options.export_options import BrandPin, ExportOptions
from streams.frame.agent import FrameStage
from streams.frame.speaker.stored_voices import read_heard_spans, read_voices
from streams.ingest.agent import IngestStage
from streams.render.agent import RenderStage
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.detect.material_factory import heard_span
from tests.look.clips import encode, scene
from tests.look.fakes import BrightestFaces
from tests.support.kept_log import MemoryLog

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
STUDIED = "update project_stages set state = 'done' where org_id = $1 and project_id = $2 and stage = any($3)"
OrderT = TypeVar("OrderT", bound=events.RenditionOrder)
CLIP = TimeRange(start_ms=200, end_ms=1800)


async def selected(rig: Rig, path: Path, clips: int = 1) -> list[events.ClipSelected]:
    """Two seconds of film with a face on it, taken in, and clips of it as detect writes them."""
    pictures = [np.minimum(scene(1, 320, 180), 200) for _ in range(50)]
    for shown in pictures:
        shown[40:80, 200:230] = 255
    encode(path, pictures)
    assert await rig.send(IngestStage(rig.context), await rig.upload(path), uuid.uuid4()) == "committed"
    made = []
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(STUDIED, *rig.owner, ["study", "detect"])
        for stage in ("frame", "render"):
            await project_lifecycle.expect_parts(connection, *rig.owner, stage, clips)
        for ordinal in range(clips):
            fields: dict[str, Any] = {"clip_id": uuid.uuid4(), "export_id": uuid.uuid4(), "ordinal": ordinal}
            await connection.execute(
                """insert into clips (org_id, project_id, clip_id, ordinal, start_ms, end_ms, score, confidence, title,
                     reason, signals) values ($1, $2, $3, $4, $5, $6, 50, 0.5, 'A clip', 'why', '[]')""",
                *rig.owner, fields["clip_id"], ordinal, CLIP.start_ms, CLIP.end_ms,
            )  # fmt: skip
            await connection.execute(
                """insert into exports (org_id, project_id, clip_id, export_id, ordinal, aspect, captions, start_ms,
                     end_ms, automatic) values ($1, $2, $3, $4, $5, '9:16', true, $6, $7, true)""",
                *rig.owner, *fields.values(), CLIP.start_ms, CLIP.end_ms,
            )  # fmt: skip
            made.append(
                events.ClipSelected(
                    **rig.of,
                    **fields,
                    rendition=events.Rendition(range=CLIP, aspect="9:16", captions=True),
                    score=50,
                    confidence=0.5,
                )
            )
    await rig.fresh()
    return made


async def voiced(rig: Rig) -> None:
    """The span of the film with voices in it, as listen would have left it."""
    vectors = await rig.objects.put("voices", np.eye(2, 4, dtype="<f2").tobytes(), "application/octet-stream")
    windows = VoiceWindows(
        starts_ms=[0, 900], ends_ms=[800, 1900], phrases=[], dimensions=4, vectors=vectors, model="test"
    )
    span = await rig.put(msgspec.structs.replace(heard_span([-30.0] * 20), voices=windows))
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update spans set heard_ref = $3 where org_id = $1 and project_id = $2", *rig.owner, span
        )
        spans = await read_heard_spans(connection, *rig.owner)
    voices = await read_voices(rig.objects, spans, CLIP)
    assert voices is not None
    assert (voices.starts_ms, voices.rows.shape) == ([0, 900], (2, 4))


async def framed(rig: Rig, clip: events.ClipSelected) -> events.RenderRequested:
    assert await rig.send(FrameStage(rig.context), clip, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    assert isinstance(sent.event, events.RenderRequested)
    return sent.event


async def exports(rig: Rig) -> list[Any]:
    return await rig.rows("select * from exports where org_id = $1 and project_id = $2 order by ordinal")


async def test_the_last_clip_to_end_ends_the_project(rig: Rig, tmp_path: Path) -> None:
    """>> ClipSelected << RenderRequested << ExportCompleted; the other clip fails << ProjectCompleted."""
    clip, bad = await selected(rig, tmp_path / "film.mp4", clips=2)
    await voiced(rig)
    frame, input_id = FrameStage(rig.context), uuid.uuid4()
    assert await rig.send(frame, clip, input_id) == "committed"
    (sent,) = await rig.fresh()
    assert isinstance(sent.event, events.RenderRequested)
    assert sent.id == result_id(input_id, "frame", f"RenderRequested/{clip.export_id}")
    plan = msgspec.json.decode(await rig.objects.get(sent.event.plan), type=FramePlan)
    assert plan.model.endswith("brightest-1, dark-lipped-1")
    (shot,) = plan.shots
    assert shot.mode == "inset", "flat rectangles pass for a slide"
    assert shot.panes[1].source.x > 100, "the face is below it"
    row = await rig.row("select tracks, crops from clips where org_id = $1 and project_id = $2 and ordinal = 0")
    assert set(row["crops"]) == {"9:16", "4:5", "1:1", "16:9"}, "a person may start from these"
    tracks = msgspec.json.decode(await rig.objects.get(project_lifecycle.ref_of(row["tracks"])), type=ClipTracks)
    assert (await rig.stage("frame"))["cpu_ms"] == tracks.compute_ms
    assert [export["state"] for export in await exports(rig)] == ["rendering", "waiting"]
    assert await rig.send(frame, clip, input_id) == "done"
    assert await rig.count_events() == {}

    render = RenderStage(rig.context)
    assert await rig.send(render, sent.event, sent.id) == "committed"
    (done,) = await rig.fresh()
    assert isinstance(done.event, events.ExportCompleted)
    assert done.id == result_id(sent.id, "render", f"ExportCompleted/{clip.export_id}")
    export, _ = await exports(rig)
    files, certificate = (
        msgspec.convert(export[name], kind) for name, kind in (("files", ExportFiles), ("certificate", Certificate))
    )
    assert (export["state"], files.video) == ("done", done.event.video)
    assert await rig.objects.size(files.video.key) == files.video.size
    assert (certificate.width_px, certificate.height_px, certificate.framed_by) == (1080, 1920, plan.model)
    assert "threads 2," in certificate.encoder, "at most one other beside it: it takes the core that would be idle"
    assert [(one.mode, one.shows) for one in certificate.framing] == [("inset", "screen")]
    assert (done.event.verdict, len(done.event.checks)) == (certificate.verdict, 19)
    failed = {check.name: check.detail for check in certificate.checks if check.verdict == "fail"}
    assert (len(certificate.checks), failed) == (19, {})
    measured = {check.name for check in certificate.checks if check.verdict != "not_measured"}
    assert {"nobody_in_frame", "cut_face", "ssim"} <= measured
    assert await rig.send(render, sent.event, sent.id) == "done"
    assert await rig.count_events() == {}
    assert (await rig.project())["state"] == "running", "the other clip may still come"

    lost = msgspec.structs.replace(bad, clip_id=uuid.uuid4())
    assert await rig.send(frame, lost, uuid.uuid4()) == "refused"
    failed, ended = await rig.fresh()
    assert isinstance(failed.event, events.ExportFailed)
    assert (failed.event.reason, failed.event.export_id) == ("clip.unknown", bad.export_id)
    assert isinstance(ended.event, events.ProjectCompleted)
    assert (ended.event.clip_count, ended.event.warnings) == (1, ["1 of 2 clips failed"])
    assert (await rig.project())["state"] == "completed"


async def replay_request(rig: Rig, clip: events.ClipSelected) -> events.ReplayRequested:
    """A replay of the clip's own export, as the API asks for it."""
    asked = events.ReplayRequested(
        **rig.of, clip_id=clip.clip_id, export_id=clip.export_id, ordinal=clip.ordinal, replay_id=uuid.uuid4()
    )
    owner = await asyncpg.connect(rig.context.settings.postgres_owner)
    async with owner.transaction():
        await set_org(owner, rig.org_id)
        await owner.execute(
            "insert into replays (org_id, export_id, project_id, replay_id, requested_at) "
            "values ($1, $2, $3, $4, now())",
            rig.org_id, clip.export_id, rig.project_id, asked.replay_id,
        )  # fmt: skip
    await owner.close()
    return asked


async def test_a_finished_export_is_replayed_from_the_log(rig: Rig, tmp_path: Path) -> None:
    """>> ReplayRequested << ReplayCompleted; the export and its files stay as they were."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    request = await framed(rig, clip)
    stage = RenderStage(rig.context)
    assert await rig.send(stage, request, uuid.uuid4()) == "committed"
    await rig.fresh()
    (before,) = await exports(rig)
    asked = await replay_request(rig, clip)

    async def replayed(*kept: events.AnyEvent) -> tuple[events.ReplayCompleted, ReplayResult]:
        rig.context.log = MemoryLog(*kept)
        assert await rig.send(stage, asked, uuid.uuid4()) == "committed"
        (sent,) = await rig.fresh()
        assert isinstance(sent.event, events.ReplayCompleted)
        row = await rig.row("select * from replays where org_id = $1 and project_id = $2")
        assert row["state"] == "done"
        return sent.event, msgspec.convert(row["report"], ReplayResult)

    told, found = await replayed(request)
    assert (told.outcome, found.outcome, found.differences) == ("same", "same", []), found
    assert found.compared >= 2
    assert (await replayed())[1].detail.startswith("The log no longer has the event")
    assert await exports(rig) == [before], "nothing of it was written over"

    made = before["certificate"]["made_with"]
    assert (made["encoder.threads"], made["input.plan"]) == ("2", request.plan.sha256[:16])
    async with org_transaction(rig.pool, rig.org_id) as connection:
        changed = before["certificate"] | {"made_with": made | {"library.av": "17", "encoder.threads": "1"}}
        await connection.execute("update exports set certificate = $2 where org_id = $1", rig.org_id, changed)
    told, found = await replayed(request)
    assert {"encoder.threads", "library.av"} - set(told.differences) == {"encoder.threads"}, "as many as the first time"
    assert found.outcome in ("same", "different")
    await rig.objects.delete_keys([request.plan.key])
    told, found = await replayed(request)
    assert (told.outcome, found.detail) == ("impossible", "No longer stored: plan.")


def looking(event: OrderT, **changes: Any) -> OrderT:
    """The same event with another rendition."""
    return msgspec.structs.replace(event, rendition=msgspec.structs.replace(event.rendition, **changes))


async def house(rig: Rig) -> BrandPin:
    """A brand kit with a logo, as the API and the check of its file leave it."""
    logo, kit_id = uuid.uuid4(), uuid.uuid4()
    picture = io.BytesIO()
    Image.new("RGBA", (40, 20), (255, 0, 0, 255)).save(picture, "PNG")
    ref = await rig.objects.put(f"{rig.org_id}/assets/logo", picture.getvalue(), "image/png", ".png")
    kit, checked = BrandKit(name="House", logo=Placed(asset_id=logo)), CheckedAsset(kind="image", object=ref)
    owner = await asyncpg.connect(rig.context.settings.postgres_owner)
    await owner.execute("select set_config('app.org', $1, false)", str(rig.org_id))
    await owner.execute(
        """insert into assets (org_id, asset_id, upload_id, object_key, kind, state, checked)
           values ($1, $2, $2, 'logo', 'image', 'checked', $3::jsonb)""",
        rig.org_id, logo, msgspec.json.encode(checked).decode(),
    )  # fmt: skip
    await owner.execute("insert into brand_kits (org_id, kit_id, version) values ($1, $2, 1)", rig.org_id, kit_id)
    await owner.execute(
        "insert into brand_kit_versions (org_id, kit_id, version, kit) values ($1, $2, 1, $3::jsonb)",
        rig.org_id, kit_id, msgspec.json.encode(kit).decode(),
    )  # fmt: skip
    await owner.close()
    return BrandPin(kit_id=kit_id, version=1)


async def test_parallel_clips_have_one_thread_each_and_the_kits_files(rig: Rig, tmp_path: Path) -> None:
    first, *_ = await selected(rig, tmp_path / "film.mp4", clips=3)
    request = looking(await framed(rig, first), options=ExportOptions(brand=await house(rig)))
    async with org_transaction(rig.pool, rig.org_id) as connection:  # a dead letter that is played again
        await connection.execute(
            "update exports set state = 'failed', failure_reason = 'bug', failure_detail = 'x' where export_id = $1",
            request.export_id,
        )
    assert await rig.send(RenderStage(rig.context), request, uuid.uuid4()) == "committed"
    export, *_ = await exports(rig)
    assert "threads 1," in export["certificate"]["encoder"]
    assert (export["state"], export["failure_reason"], export["failure_detail"]) == ("done", None, None)
    assert "input.brand.logo.asset_id" in export["certificate"]["made_with"]
    assert export["certificate"]["warnings"] == ["audio.absent: the source has no sound; the clip's track is silent"]


async def test_a_project_fails_when_no_clip_can_be_rendered(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    request = await framed(rig, clip)
    gone = msgspec.structs.replace(
        request, plan=ObjectRef(key=f"{rig.org_id}/{rig.project_id}/gone", sha256="0" * 64, size=1)
    )
    assert await rig.send(RenderStage(rig.context), gone, uuid.uuid4()) == "dead"
    assert await rig.count_events() == {"DeadLetter": 1, "ExportFailed": 1, "ProjectFailed": 1}
    (export,) = await exports(rig)
    assert (export["state"], export["failure_reason"]) == ("failed", "bug")
    assert (await rig.project())["failure_reason"] == "clips.all_failed"


class AwayFaces(BrightestFaces):
    """Triton is away."""

    async def detect(self, pictures: Any) -> Any:
        raise Unavailable("triton", "it is away")


async def test_an_unavailable_detector_is_called_again(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    frame, input_id, faces = FrameStage(rig.context), uuid.uuid4(), rig.context.faces
    rig.context.faces = AwayFaces()  # type: ignore[assignment]
    assert await rig.send(frame, clip, input_id) == "retried"
    assert [export["state"] for export in await exports(rig)] == ["waiting"]
    rig.context.faces = faces
    assert await rig.send(frame, clip, input_id) == "committed"
    assert (await rig.stage("frame"))["parts_done"] == 1


async def test_an_erased_project_is_neither_framed_nor_rendered(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    request = await framed(rig, clip)
    await rig.erase()
    assert await rig.send(FrameStage(rig.context), clip, uuid.uuid4()) == "cancelled"
    assert await rig.send(RenderStage(rig.context), request, uuid.uuid4()) == "cancelled"
    assert await rig.count_events() == {}
