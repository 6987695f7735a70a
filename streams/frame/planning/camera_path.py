"""Plan the path of a crop that follows a subject: rests with slow moves between. Pure.

The cheapest path through places and times is found first: a cut face costs most, then its surroundings, starting to
move and turning back. A critically damped spring that looks ahead by as much as it lags smooths it without overshoot.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange

Floats = NDArray[np.float64]

STEP_MS, SAMPLE_MS = 160, 40
PLACES_PER_CROP = 84
"""Places of the search grid in one length of the crop."""
MAX_PLACES_PER_STEP = 3
"""Fastest move, in places a step: between a fifth and a quarter of the crop's length a second."""
CUT_FACE_COST, OFF_CENTRE_COST = 4.0, 0.03
"""Costs of a step: of a face that is cut off, and of a subject off the centre."""
HAIR_COSTS = 0.1, 0.5, 1.0
"""Costs of cutting what surrounds a face: each gives a path, and the best one is taken."""
MARGIN_RATIOS = 0.06, 0.0
"""Margins next to a head, in crop lengths; the second is tried where the first leads too far."""
SIDE_ROOM_RATIO, NO_ROOM_COST = 0.12, 0.01
"""Room next to a subject who stands for a while, in crop lengths, and the cost of a step without it."""
FREE_TRAVEL_PX, TRAVEL_COST = 1.0, 0.1
"""Mean travel a frame, of a crop of 640 px, that costs nothing; and the cost of each further pixel, in shares of the
looks."""
START_COST, MOVE_COST, REVERSE_COST = 1.2, 0.04, 3.0
"""Costs of starting to move, of moving by a place, and of moving back."""
SPRING_PER_S = 6.0
"""Frequency of the critically damped spring, in radians a second; it lags by 2 / ``SPRING_PER_S`` s."""
KEY_TOLERANCE_PX = 0.25
"""Distance from the line between its neighbours below which a key frame is left out."""
MAX_MEAN_TRAVEL_PX, MAX_TRAVEL_PX, REFERENCE_WIDTH_PX, FRAME_MS = 1.4, 5.8, 640, 40
"""Limits of travel a frame: the mean, of a source ``REFERENCE_WIDTH_PX`` wide; the 95th percentile, of such a crop."""
MAX_TURNS_PER_S = 0.1
"""Maximum reversals a second."""
MOVE_COST_FACTORS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Factors on the costs of moving, tried in turn until the path keeps to the limits."""


class SubjectTrack(msgspec.Struct, frozen=True, kw_only=True):
    """The subject along one axis: start and end (n, 2) of head and face at ``at_ms`` (n,)."""

    at_ms: Floats
    spans: Floats
    faces: Floats


class CameraPath(msgspec.Struct, frozen=True, kw_only=True):
    """A path of the window: where it begins at each of ``at_ms``, how often it holds head and face.

    Between the times it moves linearly. ``travel_px``: mean travel a frame, of a window `REFERENCE_WIDTH_PX` wide.
    """

    at_ms: list[int]
    starts: list[float]
    inside: float
    faces: float
    travel_px: float


def inside_share(spans: Floats, starts: Floats, length: float) -> float:
    """Return the share of looks at which the window holds the whole span."""
    is_inside = (spans[:, 0] >= starts - 1) & (spans[:, 1] <= starts + length + 1)
    return float(is_inside.mean())


def plan_path(
    track: SubjectTrack, time: TimeRange, *, length: float, low: float, high: float, source_px: int, crop_px: int
) -> CameraPath | None:
    """Plan the path of a window of ``length`` between ``low`` and ``high``; None if all are too fast.

    ``source_px`` and ``crop_px``: their widths; travel is limited for frames `REFERENCE_WIDTH_PX` wide.
    """
    at_ms = np.arange(time.start_ms, time.end_ms + STEP_MS, STEP_MS, dtype=np.float64)
    places = np.arange(low, high - length + 1e-6, length / PLACES_PER_CROP)
    if len(places) < 2 or len(at_ms) < 3:
        return None
    best: CameraPath | None = None
    for margin in MARGIN_RATIOS:
        cost_maps = [_place_costs(track, at_ms, places, length, hair=hair, margin=margin) for hair in HAIR_COSTS]
        paths = [best, *(_calm_path(track, at_ms, places, length, costs, (source_px, crop_px)) for costs in cost_maps)]
        best = max((path for path in paths if path), key=_path_score, default=None)
        # Without the margin a path travels less: such paths are made only where the best one travels too far.
        if best is not None and best.travel_px <= FREE_TRAVEL_PX:
            break
    return best


def _path_score(path: CameraPath) -> float:
    """Score a path: how often it holds head and face, less its excess travel."""
    return round(path.inside + path.faces, 2) - TRAVEL_COST * max(0.0, path.travel_px - FREE_TRAVEL_PX)


def _calm_path(
    track: SubjectTrack, at_ms: Floats, places: Floats, length: float, costs: Floats, wide_px: tuple[int, int]
) -> CameraPath | None:
    """Return the cheapest path within the limits of travel; ``costs`` has shape (times, places)."""
    for strict in MOVE_COST_FACTORS:
        smooth_ms, smooth = _smooth_path(at_ms, places[_cheapest_places(costs, strict)])
        if _is_calm(smooth * REFERENCE_WIDTH_PX, *wide_px):
            starts = np.interp(track.at_ms, smooth_ms, smooth)
            keys = _key_samples(smooth_ms, smooth)
            return CameraPath(
                at_ms=[round(smooth_ms[key]) for key in keys],
                starts=[round(float(smooth[key]), 2) for key in keys],
                inside=inside_share(track.spans, starts, length),
                faces=inside_share(track.faces, starts, length),
                travel_px=float(np.abs(np.diff(smooth)).mean())
                * FRAME_MS
                / SAMPLE_MS
                * REFERENCE_WIDTH_PX
                / wide_px[1],
            )
    return None


def _place_costs(
    track: SubjectTrack, at_ms: Floats, places: Floats, length: float, *, hair: float, margin: float
) -> Floats:
    """Return the cost of each place at each time, shape (times, places)."""
    low, high = (np.interp(at_ms, track.at_ms, track.spans[:, side]) for side in (0, 1))
    left, right = (np.interp(at_ms, track.at_ms, track.faces[:, side]) for side in (0, 1))
    has_look = np.abs(track.at_ms[None] - at_ms[:, None]).min(axis=1) <= 4 * STEP_MS
    free = np.maximum(0.0, (length - (high - low)) / 2)
    margin_px, room = np.minimum(margin * length, free), np.minimum(SIDE_ROOM_RATIO * length, free)
    head, face = _overhang(places, length, low - margin_px, high + margin_px), _overhang(places, length, left, right)
    side_room = _overhang(places, length, low - room, high + room) / np.maximum(1.0, room)[:, None]
    around = np.maximum(1.0, (high - low) - (right - left) + 2 * margin_px) / 2
    cut = np.minimum(1.0, face / np.maximum(1.0, right - left)[:, None])
    total = CUT_FACE_COST * (0.4 * (face > 0) + 0.6 * cut) + hair * np.minimum(1.0, head / around[:, None])
    centre = np.abs(places[None] + length / 2 - ((low + high) / 2)[:, None]) / length
    total += NO_ROOM_COST * np.minimum(1.0, side_room) + OFF_CENTRE_COST * centre
    weighted: Floats = total * np.where(has_look, 1.0, 0.1)[:, None]
    return weighted


def _overhang(places: Floats, length: float, low: Floats, high: Floats) -> Floats:
    """Return by how much a window at each place misses the span at each time, shape (times, places)."""
    before, after = low[:, None] - places[None], high[:, None] - places[None] - length
    result: Floats = np.maximum(0.0, -before) + np.maximum(0.0, after)
    return result


REST, LEFT, RIGHT, RESTED_LEFT, RESTED_RIGHT = range(5)
"""States: at rest and never moved; moving left, right; at rest after moving left, right."""


def _cheapest_places(costs: Floats, strict: float) -> NDArray[np.intp]:
    """Return the place at each time, shape (times,)."""
    count, wide = costs.shape
    total = np.full((5, wide), np.inf)
    total[REST] = costs[0]
    origins: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for step in range(1, count):
        best = np.full((5, wide), np.inf)
        state, place = np.zeros((5, wide), np.intp), np.zeros((5, wide), np.intp)
        for before in range(5):
            for move in range(-MAX_PLACES_PER_STEP, MAX_PLACES_PER_STEP + 1):
                after = _next_state(before, move)
                price = strict * (_move_cost(before, move) + MOVE_COST * abs(move))
                shifted_costs = _shift_places(total[before] + price, move)
                better = shifted_costs < best[after]
                best[after] = np.where(better, shifted_costs, best[after])
                state[after] = np.where(better, before, state[after])
                place[after] = np.where(better, np.arange(wide) - move, place[after])
        total = best + costs[step]
        origins.append((state, place))
    at = np.unravel_index(int(np.argmin(total)), total.shape)
    path = [int(at[1])]
    current_state, current_place = int(at[0]), int(at[1])
    for state, place in reversed(origins):
        current_state, current_place = (
            int(state[current_state, current_place]),
            int(place[current_state, current_place]),
        )
        path.append(current_place)
    return np.asarray(path[::-1], np.intp)


def _next_state(before: int, move: int) -> int:
    if move:
        return LEFT if move < 0 else RIGHT
    return {LEFT: RESTED_LEFT, RIGHT: RESTED_RIGHT}.get(before, before)


def _move_cost(before: int, move: int) -> float:
    if not move:
        return 0.0
    back = before in ((RIGHT, RESTED_RIGHT) if move < 0 else (LEFT, RESTED_LEFT))
    moving = before in (LEFT, RIGHT)
    return (REVERSE_COST if back else 0.0) + (0.0 if moving and not back else START_COST)


def _shift_places(values: Floats, move: int) -> Floats:
    """Move the values by ``move`` places."""
    if not move:
        return values
    shifted = np.full_like(values, np.inf)
    if move > 0:
        shifted[move:] = values[:-move]
    else:
        shifted[:move] = values[-move:]
    return shifted


def _smooth_path(at_ms: Floats, starts: Floats) -> tuple[Floats, Floats]:
    """Smooth the path by a critically damped spring, which sees it ahead by its own lag."""
    fine = np.arange(at_ms[0], at_ms[-1] + 1, SAMPLE_MS)
    target = np.interp(fine + 2_000 / SPRING_PER_S, at_ms, starts)
    place, speed, step_s = float(starts[0]), 0.0, SAMPLE_MS / 1000
    decay, smoothed = float(np.exp(-SPRING_PER_S * step_s)), []
    for target_start in target:
        smoothed.append(place)
        offset = place - target_start
        pull = (speed + SPRING_PER_S * offset) * step_s
        place, speed = float(target_start + (offset + pull) * decay), (speed - SPRING_PER_S * pull) * decay
    return fine, np.asarray(smoothed)


def _is_calm(starts: Floats, source_px: int, crop_px: int) -> bool:
    """Tell whether a path, in steps of a frame, keeps to the limits."""
    steps = np.diff(starts) * FRAME_MS / SAMPLE_MS / source_px
    distances, moves = np.abs(steps), np.sign(steps[np.abs(steps) > 0.02])
    turns = int((moves[1:] != moves[:-1]).sum()) if len(moves) else 0
    seconds = len(starts) * SAMPLE_MS / 1000
    fast = float(np.percentile(distances, 95)) * source_px / crop_px
    return bool(distances.mean() <= MAX_MEAN_TRAVEL_PX and fast <= MAX_TRAVEL_PX and turns <= MAX_TURNS_PER_S * seconds)


def _key_samples(at_ms: Floats, starts: Floats) -> Sequence[int]:
    """Return the samples from which straight lines restore the path (Douglas and Peucker)."""
    keys, open_ranges = {0, len(starts) - 1}, [(0, len(starts) - 1)]
    while open_ranges:
        first, last = open_ranges.pop()
        line = np.interp(at_ms[first : last + 1], at_ms[[first, last]], starts[[first, last]])
        deviation = np.abs(starts[first : last + 1] - line)
        worst = int(np.argmax(deviation))
        if deviation[worst] > KEY_TOLERANCE_PX and 0 < worst < last - first:
            keys.add(first + worst)
            open_ranges += [(first, first + worst), (first + worst, last)]
    return sorted(keys)
