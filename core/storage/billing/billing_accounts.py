"""Rows of organisations as customers of the payment service, and the events of it that were handled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from core.domain.billing.subscription_state import PlanStanding
from core.infra.postgres.connection import Connection, Row
from schemas.common import Value

_STANDING = (
    "subscription_id", "state", "plan", "period_from", "period_until", "ends_with_period", "grace_until",
    "metered_from",
)  # fmt: skip
_READ = """
select customer_id, asked, applied, subscription_id, state, plan, period_from, period_until, ends_with_period,
  grace_until, metered_from
from billing_accounts where org_id = $1
"""
_LOCK = """
select customer_id, asked, applied, subscription_id, state, plan, period_from, period_until, ends_with_period,
  grace_until, metered_from
from billing_accounts where org_id = $1 for update
"""
_WRITE = """
update billing_accounts set subscription_id = $2, state = $3, plan = $4, period_from = $5, period_until = $6,
  ends_with_period = $7, grace_until = $8, metered_from = $9, applied = greatest(applied, $10)
where org_id = $1
"""
_LEASE = """
update billing_accounts set sending_until = $2
where org_id = $1 and (sending_until is null or sending_until <= $3) returning customer_id
"""


class AccountRecord(Value, frozen=True, kw_only=True):
    """An organisation as a customer."""

    customer_id: str
    standing: PlanStanding
    asked: int
    """Questions to the payment service about its subscriptions."""
    applied: int
    """The latest question whose answer was written."""


async def add_account(connection: Connection, org_id: UUID, customer_id: str) -> None:
    """Add an organisation's customer; the first one stays."""
    await connection.execute(
        "insert into billing_accounts (org_id, customer_id) values ($1, $2) on conflict (org_id) do nothing",
        org_id,
        customer_id,
    )


async def read_account(connection: Connection, org_id: UUID) -> AccountRecord | None:
    """The organisation's account; None where it never paid."""
    return _record(await connection.fetchrow(_READ, org_id))


async def lock_account(connection: Connection, org_id: UUID) -> AccountRecord | None:
    """As `read_account`, for the rest of the transaction alone."""
    return _record(await connection.fetchrow(_LOCK, org_id))


def _record(row: Row | None) -> AccountRecord | None:
    if row is None:
        return None
    standing = PlanStanding(**{name: row[name] for name in _STANDING})
    return AccountRecord(customer_id=row["customer_id"], standing=standing, asked=row["asked"], applied=row["applied"])


async def find_organisation(connection: Connection, customer_id: str) -> UUID | None:
    """The organisation of a customer; row-level security shows this one row without an organisation."""
    await connection.execute("select set_config('app.customer', $1, true)", customer_id)
    org_id: UUID | None = await connection.fetchval(
        "select org_id from billing_accounts where customer_id = $1", customer_id
    )
    return org_id


async def count_question(connection: Connection, org_id: UUID) -> int:
    """Number of the question that comes next.

    An answer counts unless that of a later question was written.
    """
    number: int = await connection.fetchval(
        "update billing_accounts set asked = asked + 1 where org_id = $1 returning asked", org_id
    )
    return number


async def write_standing(connection: Connection, org_id: UUID, standing: PlanStanding, question: int) -> None:
    """Write what was read of the organisation's subscriptions."""
    await connection.execute(_WRITE, org_id, *(getattr(standing, name) for name in _STANDING), question)


async def list_ended_graces(connection: Connection, now: dt.datetime) -> Sequence[UUID]:
    """Organisations whose grace is over."""
    rows = await connection.fetch("select org_id from billing_accounts where grace_until <= $1", now)
    return [row["org_id"] for row in rows]


async def lease_sending(connection: Connection, org_id: UUID, now: dt.datetime, until: dt.datetime) -> str | None:
    """Take the right to send the customer's metered use; its id, or None while another process has it."""
    customer_id: str | None = await connection.fetchval(_LEASE, org_id, until, now)
    return customer_id


async def end_lease(connection: Connection, org_id: UUID, until: dt.datetime) -> None:
    """Give the right to send back that was taken ``until`` then; another process's stays."""
    await connection.execute(
        "update billing_accounts set sending_until = null where org_id = $1 and sending_until = $2", org_id, until
    )


async def is_event_known(connection: Connection, org_id: UUID, event_id: str) -> bool:
    """Whether an event was handled."""
    handled = await connection.fetchval(
        "select true from stripe_events where org_id = $1 and event_id = $2", org_id, event_id
    )
    return handled is not None


async def add_event(connection: Connection, org_id: UUID, event_id: str, at: dt.datetime) -> bool:
    """Note that an event is handled; False if it was before."""
    added = await connection.fetchval(
        "insert into stripe_events (org_id, event_id, at) values ($1, $2, $3) on conflict do nothing returning true",
        org_id,
        event_id,
        at,
    )
    return added is not None
