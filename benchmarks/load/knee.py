"""The API to the knee: POST /v1/projects and reads, on tables as after a year.

``python -m benchmarks.load.knee [--quick] [--projects N] [--days N] [--api-processes N]``. Real Postgres, Kafka, object
store, API and relay, all on this machine, as is the load generator (``open_loop.py``). Rates are offered in steps, as
many reads as POSTs, of 1, 10 and 100 organisations, until p99 of POST is above 150 ms or less than 98 % of the requests
are accepted in time; the knee is the largest rate that was held. Writes ``out/bench/knee.json``; ``python -m
benchmarks.load.scaling_page`` puts it into docs/scaling.md. ``--quick`` shows that it works, no more.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import msgspec

from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.harness.rig import Rig, arguments, describe_run, rig_of, say
from benchmarks.load.knee_search import LADDER_HZ, LIMIT_P99_MS, LoadStep, choose_next_rate, find_knee, name_break
from benchmarks.load.load_parts import SOURCE_HOST, LoadParts, drain_outbox, free_places, run_parts
from benchmarks.load.load_plan import FilledRows, OpenLoad, RequestKind
from benchmarks.load.load_step import run_step
from benchmarks.load.project_copies import Copies, RecordedProject, fill_tables, measure_tables, read_recorded
from core.domain.retention_rules import RetentionRules
from tests.contract.promises.processes import Customer, new_customer

LIMIT_RATE_HZ = 200.0
"""POSTs a second, with p99 ≤ 150 ms; from the issue that asked for the knee."""
ORGS_COUNTS = (1, 10, 100)
BODY = msgspec.json.encode({"source_url": f"http://{SOURCE_HOST}/talk.mp4", "title": "A talk"}).decode()
READS = (
    ("GET project", 0.4, "/v1/projects/{project}"),
    ("GET projects", 0.2, "/v1/projects?limit=20"),
    ("GET clips", 0.25, "/v1/projects/{project}/clips"),
    ("GET export", 0.15, "/v1/exports/{export}"),
)
"""Name, share, path: what a page that lists projects and shows one asks."""
DRAIN_S = 10.0
MAX_TRIES = 2
"""Of a rate that is not held."""
SEED_STEP = 1000
"""Between the seeds of two tries."""
QUICK_LADDER_HZ = (25.0, 100.0)


class KneePlan(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a run: projects in the tables, processes, rates to try and seconds of each."""

    projects: int = 36_500
    """In all tables together, a hundred for each day; each number of organisations has a third of them."""
    days: float = 365.0
    api_processes: int = 1
    reads_per_post: float = 1.0
    warm_up_s: float = 3.0
    seconds: float = 10.0
    ladder_hz: tuple[float, ...] = LADDER_HZ
    max_steps: int = 9
    orgs_counts: tuple[int, ...] = ORGS_COUNTS


QUICK_PLAN = KneePlan(projects=900, warm_up_s=1.0, seconds=3.0, ladder_hz=QUICK_LADDER_HZ, max_steps=2)


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """All steps with one number of organisations."""

    orgs: int
    steps: Sequence[LoadStep]


class FilledTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table before the load."""

    rows: int
    size_bytes: int


class KneeReport(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    about: dict[str, object]
    plan: KneePlan
    recorded: str
    """Of what the rows are copies."""
    tables: dict[str, FilledTable]
    series: Sequence[Series]


def kinds_of(rate_hz: float, reads_per_post: float) -> list[RequestKind]:
    """The mix at one rate of POSTs."""
    post = RequestKind(name="POST project", rate_hz=rate_hz, method="POST", path="/v1/projects", body=BODY)
    reads = [
        RequestKind(name=name, rate_hz=rate_hz * reads_per_post * share, method="GET", path=path)
        for name, share, path in READS
    ]
    return [post, *reads]


def groups_of(plan: KneePlan, customers: Sequence[Sequence[Customer]]) -> list[Copies]:
    """An equal part of the projects for each number of organisations."""
    projects_per_org = plan.projects // len(customers)
    return [
        Copies(
            first=number * projects_per_org,
            count=projects_per_org,
            orgs=[customer.org_id for customer in group],
            days=plan.days,
        )
        for number, group in enumerate(customers)
    ]


async def run_series(
    parts: LoadParts, plan: KneePlan, recorded: RecordedProject, group: Copies, customers: Sequence[Customer]
) -> Series:
    """Offer rates until the knee is known."""
    owner = await asyncpg.connect(parts.settings.postgres_owner)
    rows = FilledRows(
        first=group.first, count=group.count, project=recorded.project_id, exports=recorded.ids("exports", "export_id")
    )
    steps: list[LoadStep] = []
    try:
        async with free_places(owner):
            while len(steps) < plan.max_steps and (rate_hz := choose_next_rate(steps, plan.ladder_hz)) is not None:
                load = OpenLoad(
                    ports=parts.api_ports, api_keys=[customer.key for customer in customers], rows=rows,
                    kinds=kinds_of(rate_hz, plan.reads_per_post), warm_up_s=plan.warm_up_s, seconds=plan.seconds,
                    seed=len(steps) + 1,
                )  # fmt: skip
                steps.append(await offer(load, parts, len(customers)))
    finally:
        await owner.close()
    return Series(orgs=len(customers), steps=steps)


async def offer(load: OpenLoad, parts: LoadParts, orgs_count: int) -> LoadStep:
    """One step; a rate that was not held is offered once more, and the better of both counts.

    At 50 POSTs a second five slow answers make the p99 of ten seconds: one pause of a shared machine is enough.
    """
    tries: list[LoadStep] = []
    while len(tries) < MAX_TRIES and not any(step.is_held for step in tries):
        again = msgspec.structs.replace(load, seed=load.seed + SEED_STEP * len(tries))
        tries.append(await run_step(again, parts))
        say(f"{orgs_count} organisations: {format_step(tries[-1])}")
        await drain_outbox(parts.settings, DRAIN_S)
    return min(tries, key=lambda step: (not step.is_held, step.posts.p99_ms))


def format_step(step: LoadStep) -> str:
    """One step in a line."""
    cores = ", ".join(f"{name} {share:.2f}" for name, share in sorted(step.cores.items(), key=lambda item: -item[1]))
    errors = f"; {', '.join(f'{name} {count}' for name, count in step.errors.items())}" if step.errors else ""
    return (
        f"{step.offered_hz:g} POST/s offered, {step.achieved_hz:.1f} accepted; POST p50 {step.posts.p50_ms:.0f},"
        f" p95 {step.posts.p95_ms:.0f}, p99 {step.posts.p99_ms:.0f} ms; reads p99 {step.reads.p99_ms:.0f} ms;"
        f" cores: {cores}; generator late by {step.late_p99_ms:.1f} ms (p99); {step.unsent_count} events unsent{errors}"
    )


async def fill(
    parts: LoadParts, plan: KneePlan, groups: Sequence[Copies], recorded: RecordedProject
) -> dict[str, FilledTable]:
    """Fill the tables; gives what they hold."""
    owner = await asyncpg.connect(parts.settings.postgres_owner)
    try:
        say(f"filling the tables: {plan.projects} projects over {plan.days:.0f} days")
        await fill_tables(owner, recorded, groups, RetentionRules())
        sizes = await measure_tables(owner, list(recorded.tables))
    finally:
        await owner.close()
    return {table: FilledTable(rows=rows, size_bytes=size) for table, (rows, size) in sizes.items()}


async def new_customers(parts: LoadParts, count: int) -> list[Customer]:
    return [await new_customer(parts.settings) for _ in range(count)]


def measure(plan: KneePlan, circumstances: dict[str, object], log_folder: Path) -> KneeReport:
    """Start everything, fill the tables, and find the knee for each number of organisations."""
    recorded = read_recorded()
    with run_parts(api_processes=plan.api_processes, log_folder=log_folder) as parts:
        customers = [asyncio.run(new_customers(parts, count)) for count in plan.orgs_counts]
        groups = groups_of(plan, customers)
        tables = asyncio.run(fill(parts, plan, groups, recorded))
        total = FilledTable(
            rows=sum(table.rows for table in tables.values()),
            size_bytes=sum(table.size_bytes for table in tables.values()),
        )
        say(f"{total.rows} rows, {total.size_bytes / 2**20:.0f} MiB")
        series = [
            asyncio.run(run_series(parts, plan, recorded, group, owners))
            for group, owners in zip(groups, customers, strict=True)
        ]
    return KneeReport(about=circumstances, plan=plan, recorded=recorded.about, tables=tables, series=series)


def claims_of(report: KneeReport) -> list[Claim]:
    """The knee of each number of organisations, against the limit."""
    claims = []
    for series in report.series:
        knee = find_knee(series.steps)
        broken = min(
            (step for step in series.steps if not step.is_held), key=lambda step: step.offered_hz, default=None
        )
        lines = [format_step(step) for step in sorted(series.steps, key=lambda step: step.offered_hz)]
        if broken is not None:
            lines.insert(0, f"breaks at {broken.offered_hz:g} a second: {name_break(broken)}")
        claims.append(
            Claim(
                name=f"POST with p99 ≤ {LIMIT_P99_MS:.0f} ms, {series.orgs} organisations, at least",
                measured=knee.achieved_hz if knee else 0.0,
                unit="a second",
                limit=LIMIT_RATE_HZ,
                at_least=True,
                where=tuple(lines),
            )
        )
    return claims


def bench(rig: Rig, plan: KneePlan | None = None) -> list[Claim]:
    """The claims of the knee for ``python -m benchmarks``; the rig's stack has no part in it."""
    plan = plan or (QUICK_PLAN if rig.quick else KneePlan())
    report = measure(plan, describe_run(rig), rig.out / "logs")
    rig.out.mkdir(parents=True, exist_ok=True)
    (rig.out / "knee.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
    return claims_of(report)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command_line = arguments(__doc__, "out/bench")
    command_line.add_argument("--projects", type=int, help="projects in the tables before the load")
    command_line.add_argument("--days", type=float, help="over which they were made (365)")
    command_line.add_argument("--api-processes", type=int, help="processes of the API; requests take them in turn (1)")
    command_line.add_argument("--reads-per-post", type=float, help="reads for each POST (1)")
    return command_line


def main() -> int:
    """Exit code 1 where the knee lies below the limit."""
    options = parser().parse_args()
    plan_fields = {
        name: getattr(options, name)
        for name in ("projects", "days", "api_processes", "reads_per_post")
        if getattr(options, name) is not None
    }
    with rig_of(options) as rig:
        claims = bench(rig, msgspec.structs.replace(QUICK_PLAN if options.quick else KneePlan(), **plan_fields))
    print("\n".join(map(format_claim, claims)))
    return exit_code(claims, [])


if __name__ == "__main__":
    sys.exit(main())
