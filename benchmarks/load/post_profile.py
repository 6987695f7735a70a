"""Where the time of one POST /v1/projects goes: statements in Postgres, and processor time.

``python -m benchmarks.load.post_profile [--rate HZ] [--seconds S]``. On empty tables, far below
the knee; statements are counted by pg_stat_statements, those of the API's role and of the relay's apart.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import msgspec

from benchmarks.load.knee import format_step, kinds_of
from benchmarks.load.knee_search import LoadStep
from benchmarks.load.load_parts import LoadParts, drain_outbox, free_places, run_parts
from benchmarks.load.load_plan import FilledRows, OpenLoad
from benchmarks.load.load_step import run_step
from tests.contract.promises.processes import new_customer

PRELOADED = {"shared_preload_libraries": "pg_stat_statements"}
NO_ROWS = FilledRows(first=0, count=0, project="", exports=())
MAX_STATEMENT_CHARACTERS = 90
_STATEMENTS = """
select r.rolname as role, regexp_replace(s.query, '\\s+', ' ', 'g') as query, s.calls, s.total_exec_time as ms
from pg_stat_statements s join pg_roles r on r.oid = s.userid
where r.rolname in ('clipstream_api', 'clipstream_relay') order by s.total_exec_time desc
"""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of a role."""

    role: str
    query: str
    calls: float
    """For each POST."""
    ms: float
    """In the server, for each POST."""


async def profile(parts: LoadParts, rate_hz: float, seconds: float) -> tuple[LoadStep, list[Statement]]:
    """One step, and the statements that it ran."""
    customer = await new_customer(parts.settings)
    owner = await asyncpg.connect(parts.settings.postgres_owner)
    load = OpenLoad(
        ports=parts.api_ports, api_keys=[customer.key], rows=NO_ROWS, kinds=kinds_of(rate_hz, 0.0), warm_up_s=2.0,
        seconds=seconds,
    )  # fmt: skip
    try:
        await owner.execute("create extension pg_stat_statements")
        async with free_places(owner):
            await run_step(msgspec.structs.replace(load, seconds=2.0), parts)
            before = await owner.fetchval("select count(*) from projects")
            await owner.execute("select pg_stat_statements_reset()")
            step = await run_step(load, parts)
            await drain_outbox(parts.settings, 10.0)
            rows = await owner.fetch(_STATEMENTS)
            posts = await owner.fetchval("select count(*) from projects") - before
    finally:
        await owner.close()
    return step, [
        Statement(role=row["role"], query=row["query"], calls=row["calls"] / posts, ms=row["ms"] / posts)
        for row in rows
    ]


def table(step: LoadStep, statements: Sequence[Statement]) -> str:
    """Everything as text."""
    lines = [format_step(step), "", "processor time of a POST, ms:"]
    lines += [f"  {name:<16}{1000 * share / step.achieved_hz:7.2f}" for name, share in step.cores.items()]
    for role in ("clipstream_api", "clipstream_relay"):
        role_statements = [statement for statement in statements if statement.role == role]
        calls = sum(statement.calls for statement in role_statements)
        ms = sum(statement.ms for statement in role_statements)
        lines += ["", f"{role}: {calls:.1f} statements a POST, {ms:.2f} ms in the server", "  calls      ms"]
        lines += [
            f"{statement.calls:7.2f} {statement.ms:7.3f}  {statement.query[:MAX_STATEMENT_CHARACTERS]}"
            for statement in role_statements
        ]
    return "\n".join(lines)


def main() -> int:
    """Print the profile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=40.0, help="POSTs a second (40)")
    parser.add_argument("--seconds", type=float, default=10.0, help="measured time (10)")
    options = parser.parse_args()
    with run_parts(log_folder=Path("out/bench/logs"), more_flags=PRELOADED) as parts:
        print(table(*asyncio.run(profile(parts, options.rate, options.seconds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
