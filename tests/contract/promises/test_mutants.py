"""Promise 13: mutants of media files end in a usable source or a typed reason; the process that opens them stays.

As many processes as there are cores open them, a portion each, every mutant in a child of its own.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.contract.media.test_hostile_media import MAX_CPU_S, PEAK_BYTES
from tests.support.media import measured_probe
from tests.support.media.hostile_files import film
from tests.support.media.measured_probe import Measured
from tests.support.soak import SEED, record, time_out, volume

MUTANTS = volume(8, 10_000)
KINDS = ("mp4", "mkv", "mov", "avi")
MOST_CHANGES = 6
AT_ONCE = os.cpu_count() or 1
PORTION = volume(4, 100)
"""Mutants that one process opens."""


def mutant(body: bytes, dice: random.Random) -> bytes:
    """A copy with bytes changed, ranges repeated, left out or filled; often near the front, where the structure is."""
    changed = bytearray(body)
    for _ in range(dice.randrange(1, MOST_CHANGES)):
        at = int(len(changed) * dice.random() ** dice.choice((1, 1, 3)))
        length = dice.choice((1, 1, 1, 4, 64, 512))
        match dice.randrange(4):
            case 0:
                changed[at : at + length] = dice.randbytes(min(length, len(changed) - at))
            case 1:
                changed[at:at] = changed[at : at + length]
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at : at + length] = dice.choice((b"\0", b"\xff")) * min(length, len(changed) - at)
    return bytes(changed)


async def open_portion(folder: Path, seeds: Sequence[bytes], numbers: range, free: asyncio.Semaphore) -> list[Measured]:
    """What became of these mutants, in one process, which has to outlive all of them."""
    async with free:
        paths = [folder / f"{number}.bin" for number in numbers]
        for number, path in zip(numbers, paths, strict=True):
            path.write_bytes(mutant(seeds[number % len(seeds)], random.Random(f"{SEED}-{number}")))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", measured_probe.__name__, *map(str, paths), stdout=asyncio.subprocess.PIPE
        )
        try:
            printed, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        measured = [msgspec.json.decode(line, type=Measured) for line in printed.splitlines()]
        assert len(measured) == len(paths), f"mutant {numbers[len(measured)]} of seed {SEED} ended its worker"
        assert process.returncode == 0
        refused = [one for one in measured if one.reason]
        assert [one for one in refused if not (one.reason.startswith("media.") and one.detail.endswith("."))] == []
        assert max(one.cpu_s for one in measured) < MAX_CPU_S
        assert max(one.peak_bytes for one in measured) < PEAK_BYTES
        for path in paths:
            path.unlink()
        return measured


def summary(measured: Sequence[Measured]) -> str:
    """How these mutants ended, and what the worst of them used."""
    ends = Counter(one.reason or "usable" for one in measured)
    listed = ", ".join(f"{reason} {count}" for reason, count in sorted(ends.items()))
    slowest_s, peak_bytes = max(one.cpu_s for one in measured), max(one.peak_bytes for one in measured)
    return f"{len(measured)} mutants: {listed}; ≤ {slowest_s:.1f} CPU-s, ≤ {peak_bytes / 2**20:.0f} MiB"


@time_out(3600)
async def test_mutants_end_in_a_source_or_a_typed_reason(tmp_path: Path) -> None:
    seeds = [film(tmp_path / f"seed.{kind}").read_bytes() for kind in KINDS]
    measured: list[Measured] = []
    free = asyncio.Semaphore(AT_ONCE)

    async def open_next(first: int) -> None:
        numbers = range(first, min(first + PORTION, MUTANTS))
        measured.extend(await open_portion(tmp_path, seeds, numbers, free))
        print(summary(measured))  # a run that is stopped has shown something too

    async with asyncio.TaskGroup() as opening:
        for first in range(0, MUTANTS, PORTION):
            opening.create_task(open_next(first))
    assert len(measured) == MUTANTS
    record(13, f"{summary(measured)}; 0 workers ended")
