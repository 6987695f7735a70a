"""Turns of organisations within one worker: a queue each, the least served is next. Pure."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class TurnQueue(Generic[Item]):
    """Items that wait, by organisation. The order within an organisation stays."""

    def __init__(self, most_of_org: int) -> None:
        """``most_of_org`` items of one organisation are worked on at once."""
        self._most_of_org = most_of_org
        self._waiting: dict[str, deque[Item]] = {}
        self._running: Counter[str] = Counter()
        self._turns: dict[str, int] = {}
        """The clock at an organisation's last turn, for as long as it has anything here."""
        self._clock = itertools.count(1)

    def put(self, org: str, item: Item) -> None:
        """Let an item wait."""
        self._waiting.setdefault(org, deque()).append(item)

    def take(self) -> tuple[str, Item] | None:
        """The next item and its organisation: fewest running, and of those the longest ago."""
        ready = [org for org in self._waiting if self._running[org] < self._most_of_org]
        if not ready:
            return None
        org = min(ready, key=lambda name: (self._running[name], self._turns.get(name, 0)))
        item = self._waiting[org].popleft()
        if not self._waiting[org]:
            del self._waiting[org]
        self._running[org] += 1
        self._turns[org] = next(self._clock)
        return org, item

    def end(self, org: str) -> None:
        """Count an item of an organisation as done."""
        self._running[org] -= 1
        if not self._running[org]:
            del self._running[org]
            if org not in self._waiting:
                del self._turns[org]
