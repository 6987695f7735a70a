"""A message that makes a sink fail does not block the others; a broken sink diverts nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.errors import Unavailable
from streams.sinks.batch_consumer import Arrived, BreakerOpenError, Refused
from streams.sinks.poison import MAX_BUGS, handle_all
from tests.support import event_factory as made


def batch_of(count: int) -> list[Arrived]:
    return [made.arrived(made.failed(), offset=n, name=str(n)) for n in range(count)]


class Store:
    """Writes offsets, fails on ``bugs``, and refuses offset 3."""

    def __init__(self, *bugs: int) -> None:
        self.bugs, self.written = bugs, set[int]()

    async def handle(self, batch: Sequence[Arrived]) -> Sequence[Refused]:
        offsets = [one.message.offset for one in batch]
        if set(offsets) & set(self.bugs):
            raise ValueError("what is this?")
        self.written |= set(offsets)
        return [Refused(message=one.message, reason="r", detail="") for one in batch if one.message.offset == 3]


async def test_only_events_that_meet_the_bug_are_refused() -> None:
    store = Store(5, 17)
    refused = await handle_all(store.handle, "s", batch_of(40))
    assert sorted((one.message.offset, one.reason) for one in refused) == [(3, "r"), (5, "bug"), (17, "bug")]
    assert store.written == set(range(40)) - {5, 17}


async def test_a_broken_sink_stops() -> None:
    with pytest.raises(BreakerOpenError):
        await handle_all(Store(*range(40)).handle, "s", batch_of(40))
    assert MAX_BUGS < 40


async def test_an_outage_does_not_count_as_a_bug() -> None:
    async def away(batch: Sequence[Arrived]) -> Sequence[Refused]:
        raise Unavailable("clickhouse", "down")

    with pytest.raises(Unavailable):
        await handle_all(away, "s", batch_of(2))
