"""Everything that is promised about reliability, in its long form; nothing may be lost or doubled.

``python -m benchmarks.soak [--minutes 60] [--seed 1] [--share S] [--only series|promises|growth|api] [--promise N]``.
First the kill series (``series.py``): the whole stack under a steady load while its parts and links are struck by a
seeded schedule. Then the tests of each promise in their long form (``promises.py``), rows per table under an hour's
load, and the generated requests. Runs on stacks of its own, which are removed; writes ``report.json`` and ``tables.md``
to the output folder, and the parts' logs where something is wrong. Exit code 1 on a violation.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import msgspec

from benchmarks.soak.long_tests import Outcome, run_generated, run_growth, run_promises
from benchmarks.soak.report import Report, tables
from benchmarks.soak.series import SeriesResult, run_series
from benchmarks.soak.stack import ProxiedStack

WHOLE_MINUTES = 60.0
STEPS = ("series", "promises", "growth", "api")


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    parser.add_argument("--minutes", type=float, default=WHOLE_MINUTES, help="length of the kill series (60)")
    parser.add_argument("--seed", type=int, default=1, help="of faults and of the promises' tests (1)")
    parser.add_argument("--width", type=int, default=2, help="projects outstanding at a time (2)")
    parser.add_argument("--share", type=float, help="of the promises' volumes (minutes / 60, at most 1)")
    parser.add_argument("--only", choices=STEPS, help="one of the four steps")
    parser.add_argument("--promise", type=int, action="append", default=[], help="this promise only; repeatable")
    return parser


def series_in(options: argparse.Namespace, media: Path, out: Path) -> SeriesResult:
    """The kill series on a stack of its own."""
    with ProxiedStack(media=media, out=out, minutes=options.minutes, rounds=1, quick=False, state=None) as stack:
        series = run_series(stack, minutes=options.minutes, seed=options.seed, width=options.width)
        if series.violations:
            stack.keep_logs()
    return series


def main() -> int:
    """Command line; exit code 1 on a violation."""
    options = arguments().parse_args()
    media, out = options.media.absolute(), options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    share = min(1.0, options.minutes / WHOLE_MINUTES) if options.share is None else options.share
    report = Report(share=share, seed=options.seed)
    steps = (options.only,) if options.only else ("promises",) if options.promise else STEPS
    if "series" in steps:
        report = write(out, msgspec.structs.replace(report, series=series_in(options, media, out)))
    outcomes: list[Outcome] = []
    if "promises" in steps:
        outcomes += run_promises(out, share=share, seed=options.seed, only=options.promise)
        report = write(out, msgspec.structs.replace(report, outcomes=outcomes))
    if "growth" in steps:
        outcomes.append(run_growth(out, share=share, seed=options.seed))
        report = write(out, msgspec.structs.replace(report, outcomes=outcomes))
    if "api" in steps:
        outcomes.append(run_generated(out, share=share))
        report = write(out, msgspec.structs.replace(report, outcomes=outcomes))
    print((out / "tables.md").read_text())
    wrong = list(report.series.violations) if report.series else []
    wrong += [f"promise {outcome.number} is broken: see {out}" for outcome in outcomes if not outcome.passed]
    print("\n".join(wrong))
    return int(bool(wrong))


def write(out: Path, report: Report) -> Report:
    """Write the report so far: a run that is cut off keeps its first steps."""
    (out / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    generated = "".join(f"\nGenerated requests: {'; '.join(o.figures)}\n" for o in report.outcomes if o.number == 22)
    (out / "tables.md").write_text("\n\n".join(tables(report).values()) + "\n" + generated)
    return report


if __name__ == "__main__":
    sys.exit(main())
