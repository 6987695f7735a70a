"""Shots without a detected person in clips whose other shots show one: a crop may lose them. Pure.

A lecturer 40 px high at the edge of a wide shot is too small for the detectors, while the crop shows the board and the
audience. Only the whole frame surely holds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from core.domain.framing.boxes import shared_area
from schemas.common import Box, CropBox
from streams.frame.planning.distant_subject import persons_outrank_screen
from streams.frame.scene.crop import FramingSubject
from streams.frame.scene.persons import are_distant, largest_scores, person_subjects
from streams.frame.scene.scenes import AngleScene, detail_profiles
from streams.vision.person_detection import MIN_CONFIRMED_SCORE

MIN_SUBJECT_LOOKS = 5
"""Minimum looks of a face in another shot for the clip to have a subject: shorter tracks are often false faces."""
MIN_SHOT_MS = 500
"""Shortest angle that is shown whole for this reason: in a shorter one the change of layout would only flash."""
MAX_EMPTY_RATIO = 0.001
"""Maximum share of the detail and movement in the strips at one side for the side to count as empty.

With 0.005 one in three made halls lost a speaker of 5 % of the height next to large letters
(``benchmarks.vision.halls --close-up``); the lecturer is 0.0165 in the demo's wide shot.
"""
MIN_HELD_RATIO = 0.98
"""Minimum share of the occupied area that a crop must hold to lose nothing: less is more than rounding."""


def persons_found(scene: AngleScene) -> list[FramingSubject]:
    """Return the persons of an angle without faces that a crop may hold, the main one first.

    Persons on a screen do not count, nor does a distant person below the confirming score where other shots show
    somebody: that may be one of the audience.
    """
    persons = person_subjects(scene.tracks, list(scene.shots))
    if not persons or (scene.is_screen and not persons_outrank_screen(scene, persons)):
        return []
    is_confirmed = mean(largest_scores(scene.tracks, list(scene.shots))) >= MIN_CONFIRMED_SCORE
    if are_distant(persons, scene.area.content.height) and not is_confirmed and _is_somebody_elsewhere(scene):
        return []
    return persons


def is_subject_unseen(scene: AngleScene) -> bool:
    """Tell whether no person was found in this angle although another shot of the clip shows one."""
    if scene.groups or scene.length_ms < MIN_SHOT_MS or persons_found(scene):
        return False
    return _is_somebody_elsewhere(scene)


def _is_somebody_elsewhere(scene: AngleScene) -> bool:
    """Tell whether a face or a person is followed in a shot outside this angle."""
    tracks = scene.tracks
    if any(track.shot not in scene.shots and len(track.samples) >= MIN_SUBJECT_LOOKS for track in tracks.tracks):
        return True
    return any(person_subjects(tracks, [number]) for number in range(len(tracks.shots)) if number not in scene.shots)


def loses_something(scene: AngleScene, crop: CropBox) -> bool:
    """Tell whether a crop leaves out a part of the frame that is not empty."""
    box = occupied_box(scene)
    return shared_area(crop, box) < MIN_HELD_RATIO * box.width * box.height


def occupied_box(scene: AngleScene) -> Box:
    """Return the content without sides that lack detail and movement; all of it if unmeasured."""
    area = scene.area
    columns, rows = detail_profiles(scene)
    left, right = _occupied_span(columns, area.content.x, area.content.width, area.width)
    top, bottom = _occupied_span(rows, area.content.y, area.content.height, area.height)
    return Box(x=left, y=top, width=right - left, height=bottom - top)


def _occupied_span(profile: Sequence[float], start: int, length: int, limit: int) -> tuple[float, float]:
    """Return first and last pixel of the occupied part of an axis of ``limit`` pixels."""
    first = _empty_bins(profile)
    last = len(profile) - _empty_bins(profile[::-1])
    if first >= last:
        return start, start + length
    bin_px = limit / len(profile)
    return max(start, first * bin_px), min(start + length, last * bin_px)


def _empty_bins(profile: Sequence[float]) -> int:
    """Count the first bins that hold no more than the empty share together."""
    total = 0.0
    for place, value in enumerate(profile):
        total += value
        if total > MAX_EMPTY_RATIO:
            return place
    return len(profile)
