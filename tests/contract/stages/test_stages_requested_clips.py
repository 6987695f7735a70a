"""A requested clip on real stores: scored, framed, rendered; its project does not change."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import Unavailable
from core.infra.postgres.connection import org_transaction
from core.services import project_lifecycle
from schemas import events
from schemas.common import ObjectRef, TimeRange
from schemas.documents.clip_tracks import ClipTracks
from schemas.documents.export import Certificate
from schemas.documents.moments import ClipFacts, MomentList
from schemas.documents.replay import ReplayResult
from schemas.ids import result_id
from streams.detect.agent import DetectStage
from streams.frame.agent import FrameStage
from streams.render.agent import RenderStage
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.contract.stages.test_stages_detect import understood
from tests.contract.stages.test_stages_making import replay_request, selected
from tests.support.kept_log import MemoryLog

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract


async def chosen(rig: Rig, start_ms: int, end_ms: int, **fields: Any) -> events.ClipRequested:
    """A clip of this range, as the API writes it: two aspects, no score."""
    ids: dict[str, Any] = {"clip_id": uuid.uuid4(), "ordinal": 7}
    first, second = uuid.uuid4(), uuid.uuid4()
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            """insert into clips (org_id, project_id, clip_id, ordinal, start_ms, end_ms, title, reason, signals,
                 made_by) values ($1, $2, $3, $4, $5, $6, $7, '', '[]', 'person')""",
            *rig.owner, *ids.values(), start_ms, end_ms, fields.pop("title", ""),
        )  # fmt: skip
        for number, (export_id, aspect) in enumerate(((first, "9:16"), (second, "1:1")), 1):
            await connection.execute(
                """insert into exports (org_id, project_id, clip_id, export_id, ordinal, aspect, captions, start_ms,
                     end_ms, automatic, number) values ($1, $2, $3, $4, 7, $5, true, $6, $7, false, $8)""",
                *rig.owner, ids["clip_id"], export_id, aspect, start_ms, end_ms, number,
            )  # fmt: skip
    return events.ClipRequested(
        **rig.of,
        **ids,
        export_id=first,
        rendition=events.Rendition(
            range=TimeRange(start_ms=start_ms, end_ms=end_ms), aspect="9:16", captions=True, **fields
        ),
        siblings=[{"export_id": second, "aspect": "1:1"}],  # type: ignore[list-item]
    )


def decoded(event: events.ClipRequested) -> events.ClipRequested:
    """The event after encoding and decoding."""
    return msgspec.convert(msgspec.to_builtins(event), events.ClipRequested)


async def clip_of(rig: Rig, event: events.ClipRequested) -> Any:
    rows = await rig.rows("select * from clips where org_id = $1 and project_id = $2")
    return next(row for row in rows if row["clip_id"] == event.clip_id)


async def test_a_requested_range_is_measured_like_moments(rig: Rig) -> None:
    """>> ClipRequested << ClipMeasured, ExportRequested of all its shapes; again << nothing."""
    stage, found = DetectStage(rig.context), await understood(rig)
    assert await rig.send(stage, found, uuid.uuid4()) == "committed"
    await rig.fresh()
    event, input_id = decoded(await chosen(rig, 30_000, 61_000, transcript_version=1)), uuid.uuid4()
    would = await rig.rehearse(stage, event, input_id)
    assert await rig.send(stage, event, input_id) == "committed"
    measured, asked = await rig.fresh()
    assert {measured.id, asked.id} <= would, "begun anew after a kill, it says the same"
    assert measured.id == result_id(input_id, "detect", f"ClipMeasured/{event.clip_id}")
    assert isinstance(measured.event, events.ClipMeasured)
    assert isinstance(asked.event, events.ExportRequested)
    assert (asked.event.edit_version, asked.event.siblings) == (1, event.siblings)
    assert (asked.event.export_id, asked.event.rendition.range, asked.event.rendition.transcript_version) == (
        event.export_id,
        event.rendition.range,
        1,
    )
    facts = msgspec.json.decode(await rig.objects.get(measured.event.facts), type=ClipFacts)
    clip = await clip_of(rig, event)
    assert (facts.score, facts.confidence) == (clip["score"], clip["confidence"]) == (
        measured.event.score, measured.event.confidence,
    )  # fmt: skip
    assert 0 < clip["score"] < 100
    assert all(signal["evidence"] for signal in clip["signals"])
    assert clip["title"]
    assert clip["reason"]
    assert clip["without_words"] is None
    assert facts.text.split(), "what is said in it can be found"
    assert project_lifecycle.ref_of(clip["facts"]) == measured.event.facts, "no sweep takes it away"
    assert await rig.send(stage, event, input_id) == "done"
    assert await rig.count_events() == {}


async def test_a_requested_moment_keeps_its_measurements(rig: Rig) -> None:
    stage = DetectStage(rig.context)
    assert await rig.send(stage, await understood(rig), uuid.uuid4()) == "committed"
    detected, *_ = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    listed = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    moment = next(one for one in listed.moments if not one.selected)
    event = decoded(await chosen(rig, moment.range.start_ms, moment.range.end_ms, title="Mine"))
    rig.context.sentences = NoModel()  # type: ignore[assignment]
    assert await rig.send(stage, event, uuid.uuid4()) == "committed"
    clip = await clip_of(rig, event)
    assert (clip["score"], clip["confidence"], clip["reason"]) == (moment.score, moment.confidence, moment.reason)
    assert (clip["title"], clip["hook"]) == ("Mine", moment.hook), "the person's own title stays"


class NoModel:
    """A model that must not be called."""

    async def embed(self, texts: Any) -> Any:
        raise AssertionError("it was measured before")


async def test_silence_has_no_words_and_an_explanation(rig: Rig) -> None:
    stage = DetectStage(rig.context)
    assert await rig.send(stage, await understood(rig, words=[]), uuid.uuid4()) == "committed"
    await rig.fresh()
    before = await rig.project()
    assert before["state"] == "completed"
    event = decoded(await chosen(rig, 5_000, 15_000))
    assert await rig.send(stage, event, uuid.uuid4()) == "committed"
    assert await rig.count_events() == {"ClipMeasured": 1, "ExportRequested": 1}
    clip = await clip_of(rig, event)
    assert (clip["score"], clip["signals"]) == (None, []), "there is nothing to compare it with"
    assert clip["title"]
    assert "no captions" in clip["without_words"]
    assert (await rig.project())["version"] == before["version"], "a completed project stays as it is"


async def test_an_unmeasured_clip_is_rendered_all_the_same(rig: Rig) -> None:
    event = decoded(await chosen(rig, 5_000, 15_000)) if await understood(rig) else None
    assert event is not None
    gone = ObjectRef(key=f"{rig.org_id}/gone", sha256="0" * 64, size=1)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update spans set heard_ref = $3 where org_id = $1 and project_id = $2", *rig.owner, gone
        )
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "dead"
    assert await rig.count_events() == {"DeadLetter": 1, "ExportRequested": 1}
    assert (await rig.project())["state"] == "running", "one clip's measure is no reason to fail"


async def test_a_requested_clip_leaves_its_project_completed(rig: Rig, tmp_path: Path) -> None:
    """>> ClipRequested << ExportRequested << RenderRequested << ExportCompleted of two shapes; a replay is the same."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute("update exports set state = 'done' where org_id = $1 and project_id = $2", *rig.owner)
        await connection.execute(
            "update projects set state = 'completed' where org_id = $1 and project_id = $2", *rig.owner
        )
    stages = await rig.rows("select * from project_stages where org_id = $1 and project_id = $2 order by stage")
    event = decoded(await chosen(rig, 400, 1_600))
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    _, asked = await rig.fresh()
    assert await rig.send(FrameStage(rig.context), asked.event, asked.id) == "committed"
    (framed,) = await rig.fresh()
    assert isinstance(framed.event, events.RenderRequested)
    assert await rig.send(RenderStage(rig.context), framed.event, framed.id) == "committed"
    assert await rig.count_events() == {"ExportCompleted": 2}, (
        "each file has an event, and the project has no second one of its end"
    )
    made = await rig.rows(
        "select * from exports where org_id = $1 and project_id = $2 and not automatic order by number"
    )
    assert [(row["clip_id"], row["aspect"], row["state"]) for row in made] == [
        (event.clip_id, "9:16", "done"), (event.clip_id, "1:1", "done"),
    ]  # fmt: skip
    assert {msgspec.convert(row["certificate"], Certificate).caption_cues for row in made} == {0}
    row = await clip_of(rig, event)
    tracks = msgspec.json.decode(await rig.objects.get(project_lifecycle.ref_of(row["tracks"])), type=ClipTracks)
    assert (tracks.range, set(row["crops"])) == (event.rendition.range, {"9:16", "4:5", "1:1", "16:9"})
    after = await rig.rows("select * from project_stages where org_id = $1 and project_id = $2 order by stage")
    assert [dict(one) for one in after] == [dict(one) for one in stages], "counted by no stage of the project"
    assert (await rig.project())["state"] == "completed"
    rig.context.log = MemoryLog(framed.event)
    again = await replay_request(
        rig, msgspec.structs.replace(clip, clip_id=event.clip_id, export_id=event.export_id, ordinal=7)
    )
    assert await rig.send(RenderStage(rig.context), again, uuid.uuid4()) == "committed"
    report = await rig.row("select report from replays where org_id = $1 and project_id = $2")
    assert msgspec.convert(report["report"], ReplayResult).outcome == "same"


async def test_a_clip_of_an_erased_project_is_not_measured(rig: Rig) -> None:
    await understood(rig)
    event = decoded(await chosen(rig, 5_000, 15_000))
    await rig.erase()
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "cancelled"
    assert await rig.count_events() == {}


async def test_detect_waits_for_an_unavailable_part(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await understood(rig)
    event = decoded(await chosen(rig, 5_000, 15_000))

    async def away(*_: Any) -> bytes:
        raise Unavailable("objects", "no answer")

    monkeypatch.setattr(rig.objects, "get", away)
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "retried"
