"""Hashes of passwords: argon2id in a thread, two at a time, so that sign-ins cannot take the machine."""

from __future__ import annotations

import asyncio
from functools import cached_property

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19 * 1024
"""OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane."""
TIME_PASSES = 2
LANE_COUNT = 1
HASHED_AT_ONCE_COUNT = 2


class PasswordHashes:
    """Hashes and verifies passwords."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = TIME_PASSES) -> None:
        """Other parameters than the product's are for tests."""
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANE_COUNT, type=Type.ID)
        self._places = asyncio.Semaphore(HASHED_AT_ONCE_COUNT)

    async def hash(self, password: str) -> str:
        """The hash to store."""
        async with self._places:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether a password is the one that was hashed; as much work where there is no hash."""
        async with self._places:
            matches = await asyncio.to_thread(self._matches, stored or self._dummy, password)
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    @cached_property
    def _dummy(self) -> str:
        return self._hasher.hash("the password of no account")

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
