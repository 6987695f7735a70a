"""Lists how each clip of a project was made: rows of attempts compared with certificates.

Reads, and slows no one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import asyncpg
import msgspec

from benchmarks.harness.rig import Rig
from cli.api.client import JSON
from schemas.stages import EXPORT_STAGES

_ATTEMPTS = """
select (convert_from(a.payload, 'utf8')::jsonb->>'ordinal')::int as ordinal, a.stage, a.worker, a.tries,
  extract(epoch from a.started_at - p.created_at)::float8 as began_s,
  extract(epoch from a.finished_at - p.created_at)::float8 as ended_s, a.cpu_ms / 1000.0::float8 as cpu_s
from attempts a join projects p using (org_id, project_id)
where a.project_id = $1::uuid and a.stage = any($2) and a.state = 'done' order by a.started_at
"""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One stage's work on one clip; seconds count from the project's creation."""

    ordinal: int
    stage: str
    worker: str
    tries: int
    """At its event: more than one where a worker was lost, or a part of ours was away."""
    began_s: float
    ended_s: float
    cpu_s: float
    """Of its children and models, all tries at the file together."""


async def read(dsn: str, project_id: str) -> list[Work]:
    """The work of ``frame`` and ``render`` for a project, in the order in which it began.

    ``dsn`` is of a role that sees all rows.
    """
    connection = await asyncpg.connect(dsn)
    try:
        return [Work(**dict(row)) for row in await connection.fetch(_ATTEMPTS, project_id, list(EXPORT_STAGES))]
    finally:
        await connection.close()


def read_stack_works(rig: Rig, project_id: str) -> list[Work]:
    """The same on a benchmark's stack."""
    return asyncio.run(read(rig.superuser(), project_id))


def clip_lines(works: Sequence[Work], exports: Sequence[JSON]) -> Iterator[str]:
    """A line a clip, in order: when each stage had it and what that took, and how often its file was made."""
    numbers = {worker: number for number, worker in enumerate(sorted({work.worker for work in works}), 1)}
    for export in sorted(exports, key=lambda export: int(export["ordinal"])):
        seconds = (export["end_ms"] - export["start_ms"]) / 1000
        parts = [f"{seconds:.1f} s from {export['start_ms'] / 1000:.0f} s on"]
        for work in works:
            if work.ordinal == export["ordinal"]:
                again = f", event tried {work.tries} times" if work.tries > 1 else ""
                parts.append(
                    f"{work.stage} {work.began_s:.1f}–{work.ended_s:.1f} by worker {numbers[work.worker]} "
                    f"({work.cpu_s:.1f} CPU-s, {work.cpu_s / seconds:.2f} a second{again})"
                )
        parts.append(_file(export["certificate"] or {}))
        yield f"clip {export['ordinal'] + 1}: {'; '.join(parts)}"


def _file(certificate: JSON) -> str:
    tried = "once"
    if certificate.get("other_try"):
        tried = f"twice ({', '.join(certificate['other_try']['faults']) or 'nothing failed in the other'})"
    threads = certificate.get("made_with", {}).get("encoder.threads", "?")
    return f"file made {tried}, {certificate.get('chunks', 0)} chunks, {threads} threads"
