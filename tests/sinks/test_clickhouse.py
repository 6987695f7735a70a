"""The ClickHouse sink on a twin: once however often, erased for good, false uploads left out."""

from __future__ import annotations

import pytest

from schemas import codec, events
from streams.errors import Rejected, Unavailable
from streams.messages import Message
from streams.sinks.clickhouse import ClickHouseSink, token_of
from tests.sinks import made
from tests.sinks.twins import MemoryAnalytics


async def trust(message: Message, envelope: codec.Envelope, event: events.UploadReceived) -> None:
    """Any upload is who it says."""


async def distrust(message: Message, envelope: codec.Envelope, event: events.UploadReceived) -> None:
    raise Rejected("producer.unsigned", "no")


async def test_every_example_is_stored_once_however_often_it_comes() -> None:
    store, examples = MemoryAnalytics(), made.passing_examples()
    kept = [one for one in examples if not isinstance(one.event, events.ProjectErased)]
    sink = ClickHouseSink(store, trust)
    for batch in (kept, kept, list(reversed(kept)), kept[:3]):
        assert await sink.handle(batch) == ()
    assert {key[2] for key in store.events} == {one.envelope.id for one in kept}
    assert store.tokens[0] == store.tokens[1]


async def test_an_erased_project_is_gone_and_stays_so() -> None:
    store = MemoryAnalytics()
    sink = ClickHouseSink(store, trust)
    await sink.handle([made.arrived(made.failed()), made.arrived(made.failed(made.OTHER_PROJECT))])
    await sink.handle([made.arrived(made.erased(), offset=1)])
    await sink.handle([made.arrived(made.failed(), offset=2, name="late"), made.arrived(made.erased(), offset=1)])
    assert {key[1] for key in store.events} == {made.OTHER_PROJECT}
    await sink.handle([made.arrived(made.erased(made.OTHER_ORG, made.OTHER_PROJECT))])
    assert {key[1] for key in store.events} == {made.OTHER_PROJECT}, "another org's erasure touches nothing"


async def test_an_event_and_its_erasure_in_one_batch_leave_nothing() -> None:
    store = MemoryAnalytics()
    await ClickHouseSink(store, trust).handle([made.arrived(made.erased()), made.arrived(made.failed())])
    assert store.events == {}
    assert store.tombstones == {(made.ORG, made.PROJECT)}


async def test_a_false_upload_is_left_out() -> None:
    store = MemoryAnalytics()
    uploads = [one for one in made.passing_examples() if isinstance(one.event, events.UploadReceived)]
    await ClickHouseSink(store, distrust).handle(uploads)
    assert store.events == {}


async def test_a_store_that_is_down_is_told_to_the_loop() -> None:
    store = MemoryAnalytics()
    store.down = 1
    with pytest.raises(Unavailable):
        await ClickHouseSink(store, trust).handle([made.arrived(made.failed())])


def test_the_token_is_the_batchs_place() -> None:
    first, second = made.arrived(made.failed(), offset=1), made.arrived(made.failed(), offset=2)
    assert token_of([first, second]) == token_of([second, first])
    assert token_of([first]) != token_of([first, second])
