"""Promise 13: mutants of media files end in a usable source or a typed reason; the process that opens them stays."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from core.errors import InputRejected
from core.media.sandbox.parent import LocalSource
from core.settings import MediaLimits, SpanRules
from streams.ingest.source_importer import probe_source
from tests.contract.media.test_hostile_media import MAX_CPU_S, PEAK_BYTES, spent_s
from tests.support.media.hostile_files import film
from tests.support.soak import SEED, record, time_out, volume

MUTANTS = volume(8, 10_000)
KINDS = ("mp4", "mkv", "mov", "avi")
MOST_CHANGES = 6


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


@time_out(4 * 3600)
async def test_mutants_end_in_a_source_or_a_typed_reason(tmp_path: Path) -> None:
    dice, ends, slowest_s, peak_bytes = random.Random(SEED), Counter[str](), 0.0, 0
    seeds = [film(tmp_path / f"seed.{kind}").read_bytes() for kind in KINDS]
    for number in range(MUTANTS):
        path, scratch = tmp_path / f"{number}.bin", tmp_path / f"scratch-{number}"
        path.write_bytes(mutant(seeds[number % len(seeds)], dice))
        scratch.mkdir()
        before_s = spent_s()
        try:
            with LocalSource(path) as source:
                probed = await probe_source(
                    source, limits=MediaLimits(), rules=SpanRules(), scratch=scratch, report=lambda _: None
                )
            peak_bytes = max(peak_bytes, probed.peak_bytes)
            ends["usable"] += 1
        except InputRejected as refused:
            ends[refused.reason if refused.detail.endswith(".") else repr(refused)] += 1
        slowest_s = max(slowest_s, spent_s() - before_s)
        path.unlink()
    assert [end for end in ends if end != "usable" and not end.startswith("media.")] == []
    assert slowest_s < MAX_CPU_S
    assert peak_bytes < PEAK_BYTES
    listed = ", ".join(f"{reason} {count}" for reason, count in sorted(ends.items()))
    record(13, f"{MUTANTS} mutants: {listed}; ≤ {slowest_s:.1f} CPU-s, ≤ {peak_bytes / 2**20:.0f} MiB; 0 workers ended")
