"""What each stage of the pipeline would take alone, at its best, on this machine and in this run.

Runs none of ours.

Speech: faster-whisper called directly, batched, with the stack's weights. Sound, key pictures, a clip's pictures: bare
ffmpeg decoding them. Rendering: ffmpeg and libass, as in `benchmarks.render.render`, of the very ranges that became
clips (grain and movement decide what a second costs), two at a time as the stack has them. No faces, no landmarks, no
certificate, no servers: a limit that no one reaches.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.harness.rig import say
from benchmarks.render.render import ffmpeg, surveyed, timed
from benchmarks.speech.asr import BATCH_COUNT, BEAM_COUNT, THREADS, peer
from benchmarks.system.decode_passes import ffmpeg_binary, ffmpeg_cpu_s
from local.config.paths import cache_dir, make_private
from local.install import triton, weights
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.renderer.encoding.muxer import Encoding
from tests.support.media.recordings import sound

CORES_COUNT = 2


class AtBest(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that bare tools take."""

    parts_s: Mapping[str, float]
    """Wall seconds of each stage on both cores."""
    rendering_cpu_s: float


def limits(video: Path, clips: Sequence[TimeRange], encoding: Encoding) -> AtBest:
    """Limits of speech, decoding and the rendering of ``clips``; processor time counts half."""
    say("what the stages would take alone: speech, decoding, rendering")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        index = surveyed(video, work)
        full_range = TimeRange(start_ms=0, end_ms=index.duration_ms)
        rendering = rendering_cpu_s(video, index, clips, encoding, work)
        parts = {
            "speech (wall)": speech_s(video, work),
            "sound to 16 kHz (CPU)": sound_cpu_s(video),
            "key pictures (CPU)": ffmpeg_cpu_s(video, [full_range], "-skip_frame", "nokey"),
            "the clips' pictures (CPU)": sum(ffmpeg_cpu_s(video, [clip]) for clip in clips),
            "rendering them with captions (CPU)": rendering,
        }
        return AtBest(parts_s=spread_over_cores(parts), rendering_cpu_s=rendering)


def rendering_cpu_s(
    video: Path, index: SourceIndex, clips: Sequence[TimeRange], encoding: Encoding, work: Path
) -> float:
    """ffmpeg and libass making the clips, as many at a time as there are cores.

    Alone each would take less.
    """

    def make(numbered: tuple[int, TimeRange]) -> None:
        folder = work / f"clip-{numbered[0]}"
        folder.mkdir()
        ffmpeg(video, index, encoding, folder, captions=True, clip=numbered[1])

    def make_all() -> None:
        with ThreadPoolExecutor(CORES_COUNT) as hands:
            list(hands.map(make, enumerate(clips)))

    return timed(make_all).cpu_s


def spread_over_cores(parts: Mapping[str, float]) -> dict[str, float]:
    """Processor time spread over the cores; wall time as it is."""
    return {name: seconds / (CORES_COUNT if "(CPU)" in name else 1) for name, seconds in parts.items()}


def speech_s(video: Path, work: Path) -> float:
    """faster-whisper on all of the sound, its model loaded."""
    np.save(work / "sound.npy", sound(video))
    cache = make_private(cache_dir(os.environ))
    installed = triton.install(cache, os.environ, say)
    model_weights = weights.install(cache, installed, os.environ, say)
    with peer(installed.home / "bin" / "python", model_weights, THREADS) as peer_process:
        answer = peer_process.ask(
            audio=str(work / "sound.npy"), mode="batched", beam_size=BEAM_COUNT, batch_size=BATCH_COUNT, language=None
        )
    return float(str(answer["wall_s"]))


def sound_cpu_s(video: Path) -> float:
    """ffmpeg making 16 kHz mono of the sound."""
    command = [ffmpeg_binary(), "-v", "error", "-i", str(video), "-vn", "-ac", "1", "-ar", "16000", "-f", "null", "-"]
    return timed(lambda: subprocess.run(command, check=True, capture_output=True)).cpu_s
