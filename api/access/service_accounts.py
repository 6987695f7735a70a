"""Service accounts: programs with a role, which call with API keys of their own."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.access.keys import require_held
from api.http.conditional import check_if_held, etag_of_parts, reply_with_etag
from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import ApiProblem, not_found, require
from core.domain.identity.actors import Actor, parse_actor
from core.infra.postgres.connection import Row
from core.storage.identity import service_accounts
from schemas.access.permissions import ROLES

MAX_SERVICE_ACCOUNTS = 100
ServiceRole = Literal["admin", "editor", "viewer", "billing"]
"""Only a person can own an organisation."""
AccountName = Annotated[str, Meta(min_length=1, max_length=100)]


class CreateServiceAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service account to make."""

    name: AccountName
    """Name of the service account, for people."""
    role: ServiceRole
    """What it may do at most; its keys may narrow it."""


class ChangeServiceAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts to change; a part that is left out stays."""

    name: AccountName | UnsetType = UNSET
    """Name of the service account, for people."""
    role: ServiceRole | UnsetType = UNSET
    """What it may do at most; its keys may narrow it."""


class ListServiceAccounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Page of a list of service accounts."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None


class ServiceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A program with a role in the organisation."""

    service_account_id: UUID
    """Id of the service account."""
    name: str
    """Name of the service account, for people."""
    role: ServiceRole
    """What it may do at most; its keys may narrow it."""
    created_at: dt.datetime
    created_by: Actor
    """Who made it."""
    disabled_at: dt.datetime | None
    """When it was disabled; null: it is in use."""


class ServiceAccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """Service accounts, newest first. ``next_cursor`` is absent on the last page."""

    items: list[ServiceAccount]
    next_cursor: str | None = None


def _view(row: Row) -> ServiceAccount:
    fields: dict[str, Any] = {name: row[name] for name in ServiceAccount.__struct_fields__}
    return ServiceAccount(**fields | {"created_by": parse_actor(row["created_by"])})


def _answer(account: ServiceAccount) -> Reply:
    return reply_with_etag(account, _etag(account))


def _etag(account: ServiceAccount) -> str:
    return etag_of_parts("service-account", account, ChangeServiceAccount.__struct_fields__)


async def create_service_account(call: Call[CreateServiceAccount, None]) -> Reply:
    """Make a service account; its keys are made with its id."""
    require_held(call, ROLES[call.body.role])
    account_id = call.context.new_id()
    async with call.rows() as rows:
        if await service_accounts.lock_and_count_service_accounts(rows, call.org_id) >= MAX_SERVICE_ACCOUNTS:
            raise ApiProblem("limit-reached", f"An organisation has at most {MAX_SERVICE_ACCOUNTS} service accounts.")
        row = await service_accounts.insert_service_account(
            rows,
            call.org_id,
            account_id,
            name=call.body.name,
            role=call.body.role,
            created_by=call.caller.actor,
        )
    return Reply(body=_view(row), headers={"Location": f"/v1/service-accounts/{account_id}"})


async def list_service_accounts(call: Call[None, ListServiceAccounts]) -> Reply:
    """Service accounts, newest first, disabled ones included."""
    query, ring, scope = call.query, call.context.ring, f"service-accounts/{call.org_id}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        account_rows = await service_accounts.list_service_account_rows(
            rows, call.org_id, after=place_of(after), limit=query.limit + 1
        )
    cursor = next_cursor(ring, scope, account_rows, query.limit, "service_account_id")
    return Reply(body=ServiceAccountPage(items=[_view(row) for row in account_rows[: query.limit]], next_cursor=cursor))


async def get_service_account(call: Call[None, None]) -> Reply:
    """Read a service account."""
    async with call.rows() as rows:
        row = await service_accounts.find_service_account_row(rows, call.org_id, call.ids["service_account_id"])
    return _answer(_view(require(row, "service account")))


async def change_service_account(call: Call[ChangeServiceAccount, None]) -> Reply:
    """Rename a service account or give it another role; the role counts within 5 s."""
    request, account_id = call.body, call.ids["service_account_id"]
    async with call.rows() as rows:
        before = require(
            await service_accounts.lock_service_account_row(rows, call.org_id, account_id), "service account"
        )
        if before["disabled_at"] is not None:
            raise ApiProblem("service-account-disabled", "The service account is disabled for good: make a new one.")
        check_if_held(call.request, _etag(_view(before)), resource="service account")
        role: ServiceRole = before["role"] if request.role is UNSET else request.role
        if role != before["role"]:
            require_held(call, ROLES[role])
        name = before["name"] if request.name is UNSET else request.name
        row = await service_accounts.change_service_account(rows, call.org_id, account_id, name=name, role=role)
    return _answer(_view(row))


async def disable_service_account(call: Call[None, None]) -> Reply:
    """Disable a service account for good; doing it twice is fine.

    Within 5 s its keys open nothing any more.
    """
    async with call.rows() as rows:
        exists = await service_accounts.disable_service_account(rows, call.org_id, call.ids["service_account_id"])
    if not exists:
        raise not_found("service account")
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/service-accounts",
        name="createServiceAccount",
        tag="keys",
        permission="keys:write",
        status=201,
        located=True,
        summary="Make a service account",
        handler=create_service_account,
        request=CreateServiceAccount,
        response=ServiceAccount,
        problems=("limit-reached",),
    ),
    Operation(
        method="GET",
        path="/v1/service-accounts",
        name="listServiceAccounts",
        tag="keys",
        permission="keys:read",
        summary="List service accounts, newest first",
        handler=list_service_accounts,
        query=ListServiceAccounts,
        response=ServiceAccountPage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/service-accounts/{service_account_id}",
        name="getServiceAccount",
        tag="keys",
        permission="keys:read",
        summary="Read a service account",
        handler=get_service_account,
        response=ServiceAccount,
    ),
    Operation(
        method="PATCH",
        path="/v1/service-accounts/{service_account_id}",
        name="changeServiceAccount",
        tag="keys",
        permission="keys:write",
        summary="Rename a service account, or give it another role",
        handler=change_service_account,
        request=ChangeServiceAccount,
        response=ServiceAccount,
        problems=("service-account-disabled", "changed-meanwhile"),
    ),
    Operation(
        method="DELETE",
        path="/v1/service-accounts/{service_account_id}",
        name="disableServiceAccount",
        tag="keys",
        permission="keys:write",
        status=204,
        summary="Disable a service account and all of its keys",
        handler=disable_service_account,
    ),
)
