"""One step of a load test: the generator at one rate, with the processor time of each part meanwhile."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import asyncpg
import msgspec

from benchmarks.harness.claims import percentile
from benchmarks.harness.cpu_usage import Sample, take_sample
from benchmarks.load.knee_search import LoadStep, Percentiles
from benchmarks.load.load_parts import LoadParts, count_unsent
from benchmarks.load.load_plan import OpenLoad
from benchmarks.load.open_loop import KindResult, OpenResult

GENERATOR = "load generator"
STEP_SLACK_S = 60.0
"""Longest time beyond its own after which a generator is given up."""


def percentiles_of(times_ms: Sequence[float]) -> Percentiles:
    """p50, p95 and p99 by nearest rank; NaN for none."""
    p50, p95, p99 = (percentile(times_ms, share) for share in (0.50, 0.95, 0.99))
    return Percentiles(p50_ms=p50, p95_ms=p95, p99_ms=p99, count=len(times_ms))


def cores_between(before: Sample, after: Sample) -> dict[str, float]:
    """Processor seconds a second of each part between two samples."""
    elapsed_s = after.at_s - before.at_s
    return {name: (after.spent_s[name] - spent_s) / elapsed_s for name, spent_s in before.spent_s.items()}


def step_of(load: OpenLoad, result: OpenResult, cores: Mapping[str, float], unsent_count: int) -> LoadStep:
    """The result of one rate. The first kind is the one whose rate is offered, all others are reads."""
    offered, *read_kinds = load.kinds
    posted = result.kinds[offered.name]
    reads = [result.kinds[kind.name] for kind in read_kinds]
    errors: Counter[str] = Counter()
    for name, kind in result.kinds.items():
        errors.update({f"{name}: {why}": count for why, count in kind.refused.items()})
    if result.gave_up:
        errors["too many requests without an answer"] = 1
    return LoadStep(
        offered_hz=offered.rate_hz,
        due_count=posted.due_count,
        achieved_count=posted.achieved_count,
        seconds=load.seconds,
        posts=percentiles_of(_times_of(posted)),
        reads=percentiles_of([ms for kind in reads for ms in _times_of(kind)]),
        errors=errors,
        cores=cores,
        late_p99_ms=percentile(result.late_ms, 0.99),
        unsent_count=unsent_count,
    )


def _times_of(kind: KindResult) -> list[float]:
    return kind.times_ms


async def run_step(load: OpenLoad, parts: LoadParts) -> LoadStep:
    """Run the generator and watch the parts in the measured time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load.open_loop", stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**26
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(load) + b"\n")
        await process.stdout.readline()  # it has begun
        pids = {**parts.pids, GENERATOR: process.pid}
        await asyncio.sleep(load.warm_up_s)
        before = take_sample(pids)
        await asyncio.sleep(load.seconds)
        after = take_sample(pids)
        unsent_count = await _count_unsent(parts)
        process.stdin.close()
        async with asyncio.timeout(STEP_SLACK_S):
            answer = await process.stdout.readline()
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return step_of(load, msgspec.json.decode(answer, type=OpenResult), cores_between(before, after), unsent_count)


async def _count_unsent(parts: LoadParts) -> int:
    connection = await asyncpg.connect(parts.settings.postgres_owner)
    try:
        return await count_unsent(connection)
    finally:
        await connection.close()
