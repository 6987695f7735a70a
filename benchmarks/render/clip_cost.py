"""Where the processor time of one clip goes, part by part: frame, its models, render, certificate.

Has no limit.

``python -m benchmarks.render.clip_cost [--start-s 60] [--seconds 30] [--quality draft] [--quick] [--no-models]``: one
range of the recipe's file goes through frame's child (in this process, profiled), its models on a Triton of their
own, and the render child's own code (in this process, one thread, profiled). What a line tells is the time inside the
calls that it names; profiling adds some to what Python itself does.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from benchmarks.harness.rig import arguments, rig_of
from benchmarks.render.render import make_words, plan_for, surveyed
from core.infra.triton.faces import TritonFaces
from core.infra.triton.landmarks import TritonLandmarks
from core.media.sandbox.source_handle import LocalSource
from core.ports.models import FacesFound, LandmarksFound, PersonsFound, UInt8
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from schemas.options.export_options import VideoWish
from streams.frame.analysis.child import main as look_at_pictures
from streams.frame.clip_analysis import analyse_clip
from streams.render.child.main import render
from streams.renderer.encoding.muxer import build_encoding
from streams.renderer.job import RenderJob, clip_file_name
from streams.vision.analysis_input import AnalysisInput
from tests.contract.rigs.triton_server import running

T = TypeVar("T")
CALLS: Mapping[str, tuple[str, ...]] = {
    "encoding pictures": ("'encode' of 'av.video", "'encode' of 'av.codec.context"),
    "decoding pictures": ("'decode' of 'av.codec.context",),
    "crop and scale": ("'pull' of 'av.filter.graph", "'push' of 'av.filter.graph"),
    "scaling for a look": ("'reformat' of 'av.video",),
    "encoding sound": ("'encode' of 'av.audio",),
    "decoding sound": ("'decode' of 'av.audio",),
    "spectra of the sound": ("_pocketfft", "multiarray.correlate", "_umath.correlate"),
}
"""What a line is called, and parts of the names that the profiler has for its calls."""


class Counted:
    """Both models, counting the pictures and the compute time of each."""

    def __init__(self, faces: TritonFaces, landmarks: TritonLandmarks) -> None:
        self._faces, self._landmarks = faces, landmarks
        self.spent = {"faces": [0, 0], "landmarks": [0, 0], "persons": [0, 0]}

    def _note(self, name: str, count: int, compute_ms: int) -> None:
        self.spent[name][0] += count
        self.spent[name][1] += compute_ms

    async def detect(self, pictures: UInt8) -> FacesFound:
        faces = await self._faces.detect(pictures)
        self._note("faces", len(pictures), faces.compute_ms)
        return faces

    async def mark(self, crops: UInt8) -> LandmarksFound:
        landmarks = await self._landmarks.mark(crops)
        self._note("landmarks", len(crops), landmarks.compute_ms)
        return landmarks

    async def find_persons(self, pictures: UInt8) -> PersonsFound:
        persons = await self._landmarks.find_persons(pictures)
        self._note("persons", len(pictures), persons.compute_ms)
        return persons


def profiled(work: Callable[[], T]) -> tuple[T, float, dict[str, float]]:
    """Return a call's result, its processor seconds, and those of the named calls inside it."""
    profile, began = cProfile.Profile(time.process_time), time.process_time()
    result = profile.runcall(work)
    spent_s = time.process_time() - began
    stats: Any = pstats.Stats(profile)
    parts = dict.fromkeys(CALLS, 0.0)
    for (file, _, name), (_, _, own_s, _, _) in stats.stats.items():
        for part, names in CALLS.items():
            if any(fragment in f"{file} {name}" for fragment in names):
                parts[part] += own_s
    parts["everything else"] = spent_s - sum(parts.values())
    return result, spent_s, parts


def lines(title: str, spent_s: float, parts: Mapping[str, float], seconds: float) -> str:
    """A block of the report."""
    rows = [f"{title}: {spent_s / seconds:.3f} CPU-s a second of clip"]
    for name, part_s in sorted(parts.items(), key=lambda part: -part[1]):
        if part_s > 0.001 * seconds:
            rows.append(f"    {name:24} {part_s / seconds:.3f}  {part_s / spent_s:5.1%}")
    return "\n".join(rows)


def frame_child(video: Path, index: SourceIndex, clip: TimeRange, work: Path, seconds: float) -> str:
    """Frame's pictures, without its models."""
    (work / "index.json").write_bytes(msgspec.json.encode(index))
    args = {"index": str(work / "index.json"), "scratch": str(work)} | msgspec.to_builtins(clip)
    with video.open("rb") as source:
        result, spent_s, parts = profiled(lambda: look_at_pictures(args, source, lambda _: None))
    counts = f"({result['pictures']} pictures, {len(result['face_ms'])} for faces, {len(result['mouth_ms'])} for lips)"
    return lines(f"frame, its child {counts}", spent_s, parts, seconds)


async def frame_models(video: Path, index: SourceIndex, clip: TimeRange, url: str, work: Path, seconds: float) -> str:
    """All of frame, as its worker does it."""
    faces, landmarks = TritonFaces(url), TritonLandmarks(url)
    counted = Counted(faces, landmarks)
    with LocalSource(video) as source:
        inputs = AnalysisInput(
            index=index, source=source, faces=counted, landmarks=counted, scratch=work, report=lambda _: None,
            warn=print,
        )  # fmt: skip
        analysis = await analyse_clip("clip", clip, inputs, speech=[clip])
    await faces.close()
    await landmarks.close()
    parts = {f"{name}, {count} looked at": ms / 1000 for name, (count, ms) in counted.spent.items()}
    parts["its child and the rest"] = analysis.compute_ms / 1000 - sum(parts.values())
    title = f"frame, with its models ({len(analysis.tracks)} tracks of faces in {len(analysis.shots)} shots)"
    return lines(title, analysis.compute_ms / 1000, parts, seconds)


def render_child(video: Path, index: SourceIndex, clip: TimeRange, quality: Any, work: Path, seconds: float) -> str:
    """The render child's work, its certificate apart."""
    encoding = build_encoding(VideoWish(quality=quality), 1)
    task = RenderJob(plan=plan_for(index, clip), index=index, words=make_words(clip), encoding=encoding)
    with video.open("rb") as source:
        result, spent_s, parts = profiled(lambda: render(task, source, work, lambda _: None))
    looked_s = result.check_cpu_ms / 1000
    mbit = (work / clip_file_name(encoding)).stat().st_size * 8 / seconds / 1e6
    title = f"render, {encoding.name}, {mbit:.1f} Mbit/s; of it the certificate {looked_s:.2f} CPU-s a clip"
    return lines(title, spent_s, parts, seconds)


def main() -> None:
    """Command line."""
    parser = arguments(__doc__, "out/bench")
    parser.add_argument("--start-s", type=float, default=60.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--quality", choices=("draft", "good", "best"), default="draft")
    parser.add_argument("--no-models", action="store_true", help="without a Triton: the children alone")
    args = parser.parse_args()
    start_s, seconds = (2.0, 4.0) if args.quick else (args.start_s, args.seconds)
    clip = TimeRange(start_ms=round(start_s * 1000), end_ms=round((start_s + seconds) * 1000))
    with rig_of(args) as rig, tempfile.TemporaryDirectory() as place:
        video, work = rig.recipe(), Path(place)
        index = surveyed(video, work)
        print(frame_child(video, index, clip, work, seconds), flush=True)
        if not args.no_models:
            with running(work / "triton.log", ("faces", "landmarks")) as server:
                print(asyncio.run(frame_models(video, index, clip, server.url, work, seconds)), flush=True)
        print(render_child(video, index, clip, args.quality, work, seconds), flush=True)


if __name__ == "__main__":
    main()
