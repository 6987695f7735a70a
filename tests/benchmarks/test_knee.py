"""The search for the knee, the open loop's schedule, and the tables of docs/scaling.md."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchmarks.load.knee import KneePlan, KneeReport, Series, claims_of, kinds_of
from benchmarks.load.knee_search import (
    MAX_BISECTION_STEPS,
    LoadStep,
    Percentiles,
    choose_next_rate,
    find_knee,
    name_break,
)
from benchmarks.load.load_plan import FilledRows, OpenLoad, compose, copied_id, schedule
from benchmarks.load.load_step import percentiles_of, step_of
from benchmarks.load.open_loop import KindResult, OpenResult
from benchmarks.load.scaling_page import KNEE, PAGE, STEPS, TABLES, page_with

LADDER = (50.0, 100.0, 200.0, 400.0)
FAST = Percentiles(p50_ms=5, p95_ms=9, p99_ms=20, count=100)
SLOW = msgspec.structs.replace(FAST, p99_ms=151)


def step(offered_hz: float, *, share: float = 1.0, posts: Percentiles = FAST, **more: Any) -> LoadStep:
    due = round(offered_hz * 10)
    achieved = round(due * share)
    return LoadStep(
        offered_hz=offered_hz, due_count=due, achieved_count=achieved, seconds=10, posts=posts, reads=FAST, **more
    )


def search(holds: Callable[[float], bool]) -> list[LoadStep]:
    """All steps on a system that holds some rates."""
    steps: list[LoadStep] = []
    while (rate := choose_next_rate(steps, LADDER)) is not None:
        steps.append(step(rate, posts=FAST if holds(rate) else SLOW))
        assert len(steps) < 20
    return steps


@pytest.mark.parametrize(
    ("found", "held"),
    [
        (step(100), True),
        (step(100, share=0.981), True),
        (step(100, share=0.97), False),
        (step(100, posts=SLOW), False),
        (step(100, posts=percentiles_of([])), False),
    ],
)
def test_a_step_is_held_in_time_and_in_number(found: LoadStep, held: bool) -> None:
    assert found.is_held is held


def test_the_search_goes_up_until_it_breaks_and_then_between() -> None:
    rates = [one.offered_hz for one in search(lambda rate: rate <= 260)]
    assert rates == [50, 100, 200, 400, 300, 250]


def test_the_knee_is_the_highest_rate_below_the_first_break() -> None:
    knee = find_knee(search(lambda rate: rate <= 260))
    assert knee is not None
    assert knee.offered_hz == 250
    lucky = find_knee([step(50), step(100, posts=SLOW), step(200)])
    assert lucky is not None
    assert lucky.offered_hz == 50, "a rate above one that broke proves nothing"


def test_a_system_that_holds_nothing_has_no_knee() -> None:
    steps = search(lambda _: False)
    assert find_knee(steps) is None
    assert steps[-1].offered_hz < 10


def test_a_system_that_holds_everything_ends_with_the_ladder() -> None:
    assert [one.offered_hz for one in search(lambda _: True)] == list(LADDER)


def test_the_search_takes_a_bounded_number_of_steps() -> None:
    between = [one for one in search(lambda rate: rate <= 101) if one.offered_hz not in LADDER]
    assert len(between) == MAX_BISECTION_STEPS


def test_a_break_is_named_with_the_busiest_part() -> None:
    assert name_break(step(9, posts=SLOW, cores={"api": 0.98, "relay": 0.1})) == "p99 151 ms; busiest: api, 0.98 cores"
    assert name_break(step(100, share=0.5)) == "50 % of what fell due"


LOAD = OpenLoad(
    ports=(1,), api_keys=("a", "b"), kinds=kinds_of(200.0, 1.0), warm_up_s=2.0, seconds=8.0,
    rows=FilledRows(first=100, count=50, project="p", exports=("e",)),
)  # fmt: skip


def test_requests_fall_due_at_the_offered_rate_at_random_times() -> None:
    plan = schedule(LOAD)
    assert plan == sorted(plan)
    assert plan == schedule(LOAD)
    posts = [at_s for at_s, position in plan if position == 0]
    assert 1800 < len(posts) < 2200
    assert 1800 < len(plan) - len(posts) < 2200
    gaps = [after - before for before, after in itertools.pairwise(posts)]
    assert min(gaps) < 0.0005 < 0.02 < max(gaps)
    assert plan[-1][0] < 10


def test_a_read_asks_for_a_project_of_its_organisation() -> None:
    dice = random.Random(1)
    (kind,) = [kind for kind in LOAD.kinds if kind.name == "GET project"]
    for _ in range(50):
        head = compose(LOAD, kind, dice).decode()
        own = 0 if "Bearer a" in head else 1
        asked = head.split()[1].rpartition("/")[2]
        assert asked in {str(copied_id("p", number)) for number in range(100 + own, 150, 2)}


def test_each_post_has_a_key_of_its_own() -> None:
    sent = {compose(LOAD, LOAD.kinds[0], random.Random(1)) for _ in range(10)}
    assert len(sent) == 10


def test_unanswered_requests_do_not_count_as_achieved() -> None:
    result = OpenResult(
        kinds={kind.name: KindResult() for kind in LOAD.kinds}
        | {"POST project": KindResult(due_count=100, achieved_count=90, times_ms=[1.0] * 90, refused={"503": 10})},
        gave_up=True,
    )
    found = step_of(LOAD, result, {"api": 1.0}, unsent_count=3)
    assert (found.achieved_share, found.is_held, found.unsent_count) == (0.9, False, 3)
    assert found.errors["POST project: 503"] == 10
    assert len(found.errors) == 2


def report() -> KneeReport:
    return KneeReport(
        about={"cpus": 2, "processor": "P"}, plan=KneePlan(), recorded="a lecture", tables={},
        series=[Series(orgs=1, steps=[step(100, cores={"api 1": 0.5, "api 2": 0.25}), step(200, posts=SLOW)])],
    )  # fmt: skip


def test_the_claim_is_the_rate_that_is_accepted_at_the_knee() -> None:
    (claim,) = claims_of(report())
    assert (claim.measured, claim.met) == (100.0, False)
    assert claim.where[0].startswith("breaks at 200 a second: p99 151 ms")


def test_the_page_takes_the_tables_of_a_report() -> None:
    text = page_with(PAGE.read_text(), report())
    assert "| 1 | 100 | 5, 9, 20 ms | 20 ms | 200 | p99 151 ms |" in text
    assert "| 1 | 100 | 100.0 | 5, 9, 20 | 5, 20 | 0 | 0.75 |" in text
    assert page_with(text, report()) == text


def test_the_page_has_a_place_for_each_table() -> None:
    text = PAGE.read_text()
    for mark in (KNEE, STEPS, TABLES):
        assert f"<!-- {mark} -->" in text
        assert f"<!-- end of {mark} -->" in text
