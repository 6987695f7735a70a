"""What each stage of the pipeline would take alone, at its best, on this machine and in this run. Runs none of ours.

Speech: faster-whisper called directly, batched, with the stack's weights. Sound, key pictures, a clip's pictures: bare
ffmpeg decoding them. Rendering: ffmpeg and libass, as in `benchmarks.render`. No faces, no landmarks, no certificate,
no servers: a limit that nobody reaches.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.asr import BATCH, BEAM, THREADS, peer
from benchmarks.pictures import ffmpeg_binary, ffmpeg_cpu_s
from benchmarks.render import CLIP, ffmpeg, surveyed, timed
from benchmarks.rig import say
from local.install import triton, weights
from local.places import cache_dir, make_private
from schemas.media import TimeRange
from streams.render.writer import Encoding
from tests.recordings import sound

CORES = 2


def limits(video: Path, clips_s: float, encoding: Encoding) -> dict[str, float]:
    """Wall seconds of each stage on both cores; processor time counts half."""
    say("what the stages would take alone: speech, decoding, rendering")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        index = surveyed(video, work)
        whole = TimeRange(start_ms=0, end_ms=index.duration_ms)
        clip = TimeRange(start_ms=CLIP.start_ms, end_ms=min(CLIP.end_ms, index.duration_ms))
        ffmpeg(video, index, encoding, work, captions=True)  # the first has the file to read
        per_s = {
            "a clip's pictures (CPU)": ffmpeg_cpu_s(video, [clip]) / (clip.length_ms / 1000),
            "rendering with captions (CPU)": ffmpeg(video, index, encoding, work, captions=True).cpu_s
            / (CLIP.length_ms / 1000),
        }
        return shared(
            {
                "speech (wall)": speech_s(video, work),
                "sound to 16 kHz (CPU)": sound_cpu_s(video),
                "key pictures (CPU)": ffmpeg_cpu_s(video, [whole], "-skip_frame", "nokey"),
                **{name: each * clips_s for name, each in per_s.items()},
            }
        )


def shared(parts: Mapping[str, float]) -> dict[str, float]:
    """Processor time spread over the cores; wall time as it is."""
    return {name: seconds / (CORES if "(CPU)" in name else 1) for name, seconds in parts.items()}


def speech_s(video: Path, work: Path) -> float:
    """faster-whisper on all of the sound, its model loaded."""
    np.save(work / "sound.npy", sound(video))
    cache = make_private(cache_dir(os.environ))
    installed = triton.install(cache, os.environ, say)
    held = weights.install(cache, installed, os.environ, say)
    with peer(installed.home / "bin" / "python", held, THREADS) as other:
        told = other.ask(audio=str(work / "sound.npy"), mode="batched", beam_size=BEAM, batch_size=BATCH, language=None)
    return float(str(told["wall_s"]))


def sound_cpu_s(video: Path) -> float:
    """ffmpeg making 16 kHz mono of the sound."""
    command = [ffmpeg_binary(), "-v", "error", "-i", str(video), "-vn", "-ac", "1", "-ar", "16000", "-f", "null", "-"]
    return timed(lambda: subprocess.run(command, check=True, capture_output=True)).cpu_s
