"""The detect stage on real stores: the analysed project in; moments and clips out, or a reason without them."""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from core.errors import Unavailable
from core.infra.postgres.connection import org_transaction, set_org
from core.services import project_lifecycle
from core.services.export_groups import split_exports
from schemas import events
from schemas.common import ObjectRef, TimeRange, Word
from schemas.documents.moments import MomentList
from schemas.ids import result_id
from schemas.options.caption_template import export_words
from schemas.options.project import ProjectOptions
from schemas.options.score_weights import WeightTable
from streams.detect.agent import UNRANKED_WARNING, DetectStage
from streams.detect.selection import MIN_CONFIDENT_SCORE
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.detect.material_factory import (
    LECTURE_MS,
    dull_words,
    heard_span,
    lecture_words,
    picture,
    seen_span,
    speech_levels,
    transcript,
)

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
STUDIED = "update project_stages set state = 'done' where org_id = $1 and project_id = $2 and stage = any($3)"


async def understood(
    rig: Rig, *, words: list[Word] | None = None, duration_ms: int = LECTURE_MS
) -> events.UnderstandingCompleted:
    """The lecture, or other ``words``, after its earlier stages; with none, nothing is spoken and nothing moves."""
    words = lecture_words() if words is None else words
    levels = speech_levels(words, duration_ms) if words else [-60.0] * 100
    looked = [picture(at, 0.05 if words else 0.0, 60.0 if words else None) for at in range(0, duration_ms, 1_000)]
    refs: list[ObjectRef] = [
        await rig.put(one)
        for one in (transcript(words, duration_ms), heard_span(levels), seen_span(looked, duration_ms))
    ]
    async with org_transaction(rig.pool, rig.org_id) as connection:
        upload = events.UploadReceived(**rig.of, title="A talk", source_url="https://a.org/v")
        await project_lifecycle.create_project(connection, upload)
        await connection.execute(
            "update projects set duration_ms = $3, height_px = 240, state = 'running' "
            "where org_id = $1 and project_id = $2",
            *rig.owner, duration_ms,
        )  # fmt: skip
        await connection.execute(
            "insert into spans (org_id, project_id, ordinal, event, heard, heard_ref, seen, seen_ref) "
            "values ($1, $2, 0, '{}', 'done', $3, 'done', $4)",
            *rig.owner, refs[1], refs[2],
        )  # fmt: skip
        await connection.execute(
            "insert into transcripts (org_id, project_id, version, object, language, word_count) "
            "values ($1, $2, 1, $3, 'en', $4)",
            *rig.owner, refs[0], len(words),
        )  # fmt: skip
        await project_lifecycle.expect_parts(connection, *rig.owner, "detect", 1)
        await connection.execute(STUDIED, *rig.owner, ["study"])
    return events.UnderstandingCompleted(**rig.of, missing=[])


async def test_an_understood_project_becomes_clips(rig: Rig) -> None:
    """>> UnderstandingCompleted << MomentsDetected, ClipSelected for each clip; again << nothing."""
    event, stage, input_id = await understood(rig), DetectStage(rig.context), uuid.uuid4()
    would = await rig.rehearse(stage, event, input_id)
    assert await rig.send(stage, event, input_id) == "committed"
    detected, *selected = await rig.fresh()
    assert {detected.id, *(one.id for one in selected)} <= would, "begun anew after a kill, it says the same"
    assert isinstance(detected.event, events.MomentsDetected)
    moments = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    assert (len(moments.moments), moments.picture_models) == (detected.event.candidate_count, ["test"])
    assert len(selected) == detected.event.clip_count > 1
    clips = await rig.rows("select * from clips where org_id = $1 and project_id = $2 order by ordinal")
    exports = await rig.rows("select * from exports where org_id = $1 and project_id = $2 order by ordinal")
    assert (moments.meaning, moments.weights) == ("words-1", "worth-1/none")
    assert {clip["without_words"] for clip in clips} == {None}
    assert all(clip["hook"] and clip["description"] and clip["hashtags"] for clip in clips)
    assert (await rig.stage("detect"))["cpu_ms"] >= 4 * 50, "what the sentence model took is counted"
    for ordinal, (one, clip, export) in enumerate(zip(selected, clips, exports, strict=True)):
        chosen = one.event
        assert isinstance(chosen, events.ClipSelected)
        assert one.id == result_id(input_id, "detect", f"ClipSelected/{chosen.clip_id}")
        assert (chosen.ordinal, chosen.clip_id, chosen.export_id) == (ordinal, clip["clip_id"], export["export_id"])
        assert (export["state"], export["automatic"], export["aspect"]) == ("waiting", True, "9:16")
        assert export["transcript_version"] == chosen.rendition.transcript_version == 1
        assert (chosen.rendition.range.start_ms, chosen.rendition.range.end_ms) == (clip["start_ms"], clip["end_ms"])
    assert [(await rig.stage(name))["parts_total"] for name in ("frame", "render")] == [len(clips)] * 2
    assert await rig.send(stage, event, input_id) == "done"
    assert await rig.count_events() == {}


async def test_an_unranked_recording_has_clips_in_order_of_time(rig: Rig) -> None:
    words = dull_words()
    event = await understood(rig, words=words, duration_ms=words[-1].end_ms + 500)
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, *selected = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    moments = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    assert (moments.scorer, moments.order) == ("posting-1", "time")
    assert max(moment.score for moment in moments.moments) < MIN_CONFIDENT_SCORE
    assert UNRANKED_WARNING in (await rig.project())["warnings"]
    clips = await rig.rows("select * from clips where org_id = $1 and project_id = $2 order by ordinal")
    assert len(clips) == len(selected) > 1
    starts_ms = [clip["start_ms"] for clip in clips]
    by_score = sorted((moment for moment in moments.moments if moment.selected), key=lambda moment: -moment.score)
    assert starts_ms == sorted(starts_ms) != [moment.range.start_ms for moment in by_score]


async def test_a_ranked_recording_has_no_warning_of_its_order(rig: Rig) -> None:
    event = await understood(rig)
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, *_ = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    moments = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    assert moments.order == "score"
    assert UNRANKED_WARNING not in (await rig.project())["warnings"]


@pytest.mark.parametrize("named", [False, True])
async def test_without_curation_all_of_it_becomes_clips(rig: Rig, named: bool) -> None:
    event = await understood(rig)
    ranges = [TimeRange(start_ms=90_000, end_ms=95_000), TimeRange(start_ms=1_000, end_ms=31_000)] if named else []
    await rig.set_options(ProjectOptions(curation="off", ranges=ranges, aspects=["1:1", "9:16"]))
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, *selected = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    moments = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    clips = await rig.rows("select * from clips where org_id = $1 and project_id = $2 order by ordinal")
    found = [TimeRange(start_ms=clip["start_ms"], end_ms=clip["end_ms"]) for clip in clips]
    assert found == [moment.range for moment in moments.moments]
    assert len(selected) == len(clips) == detected.event.clip_count
    assert found == ranges[::-1] if named else found[0].start_ms == 0 and found[-1].end_ms == LECTURE_MS
    assert all(clip["title"] and clip["hook"] and clip["score"] > 0 for clip in clips)
    assert (await rig.project())["warnings"] == []
    exports = await rig.rows("select * from exports where org_id = $1 and project_id = $2")
    assert len(exports) == 2 * len(clips)


async def test_each_clip_has_an_export_in_every_requested_aspect(rig: Rig) -> None:
    event, stage = await understood(rig), DetectStage(rig.context)
    options = ProjectOptions(aspects=["1:1", "9:16"], max_clips=2)
    await rig.set_options(options)
    assert await rig.send(stage, event, uuid.uuid4()) == "committed"
    _, *selected = [one.event for one in await rig.fresh()]
    rows = await rig.rows("select * from exports where org_id = $1 and project_id = $2 order by ordinal, number")
    told = [(one.ordinal, one.export_id, one.rendition.aspect) for clip in selected for one in split_exports(clip)]
    assert [(row["ordinal"], row["export_id"], row["aspect"]) for row in rows] == told
    assert [(row["number"], row["automatic"]) for row in rows] == [(1, True), (2, True)] * len(selected)
    assert [aspect for _, _, aspect in told] == ["1:1", "9:16"] * len(selected)
    clip = selected[0]
    assert isinstance(clip, events.ClipSelected)
    alone = result_id(clip.clip_id, "export", f"9:16/{export_words(True, clip.rendition.template, masked=False)}")
    assert clip.siblings[0].export_id == alone, "asked for later, it is the same one"
    assert [(await rig.stage(name))["parts_total"] for name in ("frame", "render")] == [2 * len(selected)] * 2


async def test_a_project_without_clips_completes_and_says_why(rig: Rig) -> None:
    event = await understood(rig, words=[])
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, ended = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    assert isinstance(ended.event, events.ProjectCompleted)
    assert detected.event.clip_count == ended.event.clip_count == 0
    reason = (await rig.project())["nothing_found_reason"]
    assert detected.event.nothing_found_reason == ended.event.nothing_found_reason == reason
    assert reason


async def test_a_project_without_clips_names_its_nearest_moments(rig: Rig) -> None:
    event = await understood(rig)
    await rig.set_options(ProjectOptions(min_score=99.0))
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, ended = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    assert isinstance(ended.event, events.ProjectCompleted)
    listed = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    stored = (await rig.row("select nearest from moments where org_id = $1 and project_id = $2"))["nearest"]
    assert stored == msgspec.to_builtins(listed.nearest)
    assert all(near["title"] for near in stored)
    assert [near.moment_id for near in ended.event.nearest] == [near.moment_id for near in listed.nearest]
    assert {near.title for near in ended.event.nearest} == {""}, "no word of what is said travels"
    assert all(near.lacks[-1].needed == 99.0 for near in ended.event.nearest)


class NoSentences:
    """A sentence model that is away."""

    async def embed(self, texts: Any) -> Any:
        raise Unavailable("triton", "no answer")


async def test_an_absent_sentence_model_costs_no_clip(rig: Rig) -> None:
    event = await understood(rig)
    rig.context.sentences = NoSentences()  # type: ignore[assignment]
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, *selected = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    assert selected
    moments = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    assert moments.meaning == "words in common (the sentence model did not answer)"
    assert any("words they have in common" in warning for warning in (await rig.project())["warnings"])


async def test_an_organisations_projects_are_scored_by_its_weights(rig: Rig) -> None:
    event = await understood(rig)
    own = WeightTable(version="ours-7", genres={"none": {"novelty": 1.0}}, quiet={"energy": 1.0})
    owner = await asyncpg.connect(rig.context.settings.postgres_owner)
    async with owner.transaction():
        await set_org(owner, rig.org_id)
        await owner.execute(
            "insert into score_weights (org_id, version, weights) values ($1, 1, $2)",
            rig.org_id, msgspec.json.encode(own).decode(),
        )  # fmt: skip
    await owner.close()
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, *_ = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    moments = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    assert moments.weights == "ours-7/none"
    assert {signal.name for moment in moments.moments for signal in moment.signals} == {"novelty"}


@pytest.mark.parametrize("test", [False, True])
async def test_automatic_files_bear_the_mark_of_the_plan(rig: Rig, test: bool) -> None:
    event = await understood(rig)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update projects set test = $3 where (org_id, project_id) = ($1, $2)", *rig.owner, test
        )
    owner = await asyncpg.connect(rig.context.settings.postgres_owner)
    async with owner.transaction():
        await set_org(owner, rig.org_id)
        await owner.execute("update orgs set plan = 'free' where org_id = $1", rig.org_id)
    await owner.close()
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    _, *selected = await rig.fresh()
    marks = {(one.event.rendition.test, one.event.rendition.watermark) for one in selected}  # type: ignore[union-attr]
    assert marks == {(test, not test)}
    exports = await rig.rows("select test, watermark from exports where org_id = $1 and project_id = $2")
    assert {(export["test"], export["watermark"]) for export in exports} == marks


async def test_a_bug_in_detect_fails_the_project(rig: Rig) -> None:
    event = await understood(rig)
    gone = ObjectRef(key=f"{rig.org_id}/gone", sha256="0" * 64, size=1)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update spans set heard_ref = $3 where org_id = $1 and project_id = $2", *rig.owner, gone
        )
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "dead"
    assert await rig.count_events() == {"DeadLetter": 1, "ProjectFailed": 1}
    assert (await rig.project())["failure_reason"] == "detect.bug"
