"""Keys of the search engine: one for each process that calls it, with the rights that it uses.

Meilisearch makes the text of a key from its uid and the master key, so a deployment knows it before the key is made:
``printf %s UID | openssl dgst -sha256 -hmac MASTER_KEY``. Migrating makes the keys.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from uuid import UUID

import msgspec

SEARCHED_INDEXES = ("chapters", "clips", "entities", "segments")
"""What people search; the sink alone has ``tombstones`` besides."""


class SearchKey(msgspec.Struct, frozen=True, kw_only=True):
    """One API key of the engine; it ends with the master key, by which it is made."""

    uid: UUID
    """Chosen once, version 4 as Meilisearch wants it."""
    name: str
    variable: str
    """Name in compose's .env."""
    actions: tuple[str, ...]
    indexes: tuple[str, ...]


API_KEY = SearchKey(
    uid=UUID("5f0c7a52-3d1e-4b8a-9c46-7e2b1d9a6f30"),
    name="clipstream-api: signs a token for each search, which sees one organisation",
    variable="MEILI_SEARCH_KEY",
    actions=("search",),
    indexes=SEARCHED_INDEXES,
)
SINK_KEY = SearchKey(
    uid=UUID("a81d4e6b-09c7-4f25-8b3e-61f0d2c5b794"),
    name="clipstream-sink-meilisearch: writes, and looks up what it wrote",
    variable="MEILI_WRITE_KEY",
    actions=("search", "documents.add", "documents.delete", "tasks.get"),
    indexes=(*SEARCHED_INDEXES, "tombstones"),
)
SEARCH_KEYS: Mapping[str, SearchKey] = {"api": API_KEY, "sink-meilisearch": SINK_KEY}
"""Process → its key; ``migrate`` has the master key, who has no row has none."""


def derive_search_key(master_key: str, key: SearchKey) -> str:
    """The text of a key, as the engine makes it."""
    return hmac.new(master_key.encode(), str(key.uid).encode(), hashlib.sha256).hexdigest()
