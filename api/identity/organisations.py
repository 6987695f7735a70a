"""Organisations: a person makes one; its owners name it, and the pages that may call the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.browsers.cross_origin import ORIGIN
from api.http.conditional import check_if_held, etag_of_parts, reply_with_etag
from api.http.operations import Call, Operation, Reply
from api.identity.requests import OrganisationName
from api.problems.problem_details import FieldError, require
from core.infra.postgres.connection import Row
from core.services.identity import members
from core.services.identity.identity_log import note_identity_event
from core.storage.identity import memberships

MAX_ORIGINS = 20


class MakeOrganisation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new organisation."""

    name: OrganisationName
    """Name of the organisation."""


class MadeOrganisation(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation that was made; `POST /v1/auth/refresh` with it switches the session."""

    org_id: UUID


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's organisation."""

    org_id: UUID
    name: str
    """Name of the organisation."""
    operator: bool
    """Whether it runs the installation."""
    allowed_origins: list[str]
    """Origins of pages that may call the API from browsers."""
    created_at: dt.datetime


class ChangeOrganisation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of an organisation; what is left out stays."""

    name: OrganisationName | None = None
    """Name of the organisation."""
    allowed_origins: Annotated[list[str], Meta(max_length=MAX_ORIGINS)] | None = None
    """Origins of pages that may call the API from browsers, `https://app.example.org`; all of them."""


def check_origins(body: ChangeOrganisation) -> list[FieldError]:
    """Errors of origins that are not exact: a path, a wildcard, http but for the developer's own machine."""
    detail = "An origin is `https://` and a host in lower case, and nothing behind it; `http://` for localhost alone."
    return [
        FieldError(pointer=f"/allowed_origins/{index}", detail=detail)
        for index, origin in enumerate(body.allowed_origins or [])
        if not isinstance(origin, str) or not ORIGIN.fullmatch(origin)
    ]


async def make_organisation(call: Call[MakeOrganisation, None]) -> Reply:
    """Make an organisation that you own, where the installation lets people do so."""
    org_id = await members.make_organisation(call.context.identity, call.user_id, call.body.name)
    return Reply(body=MadeOrganisation(org_id=org_id))


async def get_organisation(call: Call[None, None]) -> Reply:
    """Read the organisation and its settings."""
    async with call.rows() as rows:
        row = require(await memberships.read_organisation(rows, call.org_id), "organisation")
    return _answer(row)


def _answer(row: Row) -> Reply:
    return reply_with_etag(Organisation(**dict(row)), _etag(row))


def _etag(row: Row) -> str:
    return etag_of_parts("organisation", Organisation(**dict(row)), ChangeOrganisation.__struct_fields__)


async def change_organisation(call: Call[ChangeOrganisation, None]) -> Reply:
    """Change the organisation's name, and the origins whose pages may call the API.

    Origins count within five seconds.
    """
    async with call.rows() as rows:
        await memberships.lock_organisation_roles(rows, call.org_id)
        row = require(await memberships.read_organisation(rows, call.org_id), "organisation")
        check_if_held(call.request, _etag(row), resource="organisation")
        name = row["name"] if call.body.name is None else call.body.name
        origins = row["allowed_origins"] if call.body.allowed_origins is None else call.body.allowed_origins
        await memberships.write_organisation(rows, call.org_id, name=name, allowed_origins=sorted(set(origins)))
        changed = require(await memberships.read_organisation(rows, call.org_id), "organisation")
    note_identity_event("organisation.changed", actor=call.caller.actor, org_id=call.org_id, address=call.address)
    return _answer(changed)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/organisations",
        name="makeOrganisation",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=201,
        summary="Make an organisation that you own",
        handler=make_organisation,
        request=MakeOrganisation,
        response=MadeOrganisation,
        problems=("limit-reached",),
    ),
    Operation(
        method="GET",
        path="/v1/organisation",
        name="getOrganisation",
        tag="people",
        permission="organisation:read",
        summary="Read the organisation and its settings",
        handler=get_organisation,
        response=Organisation,
        problems=("not-found",),
    ),
    Operation(
        method="PATCH",
        path="/v1/organisation",
        name="changeOrganisation",
        tag="people",
        permission="organisation:write",
        summary="Change the organisation's name and allowed origins",
        handler=change_organisation,
        request=ChangeOrganisation,
        response=Organisation,
        check=check_origins,
        problems=("not-found", "changed-meanwhile"),
    ),
)
