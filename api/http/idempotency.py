"""Idempotency keys: the transaction of an effect keeps its answer, and a repeat gets it byte for byte.

The header is that of draft-ietf-httpapi-idempotency-key-header: a String of RFC 8941, for which its characters without
quotes will do. A key belongs to an actor of an organisation and to an operation: what others kept under the same
characters is another answer.
The answer of a failed request is not kept: it had no effect. An advisory lock for the length of the transaction tells
a request that still runs (409) from one whose process died: its lock is free, nothing was kept, and the repeat runs.
Answers can hold secrets and signed URLs, so their bodies are encrypted at rest. The sweeper deletes expired ones
(streams/background/sweeper.py).
"""

from __future__ import annotations

import hashlib
import re
from uuid import UUID

import msgspec
from starlette.datastructures import Headers

from api.problems.problem_details import ApiProblem
from core.domain.identity.actors import Actor
from core.infra.key_ring import KeyRing, Purpose
from core.infra.postgres import idempotency_keys
from core.infra.postgres.connection import Connection

HEADER = "idempotency-key"
REPLAYED = "Idempotent-Replayed"
KEEP_HOURS = 24
_SEAL: Purpose = "idempotency"
KEY_PATTERN = r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~][!-~]{0,254})$'
"""Characters and length that a client may choose for a key: a quoted String, or bare without blanks."""
_SHAPE = re.compile(KEY_PATTERN)
_ESCAPED = re.compile(r'\\(["\\])')


class FirstAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it was first given."""

    status: int
    headers: dict[str, str]
    body: bytes


def fingerprint(method: str, path: str, query: str, body: bytes) -> bytes:
    """SHA-256 over method, path, query and body: equal requests have equal fingerprints."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), query.encode(), body])).digest()


def read_key(headers: Headers, actor: Actor, operation_name: str) -> str | None:
    """The Idempotency-Key of a request, with its actor and operation; None without one.

    Quoted and bare are the same key. Raises ``idempotency-key-invalid``.
    """
    values = headers.getlist(HEADER)
    if not values:
        return None
    if len(values) > 1:
        raise ApiProblem("idempotency-key-invalid", f"A request has one Idempotency-Key, not {len(values)}.")
    if not _SHAPE.fullmatch(values[0]):
        raise ApiProblem(
            "idempotency-key-invalid",
            'The Idempotency-Key must be 1 to 255 printable ASCII characters: "in quotes", or bare-without-blanks.',
        )
    key = _ESCAPED.sub(r"\1", values[0][1:-1]) if values[0].startswith('"') else values[0]
    return f"{actor} {operation_name} {key}"


class Idempotency:
    """Record of one request, on the connection of its transaction."""

    def __init__(self, ring: KeyRing) -> None:
        """``ring`` is the installation's."""
        self._ring = ring

    async def begin(self, connection: Connection, org_id: UUID, key: str, print_: bytes) -> FirstAnswer | None:
        """The kept answer of an equal request, or None where this one is to run. Raises 409 and 422 problems."""
        key_lock = await idempotency_keys.take_key(connection, org_id, key, max_age_hours=KEEP_HOURS)
        if not key_lock.locked:
            raise _in_progress()
        record = key_lock.answer
        if record is None:
            return None
        if record.fingerprint != print_:
            raise ApiProblem(
                "idempotency-mismatch", "This Idempotency-Key was used with another method, path, query or body."
            )
        return FirstAnswer(status=record.status, headers=record.headers, body=self._ring.open(_SEAL, record.body))

    async def keep(self, connection: Connection, org_id: UUID, key: str, print_: bytes, answer: FirstAnswer) -> None:
        """Record the answer in the transaction of the effect.

        Raises a 409 where an equal request ended meanwhile.
        """
        sealed = self._ring.seal(_SEAL, answer.body)
        record = idempotency_keys.KeptAnswer(
            fingerprint=print_, status=answer.status, headers=answer.headers, body=sealed
        )
        if not await idempotency_keys.write_answer(connection, org_id, key, record, max_age_hours=KEEP_HOURS):
            raise _in_progress()


def _in_progress() -> ApiProblem:
    return ApiProblem(
        "idempotency-in-progress",
        "Another request with this Idempotency-Key has not ended yet.",
        headers={"Retry-After": "1"},
    )
