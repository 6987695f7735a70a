"""Measure what we claim, against a peer or a limit in the same run: ``python -m benchmarks [name …]``.

Runs the named benchmarks (all by default, in this order), one at a time; writes ``out/bench/report.json``; ends with 1
where a limit is missed. The recipe's files (10 minutes, an hour) are made once and kept in the cache. ``--quick`` shows
in some minutes that all of them work. Not in here, for they have no limit: ``python -m
benchmarks.speech.asr_accuracy``,
``.vision.shots``, ``.vision.active_speaker``, ``.vision.framing``, ``.ranking.ranking``, ``.ranking.score``,
``.posting.judge``, ``.acoustics.sounds``, ``.load.capacity``; for they take long: ``.speech.seams``, ``.asr_sets``,
``.hallucinations``, ``.code_switching``. ``.gallery`` and ``.soak`` are targets of their own.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module

from benchmarks.harness.claims import Claim, Failed, exit_code, format_claim, report, table
from benchmarks.harness.rig import Rig, arguments, describe_run, rig_of, say

FOLDERS = {
    "asr": "speech",
    "word_times": "speech",
    "decode_passes": "system",
    "render": "render",
    "moviepy_peer": "render",
    "parallel_renders": "render",
    "aspects": "render",
    "admission": "system",
    "garbage": "system",
    "knee": "load",
    "hop": "system",
    "api_latency": "system",
    "memory": "system",
    "pipeline": "system",
    "hour": "system",
}
"""Where each lies."""
NAMES = tuple(FOLDERS)
"""Those that need no stack first: a stack at rest would still take a share of the processor from them."""
WITHOUT_RECIPE = {"asr", "word_times", "admission", "garbage", "knee", "hop", "hour"}
"""Or with one of another length, made in its turn before anything is timed."""
Bench = Callable[[Rig], list[Claim]]


def run(names: Sequence[str], rig: Rig) -> tuple[list[Claim], list[Failed]]:
    """Run the benchmarks in turn; one that fails is noted, and the next begins."""
    claims: list[Claim] = []
    failed: list[Failed] = []
    for number, name in enumerate(names, start=1):
        say(f"[{number}/{len(names)}] {name}")
        begun_s = time.monotonic()
        bench: Bench = import_module(f"benchmarks.{FOLDERS[name]}.{name}").bench
        try:
            measured = bench(rig)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one that fails does not stop the others
            traceback.print_exc()
            failed.append(Failed(name=name, error=f"{type(error).__name__}: {error}"))
            rig.keep_logs()
            continue
        claims += measured
        print("\n".join(map(format_claim, measured)), flush=True)
        say(f"[{number}/{len(names)}] {name}: {time.monotonic() - begun_s:.0f} s")
    return claims, failed


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__, "out/bench")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; without: all")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return options


def main() -> int:
    """Command line; exit code 1 where a limit is missed or a benchmark failed."""
    options = parsed()
    names = [name for name in NAMES if not options.names or name in options.names]
    if os.getloadavg()[0] > 1:
        say(f"the machine is busy (load {os.getloadavg()[0]:.1f}): wall times are noise until it is quiet")
    with rig_of(options) as rig:
        circumstances = describe_run(rig)
        if set(names) - WITHOUT_RECIPE:
            rig.recipe()  # before anything is timed
            circumstances["distinct_source_s"] = rig.distinct_s
        claims, failed = run(names, rig)
        rig.out.mkdir(parents=True, exist_ok=True)
        path = rig.out / "report.json"
        path.write_bytes(report(claims, failed, circumstances))
    print(f"\n{table(claims, failed)}\n\nreport: {path}")
    return exit_code(claims, failed)


if __name__ == "__main__":
    sys.exit(main())
