"""Documents have ids of their org and project, and no object of another project is read."""

from __future__ import annotations

import msgspec
import pytest

from schemas.documents import Transcript
from schemas.media import ObjectRef
from schemas.voices import Diarization, Speaker
from streams.sinks import documents
from streams.sinks.documents import BadReferenceError, Indexed
from tests.sinks import made

REF = ObjectRef(key=f"{made.ORG}/{made.PROJECT}/transcript/x/y", sha256="0" * 64, size=1)


def test_segments() -> None:
    first, second = documents.segment_documents(made.transcript_completed(REF), made.transcript("Hello.", "World."))
    assert (first["text"], first["start_ms"], first["end_ms"], first["ordinal"]) == ("Hello.", 0, 900, 0)
    assert (second["org_id"], second["project_id"], second["language"]) == (str(made.ORG), str(made.PROJECT), "en")
    assert first["id"] != second["id"]
    assert first["project_title"] == second["project_title"] == "A talk"
    assert (first["speaker"], first["speaker_name"]) == (None, None)


def test_segments_have_their_speakers_name() -> None:
    told = made.transcript("Hello.", "World.")
    speakers = [Speaker(id="S1", speech_ms=1, turns=1, name="Ada"), Speaker(id="S2", speech_ms=1, turns=1)]
    segments = [msgspec.structs.replace(one, speaker=who) for one, who in zip(told.segments, ("S1", "S2"), strict=True)]
    spoken = msgspec.structs.replace(
        told, segments=segments, diarization=Diarization(speakers=speakers, turns=[], overlaps=[], model="m")
    )
    found = documents.segment_documents(made.transcript_completed(REF), spoken)
    assert [(one["speaker"], one["speaker_name"]) for one in found] == [("S1", "Ada"), ("S2", None)]


def test_ids_are_the_same_again_and_other_for_another_org() -> None:
    made_of = documents.segment_documents(made.transcript_completed(REF), made.transcript("a"))[0]["id"]
    again = documents.segment_documents(made.transcript_completed(REF, version=2), made.transcript("b"))[0]["id"]
    other = documents.segment_documents(made.transcript_completed(REF, org=made.OTHER_ORG), made.transcript("a"))[0][
        "id"
    ]
    assert made_of == again != other


def test_only_chosen_moments_are_clips_and_both_events_name_the_same_one() -> None:
    (words,) = documents.clip_documents(made.moments_detected(REF), made.moments())
    selected = documents.clip_document(made.clip_selected())
    assert words["id"] == selected["id"]
    assert (words["text"], words["title"], selected["ordinal"]) == ("chosen words", "A title", 0)
    assert words["project_title"] == "A talk"
    shared = words.keys() & selected.keys()
    assert {name: words[name] for name in shared} == {name: selected[name] for name in shared}


def test_references_stay_inside_their_project() -> None:
    assert documents.reference_of(made.transcript_completed(REF)) == REF
    assert documents.reference_of(made.clip_selected()) is None
    for key in (f"{made.OTHER_ORG}/{made.PROJECT}/x", f"{made.ORG}/{made.OTHER_PROJECT}/x", "x"):
        with pytest.raises(BadReferenceError, match="foreign"):
            documents.reference_of(made.transcript_completed(ObjectRef(key=key, sha256="", size=0)))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"words": 1}'])
def test_an_object_that_is_something_else_is_said_so(body: bytes) -> None:
    with pytest.raises(BadReferenceError, match="no Transcript"):
        documents.read_document(body, Transcript)


def test_every_example_is_indexed_or_is_none_of_our_business() -> None:
    interesting = [one.event for one in made.passing_examples() if isinstance(one.event, Indexed)]
    assert {type(event).__name__ for event in interesting} == {
        "TranscriptCompleted", "MomentsDetected", "ClipSelected", "ProjectErased",
    }  # fmt: skip
    for event in interesting:
        assert documents.tombstone_id(event)
        documents.reference_of(event)
