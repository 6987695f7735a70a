"""Pure: what a load sends and when; requests fall due at random times, whatever is answered.

Arrivals are those of independent customers (exponential gaps, by a seed).
"""

from __future__ import annotations

import hashlib
import heapq
import random
import uuid
from collections.abc import Iterator, Sequence

import msgspec


class RequestKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request and how often it comes."""

    name: str
    rate_hz: float
    method: str
    path: str
    """With ``{project}`` and ``{export}``: ids of rows that are there."""
    body: str = ""


class FilledRows(msgspec.Struct, frozen=True, kw_only=True):
    """Projects in the tables: ``count`` copies from number ``first``; the organisations own them in turn."""

    first: int
    count: int
    project: str
    """Id of the project that was copied; of copy n it is ``md5(id || n)``."""
    exports: Sequence[str]


class OpenLoad(msgspec.Struct, frozen=True, kw_only=True):
    """The load to send: its kinds of requests, their senders and its length."""

    ports: Sequence[int]
    """Of the API's processes on the loopback; requests take them in turn."""
    api_keys: Sequence[str]
    """One of each organisation; requests take any."""
    kinds: Sequence[RequestKind]
    rows: FilledRows
    warm_up_s: float
    """Time at the full rate that is not measured."""
    seconds: float
    seed: int = 1


def copied_id(original: str, number: int) -> uuid.UUID:
    """Id in copy ``number`` of a row; in Postgres ``md5(original || number)::uuid``."""
    return uuid.UUID(hashlib.md5(f"{original}{number}".encode()).hexdigest())


def arrivals(rate_hz: float, until_s: float, dice: random.Random) -> Iterator[float]:
    """Seconds at which requests of one kind fall due."""
    at_s = dice.expovariate(rate_hz)
    while at_s < until_s:
        yield at_s
        at_s += dice.expovariate(rate_hz)


def schedule(load: OpenLoad) -> list[tuple[float, int]]:
    """The times (s) at which requests fall due, each with the position of its kind."""
    until_s = load.warm_up_s + load.seconds
    dice = [random.Random(f"{load.seed}/{kind.name}") for kind in load.kinds]
    series = [
        [(at_s, position) for at_s in arrivals(kind.rate_hz, until_s, dice[position])]
        for position, kind in enumerate(load.kinds)
        if kind.rate_hz > 0
    ]
    return list(heapq.merge(*series))


def compose(load: OpenLoad, kind: RequestKind, dice: random.Random) -> bytes:
    """The bytes of one request: of any organisation, about any of its projects."""
    org = dice.randrange(len(load.api_keys))
    path = _fill_in(kind.path, load.rows, org, len(load.api_keys), dice) if "{" in kind.path else kind.path
    head = f"{kind.method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {load.api_keys[org]}\r\n"
    if kind.body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(kind.body)}\r\n"
        head += f"Idempotency-Key: {uuid.uuid4()}\r\n"
    return f"{head}\r\n{kind.body}".encode()


def _fill_in(path: str, rows: FilledRows, org: int, orgs: int, dice: random.Random) -> str:
    number = rows.first + orgs * dice.randrange(rows.count // orgs) + org
    ids = {"project": rows.project, "export": dice.choice(rows.exports)}
    return path.format(**{name: copied_id(original, number) for name, original in ids.items()})
