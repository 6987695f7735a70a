"""The stand-in counts as Stripe does, and the maker's own client accepts its signatures."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe

from local.standins.stripe.books import Books, StripeError, sign_event
from local.standins.stripe.misbehaviour import Misbehaviour, Rates

SECRET = "whsec_standin"
NOW = dt.datetime(2026, 11, 25, 10, 30, tzinfo=dt.UTC)


class Moved:
    """A clock that is moved by hand."""

    at = NOW

    def __call__(self) -> dt.datetime:
        return self.at


@pytest.fixture
def books() -> Books:
    return Books(Moved(), meters={"mtr_1": "exports"})


def test_the_makers_client_accepts_its_signatures(books: Books) -> None:
    customer = books.create_customer({})["id"]
    books.subscribe(customer, ["price_pro"])
    now = dt.datetime.now(dt.UTC)
    for sent in books.events:
        event = stripe.Webhook.construct_event(*sign_event(sent, SECRET, now), SECRET)
        assert event.data.object["customer"] == customer
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(*sign_event(sent, SECRET, now - dt.timedelta(seconds=301)), SECRET)


def test_an_identifier_counts_again_after_a_day(books: Books) -> None:
    clock = books.clock
    assert isinstance(clock, Moved)
    customer = books.create_customer({})["id"]
    form = {"event_name": "exports", "identifier": "one", "payload[stripe_customer_id]": customer}
    form |= {"payload[value]": "1", "timestamp": str(books.now())}
    books.add_use(form)
    clock.at += dt.timedelta(hours=23, minutes=59)
    with pytest.raises(StripeError):
        books.add_use(form)
    clock.at += dt.timedelta(minutes=1)
    books.add_use(form)
    assert books.sum_billed(customer, "exports") == 2
    clock.at += dt.timedelta(days=35)
    with pytest.raises(StripeError, match="35 days"):
        books.add_use(form | {"identifier": "two"})


def test_sums_know_of_use_later() -> None:
    clock = Moved()
    books = Books(clock, meters={"mtr_1": "exports"}, sum_lag=dt.timedelta(minutes=20))
    customer = books.create_customer({})["id"]
    books.add_use({"event_name": "exports", "payload[stripe_customer_id]": customer, "payload[value]": "2"})
    hour = int(NOW.replace(minute=0).timestamp())
    form = {"customer": customer, "start_time": str(hour), "end_time": str(hour + 3600)}
    assert books.sum_use("mtr_1", form) == []
    clock.at += dt.timedelta(minutes=20)
    assert books.sum_use("mtr_1", form)[0]["aggregated_value"] == 2.0


def test_a_share_of_requests_goes_wrong() -> None:
    rates = Rates(busy=0.2, error=0.2, error_after=0.2, hang=0.2, hang_after=0.1)
    drawn = [Misbehaviour(3, rates).draw() for _ in range(3)]
    assert len(set(drawn)) == 1, "the same seed draws the same"
    misbehaviour = Misbehaviour(3, rates)
    assert {misbehaviour.draw() for _ in range(200)} == {"busy", "error", "error_after", "hang", "hang_after", "well"}
