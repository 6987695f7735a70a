"""Changes of everything that an organisation has, live, as server-sent events.

A message tells how a thing stands now, so several changes within a second are one message, and what a slow reader did
not take is not kept for it. Each look is a transaction of the caller's organisation: nothing of another can appear.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from api.http.auth import bearer
from api.http.browsers.cookies import is_secure, read_access_cookie
from api.http.operations import Call, Operation, Reply
from api.organisation.change_messages import MESSAGES, RESET, ResetReason, StreamReset
from api.projects.events import HEARTBEAT_S, RETRY_MS
from core.errors import Unavailable
from core.infra.key_ring import KeyRing, MissingSecretError
from core.infra.postgres.connection import Connection
from core.storage.organisation.changes import HistoryPoint, list_changes, read_changed

LOOK_S = 1.0
"""Least time between two looks of a stream: what changes meanwhile is one message."""
MAX_PAUSE_S = 1.0
"""Longest wait for a wake after that: not everything that changes wakes the followers."""
MAX_CHANGES = 500
"""Things of one look; where more changed, a client reads what it shows again, which costs less."""
MAX_STREAMS_OF_ORG, MAX_STREAMS_OF_CALLER = 100, 20
"""Open streams, in one process of the API."""
RESUMED_FOR = dt.timedelta(minutes=55)
"""Age of a message after which one resumes: below that of the rows (`organisation_changes` in retention)."""
PLACE_S = 300.0
"""Time after which a stream without news gives its place: a client that comes back later has missed nothing."""
MAX_ID_BYTES = 4_000
"""Longest id of a message, since it comes back in a header; with more transactions at work none is sent."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The moment until which a stream has told what changed, and when that was."""

    at: dt.datetime
    snapshot: str
    lineage: str


def encode_place(ring: KeyRing, org_id: UUID, moment: HistoryPoint, at: dt.datetime) -> str | None:
    """Id of a message, signed, since Postgres reads a part of it; None where it would be too long."""
    payload = msgspec.json.encode(Place(at, moment.snapshot, moment.lineage))
    signed = _sign(ring.derive("cursors", ring.newest_id), org_id, payload) + payload
    text = f"{ring.newest_id}.{base64.urlsafe_b64encode(signed).decode()}"
    return text if len(text) <= MAX_ID_BYTES else None


def decode_place(ring: KeyRing, org_id: UUID, text: str, now: dt.datetime) -> HistoryPoint | None:
    """Where a message's id stands; None where it is none of this organisation's, or too old to resume."""
    secret_id, _, encoded = text.partition(".")
    try:
        raw = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)
        key = ring.derive("cursors", secret_id)
    except (UnicodeEncodeError, binascii.Error, MissingSecretError):
        return None
    signature, payload = raw[:16], raw[16:]
    if not hmac.compare_digest(signature, _sign(key, org_id, payload)):
        return None
    place = msgspec.json.decode(payload, type=Place)
    return HistoryPoint(snapshot=place.snapshot, lineage=place.lineage) if now - place.at < RESUMED_FOR else None


def _sign(key: bytes, org_id: UUID, payload: bytes) -> bytes:
    return hmac.new(key, f"changes/{org_id}".encode() + b"\0" + payload, hashlib.sha256).digest()[:16]


def seconds_of_token(call: Call[Any, Any]) -> float | None:
    """Life that is left of the token of who signed in, or of an app; None for an API key."""
    if call.caller.session_id is None and call.caller.grant_id is None:
        return None
    tokens = call.context.identity.tokens
    cookie = None
    if "authorization" not in call.request.headers:
        cookie = read_access_cookie(call.request, secure=is_secure(call.context.settings))
    claims = tokens.verify(cookie or bearer(call.request.headers.get("authorization")))
    return tokens.left_s(claims) if claims is not None else 0.0


async def follow_organisation(call: Call[None, None]) -> Reply | Response:
    """Messages of what changes, from now on or after a message, until the caller's token ends."""
    if call.request.method == "HEAD":
        return Response(media_type="text/event-stream")
    followers = call.context.followers
    names = _places(call)
    followers.require(names[0], most=MAX_STREAMS_OF_ORG)
    followers.require(names[1], most=MAX_STREAMS_OF_CALLER)
    return EventSourceResponse(_stream(call), ping=HEARTBEAT_S, sep="\n", send_timeout=30)


def _places(call: Call[Any, Any]) -> tuple[str, str]:
    return f"organisation:{call.org_id}", f"organisation:{call.org_id}/{call.caller.actor}"


async def _stream(call: Call[Any, Any]) -> AsyncIterator[ServerSentEvent]:
    now, left_s = asyncio.get_running_loop().time, seconds_of_token(call)
    ends_at = None if left_s is None else now() + left_s
    followers, (of_org, of_caller) = call.context.followers, _places(call)
    with call.context.metrics.streams.track_inprogress(), followers.hold(of_org), followers.hold(of_caller):
        yield ServerSentEvent(comment="follow", retry=RETRY_MS, sep="\n")
        last_id = call.request.headers.get("last-event-id")
        since = decode_place(call.context.ring, call.org_id, last_id, call.now) if last_id else None
        reset: ResetReason | None = None if since else "expired" if last_id else "opened"
        placed_at = now()
        async for _ in call.context.wakes.listen_all(MAX_PAUSE_S):
            if ends_at is not None and now() >= ends_at:
                return
            try:
                async with call.rows() as rows:
                    if not await call.context.callers.is_valid(rows, call.caller):
                        return
                    look = await _look(rows, call, since, reset)
            except Unavailable:
                continue  # a later look finds what changes meanwhile
            for message in look.messages:
                yield message
            if look.messages:
                placed_at = now()
            elif now() - placed_at >= PLACE_S:
                placed_at = now()
                yield ServerSentEvent(id=_place_id(call, look.until), sep="\n")
            since, reset = look.until, None
            await asyncio.sleep(LOOK_S)


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of one look, and the moment until which they tell everything."""

    messages: list[ServerSentEvent]
    until: HistoryPoint


async def _look(rows: Connection, call: Call[Any, Any], since: HistoryPoint | None, reset: ResetReason | None) -> _Look:
    until, changes = await list_changes(rows, call.org_id, since, limit=MAX_CHANGES + 1)
    if since is not None and since.lineage != until.lineage:
        reset = "expired"
    elif len(changes) > MAX_CHANGES:
        reset = "too-much"
    messages = []
    if reset is not None:
        messages.append(_message(RESET, StreamReset(reason=reset)))
    else:
        for kind, (name, view) in MESSAGES.items():
            subject_ids = [change.subject_id for change in changes if change.kind == kind]
            messages += [_message(name, view(row)) for row in await read_changed(rows, call.org_id, kind, subject_ids)]
    if messages:
        messages[-1].id = _place_id(call, until)
    return _Look(messages=messages, until=until)


def _place_id(call: Call[Any, Any], until: HistoryPoint) -> str | None:
    return encode_place(call.context.ring, call.org_id, until, call.context.clock())


def _message(name: str, body: msgspec.Struct) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=msgspec.json.encode(body).decode(), sep="\n")


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/events",
        name="followOrganisation",
        tag="projects",
        permission="projects:read",
        summary="Follow everything of the organisation live (server-sent events)",
        handler=follow_organisation,
        media_types=("text/event-stream",),
        description="`event` is one of "
        + ", ".join(f"`{name}`" for name in (RESET, *(name for name, _ in MESSAGES.values())))
        + ". A message tells how a thing stands now, and may come twice. Reconnect with `Last-Event-ID`: within an "
        "hour nothing is missed. After `stream.reset` read again what you show. The stream ends with its token.",
    ),
)
