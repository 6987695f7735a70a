"""When an ended project is announced and erased: never without a notice, never too soon, and plans may change."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.project_expiry import ExpiryStep, Keeping, expiry_of, keeping_of, next_expiry_step
from core.domain.retention_rules import RetentionRules

NOTICE = dt.timedelta(days=7)
END = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
DAYS = st.one_of(st.none(), st.integers(7, 400).map(float))


@pytest.mark.parametrize(
    ("rules", "plan_days", "days"),
    [
        (RetentionRules(), None, None),
        (RetentionRules(), 30, 30.0),
        (RetentionRules(projects_most_days=20), 30, 20.0),
        (RetentionRules(projects_most_days=20), None, 20.0),
        (RetentionRules(projects_least_days=90, projects_most_days=365), 30, 90.0),
    ],
)
def test_the_installation_bounds_what_a_plan_says(
    rules: RetentionRules, plan_days: int | None, days: float | None
) -> None:
    assert rules.find_fault() is None
    assert keeping_of(rules, plan_days) == Keeping(days=days, notice=NOTICE)


@pytest.mark.parametrize(
    "rules",
    [RetentionRules(projects_most_days=8, projects_least_days=9), RetentionRules(projects_notice_days=8)],
)
def test_bounds_that_contradict_each_other_are_a_fault(rules: RetentionRules) -> None:
    assert str(rules.find_fault()).startswith("PROJECTS_")


@pytest.mark.parametrize(
    ("days", "announced", "at", "step", "expires"),
    [
        (30, None, 22, None, 30),
        (30, None, 23, "announced", 30),
        (30, None, 100, "announced", 107),  # the plan became a smaller one: there was no notice yet
        (30, 30, 29.9, None, 30),
        (30, 30, 30, "erased", 30),
        (30, 107, 106, None, 107),
        (60, 30, 29, "withdrawn", 60),  # the plan became a larger one
        (35, 30, 29, None, 35),
        (35, 30, 35, "erased", 35),
        (10, 30, 29, None, 30),  # a smaller one lets the date of the notice stand
        (None, 30, 31, "withdrawn", None),
        (None, None, 1000, None, None),
    ],
)
def test_a_project_is_announced_then_erased(
    days: float | None, announced: float | None, at: float, step: ExpiryStep | None, expires: float | None
) -> None:
    keeping = Keeping(days=days, notice=NOTICE)
    facts = END, None if announced is None else END + DAY * announced, END + DAY * at
    assert next_expiry_step(keeping, *facts) == step
    assert expiry_of(keeping, *facts) == (None if expires is None else END + DAY * expires)


@given(st.lists(st.tuples(DAYS, st.integers(1, 40)), max_size=40))
def test_nothing_is_erased_before_its_plan_and_its_notice_say_so(plans: list[tuple[float | None, int]]) -> None:
    announced, noticed_at, now = None, None, END
    for days, pause_days in plans:
        keeping = Keeping(days=days, notice=NOTICE)
        for _ in range(pause_days):
            now += DAY
            step = next_expiry_step(keeping, END, announced, now)
            if step == "announced":
                announced, noticed_at = expiry_of(keeping, END, None, now), now
            elif step == "withdrawn":
                announced = noticed_at = None
            elif step == "erased":
                assert days is not None
                assert announced is not None
                assert noticed_at is not None
                assert now >= max(END + DAY * days, announced)
                assert announced >= noticed_at + NOTICE
                return
