"""Opaque, signed cursors for keyset pagination.

They are stable under inserts, and invalid when changed or used with another list.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

import msgspec

from api.problems.problem_details import ApiProblem
from core.infra.key_ring import KeyRing, MissingSecretError
from core.infra.postgres.connection import Row

_SIGNATURE_BYTES = 16


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Place of the last row of a page in ``(at, id)`` order."""

    at: dt.datetime
    id: UUID


def place_of(position: Position | None) -> tuple[dt.datetime, UUID] | None:
    """A position as storage takes it."""
    return (position.at, position.id) if position is not None else None


def encode_cursor(ring: KeyRing, scope: str, position: Position) -> str:
    """A cursor for the listing named ``scope`` (it holds the org and every filter).

    It is ``id.text``, with the id of the secret that signed it; without an id the text alone.
    """
    payload, secret_id = msgspec.json.encode(position), ring.newest_id
    signed = _sign(ring.derive("cursors", secret_id), scope, payload) + payload
    text = base64.urlsafe_b64encode(signed).decode().rstrip("=")
    return f"{secret_id}.{text}" if secret_id else text


def decode_cursor(ring: KeyRing, scope: str, cursor: str) -> Position:
    """Position of a cursor; raises ``cursor-invalid`` for one of another list or that was changed."""
    refused = ApiProblem("cursor-invalid", "The cursor does not belong to this listing.")
    secret_id, _, text = cursor.rpartition(".")
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = ring.derive("cursors", secret_id)
    except (UnicodeEncodeError, binascii.Error, MissingSecretError):
        raise refused from None
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(key, scope, payload)):
        raise refused
    return msgspec.json.decode(payload, type=Position)


def next_cursor(ring: KeyRing, scope: str, page: Sequence[Row], limit: int, id_name: str) -> str | None:
    """Cursor of the next page after the first ``limit`` rows of ``page``; None on the last page.

    A row has ``created_at`` and its id as ``id_name``.
    """
    if len(page) <= limit:
        return None
    last = page[limit - 1]
    return encode_cursor(ring, scope, Position(last["created_at"], last[id_name]))


def _sign(key: bytes, scope: str, payload: bytes) -> bytes:
    return hmac.new(key, scope.encode() + b"\0" + payload, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
