"""Months of a plan and the limit that work would pass."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.services.billing.quotas import Quota, find_excess, has_bounds, month_of
from core.services.billing.seats import SeatsTaken, list_excesses
from core.storage.billing.usage import Used
from schemas.options.plans import Plan, decode_plans, read_plans

TIMES = st.integers(946_684_800, 4_102_444_800).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))
NOTHING = Used(source_ms=0, exports=0, stored_bytes=0, running_projects=0)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@given(TIMES, TIMES)
def test_a_month_holds_the_time_that_it_is_around(since: dt.datetime, later: dt.datetime) -> None:
    start, end = month_of(since, max(since, later))
    assert start <= max(since, later) < end
    assert 28 <= (end - start).days <= 31


@pytest.mark.parametrize(
    ("since", "now", "start", "end"),
    [
        ("2026-01-31T10:00", "2026-02-28T09:59", "2026-01-31T10:00", "2026-02-28T10:00"),
        ("2026-01-31T10:00", "2026-02-28T10:00", "2026-02-28T10:00", "2026-03-31T10:00"),
        ("2024-02-29T00:00", "2025-03-01T00:00", "2025-02-28T00:00", "2025-03-29T00:00"),
        ("2025-12-15T00:00", "2026-01-14T23:59", "2025-12-15T00:00", "2026-01-15T00:00"),
    ],
)
def test_a_month_begins_on_the_day_of_the_plan(since: str, now: str, start: str, end: str) -> None:
    assert month_of(at(since), at(now)) == (at(start), at(end))


@pytest.mark.parametrize(
    ("used", "more", "limit"),
    [
        (NOTHING, {"source_ms": 60_000}, None),
        (NOTHING, {"source_ms": 60_001}, "source_minutes"),
        (msgspec.structs.replace(NOTHING, source_ms=60_000), {"source_ms": 1}, "source_minutes"),
        (msgspec.structs.replace(NOTHING, source_ms=10**9), {"exports": 1}, None),
        (msgspec.structs.replace(NOTHING, exports=2), {"exports": 1}, "exports"),
        (msgspec.structs.replace(NOTHING, stored_bytes=10**9), {"stored_bytes": 1}, "storage_gb"),
        (msgspec.structs.replace(NOTHING, running_projects=1), {"projects": 1, "source_ms": 10**9}, "running_projects"),
    ],
)
def test_the_limit_that_work_would_pass_is_named(used: Used, more: dict[str, int], limit: str | None) -> None:
    plan = Plan(name="small", title="Small", source_minutes=1, exports=2, storage_gb=1, running_projects=1)
    quota = Quota(plan=plan, since=at("2026-01-01"), until=at("2026-02-01"), used=used)
    excess = find_excess(quota, **more)
    assert (excess.limit if excess else None) == limit


def test_the_shipped_plans_limit_all_but_one() -> None:
    assert [name for name, plan in read_plans().items() if not has_bounds(plan)] == ["unlimited"]


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b'[{"name":"unlimited","title":"U"},{"name":"unlimited","title":"V"}]',
        b'[{"name":"unlimited","title":"U","minutes":3}]',
        b'[{"name":"unlimited","title":"U","exports":-1}]',
        b'[{"name":"Unlimited!","title":"U"}]',
        b"nothing",
    ],
)
def test_plans_that_make_no_sense_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        decode_plans(text)


def test_what_is_in_use_may_pass_a_smaller_plan() -> None:
    plan = Plan(name="small", title="Small", exports=2, storage_gb=1, seats=2)
    used = msgspec.structs.replace(NOTHING, exports=3, stored_bytes=10**9, running_projects=9)
    quota = Quota(plan=plan, since=at("2026-01-01"), until=at("2026-02-01"), used=used)
    excesses = list_excesses(quota, SeatsTaken(members=2, invitations=1))
    assert [excess.limit for excess in excesses] == ["exports", "seats"]
    assert "stays" in excesses[1].detail
    assert list_excesses(quota, SeatsTaken(members=1, invitations=1))[1:] == []
