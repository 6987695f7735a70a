"""Idempotency keys: the answer of a POST is kept in the transaction of its effect and replayed byte for byte.

Never keeps the answer of a request that failed. An advisory lock for the length of the transaction tells a request
that still runs (409) from one whose process died (its lock is gone, nothing was kept, the repeat runs anew).
Answers may hold secrets and signed URLs, so their bodies are sealed at rest. The sweeper forgets them
(streams/background/sweeper.py), some time after they stopped counting.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from uuid import UUID

import msgspec

from api.problems.problem_details import ApiProblem
from core.infra.postgres import idempotency_keys
from core.infra.postgres.connection import Connection
from core.infra.secrets import decrypt, encrypt

HEADER = "idempotency-key"
REPLAYED = "Idempotent-Replayed"
KEEP_HOURS = 24
_SEAL = "idempotency"
_SHAPE = re.compile(r"^[\x21-\x7e]{1,255}$")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it was first given."""

    status: int
    headers: dict[str, str]
    body: bytes


def fingerprint(method: str, path: str, query: str, body: bytes) -> bytes:
    """What makes two requests the same: SHA-256 over method, path, query and the bytes of the body."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), query.encode(), body])).digest()


def key_of(headers: Mapping[str, str]) -> str | None:
    """The Idempotency-Key of a request, if any; raises ``idempotency-key-invalid``."""
    key = headers.get(HEADER)
    if key is None:
        return None
    if not _SHAPE.fullmatch(key):
        raise ApiProblem("idempotency-key-invalid", "The Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


class Idempotency:
    """Begins and ends the record of one request, on the connection of its transaction."""

    def __init__(self, secret: bytes) -> None:
        """``secret`` is the installation's."""
        self._secret = secret

    async def begin(self, connection: Connection, org_id: UUID, key: str, print_: bytes) -> Kept | None:
        """The kept answer of an equal request, or None when this one is to run. Raises 409 and 422 problems."""
        if not await idempotency_keys.try_lock_key(connection, org_id, key):
            raise ApiProblem(
                "idempotency-in-progress",
                "Another request with this Idempotency-Key has not ended yet.",
                headers={"Retry-After": "1"},
            )
        kept = await idempotency_keys.read_answer(connection, org_id, key, max_age_hours=KEEP_HOURS)
        if kept is None:
            return None
        if kept.fingerprint != print_:
            raise ApiProblem(
                "idempotency-mismatch", "This Idempotency-Key was used with another method, path, query or body."
            )
        return Kept(status=kept.status, headers=kept.headers, body=decrypt(self._secret, _SEAL, kept.body))

    async def keep(self, connection: Connection, org_id: UUID, key: str, print_: bytes, answer: Kept) -> None:
        """Record the answer; it is there when the effect is."""
        sealed = encrypt(self._secret, _SEAL, answer.body)
        record = idempotency_keys.KeptAnswer(
            fingerprint=print_, status=answer.status, headers=answer.headers, body=sealed
        )
        await idempotency_keys.write_answer(connection, org_id, key, record)
