"""Plans, and what is left of an organisation's own."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import msgspec

from api.http.conditional import check_if_held, etag_of_parts, held_tags, reply_with_etag
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, FieldError, not_found
from core.infra.postgres.connection import Connection, org_transaction
from core.services.billing.quotas import Excess, Quota, read_quota
from core.services.billing.seats import SeatsTaken, list_excesses, read_seats
from core.storage.billing.plans import lock_plan, write_plan
from core.storage.billing.usage import Used
from schemas.options.plans import Plan, PlanName, read_plans


class Plans(msgspec.Struct, frozen=True, kw_only=True):
    """Plans of the installation."""

    items: list[Plan]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation's plan, its month, and what was used of it."""

    plan: Plan
    """The plan."""
    month_from: dt.datetime
    """When the month of the plan began."""
    month_until: dt.datetime
    """When it ends, and the limits of a month count from zero again."""
    used: Used
    """What was used of it."""
    seats: SeatsTaken
    """Seats that are taken."""
    exceeded: list[Excess]
    """Limits below what is in use, after a change to a smaller plan: what is there stays, and nothing is added."""


class SetPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The plan of an organisation."""

    plan: PlanName | None
    """Name of the plan; null: the installation's default."""


async def list_plans(call: Call[None, None]) -> Reply:
    """List the plans that the installation offers."""
    return Reply(body=Plans(items=list(read_plans(call.context.settings.plans_file).values())))


async def get_limits(call: Call[None, None]) -> Reply:
    """Read the plan and what was used of it; what is at work counts until it fails or is cancelled."""
    async with call.rows() as rows:
        limits = await _limits(rows, call, call.org_id)
    return reply_with_etag(limits, _etag(limits))


def _etag(limits: Limits) -> str:
    return etag_of_parts("plan", limits, ("plan",))


async def set_plan(call: Call[SetPlan, None]) -> Reply:
    """Set the plan of an organisation; its month begins now."""
    settings, org_id = call.context.settings, call.ids["org_id"]
    if call.body.plan is not None and call.body.plan not in read_plans(settings.plans_file):
        names = ", ".join(read_plans(settings.plans_file))
        error = FieldError(pointer="/plan", detail=f"It must be one of {names}.")
        raise ApiProblem("invalid", error.detail, errors=[error])
    async with org_transaction(call.context.pool, org_id) as rows:
        if held_tags(call.request):
            if not await lock_plan(rows, org_id):
                raise not_found("organisation")
            check_if_held(call.request, _etag(await _limits(rows, call, org_id)), resource="plan")
        if not await write_plan(rows, org_id, call.body.plan, call.now):
            raise not_found("organisation")
        limits = await _limits(rows, call, org_id)
    return reply_with_etag(limits, _etag(limits))


async def _limits(rows: Connection, call: Call[Any, Any], org_id: UUID) -> Limits:
    quota: Quota = await read_quota(rows, call.context.settings, org_id, call.now)
    seats = await read_seats(rows, org_id)
    return Limits(
        plan=quota.plan,
        month_from=quota.since,
        month_until=quota.until,
        used=quota.used,
        seats=seats,
        exceeded=list_excesses(quota, seats),
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/plans",
        name="listPlans",
        tag="billing",
        permission="authenticated",
        summary="List the plans of the installation",
        handler=list_plans,
        response=Plans,
    ),
    Operation(
        method="GET",
        path="/v1/limits",
        name="getLimits",
        tag="billing",
        permission="organisation:read",
        summary="Read the plan and what is used of it",
        handler=get_limits,
        response=Limits,
    ),
    Operation(
        method="PATCH",
        path="/v1/admin/organisations/{org_id}/plan",
        name="setPlan",
        tag="admin",
        permission="installation:operate",
        summary="Set the plan of an organisation",
        handler=set_plan,
        request=SetPlan,
        transactional=False,
        response=Limits,
        problems=("changed-meanwhile",),
    ),
)
