"""Finds distant persons in enlarged tiles of a frame.

In a whole frame the detector misses people below a seventh of its height, and reports all small ones as a third of it.
So a shot without a face and without a large person is searched once or twice in overlapping tiles. Candidates are
searched for again in three looks, and kept where most of them agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import Unavailable
from core.infra import telemetry
from core.ports.models import Landmarks
from core.progress import Report
from schemas.common import Box, TimeRange
from schemas.documents.scene import Person
from streams.vision.canvas import Canvas, grey_pictures
from streams.vision.person_detection import INPUT_SIDE_PX, MIN_CONFIRMED_SCORE, NO_PERSONS_WARNING

TILE_RATIO, TILE_STEP_RATIO = 0.44, 0.34
"""Side of a tile, and distance to the next one, as shares of the frame's shorter side."""
MIN_TILE_DEVIATION = 5.0
"""Minimum standard deviation of luma, in levels: flatter tiles are not searched."""
MAX_SMALL_WIDTH_RATIO = 0.26
"""Maximum width of a small person, as a share of the longer side: the detector reports hardly any below a fifth."""
MIN_SEEN_SHARE = 0.5
"""Minimum share of looks in which a person is seen."""
MIN_SCANNED_SHOT_MS = 2_000
"""Minimum length of a shot that is searched: a shorter one shows too little for its cost."""
SECOND_SCAN_MS = 4_000
"""Length from which a shot without candidates is searched a second time, later in the shot."""
MIN_CANDIDATE_SCORE = 0.5
"""Score from which a finding may be a person; `MIN_CONFIRMED_SCORE` is the mean score from which it surely is one."""
CONFIRMING_COUNT = 3
"""Looks in which a candidate is searched for again."""
MAX_WIDTH_TO_HEIGHT_RATIO = 1.25
"""Maximum width of a person, from head to hips, in heights."""
MAX_PERSONS = 3
"""Maximum candidates that are followed."""
SAME_PERSON_RATIO = 0.3
"""Distance of two detections of one person, as a share of a tile's side."""


class TiledPersons(msgspec.Struct, frozen=True, kw_only=True):
    """The persons in each look, by its number, in display pixels; the tiles searched, and their cost."""

    by_place: dict[int, list[Person]]
    looked: int = 0
    compute_ms: int = 0


class GreyFrames(msgspec.Struct, frozen=True, kw_only=True):
    """Grey frames of a clip in a file, and the time of each."""

    path: Path
    canvas: Canvas
    at_ms: Sequence[int]


class TileScanner:
    """Searches tiles of frames, and counts the cost."""

    def __init__(self, landmarks: Landmarks, pictures: GreyFrames, report: Report, counted: int) -> None:
        """Open the frames; ``report`` gets ``counted`` plus the tiles searched so far."""
        self._landmarks, self._canvas, self._report, self._counted = landmarks, pictures.canvas, report, counted
        self._grey = grey_pictures(pictures.path, pictures.canvas, len(pictures.at_ms))
        self._times = np.asarray(pictures.at_ms)
        self._side = max(2, round(TILE_RATIO * min(self._canvas.inner_width, self._canvas.inner_height)))
        self.looked, self.compute_ms = 0, 0

    @property
    def near_px(self) -> float:
        """Maximum distance of two detections of one person, in display pixels."""
        return SAME_PERSON_RATIO * self._side / self._canvas.scale

    async def scan_frame(self, at_ms: int) -> list[Person]:
        """Return the candidates in all tiles of a frame."""
        grey = self._frame_at(at_ms)
        high, wide = grey.shape
        corners = [(x, y) for y in _tile_starts(high, self._side) for x in _tile_starts(wide, self._side)]
        return await self._detect(
            grey, [corner for corner in corners if self._tile(grey, corner).std() >= MIN_TILE_DEVIATION]
        )

    async def scan_around(self, at_ms: int, boxes: Sequence[Box]) -> list[Person]:
        """Return the candidates around some boxes."""
        grey = self._frame_at(at_ms)
        (high, wide), scale = grey.shape, self._canvas.scale
        corners = []
        for box in boxes:
            x, y = ((box.x + box.width / 2) * scale, (box.y + box.height / 2) * scale)
            left = min(max(0, round(x - self._side / 2)), max(0, wide - self._side))
            top = min(max(0, round(y - self._side / 2)), max(0, high - self._side))
            corners.append((left, top))
        return await self._detect(grey, corners)

    def _frame_at(self, at_ms: int) -> NDArray[np.uint8]:
        picture: NDArray[np.uint8] = self._grey[int(np.abs(self._times - at_ms).argmin())]
        return picture

    def _tile(self, grey: NDArray[np.uint8], corner: tuple[int, int]) -> NDArray[np.uint8]:
        return grey[corner[1] : corner[1] + self._side, corner[0] : corner[0] + self._side]

    async def _detect(self, grey: NDArray[np.uint8], corners: Sequence[tuple[int, int]]) -> list[Person]:
        if not corners:
            return []
        squares = await asyncio.to_thread(self._model_inputs, grey, corners)
        answer = await self._landmarks.find_persons(squares)
        self.looked += len(corners)
        self.compute_ms += answer.compute_ms
        self._report(self._counted + self.looked)
        candidates = [
            self._in_display(person, corner)
            for corner, persons in zip(corners, answer.persons, strict=True)
            for person in persons
            if person.score >= MIN_CANDIDATE_SCORE and person.box.width <= MAX_WIDTH_TO_HEIGHT_RATIO * person.box.height
        ]
        return distinct_persons(candidates, self.near_px)

    def _model_inputs(self, grey: NDArray[np.uint8], corners: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
        parts = [
            Image.fromarray(self._tile(grey, corner)).resize((INPUT_SIDE_PX, INPUT_SIDE_PX), Image.Resampling.BILINEAR)
            for corner in corners
        ]
        return np.repeat(np.stack([np.asarray(part) for part in parts])[..., None], 3, axis=3)

    def _in_display(self, person: Person, corner: tuple[int, int]) -> Person:
        ratio, scale, box = self._side / INPUT_SIDE_PX, self._canvas.scale, person.box
        inside = Box(
            x=round((corner[0] + box.x * ratio) / scale, 1), y=round((corner[1] + box.y * ratio) / scale, 1),
            width=round(box.width * ratio / scale, 1), height=round(box.height * ratio / scale, 1),
        )  # fmt: skip
        return Person(box=inside, score=round(person.score, 3))


def _tile_starts(limit: int, side: int) -> list[int]:
    count = 1 + int(np.ceil(max(0, limit - side) / (side * TILE_STEP_RATIO / TILE_RATIO)))
    return [round(start) for start in np.linspace(0, max(0, limit - side), count)]


def distinct_persons(candidates: Sequence[Person], near_px: float) -> list[Person]:
    """Keep the best detection of each place, best first."""
    distinct: list[Person] = []
    for candidate in sorted(candidates, key=lambda person: -person.score):
        if all(centre_distance(candidate.box, person.box) > near_px for person in distinct):
            distinct.append(candidate)
    return distinct


def centre_distance(first: Box, second: Box) -> float:
    """Return the distance of the centres of two boxes."""
    x, y = (
        first.x + first.width / 2 - second.x - second.width / 2,
        first.y + first.height / 2 - second.y - second.height / 2,
    )
    return float((x * x + y * y) ** 0.5)


async def find_distant_persons(
    landmarks: Landmarks,
    pictures: GreyFrames,
    persons_by_place: Mapping[int, list[Person]],
    at_ms: Sequence[int],
    shots: Sequence[TimeRange],
    *,
    report: Report,
    counted: int,
    warn: Callable[[str], None],
) -> TiledPersons:
    """Return the persons of the looks in ``persons_by_place`` (by number of ``at_ms``), distant ones too.

    Without the model there is a warning instead; Unavailable is not raised.
    """
    by_place, longer = dict(persons_by_place), pictures.canvas.inner_width / pictures.canvas.scale
    longer = max(longer, pictures.canvas.inner_height / pictures.canvas.scale)
    scanner = TileScanner(landmarks, pictures, report, counted)
    try:
        for shot in shots:
            looks = {
                at_ms[place]: place for place in sorted(persons_by_place) if shot.start_ms <= at_ms[place] < shot.end_ms
            }
            if shot.length_ms < MIN_SCANNED_SHOT_MS or not looks or not pictures.at_ms:
                continue
            persons_by_time = {when: persons_by_place[place] for when, place in looks.items()}
            if _shows_large_person(persons_by_time, longer):
                continue
            near = await _scan_shot(scanner, persons_by_time)
            by_place |= {looks[when]: persons for when, persons in near.items()}
    except Exception as error:  # noqa: BLE001 - neither a model that is away nor a bug may take the pictures with it
        if not isinstance(error, Unavailable):
            telemetry.report_bug(error, "frame")
        warn(NO_PERSONS_WARNING)
    return TiledPersons(by_place=by_place, looked=scanner.looked, compute_ms=scanner.compute_ms)


def _shows_large_person(persons_by_time: Mapping[int, list[Person]], longer_px: float) -> bool:
    """Tell whether most looks show a person who is not small."""
    large = [
        any(person.box.width > MAX_SMALL_WIDTH_RATIO * longer_px for person in persons)
        for persons in persons_by_time.values()
    ]
    return sum(large) >= MIN_SEEN_SHARE * len(large)


async def _scan_shot(scanner: TileScanner, persons_by_time: Mapping[int, list[Person]]) -> dict[int, list[Person]]:
    """Return the persons of one shot by time, only for looks in which distant ones are found."""
    times, candidates = list(persons_by_time), list[Person]()
    best_persons = [persons[0] for persons in persons_by_time.values() if persons]
    if len(best_persons) >= MIN_SEEN_SHARE * len(times):
        candidates = distinct_persons(best_persons, 2 * scanner.near_px)[:MAX_PERSONS]
    else:
        for when in _scan_times(times):
            candidates = await scanner.scan_frame(when)
            if candidates:
                break
    confirmed = [person for person in candidates[:MAX_PERSONS] if await _is_confirmed(scanner, person, times)]
    return await _follow_persons(scanner, confirmed, persons_by_time) if confirmed else {}


def _scan_times(times: Sequence[int]) -> list[int]:
    """Return when to search the whole frame: early in the shot, and later in a longer one."""
    early, late = times[len(times) // 4], times[3 * len(times) // 4]
    return [early, late] if times[-1] - times[0] >= SECOND_SCAN_MS else [early]


async def _is_confirmed(scanner: TileScanner, person: Person, times: Sequence[int]) -> bool:
    """Tell whether several looks, spread over the shot, agree on a person in one place."""
    scores = []
    for place in np.linspace(0, len(times) - 1, min(CONFIRMING_COUNT, len(times))).round().astype(int).tolist():
        near = [
            candidate
            for candidate in await scanner.scan_around(times[place], [person.box])
            if centre_distance(person.box, candidate.box) < scanner.near_px
        ]
        scores.append(max((candidate.score for candidate in near), default=0.0))
    return mean(scores) >= MIN_CONFIRMED_SCORE


async def _follow_persons(
    scanner: TileScanner, confirmed: Sequence[Person], persons_by_time: Mapping[int, list[Person]]
) -> dict[int, list[Person]]:
    """Follow confirmed persons from look to look, each around their last place."""
    last, followed = [person.box for person in confirmed], dict[int, list[Person]]()
    for when in persons_by_time:
        candidates = await scanner.scan_around(when, last)
        now = [_nearest(candidates, box, scanner.near_px) for box in last]
        last = [box if person is None else person.box for person, box in zip(now, last, strict=True)]
        if any(now):
            followed[when] = distinct_persons([person for person in now if person is not None], scanner.near_px)
    return followed


def _nearest(persons: Sequence[Person], box: Box, near_px: float) -> Person | None:
    """Return the person nearest to a box, within ``near_px``; None without one."""
    near = [person for person in persons if centre_distance(person.box, box) < near_px]
    return min(near, key=lambda person: centre_distance(person.box, box), default=None)
