"""The study stage on real stores: a transcript in; a document, rows and an event out. The project waits for it."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest

from core.domain.transcripts.speaker_corrections import correct_speakers
from core.domain.transcripts.speaker_operations import Merge, Rename
from core.errors import Unavailable
from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from core.services.erasure import erase
from schemas import events
from schemas.common import ObjectRef
from schemas.documents.diarization import Diarization, Speaker, Turn
from schemas.documents.intelligence import Intelligence
from schemas.ids import result_id
from streams.close.agent import CloseStage
from streams.detect.agent import DetectStage
from streams.study.agent import StudyStage
from streams.study.learned_names import RULES_ALONE_NOTE
from tests.contract.rigs.api_world import World, open_world
from tests.contract.rigs.stage_rig import NOW, Rig, make_rig
from tests.support.transcript_factory import GARDEN, ORBIT, transcript
from tests.support.vectors import BracketNames

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract
CAUSE = Cause(input_id=uuid.uuid4(), source="test", now=NOW)


async def new_transcript(rig: Rig, *, language: str = "en", silent: bool = False) -> events.TranscriptCompleted:
    """A talk in two chapters, as close leaves it; its pictures are analysed, its clips are not selected."""
    text = transcript([] if silent else [*GARDEN, *GARDEN, *ORBIT, *ORBIT], language=language)
    ref = await rig.put(text)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        upload = events.UploadReceived(**rig.of, title="A talk", source_url="https://a.org/v")
        await project_lifecycle.create_project(connection, upload)
        await connection.execute(
            "update projects set duration_ms = 60000, state = 'running' where org_id = $1 and project_id = $2",
            *rig.owner,
        )
        await connection.execute(
            "insert into transcripts (org_id, project_id, version, object, language, word_count) "
            "values ($1, $2, 1, $3, $4, $5)",
            *rig.owner, ref, language, len(text.words),
        )  # fmt: skip
        for stage in ("close", "study", "detect"):
            await project_lifecycle.expect_parts(connection, *rig.owner, stage, 1)
    return events.TranscriptCompleted(
        **rig.of, transcript=ref, language=language, word_count=len(text.words), segment_count=28, speech_ms=1,
    )  # fmt: skip


async def stored(rig: Rig, event: Any) -> Intelligence:
    return msgspec.json.decode(await rig.objects.get(event.intelligence), type=Intelligence)


async def test_a_transcript_becomes_intelligence(rig: Rig) -> None:
    """>> TranscriptCompleted << IntelligenceCompleted; again << nothing."""
    event, stage, input_id = await new_transcript(rig), StudyStage(rig.context), uuid.uuid4()
    would = await rig.rehearse(stage, event, input_id)
    assert await rig.send(stage, event, input_id) == "committed"
    (done,) = await rig.fresh()
    assert isinstance(done.event, events.IntelligenceCompleted)
    assert done.id in would
    assert done.id == result_id(input_id, "study", "IntelligenceCompleted/")
    made = await stored(rig, done.event)
    assert (made.engine.name, made.engine.model, made.project_title) == ("local", "words-1", "A talk")
    assert (len(made.chapters), len(made.topics)) == (done.event.chapter_count, done.event.topic_count)
    assert done.event.intelligence.key.startswith(f"{rig.org_id}/{rig.project_id}/intelligence/")
    state = await rig.stage("study")
    assert (state["state"], state["percent"]) == ("done", 100)
    assert state["cpu_ms"] >= 28 * 4, "what the model cost is counted"
    assert (await rig.row("select engine from intelligence where org_id = $1 and project_id = $2"))["engine"] == "local"
    kinds = {row["kind"] for row in await rig.rows("select kind from subjects where org_id = $1 and project_id = $2")}
    assert kinds >= {"topic", "person", "place", "money", "percent"}
    assert await rig.send(stage, event, input_id) == "done"
    assert await rig.count_events() == {}


async def test_a_project_completes_with_clips_and_intelligence(rig: Rig) -> None:
    event = await new_transcript(rig, silent=True)
    understood = events.UnderstandingCompleted(**rig.of, missing=[])
    assert await rig.send(DetectStage(rig.context), understood, uuid.uuid4()) == "committed"
    assert await rig.count_events() == {"MomentsDetected": 1}, "nothing was found, and study still reads"
    assert await rig.send(StudyStage(rig.context), event, uuid.uuid4()) == "committed"
    assert await rig.count_events() == {"IntelligenceCompleted": 1, "ProjectCompleted": 1}
    assert (await rig.project())["nothing_found_reason"]


async def test_study_that_ends_first_does_not_end_the_project(rig: Rig) -> None:
    event = await new_transcript(rig, silent=True)
    assert await rig.send(StudyStage(rig.context), event, uuid.uuid4()) == "committed"
    assert await rig.count_events() == {"IntelligenceCompleted": 1}
    understood = events.UnderstandingCompleted(**rig.of, missing=[])
    assert await rig.send(DetectStage(rig.context), understood, uuid.uuid4()) == "committed"
    assert await rig.count_events() == {"MomentsDetected": 1, "ProjectCompleted": 1}


async def test_a_study_that_is_given_up_warns_and_the_project_goes_on(rig: Rig) -> None:
    event, stage = await new_transcript(rig, silent=True), StudyStage(rig.context)
    await rig.send(DetectStage(rig.context), events.UnderstandingCompleted(**rig.of, missing=[]), uuid.uuid4())
    await rig.fresh()
    gone = msgspec.structs.replace(
        event, transcript=ObjectRef(key=f"{rig.org_id}/{rig.project_id}/gone", sha256="0" * 64, size=1)
    )
    assert await rig.send(stage, gone, uuid.uuid4()) == "dead"
    assert await rig.count_events() == {"DeadLetter": 1, "ProjectCompleted": 1}
    project = await rig.project()
    assert project["state"] == "completed"
    assert [warning.split(":")[0] for warning in project["warnings"]] == ["intelligence"]
    assert (await rig.stage("study"))["state"] == "failed"


async def test_names_of_a_configured_model_are_in_the_document(rig: Rig) -> None:
    rig.context.names = BracketNames()
    await rig.send(StudyStage(rig.context), await new_transcript(rig), uuid.uuid4())
    (done,) = await rig.fresh()
    made = await stored(rig, done.event)
    assert (made.engine.model, made.notes) == ("words-1, brackets-1", [])
    assert (await rig.project())["warnings"] == []


async def test_without_an_answer_rules_name_alone_with_a_warning(rig: Rig) -> None:
    class Away:
        async def find_names(self, texts: Any) -> Any:
            raise Unavailable("triton", "away")

    rig.context.names = Away()
    assert await rig.send(StudyStage(rig.context), await new_transcript(rig), uuid.uuid4()) == "committed"
    (done,) = await rig.fresh()
    made = await stored(rig, done.event)
    assert ("person", "Elena Markova") in {(one.kind, one.name) for one in made.entities}
    assert made.notes == [RULES_ALONE_NOTE]
    assert (await rig.project())["warnings"] == [f"intelligence: {RULES_ALONE_NOTE}"]


async def test_study_waits_for_an_unavailable_model(rig: Rig) -> None:
    class Away:
        async def embed(self, texts: list[str]) -> None:
            raise Unavailable("Triton", "no answer")

    event, stage = await new_transcript(rig), StudyStage(rig.context)
    rig.context.sentences = Away()  # type: ignore[assignment]
    assert await rig.send(stage, event, uuid.uuid4()) == "retried"
    assert (await rig.project())["warnings"] == []


async def test_a_transcript_without_words_is_not_studied(rig: Rig) -> None:
    await new_transcript(rig)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await project_lifecycle.lock_project(connection, *rig.owner)
        await CloseStage(rig.context).give_up(connection, events.SpansHeard(**rig.of), "bug", "lost", CAUSE)
    assert (await rig.stage("study"))["state"] == "failed"
    await rig.fresh()
    assert "could not be worked on" in (await rig.project())["without_words"]
    understood = events.UnderstandingCompleted(**rig.of, missing=["transcript"])
    assert await rig.send(DetectStage(rig.context), understood, uuid.uuid4()) == "committed"
    assert (await rig.count_events())["ProjectCompleted"] == 1


async def test_an_older_project_is_studied_and_stays_as_it_ended(rig: Rig) -> None:
    event = await new_transcript(rig, silent=True)
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "delete from project_stages where org_id = $1 and project_id = $2 and stage = 'study'", *rig.owner
        )
    await rig.send(DetectStage(rig.context), events.UnderstandingCompleted(**rig.of, missing=[]), uuid.uuid4())
    assert (await rig.count_events())["ProjectCompleted"] == 1
    assert await rig.send(StudyStage(rig.context), event, uuid.uuid4()) == "committed"
    assert await rig.count_events() == {"IntelligenceCompleted": 1}


async def test_an_older_transcripts_analysis_replaces_nothing(rig: Rig) -> None:
    first, stage = await new_transcript(rig), StudyStage(rig.context)
    ref = await rig.put(transcript(GARDEN))
    second = msgspec.structs.replace(first, version=2, transcript=ref)
    assert await rig.send(stage, second, uuid.uuid4()) == "committed"
    assert await rig.send(stage, first, uuid.uuid4()) == "committed"
    row = await rig.row("select * from intelligence where org_id = $1 and project_id = $2")
    assert row["transcript_version"] == 2
    kinds = {row["kind"] for row in await rig.rows("select kind from subjects where org_id = $1 and project_id = $2")}
    assert "person" not in kinds, "nobody is named in the newer one"


async def test_a_correction_is_studied_and_the_project_stays_ended(rig: Rig) -> None:
    """>> TranscriptCompleted{2} << IntelligenceCompleted{2}; of two corrections in a row the last one counts."""
    first, stage = await new_transcript(rig, silent=True), StudyStage(rig.context)
    await rig.send(DetectStage(rig.context), events.UnderstandingCompleted(**rig.of, missing=[]), uuid.uuid4())
    await rig.send(stage, first, uuid.uuid4())
    assert (await rig.count_events())["ProjectCompleted"] == 1
    before = await rig.stage("study")
    text = transcript(GARDEN)
    later = [msgspec.structs.replace(first, version=n, transcript=await rig.put(text)) for n in (2, 3)]
    async with org_transaction(rig.pool, rig.org_id) as connection:
        for one in later:
            await connection.execute(
                "insert into transcripts (org_id, project_id, version, object, language, word_count) "
                "values ($1, $2, $3, $4, 'en', 1)",
                *rig.owner, one.version, one.transcript,
            )  # fmt: skip
    assert stage.wants(later[0])
    assert await rig.send(stage, later[0], uuid.uuid4()) == "committed"
    assert await rig.count_events() == {}, "it was corrected again meanwhile"
    assert await rig.send(stage, later[1], uuid.uuid4()) == "committed"
    (done,) = await rig.fresh()
    assert done.event.transcript_version == 3
    made = await stored(rig, done.event)
    assert made.transcript_version == 3
    assert made.chapters
    after = await rig.stage("study")
    assert (after["state"], after["parts_done"]) == (before["state"], before["parts_done"])
    assert after["cpu_ms"] > before["cpu_ms"], "what it cost is counted"
    gone = msgspec.structs.replace(
        later[1], transcript=ObjectRef(key=f"{rig.org_id}/{rig.project_id}/gone", sha256="0" * 64, size=1)
    )
    assert await rig.send(stage, gone, uuid.uuid4()) == "dead"
    assert "does not know of correction 3" in (await rig.project())["warnings"][-1]
    assert (await rig.stage("study"))["state"] == "done"


async def test_quotes_name_the_corrected_speaker(rig: Rig) -> None:
    """A speaker correction is a transcript version like any other: quotes use the merged and named speakers."""
    first, stage = await new_transcript(rig), StudyStage(rig.context)
    text = transcript([*GARDEN, *ORBIT], speakers=["S1", "S2"])
    voices = [Speaker(id=name, speech_ms=9_000, turns=7) for name in ("S1", "S2")]
    turns = [Turn(start_ms=one.start_ms, end_ms=one.end_ms, speaker=one.speaker or "") for one in text.segments]
    told = Diarization(model="m", speakers=voices, turns=turns, overlaps=[])
    asked = [Merge(speaker="S2", into="S1"), Rename(speaker="S1", name="Ada")]
    after, _ = correct_speakers(msgspec.structs.replace(text, diarization=told), asked, 2)
    second = msgspec.structs.replace(first, version=2, transcript=await rig.put(after))
    assert await rig.send(stage, second, uuid.uuid4()) == "committed"
    (done,) = await rig.fresh()
    made = await stored(rig, done.event)
    assert {point.quote.speaker for point in made.summary} == {"S1"}
    assert made.speaker_names == {"S1": "Ada"}


async def test_another_language_names_the_missing_parts(rig: Rig) -> None:
    event = await new_transcript(rig, language="fr")
    assert await rig.send(StudyStage(rig.context), event, uuid.uuid4()) == "committed"
    (done,) = await rig.fresh()
    made = await stored(rig, done.event)
    assert (made.engine.model, made.topics, len(made.notes)) == ("tf-idf", [], 1)
    assert made.engine.reason


async def test_an_erased_project_leaves_no_study(rig: Rig) -> None:
    await rig.send(StudyStage(rig.context), await new_transcript(rig), uuid.uuid4())
    await rig.erase()
    await erase(rig.pool, rig.objects, **rig.of)
    for table in ("intelligence", "subjects"):
        assert await rig.rows(f"select 1 from {table} where org_id = $1 and project_id = $2") == []


async def filled(rig: Rig, world: World) -> str:
    """Copy the results of study for the rig's project to Ann's organisation."""
    await rig.send(StudyStage(rig.context), await new_transcript(rig), uuid.uuid4())
    project_id = uuid.uuid4()
    async with org_transaction(rig.pool, rig.org_id) as connection:
        rows = await connection.fetch("select * from subjects where org_id = $1", rig.org_id)
        ref = await connection.fetchval("select object from intelligence where org_id = $1", rig.org_id)
    async with org_transaction(world.worker, world.ann.org_id) as connection:
        upload = events.UploadReceived(
            org_id=world.ann.org_id, project_id=project_id, title="Ann's", source_url="https://a.org/v"
        )
        await project_lifecycle.create_project(connection, upload)
        owner = (world.ann.org_id, project_id)
        await connection.execute(
            "insert into intelligence (org_id, project_id, object, engine, transcript_version) "
            "values ($1, $2, $3, 'local', 1)",
            *owner, ref,
        )  # fmt: skip
        for row in rows:
            await connection.execute(
                "insert into subjects (org_id, project_id, kind, key, name, plain, mention_count, seconds) "
                "values ($1, $2, $3, $4, $5, $6, $7, $8)",
                *owner, *(row[name] for name in ("kind", "key", "name", "plain", "mention_count", "seconds")),
            )  # fmt: skip
    return str(project_id)


async def test_names_are_found_across_projects_and_by_their_owner_only(rig: Rig) -> None:
    async with open_world(rig.context.settings, objects=rig.objects) as world:
        project_id = await filled(rig, world)
        (found,) = (await world.ann.client.get("/v1/entities", params={"q": "markova"})).json()["items"]
        assert (found["kind"], found["name"], found["project_count"]) == ("person", "Elena Markova", 1)
        (project,) = found["projects"]
        assert (project["project_id"], project["project_title"]) == (project_id, "Ann's")
        assert project["mention_count"] == found["mention_count"] == len(project["mentions"]) == 2
        for asked in ("MÁRKOVÁ", "elena marková"):
            same = (await world.ann.client.get("/v1/entities", params={"q": asked})).json()["items"]
            assert same == [found], "neither case nor accents count"
        topics = (await world.ann.client.get("/v1/topics")).json()["items"]
        assert {one["kind"] for one in topics} == {"topic"}
        money = (await world.ann.client.get("/v1/entities", params={"kind": "money"})).json()["items"]
        assert [one["name"] for one in money] == ["$25 million"]
        for path in ("/v1/entities", "/v1/topics"):
            assert (await world.bob.client.get(path)).json() == {"items": []}
        answer = await world.bob.client.get(f"/v1/projects/{project_id}/intelligence")
        assert answer.status_code == 404


async def test_the_document_comes_in_every_format(rig: Rig) -> None:
    async with open_world(rig.context.settings, objects=rig.objects) as world:
        path = f"/v1/projects/{await filled(rig, world)}/intelligence"
        first = await world.ann.client.get(path)
        made = msgspec.json.decode(first.content, type=Intelligence)
        assert made.chapters
        again = await world.ann.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        for name, media_type in (
            ("markdown", "text/markdown; charset=utf-8"),
            ("csv", "text/csv; charset=utf-8"),
            ("jsonld", "application/ld+json"),
            ("graphml", "application/graphml+xml"),
        ):
            answer = await world.ann.client.get(path, params={"format": name})
            assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
            assert "Elena Markova" in answer.text
        assert (await world.ann.client.get(path, params={"format": "pdf"})).status_code == 422
