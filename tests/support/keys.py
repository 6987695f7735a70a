"""Key rings for tests."""

from __future__ import annotations

import datetime as dt

from core.infra.key_ring import KeyRing
from core.settings import NamedSecret


def ring_of(secret: bytes = bytes(32)) -> KeyRing:
    """A ring of one secret without an id, as CLIPSTREAM_SECRET makes it."""
    return named_ring(**{"": secret})


def named_ring(
    *, until: dict[str, dt.datetime] | None = None, now: dt.datetime | None = None, **secrets: bytes
) -> KeyRing:
    """A ring of named secrets, newest first; ``until``: when some of them stop to open."""
    ends = until or {}
    ring = tuple(NamedSecret(id=name, secret=secret, opens_until=ends.get(name)) for name, secret in secrets.items())
    clock = now or dt.datetime.now(dt.UTC)
    return KeyRing(lambda: ring, lambda: clock)
