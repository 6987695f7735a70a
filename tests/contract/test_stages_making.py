"""detect, frame and render as dialogues on real stores: an event in, rows and events out; the last ends a project."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any, cast

import asyncpg
import msgspec
import numpy as np
import pytest
from PIL import Image

from schemas import events
from schemas.brand import BrandKit, CheckedAsset, Placed
from schemas.documents import Aspect, Certificate, ClipTracks, ExportFiles, FramePlan
from schemas.edit import CropKey, EditList, EditSegment
from schemas.export_options import BrandPin, ExportOptions
from schemas.handover import SourceFacts
from schemas.ids import result_id
from schemas.media import CropBox, ObjectRef, Segment, TimeRange, Word
from schemas.moments import MomentList
from schemas.options import ProjectOptions
from schemas.remade import Remade, hashes
from schemas.siblings import FramedSibling, Sibling
from schemas.templates import export_words
from schemas.voices import VoiceWindows
from schemas.worth import WeightTable
from streams import lifecycle
from streams.adapters.postgres import org_transaction, set_org
from streams.detect.agent import DetectStage
from streams.errors import Rejected, Unavailable
from streams.exports import pinned_transcript
from streams.frame.agent import FrameStage
from streams.frame.heard import heard_spans, voices_of
from streams.ingest.agent import IngestStage
from streams.render.agent import RenderStage
from streams.siblings import apart
from tests.contract.stage_rig import Rig, make_rig
from tests.detect.material_factory import LECTURE_MS, heard, lecture_words, picture, seen, speech_levels, transcript
from tests.kept_log import MemoryLog
from tests.look.clips import encode, scene
from tests.look.twins import BrightestFaces

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
STUDIED = "update project_stages set state = 'done' where org_id = $1 and project_id = $2 and stage = any($3)"
CLIP = TimeRange(start_ms=200, end_ms=1800)


async def understood(rig: Rig, *, said: bool = True) -> events.UnderstandingCompleted:
    """The lecture as its stages would have left it; with nothing said and nothing moving where not ``said``."""
    words = lecture_words() if said else []
    levels = speech_levels(words, LECTURE_MS) if said else [-60.0] * 100
    looked = [picture(at, 0.05 if said else 0.0, 60.0 if said else None) for at in range(0, LECTURE_MS, 1_000)]
    refs: list[ObjectRef] = [
        await rig.put(one) for one in (transcript(words, LECTURE_MS), heard(levels), seen(looked, LECTURE_MS))
    ]
    async with org_transaction(rig.pool, rig.org_id) as connection:
        upload = events.UploadReceived(**rig.of, title="A talk", source_url="https://a.org/v")
        await lifecycle.create_project(connection, upload)
        await connection.execute(
            "update projects set duration_ms = $3, height_px = 240, state = 'running' "
            "where org_id = $1 and project_id = $2",
            *rig.owner, LECTURE_MS,
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
        await lifecycle.expect_parts(connection, *rig.owner, "detect", 1)
        await connection.execute(STUDIED, *rig.owner, ["study"])
    return events.UnderstandingCompleted(**rig.of, missing=[])


async def test_what_was_understood_becomes_clips(rig: Rig) -> None:
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
        assert export["transcript_version"] == chosen.transcript_version == 1
        assert (chosen.range.start_ms, chosen.range.end_ms) == (clip["start_ms"], clip["end_ms"])
    assert [(await rig.stage(name))["parts_total"] for name in ("frame", "render")] == [len(clips)] * 2
    assert await rig.send(stage, event, input_id) == "done"
    assert await rig.said() == {}


async def test_each_clip_has_an_export_in_every_shape_that_the_project_asks_for(rig: Rig) -> None:
    event, stage = await understood(rig), DetectStage(rig.context)
    options = ProjectOptions(aspects=["1:1", "9:16"], max_clips=2)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update projects set options = $3 where org_id = $1 and project_id = $2", *rig.owner, options
        )
    assert await rig.send(stage, event, uuid.uuid4()) == "committed"
    _, *selected = [one.event for one in await rig.fresh()]
    rows = await rig.rows("select * from exports where org_id = $1 and project_id = $2 order by ordinal, number")
    told = [(one.ordinal, one.export_id, one.aspect) for clip in selected for one in apart(clip)]
    assert [(row["ordinal"], row["export_id"], row["aspect"]) for row in rows] == told
    assert [(row["number"], row["automatic"]) for row in rows] == [(1, True), (2, True)] * len(selected)
    assert [aspect for _, _, aspect in told] == ["1:1", "9:16"] * len(selected)
    clip = selected[0]
    assert isinstance(clip, events.ClipSelected)
    alone = result_id(clip.clip_id, "export", f"9:16/{export_words(True, clip.template, masked=False)}")
    assert clip.siblings[0].export_id == alone, "asked for later, it is the same one"
    assert [(await rig.stage(name))["parts_total"] for name in ("frame", "render")] == [2 * len(selected)] * 2


async def test_nothing_found_completes_the_project_and_says_why(rig: Rig) -> None:
    event = await understood(rig, said=False)
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, ended = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    assert isinstance(ended.event, events.ProjectCompleted)
    assert detected.event.clip_count == ended.event.clip_count == 0
    reason = (await rig.project())["nothing_found_reason"]
    assert detected.event.nothing_found_reason == ended.event.nothing_found_reason == reason
    assert reason


class NoSentences:
    """A sentence model that is away."""

    async def embed(self, texts: Any) -> Any:
        raise Unavailable("triton", "no answer")


async def test_a_sentence_model_that_is_away_costs_no_clip(rig: Rig) -> None:
    event = await understood(rig)
    rig.context.sentences = NoSentences()  # type: ignore[assignment]
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "committed"
    detected, *selected = await rig.fresh()
    assert isinstance(detected.event, events.MomentsDetected)
    assert selected
    moments = msgspec.json.decode(await rig.objects.get(detected.event.moments), type=MomentList)
    assert moments.meaning == "words in common (the sentence model did not answer)"
    assert any("words they have in common" in warning for warning in (await rig.project())["warnings"])


async def test_an_organisations_own_weights_are_those_it_is_weighed_by(rig: Rig) -> None:
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


async def test_a_bug_in_detect_fails_the_project(rig: Rig) -> None:
    event = await understood(rig)
    gone = ObjectRef(key=f"{rig.org_id}/gone", sha256="0" * 64, size=1)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update spans set heard_ref = $3 where org_id = $1 and project_id = $2", *rig.owner, gone
        )
    assert await rig.send(DetectStage(rig.context), event, uuid.uuid4()) == "dead"
    assert await rig.said() == {"DeadLetter": 1, "ProjectFailed": 1}
    assert (await rig.project())["failure_reason"] == "detect.bug"


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
            await lifecycle.expect_parts(connection, *rig.owner, stage, clips)
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
                    **rig.of, **fields, range=CLIP, score=50, confidence=0.5, aspect="9:16", captions=True
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
    span = await rig.put(msgspec.structs.replace(heard([-30.0] * 20), voices=windows))
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update spans set heard_ref = $3 where org_id = $1 and project_id = $2", *rig.owner, span
        )
        spans = await heard_spans(connection, *rig.owner)
    voices = await voices_of(rig.objects, spans, CLIP)
    assert voices is not None
    assert (voices.starts_ms, voices.rows.shape) == ([0, 900], (2, 4))


async def framed(rig: Rig, clip: events.ClipSelected) -> events.RenderRequested:
    assert await rig.send(FrameStage(rig.context), clip, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    assert isinstance(sent.event, events.RenderRequested)
    return sent.event


async def exports(rig: Rig) -> list[Any]:
    return await rig.rows("select * from exports where org_id = $1 and project_id = $2 order by ordinal")


async def test_a_clip_is_framed_then_rendered_and_the_last_clip_to_end_ends_the_project(
    rig: Rig, tmp_path: Path
) -> None:
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
    tracks = msgspec.json.decode(await rig.objects.get(lifecycle.ref_of(row["tracks"])), type=ClipTracks)
    assert (await rig.stage("frame"))["cpu_ms"] == tracks.compute_ms
    assert [export["state"] for export in await exports(rig)] == ["rendering", "waiting"]
    assert await rig.send(frame, clip, input_id) == "done"
    assert await rig.said() == {}

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
    assert (done.event.verdict, len(done.event.checks)) == (certificate.verdict, 18)
    failed = {check.name: check.detail for check in certificate.checks if check.verdict == "fail"}
    assert (len(certificate.checks), failed) == (18, {})
    measured = {check.name for check in certificate.checks if check.verdict != "not_measured"}
    assert {"nobody_in_frame", "cut_face", "ssim"} <= measured
    assert await rig.send(render, sent.event, sent.id) == "done"
    assert await rig.said() == {}
    assert (await rig.project())["state"] == "running", "the other clip may still come"

    lost = msgspec.structs.replace(bad, clip_id=uuid.uuid4())
    assert await rig.send(frame, lost, uuid.uuid4()) == "refused"
    failed, ended = await rig.fresh()
    assert isinstance(failed.event, events.ExportFailed)
    assert (failed.event.reason, failed.event.export_id) == ("clip.unknown", bad.export_id)
    assert isinstance(ended.event, events.ProjectCompleted)
    assert (ended.event.clip_count, ended.event.warnings) == (1, ["1 of 2 clips failed"])
    assert (await rig.project())["state"] == "completed"


async def spoken(rig: Rig, text: str, *, version: int) -> ObjectRef:
    """A version of the project's transcript, in which this is said from 300 to 550 ms."""
    word = Word(text=text, start_ms=300, end_ms=550, probability=0.9)
    segment = Segment(start_ms=300, end_ms=550, text=text, first_word=0, end_word=1)
    told = msgspec.structs.replace(transcript([word], 2_000), segments=[segment], version=version)
    ref = await rig.put(told)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            """insert into transcripts (org_id, project_id, version, object, language, word_count)
               values ($1, $2, $3, $4, 'en', 1)""",
            *rig.owner, version, ref,
        )  # fmt: skip
    return ref


async def edited(rig: Rig, clip: events.ClipSelected, edit: EditList) -> None:
    """A version of the clip's edit, as the API writes it."""
    owner = await asyncpg.connect(rig.context.settings.postgres_owner)
    async with owner.transaction():
        await set_org(owner, rig.org_id)
        await owner.execute(
            """insert into clip_edits (org_id, clip_id, version, base_version, key_id, operations, edit)
               values ($1, $2, $3, 1, $4, '[]', $5)""",
            rig.org_id, clip.clip_id, edit.version, uuid.uuid4(), msgspec.json.encode(edit).decode(),
        )  # fmt: skip
    await owner.close()


async def exported(rig: Rig, clip: events.ClipSelected, version: int) -> Any:
    """One more export of the clip, of a version of its edit, framed and rendered; its row. The log has its event."""
    export_id = uuid.uuid4()
    await rig.fresh()
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            """insert into exports (org_id, project_id, clip_id, export_id, ordinal, aspect, captions, start_ms, end_ms,
                 automatic, edit_version, number) values ($1, $2, $3, $4, 0, '9:16', true, $5, $6, false, $7, $7)""",
            *rig.owner, clip.clip_id, export_id, CLIP.start_ms, CLIP.end_ms, version,
        )  # fmt: skip
    wish = events.ExportRequested(
        **rig.of, clip_id=clip.clip_id, export_id=export_id, ordinal=0, edit_version=version, range=CLIP, aspect="9:16",
        captions=True, transcript_version=1,
    )  # fmt: skip
    assert await rig.send(FrameStage(rig.context), wish, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    rig.context.log = MemoryLog(sent.event)
    assert await rig.send(RenderStage(rig.context), sent.event, uuid.uuid4()) == "committed"
    await rig.fresh()
    return next(row for row in await exports(rig) if row["export_id"] == export_id)


async def test_an_edited_clip_is_framed_and_rendered_piece_by_piece(rig: Rig, tmp_path: Path) -> None:
    """>> ExportRequested of version 2 << RenderRequested with the edit << ExportCompleted of what it plays."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    crop = CropBox(x=0, y=0, width=90, height=160)
    edit = EditList(
        version=2,
        base_version=1,
        segments=[
            EditSegment(segment_id="s2", range=TimeRange(start_ms=1_200, end_ms=1_800)),
            EditSegment(segment_id="s1", range=TimeRange(start_ms=200, end_ms=600), speed=0.5),
        ],
        crops={"9:16": [CropKey(at_ms=200, crop=crop)]},
    )
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update exports set edit_version = 2 where org_id = $1 and export_id = $2", rig.org_id, clip.export_id
        )
    await edited(rig, clip, edit)
    await spoken(rig, "asked", version=1)
    request = await framed(rig, msgspec.structs.replace(clip, transcript_version=1))
    await spoken(rig, "later", version=2)
    index = await rig.context.index(request.index)
    facts = msgspec.msgpack.decode(await rig.objects.get(request.index), type=SourceFacts)
    assert (facts.video, facts.audio, facts.origin_us) == (index.video, index.audio, index.origin_us)
    assert request.edit is not None
    assert msgspec.json.decode(await rig.objects.get(request.edit), type=EditList) == edit
    plan = msgspec.json.decode(await rig.objects.get(request.plan), type=FramePlan)
    assert (plan.range, {shot.crop for shot in plan.shots}) == (CLIP, {crop})
    assert await rig.send(RenderStage(rig.context), request, uuid.uuid4()) == "committed"
    (export,) = await exports(rig)
    certificate = msgspec.convert(export["certificate"], Certificate)
    assert certificate.frames == 35, "600 ms, and 400 at half their speed, at 25 pictures a second"
    assert {one.name for one in certificate.checks if one.verdict == "fail"} <= {"lufs"}, "the film is silent"
    files = msgspec.convert(export["files"], ExportFiles)
    assert files.txt is not None
    assert (await rig.objects.get(files.txt)).decode().strip() == "asked", "what is corrected later is not shown"

    await edited(rig, clip, msgspec.structs.replace(edit, version=3, base_version=2))
    again = await exported(rig, clip, 3)
    assert (again["files"], again["certificate"]["reused_from"]) == (export["files"], str(export["export_id"]))
    assert again["certificate"]["checks"] == export["certificate"]["checks"]
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update exports set certificate = certificate - 'recipe' where org_id = $1", rig.org_id
        )
    anew = await exported(rig, clip, 3)
    assert anew["certificate"]["reused_from"] is None
    then, now = (hashes(msgspec.convert(one["files"], ExportFiles)) for one in (export, anew))
    assert now == then, "what was reused is what would have been made"
    told = anew["certificate"]
    assert (told["chunks"], told["chunks_reused"]) == (2, 2), "its pictures are taken out of the first one's file"
    assert (export["certificate"]["chunks_reused"], again["certificate"]["chunks_reused"]) == (0, 0)

    asked = events.ReplayRequested(
        **rig.of, clip_id=clip.clip_id, export_id=anew["export_id"], ordinal=0, replay_id=uuid.uuid4()
    )
    assert await rig.send(RenderStage(rig.context), asked, uuid.uuid4()) == "committed"
    (replayed,) = await rig.fresh()
    assert isinstance(replayed.event, events.ReplayCompleted)
    assert (replayed.event.outcome, replayed.event.differences) == ("same", []), "made whole, it is the same"


async def test_an_export_has_the_words_of_its_request(rig: Rig) -> None:
    async with org_transaction(rig.pool, rig.org_id) as rows:
        await lifecycle.create_project(rows, events.UploadReceived(**rig.of, source_url="https://a.org/v"))
    first, second = await spoken(rig, "one", version=1), await spoken(rig, "two", version=2)
    async with org_transaction(rig.pool, rig.org_id) as rows:
        read = [await pinned_transcript(rows, *rig.owner, version) for version in (0, 1, 2, None)]
        assert read == [None, first, second, second], "older events name no version: theirs is the newest"
        with pytest.raises(Rejected, match="no version 3"):
            await pinned_transcript(rows, *rig.owner, 3)


async def test_a_finished_export_is_made_again_from_the_log_and_compared(rig: Rig, tmp_path: Path) -> None:
    """>> ReplayRequested << ReplayCompleted; the export and its files stay as they were."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    request = await framed(rig, clip)
    stage = RenderStage(rig.context)
    assert await rig.send(stage, request, uuid.uuid4()) == "committed"
    await rig.fresh()
    (before,) = await exports(rig)
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

    async def replayed(*kept: events.AnyEvent) -> tuple[events.ReplayCompleted, Remade]:
        rig.context.log = MemoryLog(*kept)
        assert await rig.send(stage, asked, uuid.uuid4()) == "committed"
        (sent,) = await rig.fresh()
        assert isinstance(sent.event, events.ReplayCompleted)
        row = await rig.row("select * from replays where org_id = $1 and project_id = $2")
        assert row["state"] == "done"
        return sent.event, msgspec.convert(row["report"], Remade)

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


async def test_clips_side_by_side_have_one_thread_each_and_a_kit_its_files(rig: Rig, tmp_path: Path) -> None:
    first, *_ = await selected(rig, tmp_path / "film.mp4", clips=3)
    request = msgspec.structs.replace(await framed(rig, first), options=ExportOptions(brand=await house(rig)))
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


async def test_when_no_clip_can_be_made_the_project_failed(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    request = await framed(rig, clip)
    gone = msgspec.structs.replace(request, plan=ObjectRef(key=f"{rig.org_id}/gone", sha256="0" * 64, size=1))
    assert await rig.send(RenderStage(rig.context), gone, uuid.uuid4()) == "dead"
    assert await rig.said() == {"DeadLetter": 1, "ExportFailed": 1, "ProjectFailed": 1}
    (export,) = await exports(rig)
    assert (export["state"], export["failure_reason"]) == ("failed", "bug")
    assert (await rig.project())["failure_reason"] == "clips.all_failed"


class AwayFaces(BrightestFaces):
    """Triton is away."""

    async def detect(self, pictures: Any) -> Any:
        raise Unavailable("triton", "it is away")


async def test_a_detector_that_is_away_is_asked_again(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    frame, input_id, faces = FrameStage(rig.context), uuid.uuid4(), rig.context.faces
    rig.context.faces = AwayFaces()  # type: ignore[assignment]
    assert await rig.send(frame, clip, input_id) == "retried"
    assert [export["state"] for export in await exports(rig)] == ["waiting"]
    rig.context.faces = faces
    assert await rig.send(frame, clip, input_id) == "committed"
    assert (await rig.stage("frame"))["parts_done"] == 1


async def test_nothing_is_framed_or_rendered_of_an_erased_project(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    request = await framed(rig, clip)
    await rig.erase()
    assert await rig.send(FrameStage(rig.context), clip, uuid.uuid4()) == "cancelled"
    assert await rig.send(RenderStage(rig.context), request, uuid.uuid4()) == "cancelled"
    assert await rig.said() == {}


async def shapes_of(rig: Rig, clip: events.ClipSelected) -> events.ExportRequested:
    """Two more exports of the clip by one wish, as the API writes them."""
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
        **rig.of, clip_id=clip.clip_id, export_id=ids[0], ordinal=0, edit_version=1, range=CLIP, aspect="1:1",
        captions=True, transcript_version=0, siblings=[Sibling(export_id=ids[1], aspect="16:9")],
    )  # fmt: skip


async def test_shapes_of_one_wish_are_framed_and_made_together(rig: Rig, tmp_path: Path) -> None:
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


async def test_a_clip_in_two_shapes_is_looked_at_once_and_ends_its_project_once(rig: Rig, tmp_path: Path) -> None:
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
            await lifecycle.expect_parts(connection, *rig.owner, stage, 2)
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


async def test_a_request_that_is_given_up_fails_all_of_it_that_is_not_done(rig: Rig, tmp_path: Path) -> None:
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    wish = await shapes_of(rig, clip)
    lost = msgspec.structs.replace(wish, clip_id=uuid.uuid4())
    assert await rig.send(FrameStage(rig.context), lost, uuid.uuid4()) == "refused"
    assert await rig.said() == {"ExportFailed": 2}
    assert await rig.send(FrameStage(rig.context), wish, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute("update exports set state = 'done' where export_id = $1", wish.export_id)
    nowhere = ObjectRef(key=f"{rig.org_id}/gone", sha256="0" * 64, size=1)
    others = [msgspec.structs.replace(one, plan=nowhere) for one in sent.event.siblings]
    gone = msgspec.structs.replace(sent.event, plan=nowhere, siblings=others)
    assert await rig.send(RenderStage(rig.context), gone, uuid.uuid4()) == "dead"
    assert await rig.said() == {"DeadLetter": 1, "ExportFailed": 1}
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

    nowhere = ObjectRef(key=f"{rig.org_id}/gone", sha256="0" * 64, size=1)
    lost = FramedSibling(export_id=sibling.export_id, aspect="16:9", plan=nowhere)
    half = msgspec.structs.replace(request, siblings=[lost])
    assert await rig.send(RenderStage(rig.context), half, uuid.uuid4()) == "committed"
    told = [(type(one.event), getattr(one.event, "export_id", None)) for one in await rig.fresh()]
    assert told == [(events.ExportCompleted, wish.export_id), (events.ExportFailed, sibling.export_id)]
