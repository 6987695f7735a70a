"""The ClickHouse sink on a twin: once however often, erased for good, false uploads left out."""

from __future__ import annotations

import pytest

from core.errors import InputRejected, Unavailable
from core.infra.kafka.message import Message
from schemas import codec, events
from schemas.documents import encode_document
from streams.sinks.clickhouse.sink import ClickHouseSink, batch_token
from tests.sinks.fakes import MemoryAnalytics, MemoryObjects
from tests.support import event_factory as made


async def trust(message: Message, envelope: codec.Envelope, event: events.UploadReceived) -> None:
    """Any upload is who it says."""


async def distrust(message: Message, envelope: codec.Envelope, event: events.UploadReceived) -> None:
    raise InputRejected("producer.unsigned", "no")


async def test_every_repeated_example_is_stored_once() -> None:
    store, examples = MemoryAnalytics(), made.passing_examples()
    kept = [one for one in examples if not isinstance(one.event, events.ProjectErased)]
    objects = MemoryObjects()
    for one in kept:
        if isinstance(one.event, events.TranscriptCompleted):
            objects.bodies[one.event.transcript.key] = encode_document(made.transcript("A word."))
        if isinstance(one.event, events.MomentsDetected):
            objects.bodies[one.event.moments.key] = encode_document(made.moments())
        if isinstance(one.event, events.ClipMeasured):
            objects.bodies[one.event.facts.key] = encode_document(made.clip_facts())
    sink = ClickHouseSink(store, objects, trust)
    once = None
    for batch in (kept, kept, list(reversed(kept)), kept[:3]):
        assert list(await sink.handle(batch)) == []
        once = once or {table: len(rows) for table, rows in store.tables.items()}
        assert {table: len(rows) for table, rows in store.tables.items()} == once
    assert {key[2] for key in store.events} == {one.envelope.id for one in kept}
    assert all(store.tables[table] for table in ("segments", "moments", "inference_calls", "cost_items"))
    assert store.tokens[0] == store.tokens[1]


async def test_missing_object_is_refused_and_event_kept() -> None:
    store = MemoryAnalytics()
    ref = MemoryObjects().store(f"{made.ORG}/{made.PROJECT}/transcript/x", b"{}")
    foreign = MemoryObjects().store(f"{made.OTHER_ORG}/{made.PROJECT}/transcript/x", b"{}")
    batch = [
        made.arrived(made.transcript_completed(ref), offset=1),
        made.arrived(made.transcript_completed(foreign), offset=2),
        made.arrived(made.failed(), offset=3),
    ]
    refused = await ClickHouseSink(store, MemoryObjects(), trust).handle(batch)
    assert [one.reason for one in refused] == ["object.missing", "object.foreign"]
    assert len(store.events) == 3
    assert store.tables["segments"] == {}


async def test_erasure_leaves_other_organisations_alone() -> None:
    store, objects = MemoryAnalytics(), MemoryObjects()
    sink = ClickHouseSink(store, objects, trust)
    body = encode_document(made.transcript("One.", "Two."))
    refs = {org: objects.store(f"{org}/{made.PROJECT}/transcript/x", body) for org in (made.ORG, made.OTHER_ORG)}
    listed = objects.store(f"{made.ORG}/{made.PROJECT}/moments/x", encode_document(made.moments()))
    measured = made.export_completed(made.JITTER)
    batch = [made.arrived(made.transcript_completed(ref, org=org)) for org, ref in refs.items()]
    await sink.handle(
        [
            *batch,
            made.arrived(made.moments_detected(listed)),
            made.arrived(made.cost_incurred()),
            made.arrived(measured),
        ]
    )
    assert {table for table, rows in store.tables.items() if rows} == {
        "events", "segments", "moments", "sub_scores", "inference_calls", "cost_items", "certificate_checks",
    }  # fmt: skip
    await sink.handle([made.arrived(made.erased(), offset=1)])
    left = {table: {key[0] for key in rows} for table, rows in store.tables.items() if rows}
    assert left == {"events": {made.OTHER_ORG}, "segments": {made.OTHER_ORG}, "tombstones": {made.ORG}}
    await sink.handle([made.arrived(made.cost_incurred(), offset=2, name="late")])
    assert store.tables["cost_items"] == {}


async def test_an_erased_project_is_gone_and_stays_so() -> None:
    store = MemoryAnalytics()
    sink = ClickHouseSink(store, MemoryObjects(), trust)
    await sink.handle([made.arrived(made.failed()), made.arrived(made.failed(made.OTHER_PROJECT))])
    await sink.handle([made.arrived(made.erased(), offset=1)])
    await sink.handle([made.arrived(made.failed(), offset=2, name="late"), made.arrived(made.erased(), offset=1)])
    assert {key[1] for key in store.events} == {made.OTHER_PROJECT}
    await sink.handle([made.arrived(made.erased(made.OTHER_ORG, made.OTHER_PROJECT))])
    assert {key[1] for key in store.events} == {made.OTHER_PROJECT}, "another org's erasure touches nothing"


async def test_an_event_and_its_erasure_in_one_batch_leave_nothing() -> None:
    store = MemoryAnalytics()
    await ClickHouseSink(store, MemoryObjects(), trust).handle(
        [made.arrived(made.erased()), made.arrived(made.failed())]
    )
    assert store.events == {}
    assert store.tombstones == {(made.ORG, made.PROJECT)}


async def test_a_false_upload_is_left_out() -> None:
    store = MemoryAnalytics()
    uploads = [one for one in made.passing_examples() if isinstance(one.event, events.UploadReceived)]
    await ClickHouseSink(store, MemoryObjects(), distrust).handle(uploads)
    assert store.events == {}


async def test_an_unavailable_store_is_reported_to_the_loop() -> None:
    store = MemoryAnalytics()
    store.down = 1
    with pytest.raises(Unavailable):
        await ClickHouseSink(store, MemoryObjects(), trust).handle([made.arrived(made.failed())])


def test_the_token_is_the_place_of_the_batch() -> None:
    first, second = made.arrived(made.failed(), offset=1), made.arrived(made.failed(), offset=2)
    assert batch_token([first, second]) == batch_token([second, first])
    assert batch_token([first]) != batch_token([first, second])
