"""The two picture passes beside ffmpeg doing the same decode, CPU against CPU, interleaved. Never counts the detector.

``python -m benchmarks.pictures bench.mp4 [--runs 3] [--seconds 60]`` with a file of ``benchmarks.recipe``. frame takes
every picture of ``--seconds`` from the middle of the file; look takes key pictures of all of it. Faces run in Triton
and are not in these numbers. Limit of the house: 2.2 times ffmpeg.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import msgspec

from benchmarks.claims import Claim, exit_code, told
from benchmarks.rig import Rig
from schemas.documents import SourceIndex
from schemas.media import TimeRange
from streams.adapters.media.handles import LocalSource
from streams.adapters.media.reader import Reader, display_array
from streams.adapters.media.sandbox import run_child
from streams.frame.detail import measure_detail
from streams.frame.pictures import FACE_AREA_PX, FACE_GAP_MS
from streams.ingest.survey import survey
from streams.settings import MediaLimits
from streams.sight.canvas import fit_canvas
from streams.sight.luma import measure_frame

LIMIT = 2.2
PARTS_PICTURES = 300


def ffmpeg_binary() -> str:
    """ffmpeg on PATH, or the one that the bench group brings."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except ImportError:
        raise SystemExit("no ffmpeg on PATH: `uv sync --group bench` brings one") from None


def ffmpeg_cpu_s(path: Path, time_range: TimeRange, *input_options: str) -> float:
    """CPU seconds of ffmpeg decoding the range's pictures to nowhere, one thread."""
    window = ["-ss", f"{time_range.start_ms / 1000:.3f}", "-t", f"{time_range.length_ms / 1000:.3f}"]
    command = [ffmpeg_binary(), "-v", "error", "-threads", "1", *input_options, *window, "-i", str(path)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "-map", "0:v:0", "-f", "null", "-"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def child_cpu_s(entry: str, path: Path, index: Path, time_range: TimeRange) -> tuple[float, int]:
    """CPU seconds of one of our passes in its sandboxed child, start of Python and all; and its pictures."""
    with tempfile.TemporaryDirectory() as scratch, LocalSource(path) as source:
        args = {"index": str(index), "scratch": scratch} | msgspec.to_builtins(time_range)
        answer = asyncio.run(run_child(entry, args, scratch=Path(scratch), source=source))
    pictures = answer["pictures"]
    return answer["cpu_ms"] / 1000, pictures if isinstance(pictures, int) else len(pictures)


def parts(path: Path, index: SourceIndex, start_ms: int) -> dict[str, float]:
    """Where the dense pass spends its time: CPU ms a picture of each part, over some hundred pictures."""
    track = index.video
    assert track is not None
    canvas = fit_canvas(track, FACE_AREA_PX)
    spent = dict.fromkeys(("decode", "measure", "shrink for faces", "detail"), 0.0)

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        spent[name] += time.process_time() - started

    due_ms, detail = start_ms, None
    with path.open("rb") as source:
        pictures = Reader(source, index).pictures(TimeRange(start_ms=start_ms, end_ms=index.duration_ms))
        for _ in range(PARTS_PICTURES):
            with timed("decode"):
                at_ms, frame = next(pictures)
            with timed("measure"):
                measure_frame(frame)
            if at_ms >= due_ms:
                due_ms = at_ms + FACE_GAP_MS
                with timed("shrink for faces"):
                    small = display_array(frame, track, canvas.inner_width, canvas.inner_height)
                with timed("detail"):
                    detail = measure_detail(small, detail)
    return {name: seconds * 1000 / PARTS_PICTURES for name, seconds in spent.items()}


def compare(name: str, ours: list[float], theirs: list[float], media_s: float, pictures: int, more: str = "") -> Claim:
    """Medians and their ratio."""
    own, peer = statistics.median(ours), statistics.median(theirs)
    where = (
        f"{own:.2f} CPU-s for {media_s:.0f} s ({pictures} pictures), ffmpeg {peer:.2f}; {len(ours)} rounds",
        f"{own / media_s * 1000:.1f} CPU-ms a second of video",
        *([more] if more else []),
    )
    return Claim(name=name, measured=own / peer, limit=LIMIT, where=where)


def measured(file: Path, runs: int, seconds: float) -> list[Claim]:
    """Both passes, interleaved with ffmpeg."""
    with tempfile.TemporaryDirectory() as scratch:
        with file.open("rb") as source:
            index = survey(source, MediaLimits(), Path(scratch) / "sound.pcm", lambda _: None)
        index_path = Path(scratch) / "index.json"
        index_path.write_bytes(msgspec.json.encode(index))
        whole = TimeRange(start_ms=0, end_ms=index.duration_ms)
        start_ms = max(0, index.duration_ms // 2 - round(seconds * 500))
        clip = TimeRange(start_ms=start_ms, end_ms=min(index.duration_ms, start_ms + round(seconds * 1000)))
        dense, sparse, all_pictures, key_pictures = [], [], [], []
        for _ in range(runs):
            all_pictures.append(ffmpeg_cpu_s(file, clip))
            dense.append(child_cpu_s("streams.frame.pictures:main", file, index_path, clip))
            key_pictures.append(ffmpeg_cpu_s(file, whole, "-skip_frame", "nokey"))
            sparse.append(child_cpu_s("streams.look.pictures:main", file, index_path, whole))
    spent = ", ".join(f"{name} {ms:.2f}" for name, ms in parts(file, index, start_ms).items())
    every, keys = "every picture of a clip, beside ffmpeg's decode (CPU)", "key pictures, beside ffmpeg's decode (CPU)"
    length_s, whole_s = clip.length_ms / 1000, whole.length_ms / 1000
    return [
        compare(every, [cpu for cpu, _ in dense], all_pictures, length_s, dense[0][1], f"CPU-ms a picture: {spent}"),
        compare(keys, [cpu for cpu, _ in sparse], key_pictures, whole_s, sparse[0][1]),
    ]


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    return measured(rig.recipe(), rig.rounds, 10.0 if rig.quick else 60.0)


def main() -> None:
    """Command line; exit code 1 over the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    claims = measured(asked.file, asked.runs, asked.seconds)
    print("\n".join(map(told, claims)))
    raise SystemExit(exit_code(claims, []))


if __name__ == "__main__":
    main()
