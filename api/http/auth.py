"""Authentication: look up the bearer key of a request by its keyed hash.

A plain key is neither kept nor logged. A key that was found counts for ``CACHE_S`` seconds, so revoking one takes
effect within that time.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable
from uuid import UUID

import msgspec

from api.problems.problem_details import ApiProblem
from core.infra.key_ring import KeyRing
from core.infra.postgres.connection import Connection, Pool, transaction
from core.infra.secrets import hash_api_key, looks_like_api_key
from core.services.key_rotation import list_kept_peppers
from core.storage.organisations import ApiKeyRecord, find_api_key

CACHE_S = 4.0
CACHE_SIZE = 10_000


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Organisation, key and scopes of a request."""

    org_id: UUID
    key_id: UUID
    scopes: tuple[str, ...]


class ApiKeys:
    """Caller of a key, with a short cache."""

    def __init__(self, *, pool: Pool, ring: KeyRing, now: Callable[[], float]) -> None:
        """``ring`` is the installation's; ``now`` a monotonic clock in seconds."""
        self._pool = pool
        self._ring = ring
        self._now = now
        self._found: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def caller(self, plain: str) -> Caller | None:
        """The caller of a key, or None when there is no such key. Raises Unavailable."""
        if not looks_like_api_key(plain):
            return None
        hashed = hash_api_key(self._ring.derive("api-keys"), plain)
        cached = self._found.get(hashed)
        if cached is not None and cached[0] > self._now():
            return cached[1]
        self._found.pop(hashed, None)
        caller = await self._look_up(plain)
        if caller is not None:
            self._found[hashed] = (self._now() + CACHE_S, caller)
            if len(self._found) > CACHE_SIZE:
                self._found.popitem(last=False)
        return caller

    async def _look_up(self, plain: str) -> Caller | None:
        async with transaction(self._pool) as connection:
            key = await self._find_key(connection, plain)
        return Caller(org_id=key.org_id, key_id=key.key_id, scopes=key.scopes) if key is not None else None

    async def _find_key(self, connection: Connection, plain: str) -> ApiKeyRecord | None:
        """Ask by the hash under each pepper: of the ring's secrets, newest first, then of those that left it."""
        peppers = [self._ring.derive("api-keys", secret_id) for secret_id in self._ring.ids()]
        if (key := await _find_under(connection, peppers, plain)) is not None:
            return key
        return await _find_under(connection, await list_kept_peppers(connection, self._ring), plain)


async def _find_under(connection: Connection, peppers: Iterable[bytes], plain: str) -> ApiKeyRecord | None:
    for pepper in peppers:
        hashed = hash_api_key(pepper, plain)
        key = await find_api_key(connection, hashed)
        if key is not None and hmac.compare_digest(key.hash, hashed):
            return key
    return None


def bearer(header: str | None) -> str:
    """The key of an Authorization header; raises the ``unauthenticated`` problem."""
    scheme, _, key = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise unauthenticated("The request has no `Authorization: Bearer` header.")
    return key.strip()


def unauthenticated(detail: str) -> ApiProblem:
    """A 401 that names the scheme."""
    return ApiProblem("unauthenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="clipstream"'})


def require_scope(caller: Caller, scope: str) -> None:
    """Raises the ``forbidden`` problem where the key lacks ``scope``."""
    if scope not in caller.scopes:
        raise ApiProblem("forbidden", f"The key lacks the scope `{scope}`.")
