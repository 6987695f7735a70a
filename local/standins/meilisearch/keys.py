"""Check of callers: the master key opens everything, no other key anything."""

from __future__ import annotations

import hmac

from local.standins.meilisearch.errors import invalid_key, missing_header


class Keys:
    """The keys of one server: its master key. Other keys and tenant tokens are Meilisearch's own."""

    def __init__(self, master: str) -> None:
        """Keep the master key."""
        self._master = master.encode()

    def check(self, authorization: str | None) -> None:
        """Raise MeiliError unless the header carries the master key."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise missing_header()
        if not hmac.compare_digest(key.encode(), self._master):
            raise invalid_key()
