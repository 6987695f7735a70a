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
from core.infra.postgres.connection import Row
from core.infra.secrets import derive_key

_SIGNATURE_BYTES = 16


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Place of the last row of a page in ``(at, id)`` order."""

    at: dt.datetime
    id: UUID


def place_of(position: Position | None) -> tuple[dt.datetime, UUID] | None:
    """A position as storage takes it."""
    return (position.at, position.id) if position is not None else None


def encode_cursor(secret: bytes, scope: str, position: Position) -> str:
    """A cursor for the listing named ``scope`` (it holds the org and every filter)."""
    payload = msgspec.json.encode(position)
    return base64.urlsafe_b64encode(_sign(secret, scope, payload) + payload).decode().rstrip("=")


def decode_cursor(secret: bytes, scope: str, cursor: str) -> Position:
    """Position of a cursor; raises ``cursor-invalid`` for one of another list or that was changed."""
    refused = ApiProblem("cursor-invalid", "The cursor does not belong to this listing.")
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise refused from None
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(secret, scope, payload)):
        raise refused
    return msgspec.json.decode(payload, type=Position)


def next_cursor(secret: bytes, scope: str, page: Sequence[Row], limit: int, id_name: str) -> str | None:
    """Cursor of the next page after the first ``limit`` rows of ``page``; None on the last page.

    A row has ``created_at`` and its id as ``id_name``.
    """
    if len(page) <= limit:
        return None
    last = page[limit - 1]
    return encode_cursor(secret, scope, Position(last["created_at"], last[id_name]))


def _sign(secret: bytes, scope: str, payload: bytes) -> bytes:
    key = derive_key(secret, "cursors")
    return hmac.new(key, scope.encode() + b"\0" + payload, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
