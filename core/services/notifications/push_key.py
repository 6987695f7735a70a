"""The installation's key pair for web push: made once, kept sealed; browsers are tied to it."""

from __future__ import annotations

from core.infra.key_ring import KeyRing
from core.infra.postgres.connection import Connection
from core.infra.push.vapid import VapidKey, new_vapid_key
from core.storage.notifications.installation_keys import find_key, insert_key

NAME = "vapid"


async def ensure_push_key(connection: Connection, ring: KeyRing) -> VapidKey:
    """The key pair; the first call makes it. Raises MissingSecretError, ValueError where it does not open."""
    key = await find_push_key(connection, ring)
    if key is None:
        new_key = new_vapid_key()
        await insert_key(connection, NAME, new_key.public_key, ring.seal("push", new_key.private_key))
        key = await find_push_key(connection, ring)
    assert key is not None
    return key


async def find_push_key(connection: Connection, ring: KeyRing) -> VapidKey | None:
    """The key pair; None before the first browser asked for it. Raises as `ensure_push_key`."""
    row = await find_key(connection, NAME)
    if row is None:
        return None
    return VapidKey(public_key=row["public_key"], private_key=ring.open("push", row["sealed"]))
