"""The tables of docs/scaling.md, from a report of ``knee.py`` and from the model of ``capacity.py``.

``python -m benchmarks.load.scaling_page [out/bench/knee.json]`` writes them into the page; without a report, the model
alone. A figure that was not measured is "not yet run".
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.harness.marked_tables import NOT_RUN, markdown_table, put_marked
from benchmarks.load.capacity import capacity_of, gib, parser, render
from benchmarks.load.knee import ORGS_COUNTS, KneeReport, Series
from benchmarks.load.knee_search import LoadStep, find_knee, name_break
from benchmarks.load.load_step import GENERATOR

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
DEPLOYED_PARTITIONS = 96
"""Of each topic in the manifests and the compose file of deploy/."""
KNEE, STEPS, TABLES, MODEL = "the knee", "the steps", "the filled tables", "the model"
KNEE_HEAD = ("organisations", "knee, POST/s", "POST p50, p95, p99", "reads p99", "breaks at", "because")
STEPS_HEAD = (
    *("organisations", "offered", "accepted a second", "POST p50, p95, p99, ms", "reads p50, p99, ms", "errors"),
    *("API", "Postgres", "relay", "Kafka", "generator", "generator late, p99 ms"),
)
TABLES_HEAD = ("table", "rows", "with indexes")


def knee_table(report: KneeReport | None) -> str:
    """One row for each number of organisations."""
    if report is None:
        return markdown_table(KNEE_HEAD, [(str(count), *[NOT_RUN] * (len(KNEE_HEAD) - 1)) for count in ORGS_COUNTS])
    return markdown_table(KNEE_HEAD, [_knee_row(series) for series in report.series])


def _knee_row(series: Series) -> Sequence[str]:
    knee = find_knee(series.steps)
    broken = min((step for step in series.steps if not step.is_held), key=lambda step: step.offered_hz, default=None)
    end = ("above the highest rate offered", "") if broken is None else (f"{broken.offered_hz:g}", name_break(broken))
    if knee is None:
        return (str(series.orgs), "none", "", "", *end)
    posts = knee.posts
    times = f"{posts.p50_ms:.0f}, {posts.p95_ms:.0f}, {posts.p99_ms:.0f} ms"
    return (str(series.orgs), f"{knee.offered_hz:g}", times, f"{knee.reads.p99_ms:.0f} ms", *end)


def steps_table(report: KneeReport | None) -> str:
    """Every step, by rate; processor time in cores."""
    if report is None:
        return markdown_table(STEPS_HEAD, [(NOT_RUN, *[""] * (len(STEPS_HEAD) - 1))])
    rows = [
        _step_row(series.orgs, step)
        for series in report.series
        for step in sorted(series.steps, key=lambda step: step.offered_hz)
    ]
    return markdown_table(STEPS_HEAD, rows)


def _step_row(orgs: int, step: LoadStep) -> Sequence[str]:
    api = sum(share for name, share in step.cores.items() if name.startswith("api"))
    cores = [api, *(step.cores.get(name, 0.0) for name in ("postgres", "relay", "kafka", GENERATOR))]
    return (
        str(orgs),
        f"{step.offered_hz:g}",
        f"{step.achieved_hz:.1f}",
        f"{step.posts.p50_ms:.0f}, {step.posts.p95_ms:.0f}, {step.posts.p99_ms:.0f}",
        f"{step.reads.p50_ms:.0f}, {step.reads.p99_ms:.0f}",
        ", ".join(f"{name} {count}" for name, count in step.errors.items()) or "0",
        *(f"{share:.2f}" for share in cores),
        f"{step.late_p99_ms:.1f}",
    )


def tables_table(report: KneeReport | None) -> str:
    """The table of the rows and bytes that the tables held before the load."""
    if report is None:
        return markdown_table(TABLES_HEAD, [(NOT_RUN, "", "")])
    largest = sorted(report.tables.items(), key=lambda item: -item[1].size_bytes)
    rows = [(f"`{name}`", f"{table.rows:,}", gib(table.size_bytes)) for name, table in largest]
    rows.append(
        ("all", f"{sum(table.rows for _, table in largest):,}", gib(sum(table.size_bytes for _, table in largest)))
    )
    plan = report.plan
    text = (
        f"{plan.projects:,} projects over {plan.days:.0f} days; {plan.reads_per_post:g} reads for each POST;"
        f" {plan.api_processes} API process(es); {report.about.get('cpus')} cores, {report.about.get('processor')}."
    )
    return f"{text}\n\n{markdown_table(TABLES_HEAD, rows)}"


def model_text() -> str:
    """The model of 10,000 projects a day of 20 minutes, as its command prints it."""
    return render(capacity_of(parser().parse_args(["--partitions", str(DEPLOYED_PARTITIONS)])))


def page_with(text: str, report: KneeReport | None) -> str:
    """The page with all tables; those of the load stay as they are without a report."""
    if report is not None:
        for mark, content in ((KNEE, knee_table(report)), (STEPS, steps_table(report)), (TABLES, tables_table(report))):
            text = put_marked(text, mark, content)
    return put_marked(text, MODEL, model_text())


def main(paths: Sequence[str]) -> int:
    """Write the tables into the page."""
    report = msgspec.json.decode(Path(paths[0]).read_bytes(), type=KneeReport) if paths else None
    PAGE.write_text(page_with(PAGE.read_text(), report))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
