"""Numbers that no column holds: the event is refused, the others of its batch are written."""

from __future__ import annotations

import msgspec
import pytest

from schemas import events
from streams.sinks.clickhouse import fact_rows
from streams.sinks.clickhouse.event_rows import COLUMNS
from streams.sinks.clickhouse.sink import ClickHouseSink
from streams.sinks.clickhouse.storable_rows import UNSTORABLE, find_unstorable, find_unstorable_fact, read_limits
from streams.sinks.poison import MAX_BUGS, handle_all
from tests.sinks.clickhouse.test_sink import trust
from tests.sinks.fakes import MemoryAnalytics, MemoryObjects
from tests.support import event_factory as made

COST = made.cost_incurred()
CALL = COST.calls[0]
IMPOSSIBLE: dict[str, events.AnyEvent] = {
    "a version below 0": msgspec.structs.replace(made.failed(), version=-1),
    "a version beyond the column": msgspec.structs.replace(made.failed(), version=2**64),
    "a try of seventy bits": msgspec.structs.replace(COST, attempt=2**70),
    "a try beyond the column": msgspec.structs.replace(COST, attempt=2**32),
    "a negative amount": msgspec.structs.replace(COST, items=[msgspec.structs.replace(COST.items[0], amount=-1)]),
    "a call before all time": msgspec.structs.replace(COST, calls=[msgspec.structs.replace(CALL, at_ms=-(10**18))]),
    "a try longer than all time": msgspec.structs.replace(COST, wall_ms=10**18),
}


def test_the_limits_are_those_of_the_tables() -> None:
    limits = read_limits()
    assert limits["events"] == {"partition": 2**32} | dict.fromkeys(
        ("offset", "elapsed_ms", "cpu_ms", "media_ms", "version"), 2**64
    )
    assert limits["certificate_checks"] == {"tries": 2**8}, "a column that came later"
    assert limits["moments"]["rank"] == 2**16
    assert {"events", *fact_rows.TABLES} <= limits.keys()


def test_what_columns_hold_is_storable() -> None:
    row = [0 if name in read_limits()["events"] else "" for name in COLUMNS]
    assert find_unstorable("events", COLUMNS, [row, [None] * len(COLUMNS)]) is None
    row[COLUMNS.index("version")] = 2**64 - 1
    assert find_unstorable("events", COLUMNS, [row]) is None
    row[COLUMNS.index("partition")] = 2**32
    assert find_unstorable("events", COLUMNS, [row]) == "partition of events cannot be 4294967296"
    assert find_unstorable_fact({}) is None


@pytest.mark.parametrize("name", IMPOSSIBLE)
async def test_an_event_with_an_impossible_number_is_refused(name: str) -> None:
    store = MemoryAnalytics()
    batch = [made.arrived(made.failed(), offset=1), made.arrived(IMPOSSIBLE[name], offset=2, name="forged")]
    refused = await ClickHouseSink(store, MemoryObjects(), trust).handle(batch)
    assert [(one.message.offset, one.reason) for one in refused] == [(2, UNSTORABLE)]
    assert refused[0].detail
    assert made.arrived(made.failed()).envelope.id in {key[2] for key in store.events}
    assert not store.tables["cost_items"]
    assert not store.tables["inference_calls"]


async def test_many_of_them_do_not_end_the_sink() -> None:
    kinds = list(IMPOSSIBLE.values())
    batch = [made.arrived(kinds[at % len(kinds)], offset=at, name=str(at)) for at in range(10 * MAX_BUGS)]
    refused = await handle_all(ClickHouseSink(MemoryAnalytics(), MemoryObjects(), trust).handle, "s", batch)
    assert {one.reason for one in refused} == {UNSTORABLE}
    assert len(refused) == len(batch)
