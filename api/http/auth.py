"""Authentication: look up the bearer key of a request by its keyed hash.

A plain key is neither kept nor logged. A key that was found counts for ``CACHE_S`` seconds, so revoking one takes
effect within that time.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

import msgspec

from api.problems.problem_details import ApiProblem
from core.infra.postgres.connection import Pool, transaction
from core.infra.secrets import hash_api_key, looks_like_api_key
from core.storage.organisations import find_api_key

CACHE_S = 4.0
CACHE_SIZE = 10_000


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Organisation, key and scopes of a request."""

    org_id: UUID
    key_id: UUID
    scopes: tuple[str, ...]


class KeyRing:
    """Caller of a key, with a short cache."""

    def __init__(self, *, pool: Pool, secret: bytes, now: Callable[[], float]) -> None:
        """``secret`` is the installation's; ``now`` a monotonic clock in seconds."""
        self._pool = pool
        self._secret = secret
        self._now = now
        self._found: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def caller(self, plain: str) -> Caller | None:
        """The caller of a key, or None when there is no such key. Raises Unavailable."""
        if not looks_like_api_key(plain):
            return None
        hashed = hash_api_key(self._secret, plain)
        cached = self._found.get(hashed)
        if cached is not None and cached[0] > self._now():
            return cached[1]
        self._found.pop(hashed, None)
        caller = await self._look_up(hashed)
        if caller is not None:
            self._found[hashed] = (self._now() + CACHE_S, caller)
            if len(self._found) > CACHE_SIZE:
                self._found.popitem(last=False)
        return caller

    async def _look_up(self, hashed: bytes) -> Caller | None:
        async with transaction(self._pool) as connection:
            key = await find_api_key(connection, hashed)
        if key is None or not hmac.compare_digest(key.hash, hashed):
            return None
        return Caller(org_id=key.org_id, key_id=key.key_id, scopes=key.scopes)


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
