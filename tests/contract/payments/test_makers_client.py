"""The maker's own client understands the stand-in: it speaks as Stripe does."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator

import pytest
import stripe
import uvicorn

from local.standins.stripe.app import StripeHttp, make_app
from local.standins.stripe.books import Books
from local.standins.stripe.misbehaviour import Misbehaviour, Rates
from tests.contract.rigs.servers import free_ports

pytestmark = pytest.mark.contract
KEY = "sk_test_standin"
NOW = dt.datetime(2026, 11, 25, 10, 30, tzinfo=dt.UTC)


@pytest.fixture
def books() -> Books:
    return Books(lambda: NOW, meters={"mtr_1": "exports"})


@pytest.fixture
def client(books: Books) -> Iterator[stripe.StripeClient]:
    (port,) = free_ports(1)
    app = make_app(StripeHttp(books, Misbehaviour(1, Rates()), key=KEY))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield stripe.StripeClient(KEY, base_addresses={"api": f"http://127.0.0.1:{port}"}, max_network_retries=0)
    server.should_exit = True
    thread.join()


def test_the_makers_client_understands_it(books: Books, client: stripe.StripeClient) -> None:
    """Every call that billing makes, in the maker's words."""
    customer = client.v1.customers.create({"metadata": {"org_id": "7"}})
    session = client.v1.checkout.sessions.create({
        "mode": "subscription",
        "customer": customer.id,
        "success_url": "https://clips.example",
        "cancel_url": "https://clips.example",
        "line_items": [{"price": "price_pro", "quantity": 1}, {"price": "price_use"}],
    })  # fmt: skip
    portal = client.v1.billing_portal.sessions.create({"customer": customer.id, "return_url": "https://clips.example"})
    assert (session.url or "").endswith(session.id)
    assert portal.url
    books.pay(session.id)
    (subscription,) = client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data
    assert (subscription.status, [item.price.id for item in subscription["items"].data]) == (
        "active",
        ["price_pro", "price_use"],
    )
    use = {"event_name": "exports", "identifier": "one", "payload": {"stripe_customer_id": customer.id, "value": "3"}}
    client.v1.billing.meter_events.create(use)  # type: ignore[arg-type]
    with pytest.raises(stripe.InvalidRequestError, match="already exists with identifier"):
        client.v1.billing.meter_events.create(use)  # type: ignore[arg-type]
    hour = int(NOW.replace(minute=0).timestamp())
    span = {"customer": customer.id, "start_time": hour, "end_time": hour + 3600}
    (summary,) = client.v1.billing.meters.event_summaries.list("mtr_1", span).data  # type: ignore[arg-type]
    assert summary.aggregated_value == 3
