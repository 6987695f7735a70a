"""`python -m local.standins.stripe --port 8089`: a payment service for trying, until SIGTERM.

It listens on the loopback address, takes the key ``CLIPSTREAM_STRIPE_KEY``, and has the meters ``mtr_source``
(``source_minutes``) and ``mtr_exports`` (``exports``). It posts each event, signed by
``CLIPSTREAM_STRIPE_WEBHOOK_SECRET``, to ``--webhook``. Opening the address of a checkout pays.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx2
import uvicorn
from starlette.applications import Starlette

from local.standins.stripe.app import StripeHttp, make_app
from local.standins.stripe.books import Books, sign_event
from local.standins.stripe.misbehaviour import Misbehaviour, Rates

METERS = {"mtr_source": "source_minutes", "mtr_exports": "exports"}
POST_EVERY_S = 0.5


async def post_events(books: Books, misbehaviour: Misbehaviour, url: str, secret: str) -> None:
    """Post what happened, some events twice and in another order, until each was taken once."""
    async with httpx2.AsyncClient(timeout=10) as client:
        waiting: list[dict[str, object]] = []
        while True:
            waiting += misbehaviour.deliveries(books.events)
            books.events.clear()
            for event in waiting[:]:
                body, signature = sign_event(event, secret, books.clock())
                with suppress(httpx2.HTTPError):
                    answer = await client.post(url, content=body, headers={"Stripe-Signature": signature})
                    if answer.status_code == 200:
                        waiting.remove(event)
            await asyncio.sleep(POST_EVERY_S)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="local.standins.stripe", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook", default="", help="where events are posted to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trouble", type=float, default=0.0, help="share of requests that go wrong, 0 to 1")
    options = parser.parse_args()
    key, secret = os.environ.get("CLIPSTREAM_STRIPE_KEY"), os.environ.get("CLIPSTREAM_STRIPE_WEBHOOK_SECRET", "")
    if not key:
        parser.error("CLIPSTREAM_STRIPE_KEY is not set")
    part = options.trouble / 5
    rates = Rates(busy=part, error=part, error_after=part, hang=part, hang_after=part)
    books, misbehaviour = Books(lambda: dt.datetime.now(dt.UTC), meters=METERS), Misbehaviour(options.seed, rates)
    app = make_app(StripeHttp(books, misbehaviour, key=key))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        posting = options.webhook and asyncio.create_task(post_events(books, misbehaviour, options.webhook, secret))
        yield
        if posting:
            posting.cancel()

    app.router.lifespan_context = lifespan
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
