"""Token buckets and places within this process.

Source of the headers: draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from api.problems.problem_details import ApiProblem

MAX_BUCKETS = 10_000


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of taking one token; ``wait_s`` is 0 when it was granted."""

    limit: int
    remaining: int
    full_in_s: int
    wait_s: int

    def headers(self) -> dict[str, str]:
        """RateLimit headers of an answer."""
        return {
            "RateLimit-Policy": f'"default";q={self.limit};w=60',
            "RateLimit": f'"default";r={self.remaining};t={self.full_in_s}',
        }


class TokenBuckets:
    """Buckets of ``per_minute`` tokens that refill evenly; a burst takes up to a quarter of them."""

    def __init__(self, per_minute: int, now: Callable[[], float]) -> None:
        """``now`` is a monotonic clock in seconds."""
        self._per_minute = per_minute
        self._burst = max(1.0, per_minute / 4)
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> Grant:
        """Take one token of ``name``'s bucket, if there is one."""
        now = self._now()
        rate_s = self._per_minute / 60
        tokens, at = self._buckets.pop(name, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * rate_s)
        granted = tokens >= 1
        tokens -= 1 if granted else 0
        self._buckets[name] = (tokens, now)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return Grant(
            limit=self._per_minute,
            remaining=int(tokens),
            full_in_s=math.ceil((self._burst - tokens) / rate_s),
            wait_s=0 if granted else max(1, math.ceil((1 - tokens) / rate_s)),
        )

    def require(self, name: str) -> dict[str, str]:
        """Headers of a granted request; raises the ``rate-limited`` problem otherwise."""
        return require_grants([self.take(name)])


def require_grants(grants: Sequence[Grant]) -> dict[str, str]:
    """Headers of the scarcest grant; raises the ``rate-limited`` problem where one was refused."""
    refused = [grant for grant in grants if grant.wait_s]
    if refused:
        grant = max(refused, key=lambda grant: grant.wait_s)
        headers = grant.headers() | {"Retry-After": str(grant.wait_s)}
        raise ApiProblem("rate-limited", f"{grant.limit} requests a minute are allowed.", headers=headers)
    return min(grants, key=lambda grant: grant.remaining).headers()


class Places:
    """Places for long answers, per caller: each open answer holds a connection of a shared pool."""

    def __init__(self, most: int) -> None:
        """``most`` places for each name."""
        self._most = most
        self._held: Counter[str] = Counter()

    def require(self, name: str, most: int | None = None) -> None:
        """Raise ``rate-limited`` where every place of ``name`` is taken; ``most``: fewer than those of others."""
        places = self._most if most is None else min(most, self._most)
        if self._held[name] >= places:
            detail = f"{places} streams may be open at once: close one first."
            raise ApiProblem("rate-limited", detail, headers={"Retry-After": "5"})

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Take a place for the length of the body."""
        self._held[name] += 1
        try:
            yield
        finally:
            self._held[name] -= 1
            if not self._held[name]:
                del self._held[name]
