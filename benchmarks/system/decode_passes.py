"""The two picture passes compared with ffmpeg doing the same decode, CPU against CPU, interleaved.

Never counts the detector.

``python -m benchmarks.system.decode_passes bench.mp4 [--runs 3] [--seconds 60]`` with a file of
``benchmarks.harness.source_video``. frame takes every picture of ``--seconds`` from the middle of the file; look takes
key pictures of all of it, and every picture of the few ranges in which it saw a shot change from afar: ffmpeg
decodes those too. Faces run in Triton and are not in these numbers. Limit of the house: 2.2 times ffmpeg.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.harness.rig import Rig
from core.media.decode.reader import SourceReader, display_array
from core.media.sandbox.parent import run_child
from core.media.sandbox.source_handle import LocalSource
from core.settings import MediaLimits
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex, VideoTrack
from streams.frame.analysis.child import FACE_AREA_PX, FACE_GAP_MS
from streams.frame.analysis.saliency import measure_detail
from streams.ingest.probe.demux import probe_file
from streams.look.shot_changes import find_changes, refinement_range, select_changes
from streams.vision.canvas import fit_canvas
from streams.vision.frame_stats import measure_frame

LIMIT = 2.2
PARTS_FRAMES = 300


def ffmpeg_binary() -> str:
    """ffmpeg on PATH, or the one that the bench group brings."""
    binary = shutil.which("ffmpeg")
    if binary:
        return binary
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except ImportError:
        raise SystemExit("no ffmpeg on PATH: `uv sync --group bench` brings one") from None


def ffmpeg_cpu_s(path: Path, time_ranges: Sequence[TimeRange], *input_options: str) -> float:
    """CPU seconds of ffmpeg decoding the ranges' pictures to nowhere, one thread."""
    inputs: list[str] = []
    for time_range in time_ranges:
        window = ["-ss", f"{time_range.start_ms / 1000:.3f}", "-t", f"{time_range.length_ms / 1000:.3f}"]
        inputs += ["-threads", "1", *input_options, *window, "-i", str(path)]
    maps = [option for at in range(len(time_ranges)) for option in ("-map", f"{at}:v:0")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([ffmpeg_binary(), "-v", "error", *inputs, *maps, "-f", "null", "-"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def child_answer(entry: str, path: Path, index: Path, time_range: TimeRange) -> dict[str, Any]:
    """Answer of one of our passes in its sandboxed child; ``cpu_ms`` includes Python's start."""
    with tempfile.TemporaryDirectory() as scratch, LocalSource(path) as source:
        args = {"index": str(index), "scratch": scratch} | msgspec.to_builtins(time_range)
        return asyncio.run(run_child(entry, args, scratch=Path(scratch), source=source))


def looked_at_closely(answer: Mapping[str, Any], length_ms: int, track: VideoTrack) -> list[TimeRange]:
    """The ranges that look decoded picture by picture."""
    changes = find_changes([tuple(picture) for picture in answer["pictures"]])
    chosen = select_changes(changes, span_ms=length_ms, pixels=track.coded_width * track.coded_height)
    return [refinement_range(change) for change in chosen]


def measure_parts(path: Path, index: SourceIndex, start_ms: int) -> dict[str, float]:
    """CPU ms a picture of each part of the dense pass, over some hundred pictures."""
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
        pictures = SourceReader(source, index).read_frames(TimeRange(start_ms=start_ms, end_ms=index.duration_ms))
        for _ in range(PARTS_FRAMES):
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
    return {name: seconds * 1000 / PARTS_FRAMES for name, seconds in spent.items()}


def compare(name: str, ours: list[float], theirs: list[float], media_s: float, pictures: int, more: str = "") -> Claim:
    """Medians and their ratio."""
    own_s, peer_s = statistics.median(ours), statistics.median(theirs)
    details = (
        f"{own_s:.2f} CPU-s for {media_s:.0f} s ({pictures} pictures), ffmpeg {peer_s:.2f}; {len(ours)} rounds",
        f"{own_s / media_s * 1000:.1f} CPU-ms a second of video",
        *([more] if more else []),
    )
    return Claim(name=name, measured=own_s / peer_s, limit=LIMIT, where=details)


def measured(file: Path, runs: int, seconds: float) -> list[Claim]:
    """Measure both passes, interleaved with ffmpeg."""
    with tempfile.TemporaryDirectory() as scratch:
        with file.open("rb") as source:
            index = probe_file(source, MediaLimits(), Path(scratch) / "sound.pcm", lambda _: None)
        index_path = Path(scratch) / "index.json"
        index_path.write_bytes(msgspec.json.encode(index))
        full_range = TimeRange(start_ms=0, end_ms=index.duration_ms)
        start_ms = max(0, index.duration_ms // 2 - round(seconds * 500))
        clip = TimeRange(start_ms=start_ms, end_ms=min(index.duration_ms, start_ms + round(seconds * 1000)))
        return [_dense(file, index, index_path, clip, runs), _sparse(file, index, index_path, full_range, runs)]


def _dense(file: Path, index: SourceIndex, index_path: Path, clip: TimeRange, runs: int) -> Claim:
    ours, theirs, pictures = [], [], 0
    for _ in range(runs):
        theirs.append(ffmpeg_cpu_s(file, [clip]))
        answer = child_answer("streams.frame.analysis.child:main", file, index_path, clip)
        ours.append(answer["cpu_ms"] / 1000)
        pictures = answer["pictures"]
    spent = ", ".join(f"{name} {ms:.2f}" for name, ms in measure_parts(file, index, clip.start_ms).items())
    name = "every picture of a clip, against ffmpeg's decode (CPU)"
    return compare(name, ours, theirs, clip.length_ms / 1000, pictures, f"CPU-ms a picture: {spent}")


def _sparse(file: Path, index: SourceIndex, index_path: Path, full_range: TimeRange, runs: int) -> Claim:
    assert index.video is not None
    ours, theirs, pictures = [], [], 0
    dense_ranges: list[TimeRange] = []
    for _ in range(runs):
        answer = child_answer("streams.look.child:main", file, index_path, full_range)
        ours.append(answer["cpu_ms"] / 1000)
        pictures = len(answer["pictures"])
        dense_ranges = looked_at_closely(answer, full_range.length_ms, index.video)
        keys_s = ffmpeg_cpu_s(file, [full_range], "-skip_frame", "nokey")
        theirs.append(keys_s + (ffmpeg_cpu_s(file, dense_ranges) if dense_ranges else 0.0))
    name = "key pictures and a few ranges, against ffmpeg's decode (CPU)"
    close_s = sum(time_range.length_ms for time_range in dense_ranges) / 1000
    return compare(
        name, ours, theirs, full_range.length_ms / 1000, pictures, f"{close_s:.1f} s of it picture by picture"
    )


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    return measured(rig.recipe(), rig.rounds, 10.0 if rig.quick else 60.0)


def main() -> None:
    """Command line; exit code 1 over the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    claims = measured(args.file, args.runs, args.seconds)
    print("\n".join(map(format_claim, claims)))
    raise SystemExit(exit_code(claims, []))


if __name__ == "__main__":
    main()
