"""The ingest, listen, look and close stages on real stores: an event in, rows and events out."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import pytest

from core.errors import InputRejected, Unavailable
from core.infra.postgres.connection import org_transaction
from core.infra.postgres.outbox import Cause
from core.services import project_lifecycle
from schemas import events
from schemas.common import TimeRange
from schemas.documents.acoustics import Sounds
from schemas.documents.span import HeardSpan, SeenSpan
from schemas.documents.transcript import Transcript
from schemas.ids import result_id
from schemas.options.project import ProjectOptions
from streams.close.agent import CloseStage
from streams.ingest.agent import IngestStage
from streams.listen.agent import ListenStage
from streams.listen.speaker_embeddings import VOICES_MISSING_WARNING
from streams.look.agent import LookStage
from streams.runtime.stage import Work
from tests.contract.rigs.stage_rig import NOW, Rig, Sent, make_rig
from tests.support.media.hostile_files import film

__all__ = ["make_rig"]
pytestmark = pytest.mark.contract


@pytest.fixture
async def spans(rig: Rig, tmp_path: Path) -> list[Sent]:
    """The first spans of an ingested film."""
    return await rig.ingested(tmp_path / "film.mp4")


async def all_spans(rig: Rig) -> list[events.SpanPlanned]:
    rows = await rig.rows("select event from spans where org_id = $1 and project_id = $2 order by ordinal")
    return [msgspec.convert(row["event"], events.SpanPlanned) for row in rows]


async def test_an_upload_becomes_spans(rig: Rig, tmp_path: Path) -> None:
    """>> UploadReceived << SpanPlanned, as many as may be outstanding; again << nothing."""
    upload, stage, input_id = (
        await rig.upload(film(tmp_path / "film.mp4", seconds=6)),
        IngestStage(rig.context),
        uuid.uuid4(),
    )
    assert await rig.send(stage, upload, input_id) == "committed"
    sent = await rig.fresh()
    assert [(type(one.event).__name__, one.event.ordinal) for one in sent] == [("SpanPlanned", 0), ("SpanPlanned", 1)]  # type: ignore[union-attr]
    assert [one.id for one in sent] == [result_id(rig.project_id, "spans", f"SpanPlanned/{n}") for n in range(2)]
    project, planned = await rig.project(), await all_spans(rig)
    assert (project["state"], project["title"], project["span_count"]) == ("running", "A film", 3)
    assert project_lifecycle.ref_of(project["source"]).key == upload.object_key
    assert [one.event for one in sent] == planned[:2]
    assert await rig.objects.size(planned[2].audio.key) > 0  # type: ignore[union-attr]
    totals = {name: (await rig.stage(name))["parts_total"] for name in ("listen", "look", "close", "study", "detect")}
    assert totals == {"listen": 3, "look": 3, "close": 1, "study": 1, "detect": 1}
    assert (await rig.stage("ingest"))["cpu_ms"] > 0
    assert await rig.send(stage, upload, input_id) == "done"
    assert await rig.count_events() == {}


async def test_an_upload_without_media_ends_its_project(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no film at all")
    stage = IngestStage(rig.context)
    assert await rig.send(stage, await rig.upload(tmp_path / "text"), uuid.uuid4()) == "refused"
    (sent,) = await rig.fresh()
    assert isinstance(sent.event, events.ProjectFailed)
    assert sent.event.reason == "media.corrupt"
    assert (await rig.project())["state"] == "failed"
    assert (await rig.stage("ingest"))["state"] == "failed"


async def test_ranges_to_skip_beyond_the_source_are_a_warning(rig: Rig, tmp_path: Path) -> None:
    skip = [TimeRange(start_ms=0, end_ms=500), TimeRange(start_ms=1_000, end_ms=600_000)]
    upload = msgspec.structs.replace(
        await rig.upload(film(tmp_path / "film.mp4", seconds=6)), options=ProjectOptions(skip=skip)
    )
    assert await rig.send(IngestStage(rig.context), upload, uuid.uuid4()) == "committed"
    project = await rig.project()
    (told,) = [warning for warning in project["warnings"] if warning.startswith("skip: ")]
    assert f"({project['duration_ms']} ms)" in told
    assert "1 s (1000 ms) to 600 s (600000 ms)" in told
    assert project["state"] == "running", "what is there of them is skipped all the same"


async def test_a_project_that_was_erased_is_not_taken_in(rig: Rig, tmp_path: Path) -> None:
    upload = await rig.upload(film(tmp_path / "film.mp4"))
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await project_lifecycle.create_project(connection, upload)
    await rig.erase()
    assert await rig.send(IngestStage(rig.context), upload, uuid.uuid4()) == "cancelled"
    assert await rig.count_events() == {}
    assert await all_spans(rig) == []


async def test_the_last_span_lets_close_make_one_transcript(rig: Rig, spans: list[Sent]) -> None:
    """>> SpanPlanned × 3 << SpansHeard, once; >> SpansHeard << TranscriptCompleted only: look is not done."""
    listen, planned = ListenStage(rig.context), await all_spans(rig)
    for span in planned[:2]:
        input_id = uuid.uuid4()
        assert await rig.send(listen, span, input_id) == "committed"
        assert await rig.send(listen, span, input_id) == "done"
    assert await rig.count_events() == {}, "heard, but not seen: still outstanding"
    assert await rig.send(listen, planned[2], uuid.uuid4()) == "committed"
    (heard,) = await rig.fresh()
    assert isinstance(heard.event, events.SpansHeard)
    assert heard.id == result_id(rig.project_id, "listen", "SpansHeard/")
    stage = await rig.stage("listen")
    rows = await rig.rows("select heard_ref from spans where org_id = $1 and project_id = $2 order by ordinal")
    bodies = [await rig.objects.get(project_lifecycle.ref_of(row["heard_ref"])) for row in rows]
    spans_heard = [msgspec.json.decode(body, type=HeardSpan) for body in bodies]
    cost_ms = sum(one.compute_ms for one in spans_heard)
    assert (stage["state"], stage["parts_done"], stage["cpu_ms"]) == ("done", 3, cost_ms)
    for one in spans_heard:
        assert one.voices
        assert one.compute_ms >= 7 + 3 * len(one.voices.starts_ms), "and what measuring the sounds took"
        assert await rig.objects.size(one.voices.vectors.key) == len(one.voices.starts_ms) * 256 * 2
    close = CloseStage(rig.context)
    would = await rig.rehearse(close, heard.event, heard.id)
    assert await rig.send(close, heard.event, heard.id) == "committed"
    (done,) = await rig.fresh()
    assert isinstance(done.event, events.TranscriptCompleted)
    assert done.id in would, "killed before its commit and begun anew, it says the same"
    text = msgspec.json.decode(await rig.objects.get(done.event.transcript), type=Transcript)
    assert (len(text.words), text.project_title, text.missing) == (done.event.word_count, "A film", [])
    assert done.event.transcript.key.startswith(f"{rig.org_id}/{rig.project_id}/transcript/")
    assert text.sounds is not None
    sounds = msgspec.json.decode(await rig.objects.get(text.sounds), type=Sounds)
    assert (sounds.duration_ms, sounds.totals.speech_ms) == (text.duration_ms, done.event.speech_ms)
    assert len(sounds.loudness.values) == (text.duration_ms + 50) // 100
    assert None not in sounds.loudness.values
    assert (await rig.project())["language"] == "en"
    assert (await rig.project())["without_words"] is None
    assert await rig.send(close, heard.event, heard.id) == "done"
    assert await rig.count_events() == {}


async def test_the_transcript_names_speakers_or_goes_without(rig: Rig, spans: list[Sent]) -> None:
    listen = ListenStage(rig.context)
    for span in await all_spans(rig):
        assert await rig.send(listen, span, uuid.uuid4()) == "committed"
    (heard,) = await rig.fresh()
    work = Work(cause=Cause(input_id=heard.id, source="close", now=NOW), report=lambda _: None)
    close = CloseStage(rig.context)
    whole = msgspec.json.decode(await _transcript(rig, close, heard, work), type=Transcript)
    assert whole.diarization
    assert {word.speaker for word in whole.words} == {one.id for one in whole.diarization.speakers}
    (row, *_) = await rig.rows("select heard_ref from spans where org_id = $1 and project_id = $2 order by ordinal")
    first = msgspec.json.decode(await rig.objects.get(project_lifecycle.ref_of(row["heard_ref"])), type=HeardSpan)
    assert first.voices
    await rig.objects.delete_prefix(first.voices.vectors.key)
    bare = msgspec.json.decode(await _transcript(rig, close, heard, work), type=Transcript)
    assert bare.diarization is None
    assert [word.text for word in bare.words] == [word.text for word in whole.words]
    assert await rig.send(close, heard.event, heard.id) == "committed"
    assert (await rig.project())["warnings"] == ["speakers: they could not be distinguished"]


async def _transcript(rig: Rig, close: CloseStage, heard: Sent, work: Work) -> bytes:
    """The newest object that close stores before its commit."""
    before = {item.key for item in await rig.objects.list_prefix(f"{rig.org_id}/{rig.project_id}/transcript/")}
    await close.work(heard.event, work)
    there = await rig.objects.list_prefix(f"{rig.org_id}/{rig.project_id}/transcript/")
    (made,) = [item for item in there if item.key not in before]
    return await rig.objects.read_range(made.key, 0, made.size)


async def test_a_project_without_voice_embeddings_has_its_words(rig: Rig, spans: list[Sent]) -> None:
    rig.context.voices = AwayVoices()  # type: ignore[assignment]
    listen = ListenStage(rig.context)
    for span in await all_spans(rig):
        assert await rig.send(listen, span, uuid.uuid4()) == "committed"
    assert (await rig.project())["warnings"] == [VOICES_MISSING_WARNING], "once, however many spans"
    (heard,) = await rig.fresh()
    assert await rig.send(CloseStage(rig.context), heard.event, heard.id) == "committed"
    (done,) = await rig.fresh()
    assert isinstance(done.event, events.TranscriptCompleted)
    assert done.event.word_count > 0


class AwayVoices:
    async def embed(self, audio: object, windows: object) -> None:
        raise Unavailable("triton", "away")


async def test_glossary_and_script_of_the_caller_are_used(rig: Rig, spans: list[Sent]) -> None:
    """The recogniser gets the glossary; script words replace recognised ones, and the report counts the rest."""
    options = {"glossary": ["Lorenz"], "script": "WORD WORD"}
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute("update projects set options = $2 where project_id = $1", rig.project_id, options)
    listen = ListenStage(rig.context)
    for span in await all_spans(rig):
        assert await rig.send(listen, span, uuid.uuid4()) == "committed"
    assert rig.speech.glossary == ["Lorenz"]
    assert set(rig.speech.tasks) == {"transcribe"}
    (heard,) = [sent for sent in await rig.fresh() if isinstance(sent.event, events.SpansHeard)]
    assert await rig.send(CloseStage(rig.context), heard.event, heard.id) == "committed"
    done = next(sent.event for sent in await rig.fresh() if isinstance(sent.event, events.TranscriptCompleted))
    text = msgspec.json.decode(await rig.objects.get(done.transcript), type=Transcript)
    assert [word.text for word in text.words].count("WORD") == 2
    assert text.tracks == {}
    assert text.script is not None
    assert (text.script.words, text.script.heard, text.script.left_out) == (2, 2, 0)


async def test_an_english_track_is_made_on_request_only(rig: Rig, spans: list[Sent]) -> None:
    """Two tasks a span, and one more document next to the transcript; their cost is counted."""
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await connection.execute(
            "update projects set options = $2 where project_id = $1", rig.project_id, {"translate": "en"}
        )
    rig.speech.language = "de"
    listen, planned = ListenStage(rig.context), await all_spans(rig)
    for span in planned:
        assert await rig.send(listen, span, uuid.uuid4()) == "committed"
    assert rig.speech.tasks == ["transcribe", "translate"] * len(planned)
    assert (await rig.stage("listen"))["cpu_ms"] >= 2 * 7 * len(planned)
    (heard,) = [sent for sent in await rig.fresh() if isinstance(sent.event, events.SpansHeard)]
    assert await rig.send(CloseStage(rig.context), heard.event, heard.id) == "committed"
    done = next(sent.event for sent in await rig.fresh() if isinstance(sent.event, events.TranscriptCompleted))
    text = msgspec.json.decode(await rig.objects.get(done.transcript), type=Transcript)
    assert (text.language, {word.text for word in text.words}) == ("de", {"word"})
    track = msgspec.json.decode(await rig.objects.get(text.tracks["en"]), type=Transcript)
    assert (track.language, {word.text for word in track.words}) == ("en", {"english"})
    assert {(one.language, one.translated_from) for one in text.segments} == {("de", None)}


async def test_a_finished_span_frees_space_and_the_last_one_reports(rig: Rig, spans: list[Sent]) -> None:
    listen, look, planned = ListenStage(rig.context), LookStage(rig.context), await all_spans(rig)
    assert await rig.send(look, planned[0], uuid.uuid4()) == "committed"
    assert await rig.count_events() == {}
    assert await rig.send(listen, planned[0], uuid.uuid4()) == "committed"
    (following,) = await rig.fresh()
    assert following.event == planned[2]
    for span in planned[1:]:
        await rig.send(listen, span, uuid.uuid4())
    (heard,) = await rig.fresh()
    assert await rig.send(CloseStage(rig.context), heard.event, heard.id) == "committed"
    await rig.send(look, planned[1], uuid.uuid4())
    assert await rig.count_events() == {"TranscriptCompleted": 1}
    assert await rig.send(look, planned[2], uuid.uuid4()) == "committed"
    (understood,) = await rig.fresh()
    assert isinstance(understood.event, events.UnderstandingCompleted)
    assert understood.id == result_id(rig.project_id, "understanding", "UnderstandingCompleted/")
    assert understood.event.missing == []
    refs = await rig.rows("select seen_ref from spans where org_id = $1 and project_id = $2 order by ordinal")
    seen = [msgspec.json.decode(await rig.objects.get(project_lifecycle.ref_of(row[0])), type=SeenSpan) for row in refs]
    assert [one.ordinal for one in seen] == [0, 1, 2]
    assert all(one.pictures and "brightest-1" in one.model for one in seen)
    assert (await rig.stage("look"))["cpu_ms"] == sum(one.compute_ms for one in seen)


async def test_a_failing_span_is_given_up_and_the_rest_goes_on(rig: Rig, spans: list[Sent]) -> None:
    """A refusal and a bug each end a span with a warning, and the transcript names the missing ranges."""
    listen, planned = ListenStage(rig.context), await all_spans(rig)

    async def refuse() -> None:
        raise InputRejected("audio.odd", "This cannot be heard.")

    async def break_down() -> None:
        raise KeyError("a bug")

    assert await rig.send(listen, planned[0], uuid.uuid4()) == "committed"
    rig.speech.before = refuse
    assert await rig.send(listen, planned[1], uuid.uuid4()) == "refused"
    rig.speech.before = break_down
    assert await rig.send(listen, planned[2], uuid.uuid4()) == "dead"
    letter, heard = await rig.fresh()
    assert isinstance(letter.event, events.DeadLetter)
    assert isinstance(heard.event, events.SpansHeard)
    assert len((await rig.project())["warnings"]) == 2
    assert (await rig.stage("listen"))["state"] == "failed"
    await rig.send(CloseStage(rig.context), heard.event, heard.id)
    (done,) = await rig.fresh()
    assert isinstance(done.event, events.TranscriptCompleted)
    text = msgspec.json.decode(await rig.objects.get(done.event.transcript), type=Transcript)
    assert text.missing == [span.range for span in planned[1:]]


async def test_an_unavailable_recogniser_is_called_again(rig: Rig, spans: list[Sent]) -> None:
    listen, (span, *_) = ListenStage(rig.context), await all_spans(rig)

    async def be_away() -> None:
        raise Unavailable("triton", "it is away")

    rig.speech.before, input_id = be_away, spans[0].id
    assert await rig.send(listen, span, input_id) == "retried"
    rig.speech.before = None
    assert await rig.send(listen, span, input_id) == "committed"
    assert (await rig.stage("listen"))["parts_done"] == 1


async def test_a_project_erased_while_transcribed_leaves_nothing(rig: Rig, spans: list[Sent]) -> None:
    listen, (span, *_) = ListenStage(rig.context), await all_spans(rig)
    rig.speech.before = rig.erase
    assert await rig.send(listen, span, uuid.uuid4()) in ("cancelled", "superseded")
    assert await rig.count_events() == {}
    (first, *_) = await rig.rows("select heard, heard_ref from spans where org_id = $1 and project_id = $2")
    assert (first["heard"], first["heard_ref"]) == ("waiting", None)


async def test_lost_pictures_and_words_are_named(rig: Rig, spans: list[Sent]) -> None:
    """The sweeper's give-up takes the same decisions as a normal end."""
    listen, look, close = (make(rig.context) for make in (ListenStage, LookStage, CloseStage))
    cause = Cause(input_id=uuid.uuid4(), source="sweeper", now=NOW)
    for span in await all_spans(rig):
        for stage in (listen, look):
            async with org_transaction(rig.pool, rig.org_id) as connection:
                await project_lifecycle.lock_project(connection, *rig.owner)
                await stage.give_up(connection, span, "retries.exhausted", "lost", cause)
    said = await rig.fresh()
    assert [type(one.event).__name__ for one in said if not isinstance(one.event, events.SpanPlanned)] == ["SpansHeard"]
    async with org_transaction(rig.pool, rig.org_id) as connection:
        await project_lifecycle.lock_project(connection, *rig.owner)
        await close.give_up(connection, events.SpansHeard(**rig.of), "bug", "lost", cause)
    (understood,) = await rig.fresh()
    assert isinstance(understood.event, events.UnderstandingCompleted)
    assert understood.event.missing == ["transcript", "pictures"]
