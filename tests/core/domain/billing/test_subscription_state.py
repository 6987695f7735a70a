"""Which subscription counts, and what the settings of prices may say."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from core.domain.billing.price_catalogue import UseMeter, read_catalogue
from core.domain.billing.subscription_state import (
    PlanStanding,
    Subscription,
    choose_subscription,
    end_grace,
    next_standing,
)

NOW = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
CATALOGUE = read_catalogue(["pro:price_1+use_1", "team:price_2"], "source:mtr_1", "")


def subscription(state: str, days_ago: int = 3, price: str = "price_1") -> Subscription:
    return Subscription(
        id=f"sub_{state}_{days_ago}",
        customer_id="cus",
        state=state,
        price_ids=("use_1", price),
        started_at=NOW - days_ago * DAY,
    )


def test_a_paid_subscription_counts_in_any_order() -> None:
    several = [
        subscription("canceled", 9),
        subscription("active", 2),
        subscription("past_due", 5),
        subscription("active", 1),
    ]
    for order in itertools.permutations(several):
        chosen = choose_subscription(order)
        assert chosen is not None
        assert chosen.id == "sub_active_2"
    assert choose_subscription([]) is None


def test_the_newest_ended_one_counts() -> None:
    chosen = choose_subscription([subscription("canceled", 9), subscription("canceled", 2)])
    assert chosen is not None
    assert chosen.id == "sub_canceled_2"


def test_a_plan_stays_for_its_grace() -> None:
    paid = next_standing(PlanStanding(), subscription("active"), CATALOGUE, NOW, 7 * DAY)
    assert (paid.plan, paid.grace_until, paid.metered_from) == ("pro", None, NOW - 3 * DAY)
    late = next_standing(paid, subscription("past_due"), CATALOGUE, NOW, 7 * DAY)
    assert (late.plan, late.grace_until) == ("pro", NOW + 7 * DAY)
    later = next_standing(late, subscription("unpaid"), CATALOGUE, NOW + 3 * DAY, 7 * DAY)
    assert later.grace_until == NOW + 7 * DAY, "it began when it was first not paid"
    assert end_grace(later, NOW + 6 * DAY) == later
    assert end_grace(later, NOW + 7 * DAY).plan is None
    gone = next_standing(paid, None, CATALOGUE, NOW, dt.timedelta())
    assert (gone.plan, gone.grace_until) == (None, None)


def test_what_was_never_paid_gives_nothing() -> None:
    standing = next_standing(PlanStanding(), subscription("incomplete"), CATALOGUE, NOW, 7 * DAY)
    assert (standing.plan, standing.grace_until, standing.metered_from) == (None, None, None)


def test_a_price_of_no_plan_changes_no_plan() -> None:
    paid = next_standing(PlanStanding(), subscription("active"), CATALOGUE, NOW, DAY)
    assert next_standing(paid, subscription("active", price="price_9"), CATALOGUE, NOW, DAY).plan == "pro"


def test_a_catalogue_is_read() -> None:
    assert CATALOGUE.prices == {"pro": ["price_1", "use_1"], "team": ["price_2"]}
    assert CATALOGUE.meters == {"source_minutes": UseMeter(event_name="source", id="mtr_1")}


@pytest.mark.parametrize(
    ("prices", "meter"),
    [(["pro"], ""), (["pro:"], ""), (["Pro:x"], ""), (["pro:a", "pro:b"], ""), (["pro:a", "team:a"], ""), ([], "name")],
)
def test_a_wrong_catalogue_is_refused(prices: list[str], meter: str) -> None:
    with pytest.raises(ValueError, match=r"is not|twice|same"):
        read_catalogue(prices, meter, "")
