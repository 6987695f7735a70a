"""Split screens: several people stacked, or a screen above a face. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from core.domain.framing.boxes import crop_hull
from schemas.common import Aspect, Box, CropBox
from schemas.documents.clip_tracks import FaceTrack
from schemas.documents.frame_plan import Pane, ShotCrop
from streams.frame.planning.static_crop import MIN_SURE_SCREEN_RATIO
from streams.frame.scene.content_area import ContentArea
from streams.frame.scene.crop import (
    ASPECT_RATIOS,
    EYES_IN_BOX_RATIO,
    EYES_IN_CROP_RATIO,
    FramingSubject,
    head_spans,
    round_to_even,
)
from streams.frame.scene.scenes import AngleScene, ShotCrops

MAX_PANES: Mapping[Aspect, int] = {"9:16": 4, "4:5": 3, "1:1": 2, "16:9": 0}
"""Maximum panes by aspect: more would be stripes, and a wide output has nothing to stack."""
FACE_HEIGHT_RATIO = 0.4
"""Height of a face in its pane, where there is room around it."""
MIN_PANE_TO_FACE_RATIO = 1.05
"""Minimum width and height of a pane, in faces; a close-up allows no more."""
MIN_PANE_HEIGHT_RATIO = 0.25
"""Minimum height of a pane, as a share of the output: people are hardly visible in lower ones."""
MAX_FACE_PANE_RATIO = 1.6
"""Maximum width by height of the pane below a screen: wider ones show mostly the screen again."""
MAX_ENLARGEMENT_FACTOR = 9.0
"""Maximum enlargement of a pane, relative to a frame as wide as the output."""
HEAD_PERCENTILES = (5, 95)
"""Percentiles of a head's positions that a pane holds: a quick nod need not fit."""


def boxes_of(group: Sequence[FaceTrack]) -> list[Box]:
    """Return the boxes of one face, look by look."""
    return [sample.face.box for track in group for sample in track.samples]


def people_panes(
    groups: Sequence[Sequence[FaceTrack]], everybody: Sequence[Sequence[FaceTrack]], area: ContentArea
) -> list[Pane] | None:
    """Return a pane for each of these people, from left to right; None where they cannot be separated."""
    count = len(groups)
    if not 2 <= count <= MAX_PANES[area.aspect]:
        return None
    across, down = ASPECT_RATIOS[area.aspect]
    left_to_right = sorted(groups, key=_median_x)
    panes = []
    for group in left_to_right:
        neighbours = [person for person in everybody if person is not group]
        source = crop_around(group, neighbours, area, across * count / down)
        # This face is too large, or too close to a neighbour, for a pane that shows no other head.
        if source is None:
            return None
        panes.append(Pane(source=source, share=1 / count))
    return panes


def screen_panes(group: Sequence[FaceTrack], area: ContentArea) -> list[Pane] | None:
    """Return the whole frame above a face in it.

    None where the face would be too small or its pane too low.
    """
    content, (across, down) = area.content, ASPECT_RATIOS[area.aspect]
    share = across * content.height / (down * content.width)
    if 1 - share < MIN_PANE_HEIGHT_RATIO or across > MAX_FACE_PANE_RATIO * down * (1 - share):
        return None
    face = crop_around(group, [], area, across / (down * (1 - share)))
    if face is None or content.width > MAX_ENLARGEMENT_FACTOR * face.width:
        return None
    return [Pane(source=content, share=share), Pane(source=face, share=1 - share)]


def crop_around(
    group: Sequence[FaceTrack], neighbours: Sequence[Sequence[FaceTrack]], area: ContentArea, ratio: float
) -> CropBox | None:
    """Return a crop of ``ratio`` (width by height) around one face without others; None where none fits."""
    boxes, content = boxes_of(group), area.content
    (left, right), (top, bottom) = _head_range(boxes, across=True), _head_range(boxes, across=False)
    low, high = _pane_range(group, neighbours, area)
    face = Box(x=0, y=0, width=_median(box.width for box in boxes), height=_median(box.height for box in boxes))
    needed_height = max(face.height / FACE_HEIGHT_RATIO, bottom - top, (right - left) / ratio)
    fitting_height = min(needed_height, content.height, (high - low) / ratio)
    if (
        fitting_height * ratio < MIN_PANE_TO_FACE_RATIO * face.width
        or fitting_height < MIN_PANE_TO_FACE_RATIO * face.height
    ):
        return None
    width, height = max(2, round_to_even(fitting_height * ratio - 1)), max(2, round_to_even(fitting_height - 1))
    eyes = _median(box.y + EYES_IN_BOX_RATIO * box.height for box in boxes)
    x = _clamp_even((left + right - width) / 2, low, high - width)
    # Hair and chin stay inside before the eyes come to a third; of both, the chin wins.
    highest = min(eyes - EYES_IN_CROP_RATIO * height, top)
    y = _clamp_even(max(highest, bottom - height), content.y, content.y + content.height - height)
    return CropBox(x=x, y=y, width=width, height=height)


def fit_one_crop(groups: Sequence[Sequence[FaceTrack]], area: ContentArea) -> bool:
    """Tell whether one crop holds the heads of all of them."""
    spans = [_head_range(boxes_of(group), across=True) for group in groups]
    rows = [_head_range(boxes_of(group), across=False) for group in groups]
    wide, high = area.size
    fits = max(end for _, end in spans) - min(start for start, _ in spans) <= wide
    return fits and max(end for _, end in rows) - min(start for start, _ in rows) <= high


def _clamp_even(start: float, low: float, high: float) -> int:
    """Return the nearest even number within ``low`` and ``high``, as far as possible."""
    return round_to_even(max(low, min(start, high)))


def _median_x(group: Sequence[FaceTrack]) -> float:
    return _median(box.x + box.width / 2 for box in boxes_of(group))


def _median(values: Iterable[float]) -> float:
    return float(np.median(list(values)))


def _head_range(boxes: Sequence[Box], *, across: bool) -> tuple[float, float]:
    """Return the usual range of a head along one axis."""
    spans = head_spans(FramingSubject(boxes=boxes), across=across)
    return float(np.percentile(spans[:, 0], HEAD_PERCENTILES[0])), float(
        np.percentile(spans[:, 1], HEAD_PERCENTILES[1])
    )


def _pane_range(
    group: Sequence[FaceTrack], neighbours: Sequence[Sequence[FaceTrack]], area: ContentArea
) -> tuple[float, float]:
    """Return the range of a pane along x: up to the heads of the neighbours."""
    left, right = _head_range(boxes_of(group), across=True)
    low, high = float(area.content.x), float(area.content.x + area.content.width)
    middle = _median_x(group)
    for neighbour in neighbours:
        start, end = _head_range(boxes_of(neighbour), across=True)
        if _median_x(neighbour) < middle:
            low = max(low, min(end, left))
        else:
            high = min(high, max(start, right))
    return 2 * np.ceil(low / 2), 2 * np.floor(high / 2)


FACE_LOOK_MS = 160
"""Usual time between two looks at faces."""
MIN_FACE_TIME_RATIO = 0.5
"""Minimum share of looks with the face: a rarer one is a picture on a slide."""
MAX_INSET_FACE_RATIO = 0.4
"""Highest face next to a screen, as a share of the frame: behind a larger one the screen is background."""
MIN_INSET_MS = 1_500


def inset_face(scene: AngleScene) -> ShotCrops | None:
    """Show the screen above and the face below; None where there is no screen, or no such face."""
    if (
        scene.screen < MIN_SURE_SCREEN_RATIO
        or not scene.groups
        or scene.length_ms < MIN_INSET_MS
        or scene.area.holds_all
    ):
        return None
    main = max(scene.groups, key=lambda group: sum(len(track.samples) for track in group))
    boxes = boxes_of(main)
    highest = max(box.height for box in boxes)
    if (
        len(boxes) * FACE_LOOK_MS < MIN_FACE_TIME_RATIO * scene.length_ms
        or highest > MAX_INSET_FACE_RATIO * scene.area.content.height
    ):
        return None
    panes = screen_panes(main, scene.area)
    if panes is None:
        return None
    reason = f"a screen or a slide ({scene.screen:.0%} sure) above, the face next to it below"
    return {
        number: [
            ShotCrop(
                range=when,
                mode="inset",
                crop=crop_hull([pane.source for pane in panes]),
                shows="screen",
                reason=reason,
                panes=panes,
            )
        ]
        for number, when in scene.shots.items()
    }
