"""Short-lived cache of answers: callers that ask the same at once share one request.

Failures are not cached. Age and number of entries are bounded. It is per process.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

from core.ports.stores import Objects
from schemas.common import ObjectRef

T = TypeVar("T")
MAX_ENTRIES = 100


class AnswerCache(Generic[T]):
    """Answers of the last ``seconds``, by question."""

    def __init__(self, *, seconds: float, now: Callable[[], float], most: int = MAX_ENTRIES) -> None:
        """``now`` is a monotonic clock in seconds; an answer's age counts from its request."""
        self.seconds = seconds
        self._now, self._most = now, most
        self._kept: OrderedDict[Hashable, tuple[float, asyncio.Future[T]]] = OrderedDict()

    async def get(self, question: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The cached answer, or a new one; callers that ask meanwhile share it, and its failure."""
        until_s, answer = self._kept.get(question, (0.0, None))
        if answer is None or until_s <= self._now():
            answer = asyncio.ensure_future(ask())
            self._keep(question, answer)
        return await asyncio.shield(answer)  # one who stops waiting does not take it from the others

    def _keep(self, question: Hashable, answer: asyncio.Future[T]) -> None:
        self._kept.pop(question, None)
        while self._kept and (len(self._kept) >= self._most or self._oldest_until_s() <= self._now()):
            self._kept.popitem(last=False)
        self._kept[question] = (self._now() + self.seconds, answer)

        def forget_failure(finished: asyncio.Future[T]) -> None:
            failed = finished.cancelled() or finished.exception() is not None
            if failed and self._kept.get(question, (0.0, None))[1] is finished:
                del self._kept[question]

        answer.add_done_callback(forget_failure)

    def _oldest_until_s(self) -> float:
        return next(iter(self._kept.values()))[0]


KEPT_S = 60.0
MAX_DOCUMENTS = 24
MAX_CACHED_BYTES = 4 * 2**20
"""An hour's transcript has two."""


class CachedDocuments:
    """Documents of the object store, with the newest cached."""

    def __init__(self, objects: Objects, memory: AnswerCache[bytes]) -> None:
        """``memory`` holds at most ``MAX_ENTRIES`` documents of ``MAX_CACHED_BYTES`` each."""
        self._objects = objects
        self._memory = memory

    async def get(self, ref: ObjectRef) -> bytes:
        """All bytes, checked against the reference's SHA-256. Raises what the store's ``get`` raises."""
        read = partial(self._objects.get, ref)
        return await (self._memory.get(ref, read) if ref.size <= MAX_CACHED_BYTES else read())
