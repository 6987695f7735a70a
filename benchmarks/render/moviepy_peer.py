"""The CPU of one captioned 30 s clip compared with MoviePy 2.2.1, which makes it as its users do.

Favours neither.

``python -m benchmarks.render.moviepy_peer [--rounds 3] [--threads 1] [--quick]``. Both cut the same 30 s of the
recipe's file, crop 9:16, scale to 1080 × 1920, lay a picture over it for each word that is spoken, and encode x264
(same preset, crf, threads) and AAC into a faststart MP4. MoviePy's ffmpeg is the one that it brings; it brings no sound
to a loudness, looks at no finished file and makes no thumbnail: ours does, and its child's start is counted too. Rounds
are interleaved, medians printed. Limit: 0.25 × CPU.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.harness.measure import JUDGES
from benchmarks.harness.rig import Rig, arguments, rig_of, say
from benchmarks.render.render import CLIP, Cost, make_words, ours, plan_for, surveyed, timed
from local.config.paths import make_private
from local.install.cache import ensure_built
from local.install.tools import tool_environment, uv_command
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.timeline.slots import OUTPUT_SIZES, build_range_timeline
from streams.renderer.typography.fonts import FONT_FOLDER, LATIN_FONTS

NAME = "moviepy-2.2.1"
PACKAGES = ("moviepy==2.2.1", "pillow<12", "numpy<3", "imageio-ffmpeg==0.6.0")
"""MoviePy asks for Pillow below 12, which we are above."""
QUICK = TimeRange(start_ms=2_000, end_ms=5_000)
LIMIT_RATIO = 0.25
TIMEOUT_S = 1200.0


def install(cache: Path) -> Path:
    """Its interpreter, in an environment of its own under the cache."""

    def build(directory: Path) -> None:
        say(f"fetching {NAME} and what it needs, once (some 80 MB)")
        env = tool_environment(os.environ, UV_LINK_MODE="copy")
        subprocess.run(
            [*uv_command(), "venv", "-q", "--relocatable", "-p", "3.11", str(directory)], env=env, check=True
        )
        python = str(directory / "bin" / "python")
        subprocess.run([*uv_command(), "pip", "install", "-q", "-p", python, *PACKAGES], env=env, check=True)

    return ensure_built(make_private(cache) / NAME, build) / "bin" / "python"


def job_for(video: Path, index: SourceIndex, encoding: Encoding, clip: TimeRange, out: Path) -> dict[str, Any]:
    """Arguments of `judges/moviepy_clip.py`."""
    crop = plan_for(index, clip).shots[0].crop
    return {
        "video": str(video),
        "start_s": clip.start_ms / 1000,
        "end_s": clip.end_ms / 1000,
        "crop": (crop.x, crop.y, crop.width, crop.height),
        "size": OUTPUT_SIZES["9:16"],
        "words": [
            {"text": word.text, "start_s": word.start_ms / 1000, "end_s": word.end_ms / 1000}
            for word in make_words(clip)
        ],
        "font": str(FONT_FOLDER / LATIN_FONTS[0]),
        "out": str(out),
        "preset": encoding.preset,
        "crf": encoding.crf,
        "threads": encoding.threads,
        "audio_bit_rate": encoding.audio_bit_rate,
        "rate": float(build_range_timeline(clip, index).rate),
    }


def theirs(python: Path, job: dict[str, Any]) -> Cost:
    """One clip of MoviePy's, its start included."""
    command, request = [str(python), str(JUDGES / "moviepy_clip.py")], msgspec.json.encode(job)
    quietly = {"stdout": subprocess.DEVNULL, "cwd": Path(job["out"]).parent}
    return timed(lambda: subprocess.run(command, input=request, timeout=TIMEOUT_S, check=True, **quietly))


def measured(video: Path, python: Path, rounds: int, encoding: Encoding, clip: TimeRange = CLIP) -> Claim:
    """Time both, interleaved."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        index = surveyed(video, work)
        job = job_for(video, index, encoding, clip, work / "moviepy.mp4")
        mine, peer_costs = list[Cost](), list[Cost]()
        for number in range(1, rounds + 1):
            mine.append(ours(video, index, encoding, work, clip))
            peer_costs.append(theirs(python, job))
            say(f"moviepy, round {number} of {rounds}: {mine[-1].cpu_s:.1f} and {peer_costs[-1].cpu_s:.1f} CPU-s")
    return compared(mine, peer_costs, encoding, clip)


def compared(mine: list[Cost], peer_costs: list[Cost], encoding: Encoding, clip: TimeRange) -> Claim:
    """Medians of CPU; and of wall time."""
    cpu, wall = (
        [statistics.median(getattr(cost, name) for cost in runs) for runs in (mine, peer_costs)]
        for name in ("cpu_s", "wall_s")
    )
    return Claim(
        name=f"a captioned clip of {clip.length_ms / 1000:g} s, against MoviePy 2.2.1 (CPU)",
        measured=cpu[0] / cpu[1],
        limit=LIMIT_RATIO if clip == CLIP else None,
        where=(
            f"{encoding.name}; medians of {len(mine)}",
            f"ours: cpu {cpu[0]:.2f} s, wall {wall[0]:.2f} s; MoviePy: cpu {cpu[1]:.2f} s, wall {wall[1]:.2f} s",
        ),
    )


def bench(rig: Rig, threads: int = 1) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    encoding, clip = Encoding(threads=threads), QUICK if rig.quick else CLIP
    return [measured(rig.recipe(), install(rig.cache), rig.rounds, encoding, clip)]


def main() -> int:
    """Command line; exit code 1 over the limit."""
    parser = arguments(__doc__, "out/bench")
    parser.add_argument("--threads", type=int, default=1, help="of either encoder (1)")
    args = parser.parse_args()
    with rig_of(args) as rig:
        claims = bench(rig, args.threads)
    print("\n".join(map(format_claim, claims)))
    return exit_code(claims, [])


if __name__ == "__main__":
    raise SystemExit(main())
