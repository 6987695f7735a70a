"""The erasure of an organisation: ask for it, read how far it is, cancel it within its grace."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.identity.profile import require_fresh_session
from api.problems.problem_details import ApiProblem, invalid, not_found, require
from core.domain.identity.actors import Actor, parse_actor
from core.infra.postgres.connection import Connection, org_transaction
from core.services.identity.identity_log import note_identity_event
from core.storage.identity import memberships
from core.storage.organisation import erasures
from core.storage.organisation.erasures import ErasureRecord, ErasureState


class EraseOrganisation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The confirmation."""

    name: Annotated[str, Meta(max_length=100, examples=["First organisation"])]
    """Name of the organisation, as it is now, typed by the person who erases it."""


class OrganisationErasure(msgspec.Struct, frozen=True, kw_only=True):
    """The erasure of an organisation."""

    erasure_id: UUID
    """Id of the erasure."""
    org_id: UUID
    state: ErasureState
    """`requested`: it can be cancelled until `grace_until`; `done`: every store was reached."""
    requested_by: Actor
    """Who asked for it."""
    requested_at: dt.datetime
    """When it was asked for."""
    grace_until: dt.datetime
    """When it begins."""
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    """When it was done or cancelled."""
    counts: dict[str, int]
    """What was removed so far: `projects`, `objects`, `members`, `people`, `customers`, `rows`."""


class OrganisationErasureList(msgspec.Struct, frozen=True, kw_only=True):
    """Erasures that a person asked for, newest first."""

    items: list[OrganisationErasure]


def _view(record: ErasureRecord) -> OrganisationErasure:
    names = set(OrganisationErasure.__struct_fields__) - {"requested_by"}
    return OrganisationErasure(
        requested_by=parse_actor(record.requested_by), **{name: getattr(record, name) for name in names}
    )


async def request_erasure(call: Call[EraseOrganisation, None]) -> Reply:
    """Erase the organisation with everything that it has, after a grace in which it can be cancelled.

    The sign-in must be of the last 30 minutes. Members who belong to no other organisation are erased with it, but for
    you: you see the end of it under `GET /v1/account/erasures`.
    """
    await require_fresh_session(call)
    async with call.rows() as rows:
        return Reply(body=await _request(rows, call, call.org_id))


async def request_foreign_erasure(call: Call[EraseOrganisation, None]) -> Reply:
    """Erase an organisation of the installation, as its operator; else as its owners do it."""
    await require_fresh_session(call)
    async with org_transaction(call.context.pool, call.ids["org_id"]) as rows:
        return Reply(body=await _request(rows, call, call.ids["org_id"]))


async def _request(rows: Connection, call: Call[EraseOrganisation, Any], org_id: UUID) -> OrganisationErasure:
    organisation = require(await memberships.read_organisation(rows, org_id), "organisation")
    if organisation["operator"]:
        raise ApiProblem("forbidden", "The organisation that runs the installation is not erased.")
    if call.body.name != organisation["name"]:
        raise invalid("/name", "It must be the name of the organisation, letter by letter.")
    grace_until = call.now + dt.timedelta(days=call.context.settings.data.grace_days)
    actor = call.caller.actor
    is_new = await erasures.request_erasure(
        rows, org_id, call.context.new_id(), actor=str(actor), grace_until=grace_until
    )
    if not is_new:
        raise ApiProblem("erasure-requested", "The erasure of this organisation was asked for already.")
    note_identity_event("organisation.erasure-requested", actor=actor, org_id=org_id, address=call.address)
    return _view(require(await erasures.read_erasure(rows, org_id), "erasure"))


async def get_erasure(call: Call[None, None]) -> Reply:
    """Read how far the erasure of the organisation is; a cancelled one too."""
    async with call.rows() as rows:
        return Reply(body=_view(require(await erasures.read_erasure(rows, call.org_id), "erasure")))


async def get_foreign_erasure(call: Call[None, None]) -> Reply:
    """Read how far the erasure of any organisation is, also after its end."""
    async with org_transaction(call.context.pool, call.ids["org_id"]) as rows:
        return Reply(body=_view(require(await erasures.read_erasure(rows, call.ids["org_id"]), "erasure")))


async def list_erasures(call: Call[None, None]) -> Reply:
    """List the erasures of organisations that you asked for, also after their end."""
    async with call.rows() as rows:
        records = await erasures.list_erasures_of(rows, str(call.caller.actor))
    return Reply(body=OrganisationErasureList(items=[_view(record) for record in records]))


async def cancel_erasure(call: Call[None, None]) -> Reply:
    """Cancel the erasure of the organisation before its grace ends."""
    async with call.rows() as rows:
        record = await erasures.read_erasure(rows, call.org_id)
        if record is None or record.state == "cancelled":
            raise not_found("erasure")
        if not await erasures.cancel_erasure(rows, call.org_id):
            raise ApiProblem("erasure-running", "The grace is over: what has begun to be erased is not kept.")
    note_identity_event(
        "organisation.erasure-cancelled", actor=call.caller.actor, org_id=call.org_id, address=call.address
    )
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/organisation/erasure",
        name="eraseOrganisation",
        tag="people",
        permission="organisation:erase",
        of_person=True,
        status=202,
        summary="Erase the organisation",
        handler=request_erasure,
        request=EraseOrganisation,
        response=OrganisationErasure,
        problems=("sign-in-again", "erasure-requested", "not-found"),
    ),
    Operation(
        method="GET",
        path="/v1/organisation/erasure",
        name="getOrganisationErasure",
        tag="people",
        permission="organisation:read",
        summary="Read how far the erasure of the organisation is",
        handler=get_erasure,
        response=OrganisationErasure,
        problems=("not-found",),
    ),
    Operation(
        method="DELETE",
        path="/v1/organisation/erasure",
        name="cancelOrganisationErasure",
        tag="people",
        permission="organisation:erase",
        status=204,
        summary="Cancel the erasure of the organisation",
        handler=cancel_erasure,
        problems=("erasure-running", "not-found"),
    ),
    Operation(
        method="GET",
        path="/v1/account/erasures",
        name="listAccountErasures",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="List the erasures of organisations that you asked for",
        handler=list_erasures,
        response=OrganisationErasureList,
    ),
    Operation(
        method="POST",
        path="/v1/admin/organisations/{org_id}/erasure",
        name="eraseForeignOrganisation",
        tag="admin",
        permission="installation:operate",
        of_person=True,
        status=202,
        summary="Erase an organisation of the installation",
        handler=request_foreign_erasure,
        request=EraseOrganisation,
        response=OrganisationErasure,
        problems=("sign-in-again", "erasure-requested", "not-found"),
    ),
    Operation(
        method="GET",
        path="/v1/admin/organisations/{org_id}/erasure",
        name="getForeignErasure",
        tag="admin",
        permission="installation:operate",
        summary="Read how far the erasure of an organisation is",
        handler=get_foreign_erasure,
        response=OrganisationErasure,
        problems=("not-found",),
    ),
)
