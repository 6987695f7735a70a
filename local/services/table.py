"""Table of the places in a stack's block of ports, by service. Nothing else."""

from __future__ import annotations

from schemas.stages import TABLE

SINKS = ("clickhouse", "meilisearch")


def worker_names(stage: str, count: int) -> tuple[str, ...]:
    """``render-1``, ``render-2``; a single worker goes by its stage's name."""
    return (stage,) if count == 1 else tuple(f"{stage}-{number}" for number in range(1, count + 1))


WORKERS: tuple[tuple[str, str], ...] = tuple(
    (name, row.name) for row in TABLE for name in worker_names(row.name, row.workers)
)
"""(part, stage) of every worker."""

OBJECT_PORTS = ("objects", "objects-master", "objects-volume", "objects-filer", "objects-admin")
"""SeaweedFS opens 10000 above each of these as well."""

PORTS: tuple[str, ...] = (
    "api",
    "webhook",
    "files",
    "kafka",
    "kafka-controller",
    "postgres",
    *OBJECT_PORTS,
    "triton-http",
    "triton",
    "triton-metrics",
    "clickhouse",
    "search",
    "relay",
    *(f"sink-{sink}" for sink in SINKS),
    *(name for name, _ in WORKERS),
    "kafka-internal",
    "mail",
)
"""``webhook`` and ``files`` are kept for programs of the person: a receiver, and a server of videos to fetch."""
