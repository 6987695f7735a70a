"""Ten clips in parallel, as two render workers make them, compared with one after the other.

Starts no stack.

``python -m benchmarks.render.parallel_renders [--rounds 3] [--clips 10] [--seconds 30] [--quality draft] [--quick]``.
Every clip goes the whole way of an export (the sandboxed child, its certificate, thumbnails, files), from different
places of the recipe's file. Side by side: as many workers as there are cores, each takes the next clip, one thread a
clip. One after the other: one worker, two threads a clip, as the last clip of a project has them. Rounds are
interleaved, medians printed. Limit: 0.85 × wall.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

import msgspec

from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.harness.rig import Rig, arguments, rig_of, say
from benchmarks.render.render import Cost, rendered, surveyed, timed
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from schemas.options.export_options import Quality, VideoWish
from streams.render.agent import PARALLEL_THREADS, SINGLE_THREADS
from streams.renderer.encoding.muxer import Encoding, build_encoding

CORES_COUNT = 2
CLIPS, SECONDS = 10, 30.0
QUICK_CLIPS, QUICK_SECONDS = 4, 3.0
LIMIT_RATIO = 0.85


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How clips are made."""

    name: str
    workers: int
    threads: int


SIDE = Way(name="side by side", workers=CORES_COUNT, threads=PARALLEL_THREADS)
ROW = Way(name="one after the other", workers=1, threads=SINGLE_THREADS)


def places(index: SourceIndex, count: int, seconds: float) -> list[TimeRange]:
    """Ranges of ``count`` clips, evenly over the file; they overlap where it is short."""
    length_ms = round(seconds * 1000)
    room_ms = max(0, index.duration_ms - length_ms - 1000)
    starts = [500 + room_ms * number // max(1, count - 1) for number in range(count)]
    return [TimeRange(start_ms=start, end_ms=start + length_ms) for start in starts]


async def render_clips(
    video: Path, index: SourceIndex, clips: list[TimeRange], way: Way, quality: Quality, work: Path
) -> None:
    """All clips, each by the next worker that is free."""
    encoding: Encoding = build_encoding(VideoWish(quality=quality), way.threads)
    waiting = list(enumerate(clips))

    async def worker(number: int) -> None:
        folder = work / f"worker-{number}"
        folder.mkdir(exist_ok=True)
        while waiting:
            place, clip = waiting.pop(0)
            with tempfile.TemporaryDirectory(dir=folder, prefix=f"clip-{place}-") as scratch:
                await rendered(video, index, encoding, folder, clip, Path(scratch))

    await asyncio.gather(*(worker(number) for number in range(way.workers)))


def measured(
    video: Path, rounds: int, count: int, seconds: float, quality: Quality = "draft", *, full: bool = True
) -> Claim:
    """Both ways, interleaved."""
    costs: dict[str, list[Cost]] = {SIDE.name: [], ROW.name: []}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        index = surveyed(video, work)
        clips = places(index, count, seconds)
        for number in range(1, rounds + 1):
            for way in (SIDE, ROW):
                cost = timed(lambda way=way: asyncio.run(render_clips(video, index, clips, way, quality, work)))
                costs[way.name].append(cost)
                say(f"many, round {number} of {rounds}: {way.name} {cost.wall_s:.1f} s, {cost.cpu_s:.1f} CPU-s")
    return compared(costs, count, seconds, quality, full=full)


def compared(costs: dict[str, list[Cost]], count: int, seconds: float, quality: Quality, *, full: bool) -> Claim:
    """Medians; the claim is the first way to the second."""
    wall = {name: statistics.median(cost.wall_s for cost in runs) for name, runs in costs.items()}
    cpu = {name: statistics.median(cost.cpu_s for cost in runs) for name, runs in costs.items()}
    encoders = {way.name: build_encoding(VideoWish(quality=quality), way.threads).name for way in (SIDE, ROW)}
    lines = [
        f"{name}: wall {wall[name]:.1f} s, cpu {cpu[name]:.1f} s ({cpu[name] / count / seconds:.2f} CPU-s a second of "
        f"clip), {cpu[name] / wall[name]:.2f} cores busy; {encoders[name]}"
        for name in costs
    ]
    return Claim(
        name=f"{count} clips of {seconds:g} s side by side, against one after the other (wall)",
        measured=wall[SIDE.name] / wall[ROW.name],
        limit=LIMIT_RATIO if full else None,
        where=(f"medians of {len(costs[SIDE.name])}", *lines),
    )


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    count, seconds = (QUICK_CLIPS, QUICK_SECONDS) if rig.quick else (CLIPS, SECONDS)
    return [measured(rig.recipe(), rig.rounds, count, seconds, full=not rig.quick)]


def main() -> int:
    """Command line; exit code 1 over the limit."""
    parser = arguments(__doc__, "out/bench")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--quality", choices=("draft", "good", "best"), default="draft")
    args = parser.parse_args()
    with rig_of(args) as rig:
        full = not rig.quick and (args.clips, args.seconds) == (CLIPS, SECONDS)
        count, seconds = (QUICK_CLIPS, QUICK_SECONDS) if rig.quick else (args.clips, args.seconds)
        claim = measured(rig.recipe(), rig.rounds, count, seconds, args.quality, full=full)
    print(format_claim(claim))
    return exit_code([claim], [])


if __name__ == "__main__":
    raise SystemExit(main())
