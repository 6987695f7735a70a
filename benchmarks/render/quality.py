"""How like its source a finished file is, by quality: the certificate's SSIM compared with VMAF.

And what that look costs.

``python -m benchmarks.render.quality VIDEO [--start-ms 2000] [--seconds 4] [--certificate]``. Setup: the ``bench``
group: imageio-ffmpeg has libvmaf, and a 1080p file: ``python -m benchmarks.harness.source_video --minutes 1 --out
bench.mp4``.

The reference is what was painted, before the encoder, as lossless FFV1, without captions. The baselines are x264 at
crf 4, nearly without loss, and at crf 40, which no one would post. ``--certificate``: of a 30 s clip the
processor time of looking at the finished file, apart from making it. Limit: 2 CPU-s.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import av
import msgspec

from benchmarks.harness.claims import Claim, exit_code, format_claim
from benchmarks.render.render import make_words, plan_for
from core.media.decode.reader import SourceReader
from core.settings import MediaLimits
from schemas.common import TimeRange, Value
from schemas.documents.frame_plan import FramePlan
from schemas.documents.source import SourceIndex
from streams.ingest.probe.demux import probe_file
from streams.render.child.main import render
from streams.renderer.codecs import QUALITY_SETTINGS
from streams.renderer.encoding.muxer import Encoding
from streams.renderer.job import RenderJob, RenderResult, clip_file_name
from streams.renderer.timeline.lead_in import LEAD_MS
from streams.renderer.timeline.slots import OUTPUT_SIZES, build_range_timeline, fill_slots
from streams.renderer.video.scaler import FrameScaler

LIMIT_CPU_S = 2.0
CERTIFIED_S = 30
BASELINES = {"crf 4": Encoding(preset="veryfast", crf=4), "crf 40": Encoding(preset="veryfast", crf=40)}


class Likeness(Value, frozen=True, kw_only=True):
    """One file against the painted pictures."""

    name: str
    ssim: float
    vmaf: float
    worst_vmaf: float
    megabits_s: float


def painted(source: Path, index: SourceIndex, plan: FramePlan, path: Path) -> None:
    """Every picture of the clip as the encoder would get it, without loss."""
    assert index.video is not None
    timeline, size_px = build_range_timeline(plan.range, index), OUTPUT_SIZES[plan.aspect]
    painter = FrameScaler(index.video, size_px, path.parent)
    time = TimeRange(start_ms=max(0, plan.range.start_ms - LEAD_MS), end_ms=plan.range.end_ms + LEAD_MS)
    with source.open("rb") as file, av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=timeline.rate)
        stream.width, stream.height, stream.pix_fmt = *size_px, "yuv420p"
        for at_ms, picture, slots in fill_slots(SourceReader(file, index).read_frames(time), timeline):
            scaled = painter.scale(picture, plan.shots[0], at_ms)
            for slot in slots:
                scaled.pts, scaled.time_base = slot.number, 1 / timeline.rate
                container.mux(stream.encode(scaled))
        container.mux(stream.encode(None))


def render_plan(
    source: Path, index: SourceIndex, plan: FramePlan, encoding: Encoding, folder: Path, *, captions: bool
) -> RenderResult:
    """The clip as the product makes it."""
    folder.mkdir()
    words = make_words() if captions else []
    task = RenderJob(plan=plan, index=index, words=words, captions=captions, encoding=encoding)
    with source.open("rb") as file:
        return render(task, file, folder, lambda _: None)


def vmaf(ffmpeg: str, encoded: Path, reference: Path) -> tuple[float, float]:
    """Mean and worst picture, by libvmaf's default model."""
    log = encoded.with_suffix(".json")
    same_clock = "settb=AVTB,setpts=N*10000"  # picture by picture: containers round their times in their own ways
    measure = f"[0:v]{same_clock}[a];[1:v]{same_clock}[b];[a][b]libvmaf=log_fmt=json:log_path={log}"
    command = [ffmpeg, "-v", "fatal", "-nostdin", "-i", str(encoded), "-i", str(reference), "-lavfi", measure]
    subprocess.run([*command, "-fps_mode", "passthrough", "-f", "null", "-"], check=True)
    scores = json.loads(log.read_text())["pooled_metrics"]["vmaf"]
    return float(scores["mean"]), float(scores["min"])


def likenesses(source: Path, index: SourceIndex, plan: FramePlan, ffmpeg: str, work: Path) -> list[Likeness]:
    """Each quality, then the baseline."""
    reference = work / "painted.mkv"
    painted(source, index, plan, reference)
    encodings = {name: Encoding(preset=preset, crf=crf) for name, (preset, crf) in QUALITY_SETTINGS["h264"].items()}
    results = []
    for name, encoding in (encodings | BASELINES).items():
        folder = work / name.replace(" ", "-")
        checks = render_plan(source, index, plan, encoding, folder, captions=False).certificate.checks
        video = folder / clip_file_name(encoding)
        mean, worst = vmaf(ffmpeg, video, reference)
        results.append(
            Likeness(
                name=name,
                ssim=next(check.value for check in checks if check.name == "ssim") or 0.0,
                vmaf=mean,
                worst_vmaf=worst,
                megabits_s=video.stat().st_size * 8 / plan.range.length_ms / 1000,
            )
        )
    return results


def certificate_cost(source: Path, index: SourceIndex, work: Path) -> Claim:
    """Processor time of the look at a finished clip with captions."""
    plan = at(plan_for(index), plan_for(index).range.start_ms, CERTIFIED_S)
    rendered = render_plan(source, index, plan, Encoding(preset="ultrafast"), work / "certified", captions=True)
    return Claim(
        name=f"certificate of a {CERTIFIED_S} s clip",
        measured=rendered.check_cpu_ms / 1000,
        limit=LIMIT_CPU_S,
        unit="CPU-s",
        where=(f"{len(rendered.certificate.checks)} checks, {rendered.certificate.frames} pictures",),
    )


def at(plan: FramePlan, start_ms: int, seconds: int) -> FramePlan:
    """The same crop over another range."""
    time = TimeRange(start_ms=start_ms, end_ms=start_ms + 1000 * seconds)
    shots = [msgspec.structs.replace(shot, range=time) for shot in plan.shots]
    return msgspec.structs.replace(plan, range=time, shots=shots)


def main() -> int:
    """Command line; exit code 1 when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--start-ms", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--certificate", action="store_true", help="only the cost of the certificate")
    parser.add_argument("--ffmpeg", help="one with libvmaf (that of imageio-ffmpeg)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with args.video.open("rb") as file:
            index = probe_file(file, MediaLimits(), work / "pcm", lambda _: None)
        if args.certificate:
            claim = certificate_cost(args.video, index, work)
            print(format_claim(claim))
            return exit_code([claim], [])
        ffmpeg = args.ffmpeg or str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
        plan = at(plan_for(index), args.start_ms, args.seconds)
        for likeness in likenesses(args.video, index, plan, ffmpeg, work):
            print(
                f"{likeness.name:<7} SSIM {likeness.ssim:.4f}  VMAF {likeness.vmaf:6.2f} "
                f"(worst picture {likeness.worst_vmaf:6.2f})  {likeness.megabits_s:5.2f} Mbit/s"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
