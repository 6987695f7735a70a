"""Three shapes of a 30 s clip made at once, compared with three renders one after the other.

Favours neither.

``python -m benchmarks.render.aspects VIDEO [--rounds 3] [--threads 2]``, VIDEO a 1080p file: ``python -m
benchmarks.harness.source_video
--minutes 1 --out bench.mp4``. Both sides take the product's own way through the sandboxed child: decode, crop,
captions, sound, x264 and AAC, certificate, thumbnails, storyboard. Rounds interleaved, medians printed. Limit: 0.92 x.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.harness.rig import Rig
from benchmarks.render.render import Cost, Folder, make_transcript, target_for, timed
from core.media.sandbox.source_handle import LocalSource
from core.settings import MediaLimits
from schemas.common import Aspect
from schemas.documents.source import SourceIndex
from streams.ingest.probe.demux import probe_file
from streams.render.exporter import ExportOutcome, ExportTarget, produce_exports
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.inputs import RenderInputs, StoredTranscript

ASPECTS: tuple[Aspect, ...] = ("9:16", "1:1", "16:9")
THREADS = 2
"""What an export has that is asked for when nothing else is made."""
LIMIT_RATIO = 0.92
TOGETHER, APART = "three shapes at once", "three renders, one after the other"


async def render_aspects(
    video: Path, index: SourceIndex, shapes: list[ExportTarget], encoding: Encoding, work: Path
) -> list[ExportOutcome]:
    """Make the exports of one set of targets, from their plans to the stored files.

    Raises where one is not made, or not at once.
    """
    stored = StoredTranscript(transcript=make_transcript())
    with LocalSource(video) as source, tempfile.TemporaryDirectory(dir=work) as scratch:
        exports = await produce_exports(
            shapes, RenderInputs(index=index, stored_transcript=stored, encoding=encoding),
            source=source, objects=Folder(work), scratch=Path(scratch), report=lambda _: None,
        )  # fmt: skip
    for outcome in exports:
        if isinstance(outcome, Exception):
            raise outcome
        if outcome.certificate.tries > 1:
            raise RuntimeError(f"it was made twice, so the figure says nothing: {outcome.certificate.warnings}")
    return exports


def measured(video: Path, rounds: int, encoding: Encoding) -> list[Claim]:
    """Time both sides, interleaved."""
    if os.getloadavg()[0] > 1:
        print(f"the machine is busy (load {os.getloadavg()[0]:.1f}): wall times are noise", file=sys.stderr)
    costs: dict[str, list[Cost]] = {TOGETHER: [], APART: []}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with video.open("rb") as source:
            index = probe_file(source, MediaLimits(), work / "pcm", lambda _: None)
        shapes = [target_for(index, aspect=aspect) for aspect in ASPECTS]

        def once(*groups: list[ExportTarget]) -> None:
            for targets in groups:
                asyncio.run(render_aspects(video, index, targets, encoding, work))

        for _ in range(rounds):
            costs[TOGETHER].append(timed(lambda: once(shapes)))
            costs[APART].append(timed(lambda: once(*([shape] for shape in shapes))))
    return [compared(costs, "wall_s", encoding), compared(costs, "cpu_s", encoding)]


def compared(costs: dict[str, list[Cost]], metric: str, encoding: Encoding) -> Claim:
    """Medians of wall or processor time."""
    median = {name: statistics.median(getattr(cost, metric) for cost in runs) for name, runs in costs.items()}
    lines = [
        f"{name}: {median[name]:.2f} s ({', '.join(f'{getattr(cost, metric):.2f}' for cost in runs)})"
        for name, runs in costs.items()
    ]
    return Claim(
        name=f"{', '.join(ASPECTS)} of a 30 s clip at once, against one after the other ({metric.removesuffix('_s')})",
        measured=median[TOGETHER] / median[APART],
        limit=LIMIT_RATIO,
        where=(f"{encoding.name}; medians of {len(costs[APART])}", *lines),
    )


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    return measured(rig.recipe(), rig.rounds, Encoding(threads=THREADS))


def main() -> int:
    """Command line; exit code 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=THREADS)
    args = parser.parse_args()
    claims = measured(args.video, args.rounds, Encoding(threads=args.threads))
    print("\n".join(map(format_claim, claims)))
    return exit_code(claims, [])


if __name__ == "__main__":
    sys.exit(main())
