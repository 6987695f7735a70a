"""RequestRates of requests that all processes of the API share.

A process takes tokens out of a bucket in Postgres a few at a time, so that most requests ask nothing. What it took and
did not use lapses after a second: a caller may get a little less than its rate, and never more. Without Postgres each
process counts for itself.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from api.http.limits.rate_limits import MAX_BUCKETS, Grant, TokenBuckets, require_grants
from core.errors import Unavailable
from core.infra.postgres.connection import Pool, transaction
from core.storage.billing.rate_buckets import take_tokens

LEASE_S = 1.0
LEASES_PER_BURST = 20
"""A lease is at most this part of a burst, so that one process does not hold back what another needs."""


class RequestRate(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket's name and how many requests a minute it allows; a burst takes up to a quarter of them."""

    name: str
    per_minute: int

    @property
    def burst(self) -> float:
        """Tokens of a full bucket."""
        return max(1.0, self.per_minute / 4)

    @property
    def rate_s(self) -> float:
        """Tokens a second."""
        return self.per_minute / 60


class RequestRates(Protocol):
    """Grants requests out of buckets."""

    async def require(self, rates: Sequence[RequestRate]) -> dict[str, str]:
        """Headers of a request that every rate allows; raises the ``rate-limited`` problem otherwise."""
        ...


class LocalRates:
    """Grants requests out of this process's own buckets."""

    def __init__(self, now: Callable[[], float]) -> None:
        """``now``: a monotonic clock in seconds."""
        self._now = now
        self._buckets: dict[int, TokenBuckets] = {}

    async def require(self, rates: Sequence[RequestRate]) -> dict[str, str]:
        """As `RequestRates.require`."""
        return require_grants([self.take(rate) for rate in rates])

    def take(self, rate: RequestRate) -> Grant:
        """Take one token of a rate's bucket, if there is one."""
        buckets = self._buckets.setdefault(rate.per_minute, TokenBuckets(rate.per_minute, self._now))
        return buckets.take(rate.name)


class _Lease:
    """Tokens that this process holds of a bucket, until when, and how many it asks for next."""

    def __init__(self) -> None:
        self.count, self.until, self.size = 0, 0.0, 1
        self.left, self.refused_until = 0.0, 0.0
        self.renewal = asyncio.Lock()
        """Requests that come meanwhile wait for its tokens: a renewal of their own would overwrite them."""


class SharedRates:
    """Grants requests out of shared buckets."""

    def __init__(self, pool: Pool, now: Callable[[], float]) -> None:
        """``now``: a monotonic clock in seconds."""
        self._pool = pool
        self._now = now
        self._leases: OrderedDict[str, _Lease] = OrderedDict()
        self._alone = LocalRates(now)

    async def require(self, rates: Sequence[RequestRate]) -> dict[str, str]:
        """Headers of a request that every rate allows; raises the ``rate-limited`` problem otherwise."""
        return require_grants([await self._take(rate) for rate in rates])

    async def _take(self, rate: RequestRate) -> Grant:
        now = self._now()
        lease = self._leases.pop(rate.name, None) or _Lease()
        self._leases[rate.name] = lease
        if len(self._leases) > MAX_BUCKETS:
            self._leases.popitem(last=False)
        if now >= lease.until:
            lease.size, lease.count = (1, 0) if lease.count else (lease.size, 0)
        if not lease.count and now >= lease.refused_until:
            try:
                async with lease.renewal:
                    if not lease.count and self._now() >= lease.refused_until:
                        await self._renew(rate, lease)
            except Unavailable:
                return self._alone.take(rate)
        granted = lease.count > 0
        lease.count -= 1 if granted else 0
        left = lease.left + lease.count
        wait_s = 0 if granted else max(1, math.ceil((1 - lease.left) / rate.rate_s))
        full_in_s = math.ceil(max(0.0, rate.burst - left) / rate.rate_s)
        return Grant(limit=rate.per_minute, remaining=int(left), full_in_s=full_in_s, wait_s=wait_s)

    async def _renew(self, rate: RequestRate, lease: _Lease) -> None:
        """Take the next tokens: twice as many as before while a lease is used up within its time."""
        most = max(1, int(rate.burst / LEASES_PER_BURST))
        async with transaction(self._pool) as connection:
            tokens = await take_tokens(
                connection, rate.name, size=rate.burst, rate_s=rate.rate_s, count=min(lease.size, most)
            )
        now = self._now()
        lease.count, lease.left, lease.until = tokens.count, tokens.left, now + LEASE_S
        lease.size = min(most, lease.size * 2)
        lease.refused_until = 0.0 if tokens.count else now + min(1.0, (1 - tokens.left) / rate.rate_s)
