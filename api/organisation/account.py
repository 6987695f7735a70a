"""The organisation and key of a request, and what a producer on Kafka needs. Secrets are not shown."""

from __future__ import annotations

from uuid import UUID

import msgspec

from api.http.operations import Call, Operation, Reply
from core.domain.identity.actors import Actor
from core.storage import organisations
from core.storage.identity import api_keys
from schemas.access.permissions import Permission
from schemas.events import UploadReceived, UploadRefused
from schemas.topics import TOPIC_OF


class Producer(msgspec.Struct, frozen=True, kw_only=True):
    """How to publish ``UploadReceived``: topics, prefix of object keys, and ids of the signing keys."""

    topic: str
    """Topic of uploads."""
    refused_topic: str
    """Topic that tells of messages that were refused."""
    object_prefix: str
    """Prefix of the keys of its objects."""
    key_ids: list[str]
    """Ids of its producer keys."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation and the caller of this request."""

    org_id: UUID
    org_name: str
    """Name of the organisation."""
    actor: Actor
    """Who calls."""
    permissions: list[Permission]
    """What the caller may do in the organisation."""
    key_id: UUID | None
    """Id of the API key; null: the caller signed in."""
    key_last4: str
    """Last four characters of the key."""
    scopes: list[str]
    """Scopes of the key."""
    test: bool
    """Whether what it makes are drafts with a watermark that are not billed."""
    producer: Producer
    """Topics, key prefix and key ids for a producer on Kafka."""


async def get_me(call: Call[None, None]) -> Reply:
    """Read organisation, caller, permissions and producer."""
    caller = call.caller
    async with call.rows() as rows:
        name = await organisations.read_organisation_name(rows, call.org_id)
        last4 = await api_keys.read_key_last4(rows, call.org_id, caller.key_id) if caller.key_id else ""
        keys = await organisations.list_producer_keys(rows, call.org_id)
    return Reply(
        body=Account(
            org_id=call.org_id,
            org_name=name,
            actor=caller.actor,
            permissions=sorted(caller.permissions),
            key_id=caller.key_id,
            key_last4=last4,
            scopes=list(caller.scopes),
            test=caller.test,
            producer=Producer(
                topic=TOPIC_OF[UploadReceived].name,
                refused_topic=TOPIC_OF[UploadRefused].name,
                object_prefix=f"{call.org_id}/",
                key_ids=keys,
            ),
        )
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/me",
        name="getMe",
        tag="account",
        permission="authenticated",
        summary="See who calls, and what they may do",
        handler=get_me,
        response=Account,
    ),
)
