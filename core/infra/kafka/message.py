"""A Kafka message as the actors see it, whatever client read it. Never holds a client's object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from schemas import codec, events
from schemas.ids import result_id


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message: where it lay, its headers as text, its bytes."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: dict[str, str]
    payload: bytes

    def input_id(self, envelope: codec.Envelope, event: events.AnyEvent) -> UUID:
        """Id under which attempts at this message are kept.

        A producer outside chooses its own event ids, so an upload's is bound to the org: nobody can take another's.
        """
        if isinstance(event, events.UploadReceived):
            return result_id(event.org_id, "upload", f"{event.project_id}")
        return envelope.id


def as_message(record: Any) -> Message:
    """A record of Faust or aiokafka. Never raises: what is no text is shown so that decoding can refuse it."""
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=printable(record.key or b""),
        headers=_headers(record.headers),
        payload=record.value or b"",
    )


def printable(text: str | bytes) -> str:
    """Text that every store takes: without NUL, which Postgres refuses, and with a mark for bytes that are no UTF-8."""
    decoded = text.decode(errors="replace") if isinstance(text, bytes) else text
    return decoded.replace("\0", "\ufffd")


def _headers(raw: Any) -> dict[str, str]:
    pairs: Iterable[tuple[str, bytes | None]] = raw.items() if hasattr(raw, "items") else (raw or ())
    return {printable(name): printable(value or b"") for name, value in pairs}
