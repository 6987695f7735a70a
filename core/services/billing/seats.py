"""Seats of an organisation, by its plan: members and open invitations take one each.

Callers hold the lock of the organisation's roles, so that two of them do not both take the last seat.
"""

from __future__ import annotations

from uuid import UUID

from core.infra.postgres.connection import Connection
from core.services.billing.quotas import Excess, Quota, bound_text, list_exceeded, read_organisation_plan
from core.settings import Settings
from core.storage.identity.invitations import count_open_invitations
from core.storage.identity.memberships import count_members
from schemas.common import Value
from schemas.options.plans import Plan


class SeatsTaken(Value, frozen=True, kw_only=True):
    """The seats that an organisation takes."""

    members: int
    """Who belongs to it."""
    invitations: int
    """Open invitations."""


async def read_seats(connection: Connection, org_id: UUID, *, but_email: str = "") -> SeatsTaken:
    """The seats that are taken; ``but_email``: an address whose invitation does not count."""
    return SeatsTaken(
        members=await count_members(connection, org_id),
        invitations=await count_open_invitations(connection, org_id, but_email=but_email),
    )


async def check_invitation_seat(connection: Connection, settings: Settings, org_id: UUID, email: str) -> Excess | None:
    """Whether the plan has no seat for one more invitation.

    One of the same address is replaced, and does not count.
    """
    seats = await read_seats(connection, org_id, but_email=email)
    return find_seat_excess(
        await read_organisation_plan(connection, settings, org_id), seats.members + seats.invitations + 1
    )


async def check_member_seat(connection: Connection, settings: Settings, org_id: UUID) -> Excess | None:
    """Whether the plan has no seat for one more member.

    Its invitation took one; since then the plan may have become a smaller one.
    """
    return find_seat_excess(
        await read_organisation_plan(connection, settings, org_id), await count_members(connection, org_id) + 1
    )


def find_seat_excess(plan: Plan, count: int) -> Excess | None:
    """The excess of ``count`` seats over the plan's."""
    if plan.seats is None or count <= plan.seats:
        return None
    detail = (
        f"The plan {plan.title} has {bound_text('seats', plan.seats)} for members and open invitations. "
        "Who belongs to the organisation stays; remove a member, take an invitation back, or take a larger plan."
    )
    return Excess(limit="seats", detail=detail)


def list_excesses(quota: Quota, seats: SeatsTaken) -> list[Excess]:
    """Each limit of the plan that what is in use passes already."""
    seat_excess = find_seat_excess(quota.plan, seats.members + seats.invitations)
    return [*list_exceeded(quota), *([seat_excess] if seat_excess is not None else [])]
