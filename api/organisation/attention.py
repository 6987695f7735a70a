"""What needs attention in an organisation, each in a sentence, as far as the caller may read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from api.http.operations import Call, Operation, Reply
from core.domain.identity.actors import NOBODY
from core.services.billing.quotas import Quota, list_shares, read_quota
from core.storage.organisation.attention import (
    DisabledEndpoint,
    FailedWork,
    list_disabled_endpoints,
    list_failed_work,
)
from core.storage.organisation.erasures import ErasureRecord, read_erasure

LOOK_BACK = dt.timedelta(days=7)
"""Age from which a failure is no news."""
MAX_ITEMS = 50
MAX_OF_A_KIND = 20
NEAR_SHARE = 0.8
"""Share of a limit from which its end is near."""
AttentionKind = Literal[
    "project.failed", "export.failed", "endpoint.disabled", "quota.near", "quota.reached", "erasure.scheduled"
]


class AttentionItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look after."""

    kind: AttentionKind
    """Kind of the thing."""
    since: dt.datetime | None
    """When it became so; null where that was not noted, as with what was used of a plan."""
    sentence: str
    """What it is, for people."""
    project_id: UUID | None = None
    export_id: UUID | None = None
    clip_id: UUID | None = None
    endpoint_id: UUID | None = None


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """What needs attention, newest first, at most 50; what has no time stands first."""

    at: dt.datetime
    """When this was asked."""
    items: list[AttentionItem]


def of_failures(failed: Sequence[FailedWork]) -> Iterator[AttentionItem]:
    """Items of projects and exports without a result."""
    for work in failed:
        noun = "file of the clip" if work.export_id else "project"
        yield AttentionItem(
            kind="export.failed" if work.export_id else "project.failed",
            since=work.since,
            sentence=f"The {noun} “{work.title or 'without a title'}” failed: {work.detail or 'no reason was noted.'}",
            project_id=work.project_id,
            export_id=work.export_id,
            clip_id=work.clip_id,
        )


def of_endpoints(disabled: Sequence[DisabledEndpoint]) -> Iterator[AttentionItem]:
    """Items of webhook endpoints that get nothing any more."""
    for endpoint in disabled:
        why = "it answered that it is gone" if endpoint.reason == "gone" else "it failed for too long"
        host = urlsplit(endpoint.url).hostname or "a webhook"
        yield AttentionItem(
            kind="endpoint.disabled",
            since=endpoint.since,
            sentence=f"Messages to {host} are not sent any more: {why}. Enable the endpoint once it works.",
            endpoint_id=endpoint.endpoint_id,
        )


def of_quota(quota: Quota) -> Iterator[AttentionItem]:
    """Items of limits of the plan that are reached, or nearly."""
    for excess, share in list_shares(quota):
        if excess.limit != "running_projects" and share >= NEAR_SHARE:
            used = "all" if share >= 1 else f"{share:.0%}"
            yield AttentionItem(
                kind="quota.reached" if share >= 1 else "quota.near",
                since=None,
                sentence=f"{excess.detail} {used[0].upper()}{used[1:]} of it is used.",
            )


def of_erasure(erasure: ErasureRecord | None) -> Iterator[AttentionItem]:
    """The item of an erasure of the organisation that was asked for."""
    if erasure is not None and erasure.state in ("requested", "running"):
        when = f"{erasure.grace_until:%Y-%m-%d %H:%M} UTC"
        yield AttentionItem(
            kind="erasure.scheduled",
            since=erasure.requested_at,
            sentence=f"The organisation and all that it has are erased at {when}. Until then an owner can cancel it.",
        )


async def get_attention(call: Call[None, None]) -> Reply:
    """What failed in the last week, what is disabled, limits that are near, an erasure that was asked for."""
    may, items = call.caller.permissions, list[AttentionItem]()
    if call.org_id != NOBODY:
        async with call.rows() as rows:
            if "projects:read" in may:
                failed = await list_failed_work(rows, call.org_id, call.now - LOOK_BACK, limit=MAX_OF_A_KIND)
                items += of_failures(failed)
            if "webhooks:read" in may:
                items += of_endpoints(await list_disabled_endpoints(rows, call.org_id, limit=MAX_OF_A_KIND))
            if "organisation:read" in may:
                items += of_quota(await read_quota(rows, call.context.settings, call.org_id, call.now))
                items += of_erasure(await read_erasure(rows, call.org_id))
    ordered = sorted(items, key=lambda item: item.since or call.now, reverse=True)
    return Reply(body=Attention(at=call.now, items=ordered[:MAX_ITEMS]))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/attention",
        name="getAttention",
        tag="account",
        permission="authenticated",
        summary="See what needs attention",
        handler=get_attention,
        response=Attention,
        description="Each kind only where the caller may read what it is about.",
    ),
)
