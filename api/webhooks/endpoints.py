"""Webhook endpoints: register, list, read, change, remove. A secret is shown once, and sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.http.conditional import check_if_held, etag_of_parts, reply_with_etag
from api.http.context import ApiContext
from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.problems.problem_details import ApiProblem, not_found, require
from api.projects.handlers import check_url
from core.domain.webhooks.signatures import PRIVATE_PREFIX, Signing, new_secret, public_key_of
from core.infra.postgres.connection import Connection, Row
from core.storage.webhooks import endpoints
from core.storage.webhooks.endpoints import SigningKey
from schemas.webhooks import DisabledReason, Filter

MAX_ENDPOINTS = 20
Url = Annotated[str, Meta(min_length=1, max_length=2000)]
Description = Annotated[str, Meta(max_length=500)]
Filters = Annotated[list[Filter], Meta(min_length=1, max_length=20)]


class CreateEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Address and kinds of the messages to send."""

    url: Url
    """Public https URL, on port 80 or 443, that takes the POSTs."""
    events: Filters
    """Kinds of message to send: types, or all with a beginning (`export.*`), or all (`*`)."""
    description: Description = ""
    """Your own words about it."""
    signing: Signing = "hmac"
    """How messages are signed: by a shared secret (`hmac`), or so that anybody can verify and only Clipstream can sign
    (`ed25519`)."""


class ChangeEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields to change; a field that is left out stays."""

    url: Url | UnsetType = UNSET
    """Another URL; also what is due already goes there."""
    events: Filters | UnsetType = UNSET
    """Other kinds of message. What is due already is sent."""
    description: Description | UnsetType = UNSET
    """Your own words about it."""
    paused: bool | UnsetType = UNSET
    """True: nothing is sent until it is false. What is due waits for up to 76 hours; what happens meanwhile is not
    delivered, and can be recovered."""


class FormerKey(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that was replaced and still signs, as the newest does."""

    signing: Signing
    """How it signs."""
    public_key: str | None
    """Its public key (`whpk_…`); null for a shared secret."""
    expires_at: dt.datetime
    """When it signs no more."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. It takes messages while neither ``paused_at`` nor ``disabled_at`` is set."""

    endpoint_id: UUID
    url: str
    """URL that takes the POSTs."""
    description: str
    """Your own words about it."""
    events: list[Filter]
    """Kinds of message that are sent."""
    signing: Signing
    """How messages are signed."""
    public_key: str | None
    """Verifies its ed25519 signatures (`whpk_…`); null for a shared secret."""
    former_keys: list[FormerKey]
    """Secrets that were replaced and still sign, the newest first."""
    created_at: dt.datetime
    paused_at: dt.datetime | None
    """Since when you let it rest; null while it is in use."""
    disabled_at: dt.datetime | None
    """When it was disabled; null while it is in use."""
    disabled_reason: DisabledReason | None
    """`gone`: its receiver answered 410. `failing`: it took nothing for five days."""
    failing_since: dt.datetime | None
    """Since when each try has failed; null where the last one succeeded."""
    paused_until: dt.datetime | None
    """Until when nothing is sent, because five tries or more in a row failed; deliveries wait, and none is lost."""


class NewEndpoint(Endpoint, frozen=True, kw_only=True):
    """An endpoint with the secret that signs its deliveries (Standard Webhooks), shown this once."""

    secret: str | None
    """Shared secret of the signatures (`whsec_…`), shown this once; null where `public_key` verifies them."""


class EndpointList(msgspec.Struct, frozen=True, kw_only=True):
    """All endpoints of the organisation, oldest first."""

    items: list[Endpoint]


def new_key(context: ApiContext, signing: Signing) -> tuple[str, SigningKey]:
    """A new secret, and what is stored of it."""
    secret = new_secret(signing)
    sealed = context.ring.seal("secrets", secret.encode())
    return secret, SigningKey(signing=signing, public_key=public_key_of(secret), sealed=sealed)


def shown_secret(secret: str) -> str | None:
    """The secret as its owner gets it: a private key stays here."""
    return None if secret.startswith(PRIVATE_PREFIX) else secret


async def find_endpoint(rows: Connection, call: Call[Any, Any], *, locked: bool = False) -> Row:
    """The endpoint of the path; raises a 404. ``locked``: it is there until the transaction ends."""
    row = await endpoints.find_endpoint_row(rows, call.org_id, call.ids["endpoint_id"], locked=locked)
    return require(row, "endpoint")


def fields_of(row: Row, former_rows: Sequence[Row]) -> dict[str, Any]:
    """Fields of ``Endpoint``."""
    former = [FormerKey(**{name: key[name] for name in FormerKey.__struct_fields__}) for key in former_rows]
    names = [name for name in Endpoint.__struct_fields__ if name != "former_keys"]
    return {name: row[name] for name in names} | {"former_keys": former}


async def describe(rows: Connection, call: Call[Any, Any], row: Row) -> dict[str, Any]:
    """Fields of ``Endpoint``, with the secrets that still sign."""
    former = await endpoints.list_former_secret_rows(rows, call.org_id, call.now)
    return fields_of(row, former.get(row["endpoint_id"], ()))


async def prepare_endpoint(call: Call[CreateEndpoint, None]) -> None:
    """Check the URL."""
    await check_url(call, call.body.url, "/url", https_only=not call.context.settings.webhook_http)


async def create_endpoint(call: Call[CreateEndpoint, None], _checked: None) -> Reply:
    """Register a receiver."""
    endpoint_id = call.context.new_id()
    secret, key = new_key(call.context, call.body.signing)
    async with call.rows() as rows:
        if await endpoints.lock_and_count_endpoints(rows, call.org_id) >= MAX_ENDPOINTS:
            raise ApiProblem("limit-reached", f"An organisation has at most {MAX_ENDPOINTS} endpoints.")
        row = await endpoints.insert_endpoint(
            rows,
            call.org_id,
            endpoint_id,
            url=call.body.url,
            description=call.body.description,
            filters=sorted(set(call.body.events)),
            key=key,
        )
    body = NewEndpoint(**fields_of(row, ()), secret=shown_secret(secret))
    return Reply(body=body, headers={"Location": f"/v1/webhooks/endpoints/{endpoint_id}"})


async def list_endpoints(call: Call[None, None]) -> Reply:
    """List all receivers."""
    async with call.rows() as rows:
        endpoint_rows = await endpoints.list_endpoint_rows(rows, call.org_id)
        former = await endpoints.list_former_secret_rows(rows, call.org_id, call.now)
    items = [Endpoint(**fields_of(row, former.get(row["endpoint_id"], ()))) for row in endpoint_rows]
    return Reply(body=EndpointList(items=items))


async def get_endpoint(call: Call[None, None]) -> Reply:
    """Read a receiver."""
    async with call.rows() as rows:
        endpoint = Endpoint(**await describe(rows, call, await find_endpoint(rows, call)))
    return reply_with_etag(endpoint, _etag(endpoint))


def _etag(endpoint: Endpoint) -> str:
    return etag_of_parts("endpoint", endpoint, ("url", "events", "description", "paused_at"))


async def prepare_change(call: Call[ChangeEndpoint, None]) -> None:
    """Check the new URL as that of a new endpoint."""
    if call.body.url is not UNSET:
        await check_url(call, call.body.url, "/url", https_only=not call.context.settings.webhook_http)


async def change_endpoint(call: Call[ChangeEndpoint, None], _checked: None) -> Reply:
    """Change a receiver's address, kinds of message or description; pause it, or end its pause."""
    changes = {name: None if value is UNSET else value for name, value in msgspec.structs.asdict(call.body).items()}
    filters = changes.pop("events")
    async with call.rows() as rows:
        before = require(await endpoints.lock_endpoint_row(rows, call.org_id, call.ids["endpoint_id"]), "endpoint")
        endpoint = Endpoint(**await describe(rows, call, before))
        check_if_held(call.request, _etag(endpoint), resource="endpoint")
        row = await endpoints.update_endpoint(
            rows,
            call.org_id,
            call.ids["endpoint_id"],
            filters=sorted(set(filters)) if filters is not None else None,
            at=call.now,
            **changes,
        )
        endpoint = Endpoint(**await describe(rows, call, require(row, "endpoint")))
    return reply_with_etag(endpoint, _etag(endpoint))


async def delete_endpoint(call: Call[None, None]) -> Reply:
    """Remove a receiver with its deliveries; those that are due are dropped."""
    async with call.rows() as rows:
        deleted = await endpoints.delete_endpoint(rows, call.org_id, call.ids["endpoint_id"])
    if not deleted:
        raise not_found("endpoint")
    return Reply(status=204)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/webhooks/endpoints",
        name="createEndpoint",
        tag="webhooks",
        permission="webhooks:write",
        status=201,
        located=True,
        summary="Register a receiver; its secret is shown this once",
        handler=TwoPhaseHandler(prepare=prepare_endpoint, commit=create_endpoint),
        request=CreateEndpoint,
        response=NewEndpoint,
        problems=("url-refused", "limit-reached"),
    ),
    Operation(
        method="GET",
        path="/v1/webhooks/endpoints",
        name="listEndpoints",
        tag="webhooks",
        permission="webhooks:read",
        summary="List the receivers",
        handler=list_endpoints,
        response=EndpointList,
    ),
    Operation(
        method="GET",
        path="/v1/webhooks/endpoints/{endpoint_id}",
        name="getEndpoint",
        tag="webhooks",
        permission="webhooks:read",
        summary="Read a receiver",
        handler=get_endpoint,
        response=Endpoint,
    ),
    Operation(
        method="PATCH",
        path="/v1/webhooks/endpoints/{endpoint_id}",
        name="changeEndpoint",
        tag="webhooks",
        permission="webhooks:write",
        summary="Change or pause a receiver",
        handler=TwoPhaseHandler(prepare=prepare_change, commit=change_endpoint),
        request=ChangeEndpoint,
        response=Endpoint,
        problems=("url-refused", "changed-meanwhile"),
    ),
    Operation(
        method="DELETE",
        path="/v1/webhooks/endpoints/{endpoint_id}",
        name="deleteEndpoint",
        tag="webhooks",
        permission="webhooks:write",
        status=204,
        summary="Forget a receiver",
        handler=delete_endpoint,
    ),
)
