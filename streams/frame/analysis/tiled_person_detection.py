"""Looks nearer for persons who are small in the picture: in parts of it, enlarged. Never opens media, weighs nobody.

Of a whole picture the detector finds nobody below a seventh of its height, and tells of all small ones that they are a
third of it. So a shot without a face, in which nobody large is found, is looked over once or twice in overlapping
parts; whoever may be somebody is looked at again, and kept where most of the looks agree.
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
from streams.frame.scene.persons import MIN_CONFIRMED_SCORE
from streams.vision.canvas import Canvas, grey_pictures
from streams.vision.person_detection import INPUT_SIDE_PX, NO_PERSONS_WARNING

TILE_RATIO, TILE_STEP_RATIO = 0.44, 0.34
"""Of the picture's shorter side: how large a part is, and how far it is to the next."""
MIN_TILE_DEVIATION = 5.0
"""Levels of luma: where a part has less to tell nobody is looked for."""
MAX_SMALL_WIDTH_RATIO = 0.26
"""Of the picture's longer side: the detector tells of nobody that they are much narrower than a fifth."""
MIN_SEEN_SHARE = 0.5
MIN_SCANNED_SHOT_MS = 2_000
"""A shorter shot is not looked over: it costs too much for what it shows."""
SECOND_SCAN_MS = 4_000
"""A longer shot in which nobody was found is looked over once more, later."""
MIN_CANDIDATE_SCORE = 0.5
"""Score from which a finding may be a person; `CONFIRMED_SCORE` is the mean score from which it surely is one."""
CONFIRMING_COUNT = 3
"""So often is looked again at whoever may be somebody."""
MAX_WIDTH_TO_HEIGHT_RATIO = 1.25
"""Times the height: nobody is wider, from head to hips."""
MAX_PERSONS = 3
SAME_PERSON_RATIO = 0.3
"""Of a part's side: two findings nearer than this are one person."""


class TiledPersons(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there in which look, by its number, in display pixels; how many parts were looked at, and what it cost."""

    by_place: dict[int, list[Person]]
    looked: int = 0
    compute_ms: int = 0


class GreyFrames(msgspec.Struct, frozen=True, kw_only=True):
    """Grey pictures of a clip in a file, and when each was taken."""

    path: Path
    canvas: Canvas
    at_ms: Sequence[int]


class TileScanner:
    """Looks at parts of pictures, and counts what that costs."""

    def __init__(self, landmarks: Landmarks, pictures: GreyFrames, report: Report, seen: int) -> None:
        """``report`` is told ``seen`` plus the parts looked at so far."""
        self._landmarks, self._canvas, self._report, self._seen = landmarks, pictures.canvas, report, seen
        self._grey = grey_pictures(pictures.path, pictures.canvas, len(pictures.at_ms))
        self._times = np.asarray(pictures.at_ms)
        self._side = max(2, round(TILE_RATIO * min(self._canvas.inner_width, self._canvas.inner_height)))
        self.looked, self.compute_ms = 0, 0

    @property
    def near_px(self) -> float:
        """How far apart, in display pixels, two findings of one person may be."""
        return SAME_PERSON_RATIO * self._side / self._canvas.scale

    async def scan_frame(self, at_ms: int) -> list[Person]:
        """Whoever may be somebody in any part of the picture."""
        grey = self._frame_at(at_ms)
        high, wide = grey.shape
        corners = [(x, y) for y in _tile_starts(high, self._side) for x in _tile_starts(wide, self._side)]
        return await self._detect(grey, [one for one in corners if self._tile(grey, one).std() >= MIN_TILE_DEVIATION])

    async def scan_around(self, at_ms: int, boxes: Sequence[Box]) -> list[Person]:
        """Whoever may be somebody about where these stand."""
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
        self._report(self._seen + self.looked)
        found = [
            self._in_display(person, corner)
            for corner, persons in zip(corners, answer.persons, strict=True)
            for person in persons
            if person.score >= MIN_CANDIDATE_SCORE and person.box.width <= MAX_WIDTH_TO_HEIGHT_RATIO * person.box.height
        ]
        return distinct_persons(found, self.near_px)

    def _model_inputs(self, grey: NDArray[np.uint8], corners: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
        parts = [
            Image.fromarray(self._tile(grey, one)).resize((INPUT_SIDE_PX, INPUT_SIDE_PX), Image.Resampling.BILINEAR)
            for one in corners
        ]
        return np.repeat(np.stack([np.asarray(one) for one in parts])[..., None], 3, axis=3)

    def _in_display(self, person: Person, corner: tuple[int, int]) -> Person:
        ratio, scale, box = self._side / INPUT_SIDE_PX, self._canvas.scale, person.box
        inside = Box(
            x=round((corner[0] + box.x * ratio) / scale, 1), y=round((corner[1] + box.y * ratio) / scale, 1),
            width=round(box.width * ratio / scale, 1), height=round(box.height * ratio / scale, 1),
        )  # fmt: skip
        return Person(box=inside, score=round(person.score, 3))


def _tile_starts(limit: int, side: int) -> list[int]:
    count = 1 + int(np.ceil(max(0, limit - side) / (side * TILE_STEP_RATIO / TILE_RATIO)))
    return [round(one) for one in np.linspace(0, max(0, limit - side), count)]


def distinct_persons(found: Sequence[Person], near_px: float) -> list[Person]:
    """The surest of those who are in one place, surest first."""
    kept: list[Person] = []
    for one in sorted(found, key=lambda person: -person.score):
        if all(centre_distance(one.box, other.box) > near_px for other in kept):
            kept.append(one)
    return kept


def centre_distance(one: Box, other: Box) -> float:
    """How far apart the middles of two boxes are."""
    x, y = one.x + one.width / 2 - other.x - other.width / 2, one.y + one.height / 2 - other.y - other.height / 2
    return float((x * x + y * y) ** 0.5)


async def find_distant_persons(
    landmarks: Landmarks,
    pictures: GreyFrames,
    whole: Mapping[int, list[Person]],
    at_ms: Sequence[int],
    shots: Sequence[TimeRange],
    *,
    report: Report,
    seen: int,
    warn: Callable[[str], None],
) -> TiledPersons:
    """Persons of the looks in ``whole`` (by number of ``at_ms``), small ones too; without the model a warning.

    Never raises Unavailable.
    """
    found, longer = dict(whole), pictures.canvas.inner_width / pictures.canvas.scale
    longer = max(longer, pictures.canvas.inner_height / pictures.canvas.scale)
    scanner = TileScanner(landmarks, pictures, report, seen)
    try:
        for shot in shots:
            looks = {at_ms[place]: place for place in sorted(whole) if shot.start_ms <= at_ms[place] < shot.end_ms}
            if shot.length_ms < MIN_SCANNED_SHOT_MS or not looks or not pictures.at_ms:
                continue
            there = {when: whole[place] for when, place in looks.items()}
            if _shows_large_person(there, longer):
                continue
            near = await _scan_shot(scanner, there)
            found |= {looks[when]: persons for when, persons in near.items()}
    except Exception as error:  # noqa: BLE001 - neither a model that is away nor a bug may take the pictures with it
        if not isinstance(error, Unavailable):
            telemetry.report_bug(error, "sight")
        warn(NO_PERSONS_WARNING)
    return TiledPersons(by_place=found, looked=scanner.looked, compute_ms=scanner.compute_ms)


def _shows_large_person(there: Mapping[int, list[Person]], longer_px: float) -> bool:
    """Whether somebody is seen in most looks who is no small one."""
    large = [any(one.box.width > MAX_SMALL_WIDTH_RATIO * longer_px for one in persons) for persons in there.values()]
    return sum(large) >= MIN_SEEN_SHARE * len(large)


async def _scan_shot(scanner: TileScanner, there: Mapping[int, list[Person]]) -> dict[int, list[Person]]:
    """Who is in the looks of one shot, by time; only looks at which somebody is found anew."""
    times, maybe = list(there), list[Person]()
    seen = [persons[0] for persons in there.values() if persons]
    if len(seen) >= MIN_SEEN_SHARE * len(times):
        maybe = distinct_persons(seen, 2 * scanner.near_px)[:MAX_PERSONS]
    else:
        for when in _scan_times(times):
            maybe = await scanner.scan_frame(when)
            if maybe:
                break
    sure = [one for one in maybe[:MAX_PERSONS] if await _is_confirmed(scanner, one, times)]
    return await _follow_persons(scanner, sure, there) if sure else {}


def _scan_times(times: Sequence[int]) -> list[int]:
    """When to look over all of the picture: early in the shot, and later in a longer one."""
    early, late = times[len(times) // 4], times[3 * len(times) // 4]
    return [early, late] if times[-1] - times[0] >= SECOND_SCAN_MS else [early]


async def _is_confirmed(scanner: TileScanner, one: Person, times: Sequence[int]) -> bool:
    """Whether some looks at one place, in all of the shot, agree that somebody is there."""
    scores = []
    for place in np.linspace(0, len(times) - 1, min(CONFIRMING_COUNT, len(times))).round().astype(int).tolist():
        near = [
            other
            for other in await scanner.scan_around(times[place], [one.box])
            if centre_distance(one.box, other.box) < scanner.near_px
        ]
        scores.append(max((other.score for other in near), default=0.0))
    return mean(scores) >= MIN_CONFIRMED_SCORE


async def _follow_persons(
    scanner: TileScanner, sure: Sequence[Person], there: Mapping[int, list[Person]]
) -> dict[int, list[Person]]:
    """Whoever is sure to be there, look by look: each about where they were last."""
    last, found = [one.box for one in sure], dict[int, list[Person]]()
    for when in there:
        seen = await scanner.scan_around(when, last)
        now = [_nearest(seen, box, scanner.near_px) for box in last]
        last = [box if one is None else one.box for one, box in zip(now, last, strict=True)]
        if any(now):
            found[when] = distinct_persons([one for one in now if one is not None], scanner.near_px)
    return found


def _nearest(persons: Sequence[Person], box: Box, near_px: float) -> Person | None:
    """The person nearest to a box, within ``near_px``."""
    near = [one for one in persons if centre_distance(one.box, box) < near_px]
    return min(near, key=lambda one: centre_distance(one.box, box), default=None)
