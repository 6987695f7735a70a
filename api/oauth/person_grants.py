"""What a person let apps do: list it, and take it back."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec

from api.http.operations import Call, Operation, Reply
from api.identity.requests import visitor_of
from api.problems.problem_details import not_found
from core.services.oauth import grants
from core.storage.identity.memberships import list_memberships
from core.storage.oauth.clients import find_client
from core.storage.oauth.grants import list_grants_of
from schemas.access.permissions import AppScope


class PersonGrant(msgspec.Struct, frozen=True, kw_only=True):
    """An app that may call in an organisation for you."""

    grant_id: UUID
    """Id of the grant."""
    client_id: UUID
    """Id of the app."""
    client_name: str
    """Name of the app."""
    homepage: str
    """Address of the app's pages; empty: it named none."""
    org_id: UUID
    """The organisation that it may call in."""
    org_name: str
    """Name of that organisation."""
    scopes: list[AppScope]
    """What it may do, as far as your role goes."""
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    """Its last request, to the minute; null: none yet."""
    expires_at: dt.datetime
    """Its end, if it does not go on before."""


class PersonGrantList(msgspec.Struct, frozen=True, kw_only=True):
    """Apps that may call for you, the newest first."""

    items: list[PersonGrant]


async def list_grants(call: Call[None, None]) -> Reply:
    """List the apps that may call for you, in all your organisations."""
    items = []
    async with call.rows() as rows:
        names = {membership.org_id: membership.org_name for membership in await list_memberships(rows, call.user_id)}
        grant_rows = await list_grants_of(rows, call.user_id)
        clients = {
            client_id: await find_client(rows, client_id)
            for client_id in sorted({row["client_id"] for row in grant_rows})
        }
    for row in grant_rows:
        client = clients[row["client_id"]]
        if client is not None and row["org_id"] in names:
            fields = {name: row[name] for name in ("grant_id", "org_id", "created_at", "last_used_at", "expires_at")}
            items.append(
                PersonGrant(
                    client_id=client.client_id,
                    client_name=client.name,
                    homepage=client.homepage,
                    org_name=names[row["org_id"]],
                    scopes=[scope for scope in row["scopes"] if scope in client.scopes],
                    **fields,
                )
            )
    return Reply(body=PersonGrantList(items=items))


async def withdraw_grant(call: Call[None, None]) -> Reply:
    """Take back what you let an app do; within 5 s its tokens open nothing any more."""
    if not await grants.withdraw(call.context.identity, call.user_id, call.ids["grant_id"], visitor_of(call)):
        raise not_found("grant")
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/account/grants",
        name="listGrants",
        tag="oauth",
        permission="authenticated",
        of_person=True,
        summary="List the apps that may call for you",
        handler=list_grants,
        response=PersonGrantList,
    ),
    Operation(
        method="DELETE",
        path="/v1/account/grants/{grant_id}",
        name="withdrawGrant",
        tag="oauth",
        permission="authenticated",
        of_person=True,
        transactional=False,
        unaudited="its service appends `withdrawGrant` to the organisation of the grant",
        status=204,
        summary="Take back what you let an app do",
        handler=withdraw_grant,
    ),
)
