"""Browsers that take web push: register, list, remove; the installation's public key."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, FieldError, not_found
from api.projects.handlers import check_url
from core.infra.postgres.connection import transaction
from core.infra.push.encryption import check_keys
from core.services.notifications.push_key import ensure_push_key
from core.services.notifications.pushing import SubscriptionSecret
from core.storage.notifications import recipients
from core.storage.notifications.recipients import SubscriptionRecord

MAX_SUBSCRIPTIONS = 20


class SubscriptionKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of a browser's subscription."""

    p256dh: Annotated[str, Meta(min_length=1, max_length=120)]
    """Its public key: a point of P-256, base64url."""
    auth: Annotated[str, Meta(min_length=1, max_length=40)]
    """Its secret: 16 bytes, base64url."""


class RegisterSubscription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscription as `PushSubscription.toJSON()` of a browser writes it."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=2000)]
    """Public https URL of the push service."""
    keys: SubscriptionKeys
    """Keys that the messages are encrypted for."""
    label: Annotated[str, Meta(max_length=100)] = ""
    """Your own name of the browser."""
    expirationTime: Annotated[int, Meta(ge=0, le=2**53)] | None = None  # noqa: N815 - the name that browsers write
    """Milliseconds since 1970, or null; not used: the push service says when a subscription is over."""


class PushSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that takes web push, until the session that registered it ends."""

    subscription_id: UUID
    host: str
    """Host of its push service; the URL itself is a secret and not shown."""
    label: str
    """Your own name of the browser."""
    created_at: dt.datetime


class PushSubscriptionList(msgspec.Struct, frozen=True, kw_only=True):
    """Your browsers, oldest first."""

    items: list[PushSubscription]


class PushKey(msgspec.Struct, frozen=True, kw_only=True):
    """The installation's public key for web push."""

    public_key: str
    """`applicationServerKey` of `pushManager.subscribe` (VAPID, RFC 8292): base64url."""


async def get_push_key(call: Call[None, None]) -> Reply:
    """Read the public key that browsers subscribe with; it stays the same."""
    async with transaction(call.context.pool) as rows:
        key = await ensure_push_key(rows, call.context.ring)
    return Reply(body=PushKey(public_key=key.public_key))


async def register_subscription(call: Call[RegisterSubscription, None]) -> Reply:
    """Register this browser for web push; the same one again is bound to this session."""
    body = call.body
    try:
        check_keys(body.keys.p256dh, body.keys.auth)
    except ValueError:
        detail = "These are not the keys of a push subscription: p256dh is a point of P-256, auth has 16 bytes."
        raise ApiProblem("invalid", detail, errors=[FieldError(pointer="/keys", detail=detail)]) from None
    await check_url(call, body.endpoint, "/endpoint", https_only=True)
    assert call.caller.session_id is not None
    secret = SubscriptionSecret(endpoint=body.endpoint, p256dh=body.keys.p256dh, auth=body.keys.auth)
    endpoint_hash = hashlib.sha256(body.endpoint.encode()).digest()
    async with call.rows() as rows:
        await ensure_push_key(rows, call.context.ring)
        count = await recipients.lock_and_count_subscriptions(rows, call.user_id, endpoint_hash)
        if count >= MAX_SUBSCRIPTIONS:
            raise ApiProblem("limit-reached", f"A person has at most {MAX_SUBSCRIPTIONS} browsers: remove one.")
        record = await recipients.register_subscription(
            rows,
            call.context.new_id(),
            call.user_id,
            call.caller.session_id,
            endpoint_hash=endpoint_hash,
            host=(urlsplit(body.endpoint).hostname or "")[:255],
            sealed=call.context.ring.seal("push", msgspec.json.encode(secret)),
            label=body.label,
        )
    return Reply(body=_subscription(record))


async def list_subscriptions(call: Call[None, None]) -> Reply:
    """List your browsers that take web push."""
    async with call.rows() as rows:
        listed = await recipients.list_subscriptions(rows, call.user_id)
    return Reply(body=PushSubscriptionList(items=[_subscription(record) for record in listed]))


async def delete_subscription(call: Call[None, None]) -> Reply:
    """Remove one of your browsers; what is due to it is dropped."""
    async with call.rows() as rows:
        if not await recipients.delete_subscription(rows, call.user_id, call.ids["subscription_id"]):
            raise not_found("push subscription")
    return Reply(status=204)


def _subscription(record: SubscriptionRecord) -> PushSubscription:
    return PushSubscription(**{name: getattr(record, name) for name in PushSubscription.__struct_fields__})


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/notifications/push-key",
        name="getPushKey",
        tag="people",
        permission="authenticated",
        summary="Read the public key for web push",
        handler=get_push_key,
        response=PushKey,
    ),
    Operation(
        method="POST",
        path="/v1/account/push-subscriptions",
        name="registerPushSubscription",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=201,
        summary="Register a browser for web push",
        handler=register_subscription,
        request=RegisterSubscription,
        response=PushSubscription,
        problems=("url-refused", "limit-reached"),
    ),
    Operation(
        method="GET",
        path="/v1/account/push-subscriptions",
        name="listPushSubscriptions",
        tag="people",
        permission="authenticated",
        of_person=True,
        summary="List your browsers that take web push",
        handler=list_subscriptions,
        response=PushSubscriptionList,
    ),
    Operation(
        method="DELETE",
        path="/v1/account/push-subscriptions/{subscription_id}",
        name="deletePushSubscription",
        tag="people",
        permission="authenticated",
        of_person=True,
        status=204,
        summary="Remove a browser",
        handler=delete_subscription,
        problems=("not-found",),
    ),
)
