"""OAuth clients of an organisation: register, change, give a new secret, delete."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from msgspec import UNSET

from api.access.keys import require_held
from api.http.conditional import check_if_held, etag_of_parts, reply_with_etag
from api.http.operations import Call, Operation, Reply
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.oauth.client_models import (
    ChangeClient,
    CreateClient,
    ListClients,
    NewOAuthClient,
    OAuthClient,
    OAuthClientPage,
    RotateClientSecret,
    check_new_client,
    client_fields,
    uri_errors,
)
from api.problems.problem_details import ApiProblem, invalid, invalid_fields, not_found, require
from core.domain.oauth.scopes import APP_SCOPES, name_fault
from core.infra.postgres.connection import Connection, Row
from core.services.identity.opaque_tokens import mint_token
from core.storage.identity.service_accounts import find_service_account_row
from core.storage.oauth import clients
from schemas.access.permissions import permissions_of_scopes

MAX_CLIENTS = 100


def _require_scopes(call: Call[Any, Any], scopes: list[str]) -> None:
    """Raise a 403 where the caller may not do all that a client may ask for."""
    require_held(call, permissions_of_scopes(scopes, operator=False))


async def _require_account(rows: Connection, call: Call[Any, Any], account_id: UUID | None) -> None:
    """Raise where there is no such service account in use."""
    if account_id is None:
        return
    account = await find_service_account_row(rows, call.org_id, account_id)
    if account is None or account["disabled_at"] is not None:
        raise invalid("/service_account_id", "There is no such service account in use.")


def _ordered(scopes: list[Any]) -> list[str]:
    return [scope for scope in APP_SCOPES if scope in scopes]


async def create_client(call: Call[CreateClient, None]) -> Reply:
    """Register a client; the secret of a confidential one is in the answer, this once."""
    body, client_id = call.body, call.context.new_id()
    _require_scopes(call, list(body.scopes))
    secret, secret_hash = mint_token("client-secret") if body.kind == "confidential" else (None, None)
    async with call.rows() as rows:
        if await clients.lock_and_count_clients(rows, call.org_id) >= MAX_CLIENTS:
            raise ApiProblem("limit-reached", f"An organisation has at most {MAX_CLIENTS} OAuth clients.")
        await _require_account(rows, call, body.service_account_id)
        row = await clients.insert_client(
            rows,
            call.org_id,
            client_id,
            name=body.name,
            homepage=body.homepage,
            redirect_uris=body.redirect_uris,
            scopes=_ordered(list(body.scopes)),
            service_account_id=body.service_account_id,
            secret_hash=secret_hash,
            secret_last4=secret[-4:] if secret is not None else None,
            created_by=call.caller.actor,
        )
    client = NewOAuthClient(client_secret=secret, **client_fields(row))
    return Reply(body=client, headers={"Location": f"/v1/oauth/clients/{client_id}"})


async def list_clients(call: Call[None, ListClients]) -> Reply:
    """Clients of the organisation, newest first."""
    query, ring, scope = call.query, call.context.ring, f"oauth-clients/{call.org_id}"
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        client_rows = await clients.list_client_rows(rows, call.org_id, after=place_of(after), limit=query.limit + 1)
    cursor = next_cursor(ring, scope, client_rows, query.limit, "client_id")
    items = [OAuthClient(**client_fields(row)) for row in client_rows[: query.limit]]
    return Reply(body=OAuthClientPage(items=items, next_cursor=cursor))


async def get_client(call: Call[None, None]) -> Reply:
    """Read a client of the organisation."""
    async with call.rows() as rows:
        row = await clients.find_client_row(rows, call.org_id, call.ids["client_id"])
    return _answer(require(row, "OAuth client"))


def _answer(row: Row) -> Reply:
    return reply_with_etag(OAuthClient(**client_fields(row)), _etag(row))


def _etag(row: Row) -> str:
    return etag_of_parts("client", OAuthClient(**client_fields(row)), ChangeClient.__struct_fields__)


async def change_client(call: Call[ChangeClient, None]) -> Reply:
    """Change a client that may ask for no more than the caller may do. What it loses, it loses within 5 s."""
    request, client_id = call.body, call.ids["client_id"]
    async with call.rows() as rows:
        before = require(await clients.lock_client_row(rows, call.org_id, client_id), "OAuth client")
        check_if_held(call.request, _etag(before), resource="OAuth client")
        parts: dict[str, Any] = {
            name: before[name] if getattr(request, name) is UNSET else getattr(request, name)
            for name in ChangeClient.__struct_fields__
        }
        _require_scopes(call, [*before["scopes"], *parts["scopes"]])
        if fault := name_fault(parts["name"]):
            raise invalid("/name", fault)
        if errors := uri_errors(parts["redirect_uris"], public=not before["confidential"]):
            raise invalid_fields(errors)
        if not parts["redirect_uris"] and parts["service_account_id"] is None:
            raise invalid("/redirect_uris", "Leave a redirect URI, or a service account that the client calls as.")
        if not before["confidential"] and parts["service_account_id"] is not None:
            raise invalid("/service_account_id", "A public client cannot call for itself.")
        if request.service_account_id is not UNSET:
            await _require_account(rows, call, request.service_account_id)
        parts["scopes"] = _ordered(parts["scopes"])
        row = await clients.change_client(rows, call.org_id, client_id, **parts)
    return _answer(row)


async def rotate_secret(call: Call[RotateClientSecret, None]) -> Reply:
    """Give a client a new secret, shown this once; the old one counts for `overlap_hours` more."""
    client_id, (secret, secret_hash) = call.ids["client_id"], mint_token("client-secret")
    async with call.rows() as rows:
        before = require(await clients.lock_client_row(rows, call.org_id, client_id), "OAuth client")
        _require_scopes(call, list(before["scopes"]))
        if not before["confidential"]:
            raise ApiProblem("client-without-secret", "A public client has no secret.")
        row = await clients.rotate_secret(
            rows,
            call.org_id,
            client_id,
            secret_hash=secret_hash,
            secret_last4=secret[-4:],
            overlap=dt.timedelta(hours=call.body.overlap_hours),
        )
    return Reply(body=NewOAuthClient(client_secret=secret, **client_fields(row)))


async def delete_client(call: Call[None, None]) -> Reply:
    """Delete a client; within 5 s nothing that was granted to it counts any more."""
    async with call.rows() as rows:
        if not await clients.delete_client(rows, call.org_id, call.ids["client_id"]):
            raise not_found("OAuth client")
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/oauth/clients",
        name="createOAuthClient",
        tag="oauth",
        permission="keys:write",
        status=201,
        located=True,
        summary="Register an OAuth client",
        handler=create_client,
        request=CreateClient,
        check=check_new_client,
        response=NewOAuthClient,
        problems=("limit-reached",),
    ),
    Operation(
        method="GET",
        path="/v1/oauth/clients",
        name="listOAuthClients",
        tag="oauth",
        permission="keys:read",
        summary="List OAuth clients, newest first",
        handler=list_clients,
        query=ListClients,
        response=OAuthClientPage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/oauth/clients/{client_id}",
        name="getOAuthClient",
        tag="oauth",
        permission="keys:read",
        summary="Read an OAuth client",
        handler=get_client,
        response=OAuthClient,
    ),
    Operation(
        method="PATCH",
        path="/v1/oauth/clients/{client_id}",
        name="changeOAuthClient",
        tag="oauth",
        permission="keys:write",
        summary="Change an OAuth client",
        handler=change_client,
        request=ChangeClient,
        response=OAuthClient,
        problems=("changed-meanwhile",),
    ),
    Operation(
        method="POST",
        path="/v1/oauth/clients/{client_id}/rotate",
        name="rotateOAuthSecret",
        tag="oauth",
        permission="keys:write",
        summary="Give an OAuth client a new secret",
        handler=rotate_secret,
        request=RotateClientSecret,
        response=NewOAuthClient,
        problems=("client-without-secret",),
    ),
    Operation(
        method="DELETE",
        path="/v1/oauth/clients/{client_id}",
        name="deleteOAuthClient",
        tag="oauth",
        permission="keys:write",
        status=204,
        summary="Delete an OAuth client and all that was granted to it",
        handler=delete_client,
    ),
)
