"""The peer of the whole pipeline: PyPI's ``shorts-factory`` 0.1.1 (MIT).

It is installed apart and run as its users run it.

It transcribes with faster-whisper (int8, sequential, VAD), scores sentences, samples one picture a second of each clip
for Haar faces, renders with ffmpeg (x264 veryfast, crf 20, 1080 × 1920, captions by libass, loudnorm to -14), makes
a thumbnail a clip. All of its own defaults are kept but those that the comparison needs to be the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.harness.rig import say
from local.install.cache import ensure_built
from local.install.tools import uv_command

NAME = "shorts-factory-0.1.1"
PACKAGES = (
    "shorts-factory==0.1.1",
    "faster-whisper==1.2.1",
    "ctranslate2==4.6.0",  # what shorts-factory asks for
    "onnxruntime>=1.20",
    "opencv-python-headless<5",  # 5 has no Haar cascades and would fetch a model at run time
    "numpy>=1.24",
    "pillow>=10.1",
    "requests>=2.31",
    "setuptools<81",
)
"""Without its web page and its downloader (streamlit, yt-dlp), which a run on a file never imports."""
TIMEOUT_S = 3600.0
_VERSIONS = (
    "import cv2, faster_whisper, ctranslate2; cv2.CascadeClassifier; print(cv2.__version__, ctranslate2.__version__)"
)
_LOAD = (
    "import sys; from faster_whisper import WhisperModel; WhisperModel(sys.argv[1], device='cpu', compute_type='int8')"
)


class PeerRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run: its wall time, when its parts began (by what it prints), and what it made."""

    wall_s: float
    heard_s: float
    """When the transcript was there."""
    rendering_s: float
    """When the first clip was begun."""
    clips_s: list[float]
    """Length of each clip."""


def install(cache: Path) -> Path:
    """Its interpreter, in an environment of its own under the cache."""
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        raise SystemExit("the peer needs ffmpeg and ffprobe with libass: apt-get install ffmpeg")

    def build(directory: Path) -> None:
        say(f"fetching {NAME} and what it needs, once (some 200 MB)")
        env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        subprocess.run([*uv_command(), "venv", "-q", "--relocatable", str(directory)], env=env, check=True)
        python = str(directory / "bin" / "python")
        subprocess.run([*uv_command(), "pip", "install", "-q", "-p", python, *PACKAGES[1:]], env=env, check=True)
        install_command = [*uv_command(), "pip", "install", "-q", "-p", python, "--no-deps", PACKAGES[0]]
        subprocess.run(install_command, env=env, check=True)
        subprocess.run([python, "-c", _VERSIONS], check=True, capture_output=True)

    return ensure_built(cache / NAME, build) / "bin" / "python"


def versions(python: Path) -> str:
    """Versions of OpenCV and CTranslate2."""
    return subprocess.run([python, "-c", _VERSIONS], check=True, capture_output=True, text=True).stdout.strip()


def load_s(python: Path, weights: Path) -> float:
    """Seconds to start Python and load the model: what a warm server does not pay."""
    begun_s = time.perf_counter()
    subprocess.run([python, "-c", _LOAD, weights], check=True, capture_output=True)
    return time.perf_counter() - begun_s


def command(
    python: Path, video: Path, out: Path, weights: Path, clips: int, length_s: tuple[float, float]
) -> Sequence[str]:
    """The command line of one run.

    Our weights (it hands the name of a model on to faster-whisper, which takes a folder).
    """
    shortest, longest = length_s
    return [
        str(python), "-m", "shorts_factory", "run", str(video), "-o", str(out), "--top", str(clips), "--model",
        str(weights), "--min-dur", str(shortest), "--max-dur", str(longest), "--no-llm",
    ]  # fmt: skip


def run(python: Path, video: Path, weights: Path, clips: int, length_s: tuple[float, float]) -> PeerRun:
    """One run into a new folder (it keeps transcripts)."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    env |= {"HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    marks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        out, begun_s, last = Path(place) / "out", time.perf_counter(), ""
        with subprocess.Popen(
            command(python, video, out, weights, clips, length_s), env=env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    last = line.strip() or last
                    for word in ("scoring", "rendering"):
                        if word in line:
                            marks.setdefault(word, time.perf_counter() - begun_s)
                code = process.wait(TIMEOUT_S)
            finally:
                process.kill()
        wall_s = time.perf_counter() - begun_s
        if code:
            raise RuntimeError(f"{NAME} ended with {code}: {last}")
        reported = json.loads((out / "report.json").read_text())["clips"]
        videos = sorted(out.glob("short_*.mp4"))
        if len(videos) != len(reported):
            raise RuntimeError(f"{NAME} reports {len(reported)} clips and wrote {len(videos)}")
    return PeerRun(
        wall_s=wall_s,
        heard_s=marks["scoring"],
        rendering_s=marks["rendering"],
        clips_s=[float(clip["duration"]) for clip in reported],
    )
