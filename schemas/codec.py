"""Encodes and decodes events: JSON body, CloudEvents attributes in ``ce_*`` headers (binary mode).

Source of the header rules: CloudEvents Kafka Protocol Binding 1.0.2, section 3.2.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from uuid import UUID

import msgspec

from schemas import events
from schemas.events.rendition import lift_flat_fields, with_flat_fields
from schemas.topics import TOPICS, Topic
from schemas.validation.field_errors import pointer, refusals
from schemas.validation.json_errors import json_fault

TYPE_PREFIX = "clipstream."
CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"
MAX_PAYLOAD_BYTES = 64 * 1024
MAX_LETTER_BYTES = 1_000_000
MAX_HEADERS_BYTES = 16 * 1024
MAX_NAMED_FIELDS = 10
"""Most fields that a refusal names."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


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
    body = msgspec.json.encode(wire_form(event))
    limit = _limit(type(event))
    if len(body) > limit:
        name = type(event).__name__
        raise ValueError(f"{name} is {len(body)} bytes, more than {limit}: store the bulk, send a reference")
    return body


def wire_form(event: events.AnyEvent) -> object:
    """The event as it is written on a topic, with the flat fields that older readers expect."""
    return with_flat_fields(msgspec.to_builtins(event)) if isinstance(event, events.RenditionOrder) else event


def _limit(event_type: type) -> int:
    return MAX_LETTER_BYTES if event_type is events.DeadLetter else MAX_PAYLOAD_BYTES


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


_KNOWN = {"content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "traceparent"}


def decode_headers(headers: Mapping[str, str]) -> Envelope:
    """Envelope of a message; raises DecodeError naming the missing or bad attribute.

    A ``traceparent`` that is none is left out, as W3C Trace Context asks: it would travel through every step.
    """
    size = sum(len(name.encode()) + len(value.encode()) for name, value in headers.items())
    if size > MAX_HEADERS_BYTES:
        raise DecodeError(f"the headers are {size} bytes, more than {MAX_HEADERS_BYTES}")
    if headers.get("ce_specversion") != SPEC_VERSION:
        raise DecodeError(f"header ce_specversion must be {SPEC_VERSION!r}, got {headers.get('ce_specversion')!r}")
    for name in ("ce_id", "ce_source", "ce_type", "ce_time"):
        if not headers.get(name):
            raise DecodeError(f"header {name} is missing")
    if not _UUID.fullmatch(headers["ce_id"]):
        raise DecodeError("header ce_id is not a UUID of 36 characters")
    try:
        identity = UUID(headers["ce_id"])
        time = msgspec.convert(headers["ce_time"], dt.datetime)
    except (ValueError, msgspec.ValidationError) as error:
        raise DecodeError(f"header ce_id or ce_time: {error}") from None
    if time.tzinfo is None:
        raise DecodeError("header ce_time has no time zone")
    trace = headers.get("traceparent", "")
    return Envelope(
        id=identity,
        source=headers["ce_source"],
        type=headers["ce_type"],
        time=time,
        traceparent=trace if _TRACEPARENT.fullmatch(trace) else None,
        extra={name: value for name, value in headers.items() if name not in _KNOWN},
    )


def decode(topic: Topic, headers: Mapping[str, str], body: bytes | None) -> tuple[Envelope, events.AnyEvent]:
    """Envelope and event of a message on ``topic``.

    Raises DecodeError when an attribute is missing, the type does not belong to the topic, the body is too large or
    nested too deeply, or does not match the type's schema: then it names every field that is wrong.
    """
    envelope = decode_headers(headers)
    event_type = _TYPES.get(envelope.type)
    if event_type is None or event_type not in topic.events:
        raise DecodeError(f"type {envelope.type!r} does not belong to {topic.name}")
    if body is None:
        raise DecodeError("the body is empty")
    if len(body) > _limit(event_type):
        raise DecodeError(f"the body is {len(body)} bytes, more than {_limit(event_type)}")
    try:
        if issubclass(event_type, events.RenditionOrder):
            body = lift_flat_fields(body)
        return envelope, _DECODERS[envelope.type].decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"{envelope.type}: {_why(body, event_type, error)}") from None


def _why(body: bytes, event_type: type, error: Exception) -> str:
    """The faults of a body that was refused: of its JSON, or of each of its fields."""
    if fault := json_fault(body):
        return fault.detail
    if not isinstance(error, msgspec.ValidationError):
        return str(error)
    field_errors = refusals(msgspec.json.decode(body), event_type)
    return " ".join(
        f"`{pointer(refusal.path)}`: {refusal.detail}" for refusal in field_errors[:MAX_NAMED_FIELDS]
    ) or str(error)
