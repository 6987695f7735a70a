"""A Kafka message as the actors see it, whatever client read it. Never holds a client's object."""

from __future__ import annotations

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
