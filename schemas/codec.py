"""Bytes to event and back: JSON body, CloudEvents attributes in ``ce_*`` headers (binary mode). Strict; never guesses.

Source of the header rules: CloudEvents Kafka Protocol Binding 1.0.2, section 3.2.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from schemas import events
from schemas.topics import TOPICS, Topic

TYPE_PREFIX = "clipstream."
CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"
MAX_PAYLOAD_BYTES = 64 * 1024


class DecodeError(ValueError):
    """The bytes are not an event of this topic; the message says which field and why."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """CloudEvents attributes of one message. ``extra`` keeps other headers (a producer's signature, say)."""

    id: UUID
    source: str
    type: str
    time: dt.datetime
    traceparent: str | None = None
    extra: dict[str, str] = {}


def type_name(event_type: type) -> str:
    """CloudEvents type of an event class, e.g. ``clipstream.SpanPlanned``."""
    return TYPE_PREFIX + event_type.__name__


_TYPES: Mapping[str, type] = {type_name(event): event for topic in TOPICS for event in topic.events}
_DECODERS: Mapping[str, msgspec.json.Decoder[events.AnyEvent]] = {
    name: msgspec.json.Decoder(event) for name, event in _TYPES.items()
}


def encode(event: events.AnyEvent) -> bytes:
    """Body of an event.

    Raises ValueError above ``MAX_PAYLOAD_BYTES``: bulk goes to object storage and travels as a reference.
    """
    body = msgspec.json.encode(event)
    limit = MAX_PAYLOAD_BYTES if not isinstance(event, events.DeadLetter) else 1_000_000
    if len(body) > limit:
        name = type(event).__name__
        raise ValueError(f"{name} is {len(body)} bytes, more than {limit}: store the bulk, send a reference")
    return body


def encode_headers(envelope: Envelope) -> dict[str, str]:
    """Kafka headers of an envelope."""
    headers = {
        "content-type": CONTENT_TYPE,
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(envelope.id),
        "ce_source": envelope.source,
        "ce_type": envelope.type,
        "ce_time": envelope.time.isoformat(),
    }
    if envelope.traceparent:
        headers["traceparent"] = envelope.traceparent
    return headers | envelope.extra


def header_map(raw: Iterable[tuple[str, bytes | None]] | Mapping[str, bytes | None] | None) -> dict[str, str]:
    """Headers as text, as any Kafka client gives them; raises DecodeError when one is not UTF-8."""
    pairs = raw.items() if isinstance(raw, Mapping) else (raw or ())
    try:
        return {name: (value or b"").decode() for name, value in pairs}
    except UnicodeDecodeError as error:
        raise DecodeError(f"a header is not UTF-8: {error}") from None


_KNOWN = {"content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "traceparent"}


def decode_headers(headers: Mapping[str, str]) -> Envelope:
    """Envelope of a message; raises DecodeError naming the missing or bad attribute."""
    if headers.get("ce_specversion") != SPEC_VERSION:
        raise DecodeError(f"header ce_specversion must be {SPEC_VERSION!r}, got {headers.get('ce_specversion')!r}")
    for name in ("ce_id", "ce_source", "ce_type", "ce_time"):
        if not headers.get(name):
            raise DecodeError(f"header {name} is missing")
    try:
        identity = UUID(headers["ce_id"])
        time = msgspec.convert(headers["ce_time"], dt.datetime)
    except (ValueError, msgspec.ValidationError) as error:
        raise DecodeError(f"header ce_id or ce_time: {error}") from None
    if time.tzinfo is None:
        raise DecodeError("header ce_time has no time zone")
    return Envelope(
        id=identity,
        source=headers["ce_source"],
        type=headers["ce_type"],
        time=time,
        traceparent=headers.get("traceparent"),
        extra={name: value for name, value in headers.items() if name not in _KNOWN},
    )


def decode(topic: Topic, headers: Mapping[str, str], body: bytes | None) -> tuple[Envelope, events.AnyEvent]:
    """Envelope and event of a message on ``topic``.

    Raises DecodeError when an attribute is missing, the type does not belong to the topic, or the body does not
    match the type's schema (``Expected `int`, got `null` - at `$.ordinal```).
    """
    envelope = decode_headers(headers)
    event_type = _TYPES.get(envelope.type)
    if event_type is None or event_type not in topic.events:
        raise DecodeError(f"type {envelope.type!r} does not belong to {topic.name}")
    if body is None:
        raise DecodeError("the body is empty")
    try:
        return envelope, _DECODERS[envelope.type].decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DecodeError(f"{envelope.type}: {error}") from None
