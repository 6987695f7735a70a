"""The load generator, in a process of its own: asks the API on a schedule, times each answer.

Knows no resource.

One JSON document on standard input (``Load``); runs for its seconds, or until standard input is closed; prints one
JSON document (``LoadResult``). A customer who was still waiting when its next request fell due has that waiting counted
(no coordinated omission); a customer whose own process woke up late has not: that is not the API's time.
"""

from __future__ import annotations

import http.client
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence

import msgspec

FRESH = "fresh"
"""An Idempotency-Key that stands for a new one each time."""
CUSTOMER = "{customer}"
"""Stands for the customer's number in an Idempotency-Key: two that repeat one key at once get 409."""
SOME_WORDS = "{words}"
"""Stands for two words in a path, other ones each time."""
WORDS = (
    *("energy", "force", "planet", "moon", "gravity", "pendulum", "physics", "balance", "mass", "speed", "heat"),
    *("light", "water", "time", "question", "answer", "number", "picture", "street", "house", "music", "morning"),
    *("money", "market", "school", "doctor", "garden", "river", "winter", "summer", "mountain", "weather", "bread"),
)
MAX_LATE_S = 60.0
"""A client that is later than this gives up, and says so among the refusals."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request and how often it comes, among the weights of all."""

    name: str
    weight: int
    path: str
    method: str = "GET"
    body: str = ""
    key: str = ""
    """Idempotency-Key."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """The requests to send, how often and for how long."""

    host: str
    port: int
    api_key: str
    asks: list[Ask]
    clients: int
    per_second: float
    """Of all clients together."""
    seconds: float
    seed: int = 1


class LoadResult(msgspec.Struct, kw_only=True):
    """Milliseconds of each answer by name, and the statuses that were no success."""

    times_ms: dict[str, list[float]] = {}
    refused: dict[str, int] = {}


def draw(asks: Sequence[Ask], dice: random.Random) -> Ask:
    """One request of the mix."""
    return dice.choices(asks, weights=[ask.weight for ask in asks])[0]


def headers_of(ask: Ask, api_key: str, customer: int) -> Mapping[str, str]:
    """Headers of a request."""
    headers = {"Authorization": f"Bearer {api_key}"}
    if ask.body:
        headers["Content-Type"] = "application/json"
    if ask.key:
        headers["Idempotency-Key"] = str(uuid.uuid4()) if ask.key == FRESH else ask.key.replace(CUSTOMER, str(customer))
    return headers


class Customer:
    """One connection that is kept open; its requests fall due at even times."""

    def __init__(self, load: Load, number: int, result: LoadResult, stop: threading.Event) -> None:
        """``result`` is its own: nothing is shared with the other customers."""
        self._load, self._number, self._result, self._stop = load, number, result, stop
        self._dice = random.Random(load.seed * 1000 + number)
        self._every_s = load.clients / load.per_second
        self._connection = http.client.HTTPConnection(load.host, load.port, timeout=30)

    def run(self) -> None:
        """Ask until the time is over or ``stop`` is set."""
        begun_s = time.perf_counter()
        due_s = begun_s + self._dice.uniform(0, self._every_s)
        while due_s - begun_s < self._load.seconds:
            early_s = due_s - time.perf_counter()
            if early_s > 0 and self._stop.wait(early_s):
                break
            if self._stop.is_set():
                break
            if -early_s > MAX_LATE_S:  # a server that answers no more would be asked for hours
                self._refuse(Ask(name="load", weight=0, path=""), f"{-early_s:.0f} s late: given up")
                break
            self._ask(draw(self._load.asks, self._dice), since_s=due_s if early_s <= 0 else time.perf_counter())
            due_s += self._every_s
        self._connection.close()

    def _ask(self, ask: Ask, since_s: float) -> None:
        try:
            headers = headers_of(ask, self._load.api_key, self._number)
            self._connection.request(ask.method, self._path(ask), body=ask.body or None, headers=dict(headers))
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._refuse(ask, type(error).__name__)
            return
        if answer.status >= 400:
            self._refuse(ask, str(answer.status))
        self._result.times_ms.setdefault(ask.name, []).append((time.perf_counter() - since_s) * 1000)

    def _path(self, ask: Ask) -> str:
        return ask.path.replace(SOME_WORDS, "+".join(self._dice.choices(WORDS, k=2)))

    def _refuse(self, ask: Ask, why: str) -> None:
        name = f"{ask.name}: {why}"
        self._result.refused[name] = self._result.refused.get(name, 0) + 1


def joined(parts: Sequence[LoadResult]) -> LoadResult:
    """The results of all customers as one."""
    total = LoadResult()
    for part in parts:
        for name, times in part.times_ms.items():
            total.times_ms.setdefault(name, []).extend(times)
        for name, count in part.refused.items():
            total.refused[name] = total.refused.get(name, 0) + count
    return total


def _stop_at_end_of_input(stop: threading.Event) -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock, held here, would trouble the end of the interpreter
        continue
    stop.set()


def main() -> None:
    """Ask, then print the results."""
    load = msgspec.json.decode(sys.stdin.readline(), type=Load)
    stop = threading.Event()
    results = [LoadResult() for _ in range(load.clients)]
    customers = [Customer(load, number, results[number], stop) for number in range(load.clients)]
    threads = [threading.Thread(target=customer.run) for customer in customers]
    for thread in threads:
        thread.start()
    threading.Thread(target=_stop_at_end_of_input, args=(stop,), daemon=True).start()
    for thread in threads:
        thread.join()
    sys.stdout.write(msgspec.json.encode(joined(results)).decode() + "\n")


if __name__ == "__main__":
    main()
