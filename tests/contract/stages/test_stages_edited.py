"""An edited clip on real stores: framed and rendered segment by segment, with the words of its request."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from core.domain.editing.interchange import SourceFacts
from core.domain.exports.replay_comparison import hashes
from core.errors import InputRejected
from core.infra.postgres.connection import org_transaction, set_org
from core.services import project_lifecycle
from core.services.exports import find_pinned_transcript
from schemas import events
from schemas.common import CropBox, ObjectRef, Segment, TimeRange, Word
from schemas.documents.edit import CaptionStyle, CropKey, EditList, EditSegment
from schemas.documents.export import Certificate, ExportFiles
from schemas.documents.frame_plan import FramePlan
from schemas.documents.replay import ReplayResult
from schemas.options.caption_template import version_of
from schemas.options.export_options import ExportOptions
from streams.frame.agent import FrameStage
from streams.render.agent import RenderStage
from tests.contract.rigs.stage_rig import Rig, make_rig
from tests.contract.stages.test_stages_making import CLIP, exports, framed, house, looking, replay_request, selected
from tests.detect.material_factory import transcript
from tests.support.kept_log import MemoryLog

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract


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
            """insert into clip_edits (org_id, clip_id, version, base_version, actor, operations, edit)
               values ($1, $2, $3, 1, $4, '[]', $5)""",
            rig.org_id, clip.clip_id, edit.version, f"key:{uuid.uuid4()}", msgspec.json.encode(edit).decode(),
        )  # fmt: skip
    await owner.close()


async def framed_edit(rig: Rig, clip: events.ClipSelected, edit: EditList) -> events.RenderRequested:
    """The clip's export of this edit, framed; its word is "asked", from the transcript's first version."""
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update exports set edit_version = 2 where org_id = $1 and export_id = $2", rig.org_id, clip.export_id
        )
    await edited(rig, clip, edit)
    await spoken(rig, "asked", version=1)
    return await framed(rig, looking(clip, transcript_version=1))


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
        **rig.of,
        clip_id=clip.clip_id,
        export_id=export_id,
        ordinal=0,
        edit_version=version,
        rendition=events.Rendition(range=CLIP, aspect="9:16", captions=True, transcript_version=1),
    )
    assert await rig.send(FrameStage(rig.context), wish, uuid.uuid4()) == "committed"
    (sent,) = await rig.fresh()
    rig.context.log = MemoryLog(sent.event)
    assert await rig.send(RenderStage(rig.context), sent.event, uuid.uuid4()) == "committed"
    await rig.fresh()
    return next(row for row in await exports(rig) if row["export_id"] == export_id)


async def test_an_edited_clip_is_framed_and_rendered_piece_by_piece(rig: Rig, tmp_path: Path) -> None:
    """>> ExportRequested of version 2 << RenderRequested with the edit << ExportCompleted of the edit."""
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
    request = await framed_edit(rig, clip, edit)
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
        await project_lifecycle.create_project(rows, events.UploadReceived(**rig.of, source_url="https://a.org/v"))
    first, second = await spoken(rig, "one", version=1), await spoken(rig, "two", version=2)
    async with org_transaction(rig.pool, rig.org_id) as rows:
        read = [await find_pinned_transcript(rows, *rig.owner, version) for version in (0, 1, 2, None)]
        assert read == [None, first, second, second], "older events name no version: theirs is the newest"
        with pytest.raises(InputRejected, match="no version 3"):
            await find_pinned_transcript(rows, *rig.owner, 3)


async def test_an_edited_export_with_kit_and_captions_is_replayed(rig: Rig, tmp_path: Path) -> None:
    """Two segments in another order, one faster, one with another style, under a logo: a replay has the same bytes."""
    (clip,) = await selected(rig, tmp_path / "film.mp4")
    style = CaptionStyle(template="lower_third", template_version=version_of("lower_third"))
    edit = EditList(
        version=2,
        base_version=1,
        segments=[
            EditSegment(segment_id="s2", range=TimeRange(start_ms=1_200, end_ms=1_800), speed=1.5),
            EditSegment(segment_id="s1", range=TimeRange(start_ms=200, end_ms=800), style=style),
        ],
    )
    request = await framed_edit(rig, clip, edit)
    request = looking(request, options=ExportOptions(brand=await house(rig)))
    stage = RenderStage(rig.context)
    assert await rig.send(stage, request, uuid.uuid4()) == "committed"
    (export,) = await exports(rig)
    assert (export["state"], "input.brand.logo.asset_id" in export["certificate"]["made_with"]) == ("done", True)
    await rig.fresh()
    asked = await replay_request(rig, clip)
    rig.context.log = MemoryLog(request)
    assert await rig.send(stage, asked, uuid.uuid4()) == "committed"
    row = await rig.row("select * from replays where org_id = $1 and project_id = $2")
    found = msgspec.convert(row["report"], ReplayResult)
    assert (found.outcome, found.differences) == ("same", []), found
