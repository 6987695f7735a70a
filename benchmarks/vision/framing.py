"""Measure who is in the crop: plans of made and shared videos, judged by another face detector.

``python -m benchmarks.vision.framing [--quick] [--aspect 9:16]``: people who talk in turn
(``benchmarks.vision.panels``, where it is known who speaks), walkers (``benchmarks.vision.walking``) and the shared
files with faces go through frame's code. MediaPipe's full-range detector then finds the source's faces five times a
second, and the plan tells what is shown of them, compared with still crops alone, a peer, and the middle of the frame.
Nothing is rendered. The walks are framed once more as if they were cut every second or two. Some of the made scenes are
unseen: other people, paths and turns, looked at once after everything was set on the others.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.measure import JUDGES
from benchmarks.harness.rig import say
from benchmarks.vision.active_speaker import hear_voices, look
from benchmarks.vision.framing_figures import (
    Case,
    Figures,
    JudgedFace,
    Shots,
    cut_short,
    format_figures,
    measure_plan,
    middle,
    ours,
    peer,
    stills,
)
from benchmarks.vision.framing_peer import crops_of
from benchmarks.vision.panels import Others, Scene, make
from benchmarks.vision.walking import UNSEEN_WALKERS, WALKERS, Walker, drawn
from benchmarks.vision.walking import make as make_walk
from core.domain.framing.boxes import intersection_over_union
from core.infra.triton.embeddings import TritonVoices
from core.infra.triton.faces import TritonFaces
from core.infra.triton.landmarks import TritonLandmarks
from core.infra.triton.speech import TritonSpeech
from core.media.decode.display import display_array
from core.media.decode.reader import SourceReader
from core.settings import MediaLimits
from local.config.paths import cache_dir, make_private
from local.install.cache import ensure_built
from local.install.tools import tool_environment, uv_command
from local.install.triton import locked_requirements
from schemas.common import Aspect, Box, TimeRange
from schemas.documents.source import SourceIndex
from streams.ingest.probe.demux import probe_file
from tests.contract.rigs.triton_server import Triton, running

SHARED = [
    "talking/obama_speech_2faces_9s_240p.mp4",
    "talking/hamilton_whitehouse_10s_360p.mp4",
    "talking/tears_of_steel_dialogue_9s.mp4",
    "talking/noface_then_face_6s.mov",
    "talking/nvidia_webcam_pillarbox_8s_720p.mp4",
    "talking/face_offcentre_20s.mp4",
    "talking/googlework_35s_180p.mp4",
    "talking/cap12_webcam_54s_silent.mp4",
    "talking/physicsworks_lecture_203s_240p.webm",
]
QUICK_COUNT = 4
"""Shared files and walkers of a quick run."""
KINDS: tuple[Others, ...] = get_args(Others)
SEEDS = {False: (2, 5), True: (7, 21)}
"""Of the scenes on which frame was set, and of the unseen ones."""
WALKS_SEEDS = {False: (11,), True: (12, 13)}
MODELS = ("faces", "landmarks", "voices", "whisper")
SIDE, GAP_MS = 192, 200
TILE_STEP, NEAR_EDGE, ALIKE = 0.5, 0.03, 0.3
"""How far squares as high as the picture lie apart; faces so near to the side of one are cut; boxes of one face."""
DETECTOR = "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite"


def judge_weights() -> Path:
    """The judge's network, out of the wheel that carries it."""
    lines = locked_requirements("weights").split("\n")
    first = next(place for place, line in enumerate(lines) if line.startswith("mediapipe=="))
    end = next(place for place in range(first + 1, len(lines)) if not lines[place].startswith(" "))

    def build(directory: Path) -> None:
        listed, carrier = directory / "requirements.txt", directory / "carrier"
        listed.write_text("\n".join(lines[first:end]) + "\n")
        install = [*uv_command(), "pip", "install", "-q", "--no-deps", "--require-hashes", "--target", str(carrier)]
        subprocess.run([*install, "-r", str(listed)], env=tool_environment(os.environ), check=True)
        shutil.copy(carrier / DETECTOR, directory / Path(DETECTOR).name)
        shutil.rmtree(carrier)

    return ensure_built(make_private(cache_dir(os.environ)) / "judge-faces", build) / Path(DETECTOR).name


class Square(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a frame for the judge: from ``x`` on, ``side`` source pixels wide, down from the top."""

    at_ms: int
    x: float
    side: float


def squares(path: Path, index: SourceIndex) -> Iterator[tuple[Square, NDArray[np.uint8]]]:
    """Decode the frames of the source for the judge: padded with black, and in squares of their height.

    A face of a wide frame is small in the whole of it, and is not found there when it turns away.
    """
    assert index.video is not None
    track, due_ms = index.video, 0
    wide, high = track.display_width, track.display_height
    places = np.linspace(0, wide - high, 1 + math.ceil((wide - high) / (TILE_STEP * high))) if wide > high else []
    with path.open("rb") as file:
        for at_ms, frame in SourceReader(file, index).read_frames(TimeRange(start_ms=0, end_ms=index.duration_ms)):
            if at_ms < due_ms:
                continue
            due_ms = at_ms + GAP_MS
            padded, scale = np.zeros((SIDE, SIDE, 3), np.uint8), SIDE / max(wide, high)
            small = round(wide * scale), round(high * scale)
            padded[: small[1], : small[0]] = display_array(frame, track, *small)
            yield Square(at_ms=at_ms, x=0, side=max(wide, high)), padded
            strip = display_array(frame, track, round(wide * SIDE / high), SIDE) if len(places) else padded
            for x in places:
                left = min(round(x * SIDE / high), strip.shape[1] - SIDE)
                yield Square(at_ms=at_ms, x=left * high / SIDE, side=high), strip[:, left : left + SIDE]


def judged(path: Path, index: SourceIndex, python: Path, folder: Path) -> dict[int, list[JudgedFace]]:
    """Faces of some pictures, by the other detector."""
    assert index.video is not None
    areas, pictures = zip(*squares(path, index), strict=True)
    np.save(folder / "squares.npy", np.stack(pictures))
    request = {"weights": str(judge_weights()), "pictures": str(folder / "squares.npy")}
    run = subprocess.run(
        [python, JUDGES / "faces.py"], input=msgspec.json.encode(request), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    faces_by_time: dict[int, list[tuple[float, JudgedFace]]] = {}
    for square, faces in zip(areas, msgspec.json.decode(run.stdout), strict=True):
        scored_faces = faces_by_time.setdefault(square.at_ms, [])
        for x, y, wide, high, eyes, score in faces:
            place = Box(
                x=square.x + x * square.side, y=y * square.side, width=wide * square.side, height=high * square.side
            )
            if not _is_cut(x, x + wide, square, index.video.display_width):
                scored_faces.append((score, JudgedFace(box=place, eyes_y=eyes * square.side)))
    return {at_ms: _once(scored_faces) for at_ms, scored_faces in faces_by_time.items()}


def _is_cut(left: float, right: float, square: Square, width: int) -> bool:
    """Tell whether a face may continue outside a square that is only a part of the frame."""
    before, after = square.x > 1, square.x + square.side < width - 1
    return (before and left < NEAR_EDGE) or (after and right > 1 - NEAR_EDGE)


def _once(scored_faces: Sequence[tuple[float, JudgedFace]]) -> list[JudgedFace]:
    """Each face once, as it was found most surely."""
    distinct: list[JudgedFace] = []
    for _, face in sorted(scored_faces, key=lambda pair: -pair[0]):
        if all(intersection_over_union(face.box, previous.box) < ALIKE for previous in distinct):
            distinct.append(face)
    return distinct


WAYS: dict[str, Callable[[Case, Aspect], Shots]] = {
    "ours": ours,
    "still crops": stills,
    "pyautoflip": peer,
    "middle": middle,
}
Made = tuple[Path, Scene | None]


class VideoToFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A video that is to be framed."""

    kind: str
    name: str
    unseen: bool
    made: Callable[[], Made]


def list_videos(media: Path, folder: Path, *, quick: bool) -> Iterator[VideoToFrame]:
    """List the videos of all kinds."""
    for unseen, seeds in SEEDS.items():
        for seed, number, behaviour in product(seeds, range(1 if quick else 2), KINDS):
            make_video = partial(_talk, media, folder, seed, number, behaviour)
            yield VideoToFrame(
                kind="talk in turn", name=f"{behaviour}-{seed}-{number:02}", unseen=unseen, made=make_video
            )
        for walker in (UNSEEN_WALKERS if unseen else WALKERS)[: QUICK_COUNT if quick else None]:
            yield VideoToFrame(kind="walk", name=walker.name, unseen=unseen, made=partial(_walk, media, folder, walker))
    for unseen, seeds in WALKS_SEEDS.items():
        for walker in (drawn_walker for seed in seeds for drawn_walker in drawn(seed)[: 2 if quick else None]):
            make_video = partial(_walk, media, folder, walker)
            yield VideoToFrame(kind="walk by chance", name=walker.name, unseen=unseen, made=make_video)
    for name in SHARED[: QUICK_COUNT if quick else None]:
        yield VideoToFrame(
            kind="shared files", name=Path(name).stem, unseen=False, made=lambda file=name: (media / file, None)
        )


def _talk(media: Path, folder: Path, seed: int, number: int, behaviour: Others) -> Made:
    scene = make(media, seed, number, behaviour, folder)
    return folder / scene.file, scene


def _walk(media: Path, folder: Path, walker: Walker) -> Made:
    return make_walk(media, walker, folder), None


async def cases(media: Path, server: Triton, folder: Path, keep: Path, aspect: Aspect, *, quick: bool) -> list[Case]:
    """Make, analyse and judge every video.

    What was kept before is not analysed again.
    """
    faces, landmarks = TritonFaces(server.url), TritonLandmarks(server.url)
    speech, voices = TritonSpeech(server.url), TritonVoices(server.url)
    results: list[Case] = []
    for video in list_videos(media, folder, quick=quick):
        case_path = keep / f"{video.name.replace(' ', '-')}.json"
        case = msgspec.json.decode(case_path.read_bytes(), type=Case) if case_path.exists() else None
        if case is None or aspect not in case.peer:
            path, scene = await asyncio.to_thread(video.made)
            if case is None:
                with path.open("rb") as file:
                    index = probe_file(file, MediaLimits(), folder / "sound.pcm", lambda _: None)
                speech_ranges, heard_voices = await hear_voices(path, speech, voices) if index.audio else (None, None)
                tracks, _ = await look(path, faces, landmarks, speech_ranges, heard_voices)
                judged_faces = await asyncio.to_thread(judged, path, index, server.python, folder)
                case = Case(
                    kind=video.kind,
                    name=video.name,
                    index=index,
                    tracks=tracks,
                    faces=judged_faces,
                    scene=scene,
                    unseen=video.unseen,
                )
            crops = await asyncio.to_thread(crops_of, path, aspect)
            case = msgspec.structs.replace(case, peer={**case.peer, aspect: crops})
            case_path.write_bytes(msgspec.json.encode(case))
            say(f"{video.kind}: {video.name}")
        results.append(case)
    for adapter in (faces, landmarks, speech, voices):
        await adapter.close()
    return results


def print_all(results: Sequence[Case], aspect: Aspect) -> None:
    """Each video, then the kinds: the half that was set on, the unseen one, and both."""
    for case in results:
        shots = ours(case, aspect)
        print(f"{case.kind}, {case.name}: {', '.join(dict.fromkeys(shot.mode for shot in shots))}")
        print(format_figures("ours", measure_plan(case, shots, aspect)))
    for kind in dict.fromkeys(case.kind for case in results):
        of_kind = [case for case in results if case.kind == kind]
        halves = {"": of_kind}
        if any(case.unseen for case in of_kind):
            halves |= {half: [case for case in of_kind if case.unseen is unseen]
                       for half, unseen in ((" (set on)", False), (" (unseen)", True))}  # fmt: skip
        for half, half_cases in halves.items():
            print(f"all of {kind}{half}, {aspect}:")
            for name, way in WAYS.items():
                total = Figures()
                for case in half_cases:
                    total.add(measure_plan(case, way(case, aspect), aspect))
                print(format_figures(name, total))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--aspect", choices=get_args(Aspect), default="9:16")
    parser.add_argument("--quick", action="store_true", help="a few videos of each kind")
    parser.add_argument("--keep", type=Path, help="where what was looked at is kept, and taken from the next time")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "triton.log", MODELS) as server:
        keep = args.keep or Path(place)
        keep.mkdir(parents=True, exist_ok=True)
        results = asyncio.run(cases(args.media, server, Path(place), keep, args.aspect, quick=args.quick))
    walks = [case for case in results if case.kind.startswith("walk")]
    print_all(
        results + [cut_short(case, one_angle=one_angle) for one_angle in (True, False) for case in walks], args.aspect
    )


if __name__ == "__main__":
    main()
