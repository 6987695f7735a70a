"""Liveness, readiness and metrics: public, quick, without a word of any organisation.

Without Postgres or object storage the API answers no request: it is not ready (503). Without another part it answers
some, and the outbox keeps the rest: it is ready but degraded, and names that part.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Literal

import msgspec

from api.http.context import ApiContext
from api.http.metrics import CONTENT_TYPE
from api.http.operations import Call, Operation, Reply
from core.infra.part_watch import LateTasks, Probe
from schemas.version import VERSION

TIMEOUT_S = 2.0
NEEDED = frozenset({"postgres", "objects"})


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["ok"] = "ok"
    """Always `ok`."""
    version: str = VERSION
    """Version of this software."""


class PartState(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of one part just now."""

    up: bool
    """Whether it answered."""
    took_ms: int
    """Time it took to answer."""
    detail: str = ""
    """Why it did not answer."""


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether requests can be served, part by part; ``down`` names the parts that do not answer."""

    status: Literal["ready", "degraded", "down"]
    """`ready`, `degraded` (requests are served) or `down`."""
    down: list[str]
    """Names of the parts that do not answer."""
    parts: dict[str, PartState]
    """State of each part, by name."""


async def probe_part(probe: Probe, late: LateTasks, timeout_s: float = TIMEOUT_S) -> PartState:
    """Probe one part; an error is an answer too."""
    begun = time.perf_counter()
    error = await late.probe(probe, timeout_s)
    took_ms = round((time.perf_counter() - begun) * 1000)
    if error is None:
        return PartState(up=True, took_ms=took_ms)
    detail = f"no answer within {timeout_s:g} s" if isinstance(error, TimeoutError) else type(error).__name__
    return PartState(up=False, took_ms=took_ms, detail=detail)


async def probe_all(probes: Mapping[str, Probe], late: LateTasks) -> Readiness:
    """Probe every part at once."""
    states = await asyncio.gather(*(probe_part(probe, late) for probe in probes.values()))
    parts = dict(zip(probes, states, strict=True))
    down = [name for name, state in parts.items() if not state.up]
    status: Literal["ready", "degraded", "down"] = "down" if NEEDED & set(down) else "degraded" if down else "ready"
    return Readiness(status=status, down=down, parts=parts)


async def get_health(call: Call[None, None]) -> Reply:  # noqa: ARG001 - every handler takes a call
    """The process answers."""
    return Reply(body=Alive())


async def get_readiness(call: Call[None, None]) -> Reply:
    """Whether requests can be served, part by part."""
    context: ApiContext = call.context
    readiness = await probe_all(context.probes, context.watch.late)
    for name, state in readiness.parts.items():
        context.metrics.part_up.labels(name).set(state.up)
    return Reply(
        body=readiness, status=503 if readiness.status == "down" else 200, headers={"Cache-Control": "no-store"}
    )


async def get_metrics(call: Call[None, None]) -> Reply:
    """Prometheus exposition."""
    return Reply(body=call.context.metrics.page(), media_type=CONTENT_TYPE)


OPERATIONS = (
    Operation(
        method="GET",
        path="/healthz",
        name="getHealth",
        tag="operations",
        permission="public",
        summary="Is the process alive",
        handler=get_health,
        response=Alive,
    ),
    Operation(
        method="GET",
        path="/readyz",
        name="getReadiness",
        tag="operations",
        permission="public",
        summary="Can requests be served, and which part is down",
        handler=get_readiness,
        response=Readiness,
        description="503 when Postgres or object storage does not answer; `degraded` when another part does not.",
    ),
    Operation(
        method="GET",
        path="/metrics",
        name="getMetrics",
        tag="operations",
        permission="public",
        summary="Counters for Prometheus",
        handler=get_metrics,
        media_types=("text/plain",),
    ),
)
