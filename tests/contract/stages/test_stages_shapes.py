"""Several aspects of one request on real stores: analysed once, rendered together, failing alone."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import cast

import msgspec
import pytest

from core.infra.postgres.connection import org_transaction
from core.services import project_lifecycle
from schemas import events
from schemas.common import Aspect, FramedSibling, ObjectRef, Sibling
from schemas.documents.frame_plan import FramePlan
from streams.frame.agent import FrameStage
from streams.render.agent import RenderStage
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.contract.stages.test_stages_making import CLIP, exports, selected
from tests.support.kept_log import MemoryLog

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract


async def shapes_of(rig: Rig, clip: events.ClipSelected) -> events.ExportRequested:
    """Two more exports of the clip from one request, as the API writes them."""
    ids: list[uuid.UUID] = []
    async with org_transaction(rig.pool, rig.org_id) as connection:
        for number, aspect in enumerate(("1:1", "16:9"), 2):
            ids.append(uuid.uuid4())
            await connection.execute(
                """insert into exports (org_id, project_id, clip_id, export_id, ordinal, aspect, captions, start_ms,
                     end_ms, automatic, number) values ($1, $2, $3, $4, 0, $5, true, $6, $7, false, $8)""",
                *rig.owner, clip.clip_id, ids[-1], aspect, CLIP.start_ms, CLIP.end_ms, number,
            )  # fmt: skip
    return events.ExportRequested(
        **rig.of,
        clip_id=clip.clip_id,
        export_id=ids[0],
        ordinal=0,
        edit_version=1,
        rendition=events.Rendition(range=CLIP, aspect="1:1", captions=True, transcript_version=0),
        siblings=[Sibling(export_id=ids[1], aspect="16:9")],
    )


async def test_aspects_of_one_request_are_framed_and_made_together(rig: Rig, tmp_path: Path) -> None:
    """>> ExportRequested of two << one RenderRequested << two ExportCompleted; made again alone, the same bytes."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    wish, stage = await shapes_of(rig, clip), RenderStage(rig.context)
    assert await rig.send(FrameStage(rig.context), wish, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    assert isinstance(sent.event, events.RenderRequested)
    both = (sent.event, *sent.event.siblings)
    plans = [msgspec.json.decode(await rig.objects.get(one.plan), type=FramePlan) for one in both]
    assert [one.aspect for one in plans] == ["1:1", "16:9"]
    assert await rig.send(stage, sent.event, sent.id) == "committed"
    done = [one.event for one in await rig.fresh()]
    assert [(type(one), getattr(one, "export_id", None), getattr(one, "aspect", None)) for one in done] == [
        (events.ExportCompleted, wish.export_id, "1:1"),
        (events.ExportCompleted, wish.siblings[0].export_id, "16:9"),
    ]
    _, square, wide = sorted(await exports(rig), key=lambda row: row["number"])
    assert (square["state"], square["certificate"]["width_px"]) == ("done", 1080)
    assert (wide["state"], wide["certificate"]["width_px"]) == ("done", 1920)
    assert len({row["files"]["video"]["key"].split("/")[-2] for row in (square, wide)}) == 2, "a place for each"
    assert wide["certificate"]["made_with"]["encoder.threads"] == "2", "the automatic one alone is beside them"
    (spent,) = await rig.rows(
        "select amount from costs where org_id = $1 and project_id = $2 and stage = 'render' and kind = 'cpu_ms'"
    )
    assert spent["amount"] > 0
    assert await rig.send(stage, sent.event, sent.id) == "done"

    rig.context.log = MemoryLog(sent.event)
    asked = events.ReplayRequested(
        **rig.of, clip_id=clip.clip_id, export_id=wide["export_id"], ordinal=0, replay_id=uuid.uuid4()
    )
    assert await rig.send(stage, asked, uuid.uuid4()) == "committed"
    (told,) = await rig.fresh()
    assert isinstance(told.event, events.ReplayCompleted)
    assert (told.event.outcome, told.event.differences) == ("same", [])


async def test_a_clip_in_two_aspects_is_analysed_once(rig: Rig, tmp_path: Path) -> None:
    """>> ClipSelected of two << one RenderRequested << two ExportCompleted, ProjectCompleted with one clip."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    square = uuid.uuid4()
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            """insert into exports (org_id, project_id, clip_id, export_id, ordinal, aspect, captions, start_ms, end_ms,
                 automatic, number) values ($1, $2, $3, $4, 0, '1:1', true, $5, $6, true, 2)""",
            *rig.owner, clip.clip_id, square, CLIP.start_ms, CLIP.end_ms,
        )  # fmt: skip
        for stage in ("frame", "render"):
            await project_lifecycle.expect_parts(connection, *rig.owner, stage, 2)
    both = msgspec.structs.replace(clip, siblings=[Sibling(export_id=square, aspect="1:1")])
    assert await rig.send(FrameStage(rig.context), both, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    assert isinstance(sent.event, events.RenderRequested)
    assert [(one.export_id, one.aspect) for one in sent.event.siblings] == [(square, "1:1")]
    framed = await rig.stage("frame")
    (counted,) = await rig.rows(
        "select amount from costs where org_id = $1 and project_id = $2 and stage = 'frame' and kind = 'cpu_ms'"
    )
    assert (framed["state"], framed["parts_done"]) == ("done", 2)
    assert framed["cpu_ms"] <= counted["amount"], "the look counts once"
    assert await rig.send(RenderStage(rig.context), sent.event, sent.id) == "committed"
    said = [one.event for one in await rig.fresh()]
    assert [type(one) for one in said] == [events.ExportCompleted] * 2 + [events.ProjectCompleted]
    assert (await rig.stage("render"))["state"] == "done"
    (ended,) = said[2:]
    assert isinstance(ended, events.ProjectCompleted)
    assert (ended.clip_count, ended.warnings) == (1, [])


async def test_a_request_given_up_fails_all_its_unfinished_exports(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    wish = await shapes_of(rig, clip)
    lost = msgspec.structs.replace(wish, clip_id=uuid.uuid4())
    assert await rig.send(FrameStage(rig.context), lost, uuid.uuid4()) == "refused"
    assert await rig.count_events() == {"ExportFailed": 2}
    assert await rig.send(FrameStage(rig.context), wish, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute("update exports set state = 'done' where export_id = $1", wish.export_id)
    nowhere = ObjectRef(key=f"{rig.org_id}/{rig.project_id}/gone", sha256="0" * 64, size=1)
    others = [msgspec.structs.replace(one, plan=nowhere) for one in sent.event.siblings]
    gone = msgspec.structs.replace(sent.event, plan=nowhere, siblings=others)
    assert await rig.send(RenderStage(rig.context), gone, uuid.uuid4()) == "dead"
    assert await rig.count_events() == {"DeadLetter": 1, "ExportFailed": 1}
    states = {row["export_id"]: row["state"] for row in await exports(rig)}
    assert [states[one] for one in (wish.export_id, wish.siblings[0].export_id)] == ["done", "failed"]


async def test_a_shape_that_cannot_be_framed_or_read_fails_alone(rig: Rig, tmp_path: Path) -> None:
    """>> ExportRequested of a shape and a broken one << RenderRequested of the one, ExportFailed of the other."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    wish = await shapes_of(rig, clip)
    (sibling,) = wish.siblings
    nothing = cast(Aspect, "0:0")
    broken = msgspec.structs.replace(wish, siblings=[msgspec.structs.replace(sibling, aspect=nothing)])
    assert await rig.send(FrameStage(rig.context), broken, uuid.uuid4()) == "committed"
    found = {type(one.event): one.event for one in await rig.fresh()}
    request, failed = found[events.RenderRequested], found[events.ExportFailed]
    assert isinstance(request, events.RenderRequested)
    assert isinstance(failed, events.ExportFailed)
    assert (request.export_id, request.siblings, len(found)) == (wish.export_id, [], 2)
    assert (failed.export_id, failed.reason) == (sibling.export_id, "bug")

    nowhere = ObjectRef(key=f"{rig.org_id}/{rig.project_id}/gone", sha256="0" * 64, size=1)
    lost = FramedSibling(export_id=sibling.export_id, aspect="16:9", plan=nowhere)
    half = msgspec.structs.replace(request, siblings=[lost])
    assert await rig.send(RenderStage(rig.context), half, uuid.uuid4()) == "committed"
    told = [(type(one.event), getattr(one.event, "export_id", None)) for one in await rig.fresh()]
    assert told == [(events.ExportCompleted, wish.export_id), (events.ExportFailed, sibling.export_id)]
