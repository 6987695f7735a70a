"""A peer of framing: PyPI's ``pyautoflip`` 0.2.1 (MIT), in an environment of its own.

A successor of AutoFlip, it searches some frames of each shot for faces and things, holds the crop, pans or follows, and
knows no speakers. Only its crops are asked for (``benchmarks/judges/reframe.py``); nothing is rendered.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.harness.measure import JUDGES, TIMEOUT_S
from benchmarks.harness.rig import say
from local.config.paths import cache_dir, make_private
from local.install.cache import ensure_built
from local.install.tools import tool_environment, uv_command
from schemas.common import Aspect, Box, CropBox, TimeRange
from schemas.documents.frame_plan import PathKey, ShotCrop

NAME = "pyautoflip-0.2.1"
ALONE = ("pyautoflip==0.2.1", "mediapipe==0.10.21")
"""Without what they ask for: the training of its models, a microphone, another face finder."""
PACKAGES = (
    "absl-py==2.3.1", "attrs==25.4.0", "flatbuffers==25.9.23", "matplotlib==3.10.7", "numpy==1.26.4",
    "opencv-python-headless==4.11.0.86", "protobuf==4.25.8", "scenedetect==0.6.7.1", "scipy==1.15.3", "tqdm==4.67.1",
)  # fmt: skip


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Crops of one video, one a picture: x, y, width and height in shares."""

    rate: float
    crops: list[tuple[float, float, float, float]]


def environment() -> Path:
    """Its interpreter, made when missing."""

    def build(directory: Path) -> None:
        say(f"fetching {NAME} and what it needs, once (some 200 MB)")
        env = tool_environment(os.environ, UV_LINK_MODE="copy")
        home = directory / "env"
        subprocess.run([*uv_command(), "venv", "-q", "--relocatable", "-p", "3.11", str(home)], env=env, check=True)
        install = [*uv_command(), "pip", "install", "-q", "-p", str(home / "bin" / "python")]
        subprocess.run([*install, *PACKAGES], env=env, check=True)
        subprocess.run([*install, "--no-deps", *ALONE], env=env, check=True)

    return ensure_built(make_private(cache_dir(os.environ)) / NAME, build) / "env" / "bin" / "python"


def crops_of(path: Path, aspect: Aspect) -> Answer:
    """The peer's crops of a video."""
    request = msgspec.json.encode({"aspect": aspect, "paths": [str(path)]})
    run = subprocess.run(
        [environment(), JUDGES / "reframe.py"], input=request, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        timeout=TIMEOUT_S, check=True,
    )  # fmt: skip
    return msgspec.json.decode(run.stdout, type=dict[str, Answer])[str(path)]


def shots_of(answer: Answer, shots: Sequence[TimeRange], width: int, height: int) -> list[ShotCrop]:
    """Return its crops by shots of the camera: a jump at a cut is no travel."""
    sizes: Mapping[str, int] = {"x": width, "y": height, "width": width, "height": height}
    keys = [
        PathKey(
            at_ms=round(number * 1000 / answer.rate),
            box=Box(**{name: value * size for (name, size), value in zip(sizes.items(), crop, strict=True)}),
        )
        for number, crop in enumerate(answer.crops)
    ]
    full_frame = CropBox(x=0, y=0, width=width, height=height)
    crops = []
    for shot in shots:
        inside = [key for key in keys if shot.start_ms <= key.at_ms < shot.end_ms] or keys[-1:]
        crops.append(ShotCrop(range=shot, mode="follow", crop=full_frame, reason=NAME, path=inside))
    return crops
