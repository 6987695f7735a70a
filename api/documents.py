"""Stored documents that many ask for at once, read from the store once. Writes none; whose they are is asked elsewhere.

Their names are made of their content, so a kept one is never out of date. Kept for a minute: what was erased does not
stay here either, and nobody reaches it meanwhile, for the database is asked first every time.
"""

from __future__ import annotations

from functools import partial

from api.memory import Memory
from schemas.media import ObjectRef
from streams.adapters.ports import Objects

KEPT_S = 60.0
MOST = 24
LARGEST_BYTES = 4 * 2**20
"""An hour's transcript has two."""


class Documents:
    """The store's documents, the newest of them kept."""

    def __init__(self, objects: Objects, memory: Memory[bytes]) -> None:
        """``memory`` holds at most ``MOST`` documents of ``LARGEST_BYTES`` each."""
        self._objects = objects
        self._memory = memory

    async def get(self, ref: ObjectRef) -> bytes:
        """All bytes, checked against the reference's SHA-256. Raises what the store's ``get`` raises."""
        read = partial(self._objects.get, ref)
        return await (self._memory.get(ref, read) if ref.size <= LARGEST_BYTES else read())
