"""The payment service's stand-in on a virtual clock, with customers on a real Postgres."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import msgspec

from core.domain.billing.stripe_rules import StripeRules
from core.domain.billing.subscription_state import PlanStanding
from core.infra.postgres.connection import Pool, create_pool, org_transaction, transaction
from core.infra.stripe.client import StripePayments
from core.services.billing.metered_use import UseSender, count_hours
from core.services.billing.subscriptions import catalogue_of
from core.settings import Settings
from core.storage.billing.billing_accounts import add_account, write_standing
from core.storage.billing.meter_events import MeterBacklog, read_backlog
from core.storage.billing.usage import UsageKind, add_usage
from local.standins.stripe.__main__ import METERS
from local.standins.stripe.app import StripeHttp, make_app
from local.standins.stripe.books import Books
from local.standins.stripe.misbehaviour import Misbehaviour, Rates
from tests.contract.rigs.postgres import new_org

KEY, SECRET = "sk_test_standin", "whsec_standin"
START = dt.datetime(2026, 3, 1, 0, 20, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
GOOD = Rates()
RULES = StripeRules(
    key=KEY,
    webhook_secret=(SECRET,),
    url="http://127.0.0.1",
    prices=("pro:price_pro+price_use", "team:price_team"),
    source_meter="source_minutes:mtr_source",
    exports_meter="exports:mtr_exports",
    return_url="https://clips.example/billing",
    timeout_s=5.0,
)


class VirtualClock:
    """A clock that goes as far as it is moved."""

    def __init__(self, at: dt.datetime = START) -> None:
        self.at = at

    def __call__(self) -> dt.datetime:
        return self.at

    def move(self, by: dt.timedelta) -> None:
        self.at += by


class KilledError(BaseException):
    """The process ends here."""


async def no_answer() -> None:
    raise httpx2.ReadTimeout("no answer")


async def no_pause(_: float) -> None:
    return None


class Killing:
    """Payments whose process may end between the sending and the commit."""

    def __init__(self, payments: StripePayments, dice: random.Random) -> None:
        self._payments, self._dice, self.share = payments, dice, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._payments, name)

    async def send_use(self, use: Any) -> None:
        await self._payments.send_use(use)
        if self._dice.random() < self.share:
            raise KilledError


class Rig(msgspec.Struct, kw_only=True):
    """The stand-in and the pools."""

    clock: VirtualClock
    books: Books
    misbehaviour: Misbehaviour
    http: StripeHttp
    payments: Killing
    relay: Pool
    api: Pool
    worker: Pool
    settings: Settings
    customers: dict[UUID, str] = {}

    async def add_customer(self) -> UUID:
        """An organisation with a subscription that began now."""
        org_id = await new_org(self.settings)
        customer = self.books.create_customer({"metadata[org_id]": str(org_id)})["id"]
        async with org_transaction(self.api, org_id) as rows:
            await add_account(rows, org_id, customer)
            await write_standing(rows, org_id, PlanStanding(state="active", plan="pro", metered_from=self.clock()), 1)
        self.customers[org_id] = customer
        return org_id

    async def use(self, org_id: UUID, kind: UsageKind, quantity: int, at: dt.datetime) -> None:
        async with org_transaction(self.worker, org_id) as rows:
            await add_usage(rows, org_id, uuid4(), kind, quantity, project_id=uuid4(), at=at)

    async def count(self) -> None:
        await count_hours(self.relay, catalogue_of(RULES), self.clock())

    async def round(self) -> None:
        """What the relay does each minute."""
        catalogue = catalogue_of(RULES)
        try:
            await count_hours(self.relay, catalogue, self.clock())
            await UseSender(self.relay, self.payments, catalogue, self.clock, lambda _: None).send_all()
        except KilledError:
            return

    async def backlog(self) -> MeterBacklog:
        async with transaction(self.relay) as rows:
            return await read_backlog(rows)

    async def ledger(self, org_id: UUID) -> dict[str, int]:
        """Sums of the ledger by kind."""
        async with org_transaction(self.worker, org_id) as rows:
            found = await rows.fetch("select kind, sum(quantity)::bigint as quantity from usage_entries group by 1")
        return {row["kind"]: row["quantity"] for row in found}

    async def rows(self, org_id: UUID) -> list[dict[str, Any]]:
        async with org_transaction(self.relay, org_id) as rows:
            return [dict(row) for row in await rows.fetch("select * from meter_events where org_id = $1", org_id)]

    async def check_sums(self) -> None:
        """Everything in the ledger is billed once, in its hour."""
        for org_id, customer in self.customers.items():
            ledger = await self.ledger(org_id)
            assert self.books.sum_billed(customer, "exports") == ledger.get("exports", 0)
            assert self.books.sum_billed(customer, "source_minutes") == ledger.get("source_ms", 0) // 60_000
            billed: dict[tuple[str, dt.datetime], int] = {}
            for one in self.books.use:
                if one.customer == customer:
                    hour = one.at.replace(minute=0, second=0, microsecond=0)
                    billed[one.event_name, hour] = billed.get((one.event_name, hour), 0) + one.value
            counted: dict[tuple[str, dt.datetime], int] = {}
            for row in await self.rows(org_id):
                place = (row["meter"], row["hour"])
                counted[place] = counted.get(place, 0) + row["value"]
            assert billed == {place: value for place, value in counted.items() if value}


@asynccontextmanager
async def open_rig(settings: Settings, seed: int, rates: Rates = GOOD) -> AsyncIterator[Rig]:
    """A rig without customers: those of earlier tests are removed."""
    owner = await asyncpg.connect(settings.postgres_owner)
    try:
        await owner.execute("truncate meter_events, billing_accounts cascade")
    finally:
        await owner.close()
    clock = VirtualClock()
    books = Books(clock, meters=METERS, sum_lag=dt.timedelta(minutes=20))
    misbehaviour = Misbehaviour(seed, rates)
    http = StripeHttp(books, misbehaviour, key=KEY, hang=no_answer)
    transport = httpx2.ASGITransport(app=make_app(http))
    async with AsyncExitStack() as stack:
        pools = []
        for dsn in (settings.postgres_relay, settings.postgres_api, settings.postgres_worker):
            pools.append(await create_pool(dsn, size=4, name="payments-test"))
            stack.push_async_callback(pools[-1].close)
        payments = StripePayments(RULES, transport=transport, sleep=no_pause)
        stack.push_async_callback(payments.close)
        relay, api, worker = pools
        yield Rig(
            clock=clock,
            books=books,
            misbehaviour=misbehaviour,
            http=http,
            payments=Killing(payments, random.Random(seed)),
            relay=relay,
            api=api,
            worker=worker,
            settings=settings,
        )
