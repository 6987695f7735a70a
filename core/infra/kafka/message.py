"""A Kafka message independent of the client that read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from schemas import codec, events
from schemas.lanes import attempt_input_id


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message: its place, its headers as text, its bytes."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: dict[str, str]
    payload: bytes

    def input_id(self, envelope: codec.Envelope, event: events.AnyEvent) -> UUID:
        """Id under which attempts at this message are kept."""
        return attempt_input_id(event, envelope.id)


def as_message(record: Any) -> Message:
    """Convert a record of Faust or aiokafka.

    Bytes that are no text are marked, so that decoding refuses them.
    """
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=printable(record.key or b""),
        headers=_headers(record.headers),
        payload=record.value or b"",
    )


def printable(text: str | bytes) -> str:
    """Text that every store accepts.

    NUL, which Postgres refuses, and bytes that are not UTF-8 become U+FFFD.
    """
    decoded = text.decode(errors="replace") if isinstance(text, bytes) else text
    return decoded.replace("\0", "\ufffd")


def _headers(raw: Any) -> dict[str, str]:
    pairs: Iterable[tuple[str, bytes | None]] = raw.items() if hasattr(raw, "items") else (raw or ())
    return {printable(name): printable(value or b"") for name, value in pairs}
