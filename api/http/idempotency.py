"""Idempotency keys: the transaction of an effect keeps its answer, and a repeat gets it byte for byte.

The answer of a failed request is not kept. An advisory lock for the length of the transaction tells a request that
still runs (409) from one whose process died: its lock is free, nothing was kept, and the repeat runs.
Answers can hold secrets and signed URLs, so their bodies are encrypted at rest. The sweeper deletes expired ones
(streams/background/sweeper.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from uuid import UUID

import msgspec

from api.problems.problem_details import ApiProblem
from core.infra.key_ring import KeyRing, Purpose
from core.infra.postgres import idempotency_keys
from core.infra.postgres.connection import Connection

HEADER = "idempotency-key"
REPLAYED = "Idempotent-Replayed"
KEEP_HOURS = 24
_SEAL: Purpose = "idempotency"
KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"
"""Characters and length that a client may choose for a key."""
_SHAPE = re.compile(KEY_PATTERN)


class FirstAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it was first given."""

    status: int
    headers: dict[str, str]
    body: bytes


def fingerprint(method: str, path: str, query: str, body: bytes) -> bytes:
    """SHA-256 over method, path, query and body: equal requests have equal fingerprints."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), query.encode(), body])).digest()


def read_key(headers: Mapping[str, str]) -> str | None:
    """The Idempotency-Key of a request, if any; raises ``idempotency-key-invalid``."""
    key = headers.get(HEADER)
    if key is None:
        return None
    if not _SHAPE.fullmatch(key):
        raise ApiProblem("idempotency-key-invalid", "The Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


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
