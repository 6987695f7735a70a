"""Render of a 30 s clip, whole path through the sandboxed child, compared with ffmpeg doing the same.

Favours neither.

``python -m benchmarks.render.render VIDEO [--rounds 3] [--threads 1]``. Setup: ``apt-get install ffmpeg`` (Debian's,
with libass), and a 1080p file: ``python -m benchmarks.harness.source_video --minutes 1 --out bench.mp4``.

Both decode the same 30 s, crop 9:16, scale to 1080 x 1920 (bicubic), burn captions, bring the sound to -14 LUFS and
encode x264 (same preset, crf, profile, key interval, threads) and AAC into a faststart MP4. Ours also measures the
finished file, makes the thumbnails and starts the child. Rounds are interleaved, medians printed. Limit: 1.15 x wall.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import msgspec

from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.harness.rig import Rig
from core.domain.subtitles.cues import range_cues
from core.domain.subtitles.srt_vtt import srt
from core.media.sandbox.source_handle import LocalSource
from core.progress import Report
from core.settings import MediaLimits
from schemas.common import Aspect, CropBox, ObjectRef, Segment, TimeRange, Word
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import SourceIndex
from schemas.documents.transcript import Transcript
from schemas.events import RenderRequested, Rendition
from streams.ingest.probe.demux import probe_file
from streams.render.exporter import ExportTarget, ProducedExport, produce_exports
from streams.renderer.encoding.muxer import KEY_INTERVAL_S, Encoding
from streams.renderer.inputs import RenderInputs, StoredTranscript
from streams.renderer.timeline.slots import OUTPUT_SIZES, build_range_timeline
from streams.renderer.typography.fonts import FONT_FOLDER

CLIP = TimeRange(start_ms=2_000, end_ms=32_000)
TEXT = "so this is what a talk sounds like when somebody speaks at about two and a half words in every second"
WORD_MS = 400
LIMIT_RATIO = 1.15
NOBODY = UUID(int=0)
NOTHING = ObjectRef(key="none", sha256="0" * 64, size=0)


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Wall and processor seconds of one run."""

    wall_s: float
    cpu_s: float


class Folder:
    """Objects in a folder: the benchmark weighs rendering, not a store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        (self._folder / f"object{suffix}").write_bytes(body)
        return ObjectRef(key=prefix + suffix, sha256="0" * 64, size=len(body))

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        shutil.copyfile(path, self._folder / f"object{suffix}")
        return ObjectRef(key=prefix + suffix, sha256="0" * 64, size=path.stat().st_size)


def make_words(clip: TimeRange = CLIP) -> list[Word]:
    """Words without end, as regular as a metronome."""
    texts = TEXT.split()
    return [
        Word(text=texts[n % len(texts)], start_ms=at, end_ms=at + WORD_MS - 60, probability=1.0)
        for n, at in enumerate(range(clip.start_ms, clip.end_ms, WORD_MS))
    ]


def make_transcript(clip: TimeRange = CLIP) -> Transcript:
    """The same words as a transcript of one segment."""
    words = make_words(clip)
    segment = Segment(start_ms=clip.start_ms, end_ms=clip.end_ms, text=TEXT, first_word=0, end_word=len(words))
    return Transcript(
        language="en", language_probability=1.0, duration_ms=clip.end_ms, words=words, segments=[segment],
        speech=[clip], model="made up",
    )  # fmt: skip


def plan_for(index: SourceIndex, clip: TimeRange = CLIP, aspect: Aspect = "9:16") -> FramePlan:
    """The middle of the picture, all clip long."""
    assert index.video is not None
    width, height = index.video.display_width, index.video.display_height
    across, down = OUTPUT_SIZES[aspect]
    cut = min(width, height * across // down) // 2 * 2, min(height, width * down // across) // 2 * 2
    crop = CropBox(x=(width - cut[0]) // 4 * 2, y=(height - cut[1]) // 4 * 2, width=cut[0], height=cut[1])
    shot = ShotCrop(range=clip, mode="hold", crop=crop, reason="middle")
    return FramePlan(clip_id="bench", aspect=aspect, range=clip, source_width=width, source_height=height, shots=[shot])


def target_for(index: SourceIndex, clip: TimeRange = CLIP, aspect: Aspect = "9:16") -> ExportTarget:
    """An export with captions by `plan_for`."""
    request = RenderRequested(
        org_id=NOBODY,
        project_id=NOBODY,
        clip_id=NOBODY,
        export_id=NOBODY,
        ordinal=0,
        rendition=Rendition(range=clip, aspect=aspect, captions=True),
        plan=NOTHING,
        source=NOTHING,
        index=NOTHING,
    )
    return ExportTarget(request=request, plan=plan_for(index, clip, aspect), prefix="bench")


async def rendered(
    video: Path, index: SourceIndex, encoding: Encoding, work: Path, clip: TimeRange = CLIP, scratch: Path | None = None
) -> ProducedExport:
    """One export, from the plan to the stored files; ``scratch``: a folder for it alone."""
    scratch = scratch or work / "scratch"
    scratch.mkdir(exist_ok=True)
    transcript = Transcript(
        language="en", language_probability=1, duration_ms=index.duration_ms, words=make_words(clip), segments=[],
        speech=[], model="none",
    )  # fmt: skip
    with LocalSource(video) as source:
        (produced,) = await produce_exports(
            [target_for(index, clip)],
            RenderInputs(index=index, stored_transcript=StoredTranscript(transcript=transcript), encoding=encoding),
            source=source, objects=Folder(work), scratch=scratch, report=lambda _: None,
        )  # fmt: skip
    if isinstance(produced, Exception):
        raise produced
    return produced


def ours(video: Path, index: SourceIndex, encoding: Encoding, work: Path, clip: TimeRange = CLIP) -> Cost:
    """One export and what it took."""
    return timed(lambda: asyncio.run(rendered(video, index, encoding, work, clip)))


def ffmpeg(
    video: Path, index: SourceIndex, encoding: Encoding, work: Path, *, captions: bool, clip: TimeRange = CLIP
) -> Cost:
    """The same by Debian's ffmpeg: subtitles by libass where asked, loudness by loudnorm in one pass."""
    crop, rate = plan_for(index).shots[0].crop, build_range_timeline(clip, index).rate
    filters = [
        f"crop={crop.width}:{crop.height}:{crop.x}:{crop.y}", "scale=1080:1920:flags=bicubic", f"fps={rate}",
        "format=yuv420p",
    ]  # fmt: skip
    if captions:
        subtitles = work / "burn.srt"
        subtitles.write_text(srt(range_cues(make_transcript(clip), clip)))
        style = "FontName=Inter Display,Bold=1,Fontsize=14,Outline=1,MarginV=70"
        filters.append(f"subtitles={subtitles}:fontsdir={FONT_FOLDER}:force_style='{style}'")
    threads = str(encoding.threads)
    command = [
        "ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", threads, "-ss", str(clip.start_ms / 1000), "-t",
        str(clip.length_ms / 1000), "-i", str(video), "-filter_threads", threads, "-vf", ",".join(filters),
        "-af", "aformat=channel_layouts=stereo,loudnorm=I=-14:TP=-2:LRA=11,aresample=48000", "-c:v", "libx264",
        "-preset", encoding.preset, "-crf", str(encoding.crf), "-profile:v", "high", "-g",
        str(round(rate * KEY_INTERVAL_S)), "-threads", threads, "-c:a", "aac", "-b:a", str(encoding.audio_bit_rate),
        "-movflags", "+faststart", str(work / "ffmpeg.mp4"),
    ]  # fmt: skip
    return timed(lambda: subprocess.run(command, check=True, preexec_fn=lambda: os.nice(10)))


def surveyed(video: Path, work: Path) -> SourceIndex:
    """The index of a file."""
    with video.open("rb") as source:
        return probe_file(source, MediaLimits(), work / "pcm", lambda _: None)


def timed(work: object) -> Cost:
    """Wall and CPU seconds of a call, its children's included."""
    assert callable(work)
    wall, cpu = time.perf_counter(), _cpu_s()
    work()
    return Cost(wall_s=time.perf_counter() - wall, cpu_s=_cpu_s() - cpu)


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measured(video: Path, rounds: int, encoding: Encoding) -> Claim:
    """All contenders, interleaved."""
    if shutil.which("ffmpeg") is None:
        raise SystemExit("ffmpeg is not there: apt-get install ffmpeg")
    load = os.getloadavg()[0]
    if load > 1:
        print(f"the machine is busy (load {load:.1f}): wall times of both sides are noise", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        index = surveyed(video, work)
        contenders = {
            "clipstream, captions by word": lambda: ours(video, index, encoding, work),
            "ffmpeg, captions by libass": lambda: ffmpeg(video, index, encoding, work, captions=True),
            "ffmpeg, no captions": lambda: ffmpeg(video, index, encoding, work, captions=False),
        }
        costs: dict[str, list[Cost]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, contender in contenders.items():
                costs[name].append(contender())
    return compared(costs, encoding)


def compared(costs: dict[str, list[Cost]], encoding: Encoding) -> Claim:
    """Medians; the claim is ours to the second contender."""
    wall = {name: statistics.median(cost.wall_s for cost in runs) for name, runs in costs.items()}
    cpu = {name: statistics.median(cost.cpu_s for cost in runs) for name, runs in costs.items()}
    mine, peer, _ = costs
    lines = [
        f"{name}: wall {wall[name]:.2f} s, cpu {cpu[name]:.2f} s; ours/it {wall[mine] / wall[name]:.2f}x wall"
        for name in costs
    ]
    return Claim(
        name="render of a 30 s clip, against ffmpeg doing the same (wall)",
        measured=wall[mine] / wall[peer],
        limit=LIMIT_RATIO,
        where=(f"{encoding.name}; medians of {len(costs[mine])}", *lines),
    )


def bench(rig: Rig) -> list[Claim]:
    """As a part of ``python -m benchmarks``."""
    return [measured(rig.recipe(), rig.rounds, Encoding())]


def main() -> int:
    """Command line; exit code 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    claim = measured(args.video, args.rounds, Encoding(threads=args.threads))
    print(format_claim(claim))
    return exit_code([claim], [])


if __name__ == "__main__":
    sys.exit(main())
