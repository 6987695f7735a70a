"""The result of a soak as JSON and as the tables of docs/reliability.md.

``python -m benchmarks.soak.report REPORT.json...`` writes the tables into the page. Of several reports (one for each
step that ran by itself) a later one replaces what it measured too. A figure that was not measured is "not yet run".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.harness.marked_tables import NOT_RUN, markdown_table, put_marked
from benchmarks.soak.long_tests import GROWTH, Outcome
from benchmarks.soak.promises import PROMISES, SERIES
from benchmarks.soak.series import SeriesResult

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
MARKS = {"series": "the kill series", "promises": "the promises", "growth": "the growth of tables"}
"""Table → its name in the comments of the page that enclose it."""
SHOWN_TABLES = ("outbox", "attempts", "deliveries", "project_events", "project_stages", "costs", "idempotency_keys")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run; None or empty for what was left out."""

    share: float
    """Of what the promises say; 1 is a whole run."""
    seed: int
    series: SeriesResult | None = None
    outcomes: Sequence[Outcome] = ()


def series_table(series: SeriesResult | None) -> str:
    """The kill series as a Markdown table."""
    rows = {} if series is None else _series_rows(series)
    names = (
        "length, seed", "projects accepted, completed", "events, sent again", "strikes by kind", "lost", "doubled",
        "longest stillness", "takeover after a kill, p95", "drained after the last strike", "memory drift",
        "growth of tables, rows for each project",
    )  # fmt: skip
    return markdown_table(("measured", "figure"), [(name, rows.get(name, NOT_RUN)) for name in names])


def _series_rows(series: SeriesResult) -> dict[str, str]:
    kinds = ", ".join(f"{kind} {count}" for kind, count in series.kinds.items())
    p95 = series.takeover_p95_s
    return {
        "length, seed": f"{series.about['minutes']} min, {series.about['seed']}",
        "projects accepted, completed": f"{series.accepted}, {series.completed}",
        "events, sent again": f"{series.events}, {series.sent_again}",
        "strikes by kind": f"{kinds} (of {len(series.struck)} kinds and targets; {series.skipped} skipped)",
        "lost": str(series.lost),
        "doubled": str(series.doubled),
        "longest stillness": f"{series.longest_still_s:.0f} s",
        "takeover after a kill, p95": "no worker was killed at work"
        if p95 is None
        else f"{p95:.1f} s (n {series.takeovers})",
        "drained after the last strike": f"{series.drained_s:.0f} s",
        "memory drift": _drift_text(series),
        "growth of tables, rows for each project": _growth_text(series),
    }


def _drift_text(series: SeriesResult) -> str:
    slopes = {kind: drift for kind, drift in series.memory.items() if drift.percent_per_hour is not None}
    if not slopes:
        return "too short to say (10 minutes of each kind of process)"
    worst = sorted(slopes, key=lambda kind: -(slopes[kind].percent_per_hour or 0.0))[:3]
    return "highest: " + ", ".join(
        f"{kind} {slopes[kind].percent_per_hour:+.1f} %/h of {slopes[kind].median_mib:.0f} MiB" for kind in worst
    )


def _growth_text(series: SeriesResult) -> str:
    texts = []
    for name in SHOWN_TABLES:
        growth = series.tables.get(name)
        if growth is not None:
            halves = (growth.first_half_rows_per_project, growth.second_half_rows_per_project)
            first, second = ("–" if half is None else f"{half:.1f}" for half in halves)
            texts.append(f"{name} {first} → {second}")
    return ", ".join(texts) or "not sampled"


def promises_table(outcomes: Sequence[Outcome]) -> str:
    """Every promise with its tests and its figure."""
    by_number: Mapping[int, Outcome] = {outcome.number: outcome for outcome in outcomes}
    rows = []
    for promise in PROMISES:
        tests = ", ".join(f"`{test}`" for test in (*promise.tests, *promise.also))
        also = "; kill series" if promise.number in SERIES else ""
        rows.append(
            (str(promise.number), promise.text, promise.limit, tests + also, _figure(by_number.get(promise.number)))
        )
    return markdown_table(("", "promise", "limit", "shown by", "long run"), rows)


def growth_table(outcomes: Sequence[Outcome]) -> str:
    """Rows of each table over time; a test that failed says so in the first row."""
    growth = next((outcome for outcome in outcomes if outcome.number == GROWTH.number), None)
    if growth is None:
        rows = [("all", NOT_RUN)]
    else:
        rows = [] if growth.passed else [("**broken**", "")]
        rows += [(table, text) for table, _, text in (figure.partition(": ") for figure in growth.figures)]
    return markdown_table(("table", "rows at equal intervals; size in the second half"), rows)


def _figure(outcome: Outcome | None) -> str:
    if outcome is None:
        return NOT_RUN
    text = "; ".join(dict.fromkeys(outcome.figures)) or "its tests pass"
    return text if outcome.passed else f"**broken**: {text}" if outcome.figures else "**broken**"


def tables(report: Report) -> dict[str, str]:
    """Mark → table."""
    return {
        "series": series_table(report.series),
        "promises": promises_table(report.outcomes),
        "growth": growth_table(report.outcomes),
    }


def page_with(text: str, report: Report) -> str:
    """The page with the tables of this report. Raises ValueError where a mark is missing."""
    for mark, table in tables(report).items():
        text = put_marked(text, MARKS[mark], table)
    return text


def merge_reports(reports: Sequence[Report]) -> Report:
    """What the steps of all reports measured; of a step that several have, the last counts.

    Raises ValueError where one is of another share or seed: a page says one of each.
    """
    first = reports[0]
    if any((report.share, report.seed) != (first.share, first.seed) for report in reports):
        raise ValueError("the reports are of several shares or seeds: measure them alike")
    outcomes = {outcome.number: outcome for report in reports for outcome in report.outcomes}
    series = [report.series for report in reports if report.series is not None]
    return msgspec.structs.replace(first, series=series[-1] if series else None, outcomes=list(outcomes.values()))


def main(paths: Sequence[str]) -> int:
    """Write the reports' tables into the page."""
    if not paths:
        print("name one report or more: python -m benchmarks.soak.report out/soak/report.json", file=sys.stderr)
        return 2
    try:
        report = merge_reports([msgspec.json.decode(Path(path).read_bytes(), type=Report) for path in paths])
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    PAGE.write_text(page_with(PAGE.read_text(), report))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
