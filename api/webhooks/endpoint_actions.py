"""Enable a webhook endpoint again, give it another secret, send it a test message."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, require
from api.webhooks.endpoints import Endpoint, NewEndpoint, describe, find_endpoint, new_key, shown_secret
from core.domain.webhooks.signatures import Signing
from core.infra.postgres.connection import Row
from core.services.webhooks import recovery
from core.storage.webhooks import endpoints

MAX_FORMER_KEYS = 4
"""Each makes the header of every delivery longer by a signature."""


class RotateSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kind of the new secret, and for how long the old one signs too."""

    signing: Signing | None = None
    """How messages are signed from now on; null: as before."""
    overlap_hours: Annotated[float, Meta(ge=0, le=168)] = 24.0
    """Hours for which the old secret signs as well; 0 where it is known to others."""


class TestSent(msgspec.Struct, frozen=True, kw_only=True):
    """A test message is on its way."""

    __test__ = False
    delivery_id: UUID


def require_enabled(endpoint: Row) -> None:
    """Raise a 409 for an endpoint that takes no messages."""
    if endpoint["disabled_at"] is not None or endpoint["paused_at"] is not None:
        state = "disabled" if endpoint["disabled_at"] is not None else "paused"
        raise ApiProblem("endpoint-not-enabled", f"The endpoint is {state}: enable it first.")


async def enable_endpoint(call: Call[None, None]) -> Reply:
    """Let a receiver take messages again that was paused, disabled or failing.

    What happened meanwhile can be recovered, and what failed can be replayed.
    """
    async with call.rows() as rows:
        row = require(await endpoints.enable_endpoint(rows, call.org_id, call.ids["endpoint_id"]), "endpoint")
        return Reply(body=Endpoint(**await describe(rows, call, row)))


async def rotate_secret(call: Call[RotateSecret, None]) -> Reply:
    """Give a receiver another secret. Until the old one expires, each message has a signature of both."""
    async with call.rows() as rows:
        await endpoints.lock_and_count_endpoints(rows, call.org_id)  # one rotation after the other
        row = await find_endpoint(rows, call)
        await endpoints.end_former_secrets(rows, call.org_id, row["endpoint_id"], call.now)
        former = await endpoints.list_former_secret_rows(rows, call.org_id, call.now)
        if len(former.get(row["endpoint_id"], ())) >= MAX_FORMER_KEYS:
            raise ApiProblem("limit-reached", f"At most {MAX_FORMER_KEYS} former secrets sign: let one expire first.")
        secret, key = new_key(call.context, call.body.signing or row["signing"])
        until = call.now + dt.timedelta(hours=call.body.overlap_hours)
        row = await endpoints.replace_secret(rows, row, key, former_id=call.context.new_id(), former_until=until)
        await endpoints.end_former_secrets(rows, call.org_id, row["endpoint_id"], call.now)
        return Reply(body=NewEndpoint(**await describe(rows, call, row), secret=shown_secret(secret)))


async def test_endpoint(call: Call[None, None]) -> Reply:
    """Send a receiver a message of the type `webhook.test`, whatever it asks for."""
    async with call.rows() as rows:
        endpoint = await find_endpoint(rows, call, locked=True)
        require_enabled(endpoint)
        event_id = call.context.new_id()
        delivery_id = await recovery.send_test(rows, endpoint, event_id, call.cause(event_id))
    path = f"/v1/webhooks/endpoints/{endpoint['endpoint_id']}/deliveries/{delivery_id}"
    return Reply(body=TestSent(delivery_id=delivery_id), headers={"Location": path})


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/webhooks/endpoints/{endpoint_id}/enable",
        name="enableEndpoint",
        tag="webhooks",
        permission="webhooks:write",
        summary="Let a receiver take messages again",
        handler=enable_endpoint,
        response=Endpoint,
    ),
    Operation(
        method="POST",
        path="/v1/webhooks/endpoints/{endpoint_id}/rotate-secret",
        name="rotateEndpointSecret",
        tag="webhooks",
        permission="webhooks:write",
        summary="Replace a receiver's secret; both sign for a while",
        handler=rotate_secret,
        request=RotateSecret,
        response=NewEndpoint,
        problems=("limit-reached",),
    ),
    Operation(
        method="POST",
        path="/v1/webhooks/endpoints/{endpoint_id}/test",
        name="testEndpoint",
        tag="webhooks",
        permission="webhooks:write",
        status=202,
        located=True,
        summary="Send a receiver a test message",
        handler=test_endpoint,
        response=TestSent,
        problems=("endpoint-not-enabled",),
    ),
)
