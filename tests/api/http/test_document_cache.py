"""A document is read from the store once for many callers; large ones and failures are not cached."""

from __future__ import annotations

import asyncio

import pytest

from api.http.response_cache import MAX_CACHED_BYTES, AnswerCache, CachedDocuments
from core.errors import Unavailable
from schemas.common import ObjectRef


class Store:
    """Records each key that is read; the first ``failures`` reads raise `Unavailable`."""

    def __init__(self, failures: int = 0) -> None:
        self.read: list[str] = []
        self._failures = failures

    async def get(self, ref: ObjectRef) -> bytes:
        self.read.append(ref.key)
        await asyncio.sleep(0)
        if self._failures:
            self._failures -= 1
            raise Unavailable("objects", "away")
        return ref.key.encode()


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def documents(store: Store, clock: Clock) -> CachedDocuments:
    return CachedDocuments(store, AnswerCache(seconds=60.0, now=clock))  # type: ignore[arg-type]


def ref(key: str, size: int = 10) -> ObjectRef:
    return ObjectRef(key=key, sha256="0" * 64, size=size)


async def test_many_readers_cost_one_reading_and_after_a_minute_another() -> None:
    store, clock = Store(), Clock()
    asked = documents(store, clock)
    assert await asyncio.gather(*(asked.get(ref("a")) for _ in range(5))) == [b"a"] * 5
    assert await asked.get(ref("b")) == b"b"
    assert store.read == ["a", "b"]
    clock.now_s = 61.0
    assert await asked.get(ref("a")) == b"a"
    assert store.read == ["a", "b", "a"]


async def test_a_large_document_is_not_cached() -> None:
    store = Store()
    asked = documents(store, Clock())
    for _ in range(2):
        await asked.get(ref("film", MAX_CACHED_BYTES + 1))
    assert store.read == ["film", "film"]


async def test_a_failure_is_not_cached() -> None:
    asked = documents(Store(failures=1), Clock())
    with pytest.raises(Unavailable):
        await asked.get(ref("a"))
    assert await asked.get(ref("a")) == b"a"
