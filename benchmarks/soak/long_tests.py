"""Runs the long tests of each promise and the generated requests; gives the recorded figures."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from benchmarks.harness.rig import say
from benchmarks.soak.promises import PROMISES, Promise

REPO = Path(__file__).parents[2]
GENERATED = "tests/contract/generated"
GROWTH = Promise(
    number=0,
    text="Tables stay flat under a load, with retention on",
    limit="rows of one window",
    tests=("tests/contract/promises/test_table_growth.py",),
)
"""Has a table of its own: rows over time."""
MOST_S = 24 * 3600.0
"""The last resort: each test has a timeout of its own, which ends it long before."""
FULL_CASES_COUNT = 120
"""Cases of each operation in a whole `make soak-api`."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file of figures."""

    promise: int
    figure: str
    share: float
    seed: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the tests of one promise."""

    number: int
    passed: bool
    seconds: float
    figures: Sequence[str]


def run_promises(out: Path, *, share: float, seed: int, only: Sequence[int] = ()) -> list[Outcome]:
    """The long tests, with a share of what is promised, in one pytest: they share servers."""
    return _run([promise for promise in PROMISES if not only or promise.number in only], "promises", out, share, seed)


def run_growth(out: Path, *, share: float, seed: int) -> Outcome:
    """Rows per table over an hour's load, with retention on."""
    (outcome,) = _run([GROWTH], "growth", out, share, seed)
    return outcome


def _run(chosen: Sequence[Promise], name: str, out: Path, share: float, seed: int) -> list[Outcome]:
    tests = list(dict.fromkeys(test for promise in chosen for test in promise.tests))
    figures, cases = out / f"{name}.jsonl", out / f"{name}.xml"
    for path in (figures, cases):
        path.unlink(missing_ok=True)
    environment = {
        "CLIPSTREAM_TEST_SOAK": str(share),
        "CLIPSTREAM_TEST_SEED": str(seed),
        "CLIPSTREAM_TEST_FIGURES": str(figures),
    }
    run_pytest(tests, out / f"{name}.log", environment, f"--junitxml={cases}")
    lines = figures.read_bytes().splitlines() if figures.exists() else []
    recorded = [msgspec.json.decode(line, type=Recorded) for line in lines]
    results = read_results(cases.read_text()) if cases.exists() else {}
    return [_outcome(promise, results, recorded) for promise in chosen]


class FileResult(msgspec.Struct, kw_only=True):
    """The result of the tests of one file."""

    ran: int = 0
    failed: int = 0
    seconds: float = 0.0


def read_results(junit: str) -> dict[str, FileResult]:
    """Module of tests (with dots) → its result, from pytest's JUnit file."""
    results: dict[str, FileResult] = {}
    for case in ElementTree.fromstring(junit).iter("testcase"):
        result = results.setdefault(case.get("classname", ""), FileResult())
        result.ran += 1
        result.failed += any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        result.seconds += float(case.get("time", "0"))
    return results


def _outcome(promise: Promise, results: Mapping[str, FileResult], recorded: Sequence[Recorded]) -> Outcome:
    """A promise is kept where each of its files ran, and no test of them failed or was skipped."""
    modules = [test.partition("::")[0].removesuffix(".py").replace("/", ".") for test in promise.tests]
    of_files = [results.get(module, FileResult()) for module in modules]
    passed = all(result.ran and not result.failed for result in of_files)
    say(f"promise {promise.number}: {'kept' if passed else 'BROKEN'}")
    return Outcome(
        number=promise.number,
        passed=passed,
        seconds=sum(result.seconds for result in of_files),
        figures=[line.figure for line in recorded if line.promise == promise.number],
    )


def run_generated(out: Path, *, share: float) -> Outcome:
    """The generated requests of `make soak-api`, as promise 22."""
    cases = max(4, round(FULL_CASES_COUNT * min(1.0, share)))
    log, begun_s = out / "soak-api.log", time.monotonic()
    code = run_pytest((GENERATED,), log, {"CLIPSTREAM_TEST_GENERATED": str(cases)})
    figures = [line.strip() for line in log.read_text().splitlines() if " cases of " in line]
    say(f"generated requests: {'kept' if code == 0 else 'BROKEN'}")
    return Outcome(number=22, passed=code == 0, seconds=time.monotonic() - begun_s, figures=figures)


def run_pytest(
    tests: Sequence[str], log: Path, environment: Mapping[str, str], *flags: str, most_s: float = MOST_S
) -> int:
    """Exit code of pytest on these tests, one after the other; what it prints is in ``log``.

    124 where it hangs: it is ended after ``MOST_S`` with the servers of its tests, which are tied to it.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *flags, *tests]
    with log.open("wb") as file:
        try:
            return subprocess.run(
                command, cwd=REPO, env=os.environ | environment, stdout=file, stderr=file, check=False, timeout=most_s
            ).returncode
        except subprocess.TimeoutExpired:
            say(f"pytest did not end within {most_s / 3600:.1f} h: {log}")
            return 124
