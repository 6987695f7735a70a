"""Detection of screens and persons, compared with a trivial baseline, on shared media and made pages.

``python -m benchmarks.vision.scenery [--seed 2] [--fit] [--triton host:port]``. Screens: pages of
``benchmarks.vision.drawn`` (some with real pictures on them) against pictures of the shared files a second apart, all
of which a camera took or a person painted; titles and cards are left out, by eye. ``--fit`` prints the weights fitted
on a seed, and how those fitted without each file or kind judge it. Persons: pictures that show one clear face, which
is withheld from the crop: does the crop that holds the person hold it?
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.vision.drawn import KINDS, put_camera, squeezed
from core.infra.triton.faces import TritonFaces
from core.infra.triton.landmarks import TritonLandmarks
from schemas.common import Face
from streams.frame.scene.crop import FramingSubject, crop_size, place_on_faces
from streams.frame.scene.persons import upper_body_box
from streams.vision.canvas import Canvas, write_picture
from streams.vision.person_detection import find_persons
from streams.vision.screen_detection import (
    EVEN_MAX_STEP_LEVELS,
    LOGIT_WEIGHTS,
    SCREEN_MIN_PROBABILITY,
    measure_graphic,
    screen_probability,
)
from tests.contract.rigs.triton_server import running

Picture = NDArray[np.uint8]
FILES = ["talking/*.mp4", "talking/*.webm", "talking/*.mpg", "talking/*.mov", "shots/*.mp4"]
MAX_FRAMES = 60
"""Pictures of a file at most: the long ones would outvote the others."""
PAGES = 40
"""Of each kind."""
CARDS: Mapping[str, Sequence[tuple[float, float]]] = {
    "auto-editor_example_42s_720p.mp4": [(0.0, 99.0)],
    "bbb_trailer_55s_720p.mp4": [(8.0, 16.4), (46.5, 99.0)],
    "noface_then_face_6s.mov": [(0.0, 4.0)],
    "pyscenedetect_testvideo.mp4": [(5.8, 8.0), (11.0, 14.0), (17.5, 18.9), (22.2, 99.0)],
    "tears_of_steel_dialogue_9s.mp4": [(0.0, 3.0)],
}
"""Seconds in which a shared file shows something drawn (titles, cards, logos), by eye: neither right nor wrong."""
TRIVIAL_SHARE = 0.5
"""The trivial way: a screen is where half of the picture is even."""
CLEAR_FACE, LEAST_FACE = 0.7, 0.05


def shrunk(picture: Picture) -> Picture:
    """The picture as look analyses it: at most 320 × 192, scaled as in the product."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    scale = min(320 / frame.width, 192 / frame.height, 1.0)
    wide, high = round(frame.width * scale), round(frame.height * scale)
    return frame.reformat(format="yuv420p").reformat(width=wide, height=high, format="rgb24").to_ndarray()


def shared_pictures(media: Path) -> Iterator[tuple[str, float, Picture]]:
    """File, second and picture, a second apart or more."""
    for path in sorted(match for pattern in FILES for match in media.glob(pattern)):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            gap_s = max(1.0, float((container.duration or 0) / 1_000_000) / MAX_FRAMES)
            due_s, origin_s = 0.5, float((stream.start_time or 0) * (stream.time_base or 0))
            for frame in container.decode(stream):
                at_s = (frame.time or 0.0) - origin_s
                if at_s >= due_s:
                    due_s += gap_s
                    yield path.name, at_s, frame.to_ndarray(format="rgb24")


def pages(seed: int, cameras: Sequence[Picture]) -> Iterator[tuple[str, Picture]]:
    """Kind and picture of made pages; a third has somebody in a corner."""
    dice = random.Random(seed)
    for kind, draw in KINDS.items():
        for number in range(PAGES):
            page = draw(dice)
            if number % 3 == 2:
                yield f"{kind} with camera", squeezed(put_camera(page, dice.choice(cameras), dice), dice)
            else:
                yield kind, squeezed(page, dice)


Row = tuple[str, bool, NDArray[np.float64], float, bool]
"""Name, is it a screen, measures, what we say, what the trivial way says."""


def rows(media: Path, seed: int) -> list[Row]:
    """Every picture measured."""
    views = [
        (name, picture)
        for name, at_s, picture in shared_pictures(media)
        if not any(start <= at_s < end for start, end in CARDS.get(name, ()))
    ]
    cameras = [picture for name, picture in views if "obama" in name or "nvidia" in name or "cap12" in name]
    labelled = [(name, False, picture) for name, picture in views]
    labelled += [(kind, True, picture) for kind, picture in pages(seed, cameras)]
    measured_rows = []
    for name, screen, picture in labelled:
        small = shrunk(picture)
        drawn = measure_graphic(small)
        measures = np.array([getattr(drawn, part) for part, _ in LOGIT_WEIGHTS])
        measured_rows.append((name, screen, measures, screen_probability(drawn), _even(small) > TRIVIAL_SHARE))
    return measured_rows


def _even(picture: Picture) -> float:
    """Share of a picture whose neighbours hardly differ."""
    luma = picture[..., 1].astype(np.int16)
    across, down = np.abs(np.diff(luma, axis=1))[:-1], np.abs(np.diff(luma, axis=0))[:, :-1]
    return float((np.maximum(across, down) <= EVEN_MAX_STEP_LEVELS).mean())


def fitted(sample_rows: Sequence[Row]) -> NDArray[np.float64]:
    """Fit a penalised logistic regression, classes of equal weight: bias, then a weight a measure."""
    measures, truth = np.stack([row[2] for row in sample_rows]), np.array([row[1] for row in sample_rows], float)
    mean, spread = measures.mean(axis=0), measures.std(axis=0) + 1e-9
    inputs = np.c_[np.ones(len(sample_rows)), (measures - mean) / spread]
    sample_weights = np.where(truth > 0, 0.5 / truth.sum(), 0.5 / (1 - truth).sum()) * len(sample_rows)
    weights = np.zeros(inputs.shape[1])
    for _ in range(60):
        probabilities = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (sample_weights * (probabilities - truth)) + 2.0 * weights
        bend = (inputs * (sample_weights * probabilities * (1 - probabilities))[:, None]).T @ inputs + 2.0 * np.eye(
            len(weights)
        )
        weights -= np.linalg.solve(bend, slope)
    return np.r_[weights[0] - (weights[1:] * mean / spread).sum(), weights[1:] / spread]


def tell_fit(media: Path, seed: int) -> None:
    """Print the weights of all rows, and how those of all others judge each file and kind."""
    sample_rows = rows(media, seed)
    print("weights:", ", ".join(f"{value:.2f}" for value in fitted(sample_rows)))
    for name in sorted({row[0] for row in sample_rows}):
        weights = fitted([row for row in sample_rows if row[0].split(" ")[0] != name.split(" ")[0]])
        file_rows = [row for row in sample_rows if row[0] == name]
        right = np.mean([(weights[0] + weights[1:] @ row[2] > 0) == row[1] for row in file_rows])
        print(f"  without {name}: {right:.0%} of {len(file_rows)} right")


def tell_screens(media: Path, seed: int) -> None:
    """Precision and recall, ours and trivial; each file that is not all right."""
    sample_rows = rows(media, seed)
    ways = {
        "ours": [row[3] > SCREEN_MIN_PROBABILITY for row in sample_rows],
        "half of it even": [row[4] for row in sample_rows],
    }
    for way, predictions in ways.items():
        hits = sum(yes and row[1] for yes, row in zip(predictions, sample_rows, strict=True))
        true, all_said = sum(row[1] for row in sample_rows), sum(predictions)
        print(
            f"  {way:16} precision {hits / max(1, all_said):.3f}  "
            f"recall {hits / true:.3f}  ({true} of {len(sample_rows)})"
        )
    for name in sorted({row[0] for row in sample_rows}):
        of_name = [(yes, row[1]) for yes, row in zip(ways["ours"], sample_rows, strict=True) if row[0] == name]
        wrong = sum(yes != truth for yes, truth in of_name)
        if wrong:
            print(f"    {name}: {wrong} of {len(of_name)} wrong")


async def tell_persons(media: Path, url: str) -> None:
    """Count withheld faces inside the crop that holds the person, compared with the centre crop."""
    faces, landmarks = TritonFaces(url), TritonLandmarks(url)
    tally: dict[str, list[int]] = {}
    cost_ms, picture_count = 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, _, picture in shared_pictures(media):
            small = shrunk(picture)
            canvas = _canvas(small)
            path = Path(scratch) / "one.raw"
            with path.open("wb") as file:
                write_picture(file, canvas, small)
            padded = np.fromfile(path, np.uint8).reshape(1, canvas.height, canvas.width, 3)
            clear_faces = [face for face in (await faces.detect(padded)).faces[0] if _is_clear(face, small)]
            detections = await find_persons(landmarks, path, canvas, [0], report=lambda _: None, counted=0, warn=print)
            cost_ms, picture_count = cost_ms + detections.compute_ms, picture_count + 1
            persons = detections.by_place.get(0, [])
            counts = tally.setdefault(name, [0, 0, 0, 0, 0, 0])
            counts[5] += bool(persons)
            counts[4] += 1
            if len(clear_faces) == 1:
                boxes = sorted((upper_body_box(person) for person in persons), key=lambda box: -box.width * box.height)
                high, wide = small.shape[:2]
                middle = (wide - crop_size(wide, high, "9:16")[0]) / 2
                start = middle
                if boxes:
                    start = place_on_faces(
                        FramingSubject(boxes=boxes[:1]), [], width=wide, height=high, aspect="9:16"
                    ).crop.x
                counts[0] += 1
                counts[1] += bool(boxes)
                counts[2] += _holds(start, clear_faces[0], wide, high)
                counts[3] += _holds(middle, clear_faces[0], wide, high)
    print("  file, pictures with one clear face: a person is found, its crop holds the face | the middle holds it; ")
    print("  all pictures: with a person")
    for name, counts in [*tally.items(), ("all", [sum(column) for column in zip(*tally.values(), strict=True)])]:
        print(f"    {name}: {counts[0]}: {counts[1]}, {counts[2]} | {counts[3]}; {counts[4]}: {counts[5]}")
    print(f"  {cost_ms / max(1, picture_count):.1f} CPU-ms a picture")
    await faces.close()
    await landmarks.close()


def _canvas(small: Picture) -> Canvas:
    high, wide = small.shape[:2]
    return Canvas(
        width=math.ceil(wide / 32) * 32, height=math.ceil(high / 32) * 32, inner_width=wide, inner_height=high,
        scale=1.0,
    )  # fmt: skip


def _is_clear(face: Face, small: Picture) -> bool:
    return face.score >= CLEAR_FACE and face.box.height >= LEAST_FACE * small.shape[0]


def _holds(start: float, face: Face, wide: int, high: int) -> bool:
    middle = face.box.x + face.box.width / 2
    return start <= middle < start + crop_size(wide, high, "9:16")[0]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--fit", action="store_true", help="fit weights instead of telling how good they are")
    parser.add_argument("--triton", help="host:port of a running server; without: one of its own")
    args = parser.parse_args()
    if args.fit:
        tell_fit(args.media, args.seed)
        return
    print(f"screens and slides, seed {args.seed}:")
    tell_screens(args.media, args.seed)
    print("persons:")
    if args.triton:
        asyncio.run(tell_persons(args.media, args.triton))
        return
    with tempfile.TemporaryDirectory() as place, running(Path(place) / "log") as server:
        asyncio.run(tell_persons(args.media, server.url))


if __name__ == "__main__":
    main()
