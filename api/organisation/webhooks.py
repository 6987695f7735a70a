"""Webhook endpoints: register, list, read, remove. A secret is shown once and stored encrypted."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.problems.problem_details import ApiProblem, not_found, require
from api.projects.handlers import check_url
from core.infra.postgres.connection import Row
from core.storage import webhooks
from schemas.webhooks import Kind

MAX_ENDPOINTS = 20
SECRET_PREFIX = "whsec_"  # noqa: S105 - the published prefix of Standard Webhooks, no secret
_SECRET_BYTES = 32


class CreateEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Address and kinds of the messages to send."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    """Public http or https URL, on port 80 or 443, that takes the POSTs."""
    events: Annotated[list[Kind], Meta(min_length=1, max_length=20)]
    """Kinds of message to send."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint; ``disabled_at`` is set once its receiver answered 410."""

    endpoint_id: UUID
    url: str
    """URL that takes the POSTs."""
    events: list[Kind]
    """Kinds of message that are sent."""
    created_at: dt.datetime
    disabled_at: dt.datetime | None
    """When its receiver answered 410; null while it is in use."""
    failing_since: dt.datetime | None
    """Since when each try has failed; null where the last one succeeded."""
    paused_until: dt.datetime | None
    """Until when nothing is sent, because five tries or more in a row failed; deliveries wait, and none is lost."""


class NewEndpoint(Endpoint, frozen=True, kw_only=True):
    """An endpoint with the secret that signs its deliveries (Standard Webhooks), shown this once."""

    secret: str
    """Secret of the signatures (`whsec_…`), shown this once."""


class EndpointList(msgspec.Struct, frozen=True, kw_only=True):
    """All endpoints of the organisation, oldest first."""

    items: list[Endpoint]


def new_secret() -> str:
    """``whsec_`` and 32 random bytes in base64, as Standard Webhooks asks."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


async def prepare_endpoint(call: Call[CreateEndpoint, None]) -> None:
    """Check the URL."""
    settings = call.context.settings
    await check_url(call, call.body.url, "/url", https_only=not settings.webhook_http)


async def create_endpoint(call: Call[CreateEndpoint, None], _checked: None) -> Reply:
    """Register a receiver."""
    secret, endpoint_id = new_secret(), call.context.new_id()
    async with call.rows() as rows:
        if await webhooks.lock_and_count_endpoints(rows, call.org_id) >= MAX_ENDPOINTS:
            raise ApiProblem("limit-reached", f"An organisation has at most {MAX_ENDPOINTS} endpoints.")
        row = await webhooks.insert_endpoint(
            rows,
            call.org_id,
            endpoint_id,
            url=call.body.url,
            event_types=sorted(set(call.body.events)),
            secret_encrypted=call.context.ring.seal("secrets", secret.encode()),
        )
    body = NewEndpoint(**_fields(row), secret=secret)
    return Reply(body=body, headers={"Location": f"/v1/webhooks/endpoints/{endpoint_id}"})


def _fields(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in Endpoint.__struct_fields__}


async def list_endpoints(call: Call[None, None]) -> Reply:
    """List all receivers."""
    async with call.rows() as rows:
        endpoint_rows = await webhooks.list_endpoint_rows(rows, call.org_id)
    return Reply(body=EndpointList(items=[Endpoint(**_fields(row)) for row in endpoint_rows]))


async def get_endpoint(call: Call[None, None]) -> Reply:
    """Read a receiver."""
    async with call.rows() as rows:
        row = require(await webhooks.find_endpoint_row(rows, call.org_id, call.ids["endpoint_id"]), "endpoint")
    return Reply(body=Endpoint(**_fields(row)))


async def delete_endpoint(call: Call[None, None]) -> Reply:
    """Remove a receiver; deliveries that are due to it are dropped."""
    async with call.rows() as rows:
        deleted = await webhooks.delete_endpoint(rows, call.org_id, call.ids["endpoint_id"])
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
