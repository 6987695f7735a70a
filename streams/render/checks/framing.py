"""Who is in the picture, whose face the edge cuts, and how the crop moves: the crops that were painted, slot by slot.

The faces are those that were found in the source while the clip was looked at; no face is looked for here.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from schemas.documents import ShotCrop
from schemas.media import Box, CropBox
from schemas.proof import Check, judged
from streams.render.checks.case import Case

WIDTH_PX = 640
"""Travel is told for a picture of this width."""
IN_FRAME, WHOLE = 0.1, 0.9
"""Shares of a face's box: less is not there, more is whole; between them the edge cuts it."""
A_CUT = 0.08
"""A step of more than this share of the crop's width is a cut, not a movement."""


def check_framing(case: Case) -> list[Check]:
    """Faces and movement."""
    return [*_faces(case), *_movement(case)]


def _faces(case: Case) -> list[Check]:
    limits = case.meant.limits
    shown = _shown(case)
    if not shown:
        why = "no face was found in this part of the source"
        return [
            judged("nobody_in_frame", None, "share", limits.nobody_in_frame, detail=why),
            judged("cut_face", None, "share", limits.cut_face, detail=why),
        ]
    nobody = [at for at, share in shown if share < IN_FRAME]
    cut = [at for at, share in shown if IN_FRAME <= share < WHOLE]
    detail = f"{len(shown)} looks at somebody on screen"
    return [
        judged(
            "nobody_in_frame", len(nobody) / len(shown), "share", limits.nobody_in_frame, detail=detail, at_ms=nobody
        ),
        judged("cut_face", len(cut) / len(shown), "share", limits.cut_face, detail=detail, at_ms=cut),
    ]


def _shown(case: Case) -> list[tuple[float, float]]:
    """For each look that is played, at a face on screen: output ms, and the share of it that the crop holds.

    Where another face shows more, that of the other: somebody is there, if not who was expected.
    """
    boxes: dict[int, list[Box]] = {one.at_ms: [one.box] for one in case.meant.plan.expected}
    for sample in case.meant.plan.faces:
        boxes.setdefault(sample.at_ms, []).append(sample.face.box)
    times = sorted(boxes)
    found: dict[int, tuple[float, float]] = {}
    for number, seen in sorted(case.meant.witness.seen.items()):
        at = bisect_right(times, seen.source_ms) - 1
        if at < 0 or times[at] in found:
            continue
        begins = seen.shot.range.start_ms <= times[at] < seen.shot.range.end_ms
        if begins and seen.source_ms - times[at] <= case.meant.timeline.period_ms * 2:
            time_ms = number * float(case.meant.timeline.period_ms)
            found[times[at]] = time_ms, max(inside(box, seen.shot.crop) for box in boxes[times[at]])
    return list(found.values())


def inside(box: Box, crop: CropBox) -> float:
    """Share of a box that a crop holds."""
    across = min(box.x + box.width, crop.x + crop.width) - max(box.x, crop.x)
    down = min(box.y + box.height, crop.y + crop.height) - max(box.y, crop.y)
    return max(0.0, across) * max(0.0, down) / max(1.0, box.width * box.height)


def _movement(case: Case) -> list[Check]:
    limits, timeline = case.meant.limits, case.meant.timeline
    shots = [seen.shot for _, seen in sorted(case.meant.witness.seen.items())]
    steps = [_step(one, other) for one, other in pairwise(shots)]
    travel = sum((x * x + y * y) ** 0.5 for x, y in steps) / max(1, len(steps))
    moves = [x or y for x, y in steps if x or y]
    turns = sum(one * other < 0 for one, other in pairwise(moves))
    seconds = float(timeline.length_ms) / 1000
    return [
        judged("jitter", travel, "px a picture", limits.jitter_px, detail=f"at {WIDTH_PX} px of width"),
        judged("reversals", turns / seconds, "a second", limits.reversals, detail=f"{turns} in {seconds:.1f} s"),
    ]


def _step(one: ShotCrop, other: ShotCrop) -> tuple[float, float]:
    """How the crop moved from a picture to the next, in px at `WIDTH_PX`; nothing at a cut."""
    if one.crop == other.crop or one.mode != other.mode:
        return 0.0, 0.0
    before, after = one.crop, other.crop
    x = after.x + after.width / 2 - before.x - before.width / 2
    y = after.y + after.height / 2 - before.y - before.height / 2
    if max(abs(x), abs(y), abs(after.width - before.width)) > A_CUT * before.width:
        return 0.0, 0.0
    return x * WIDTH_PX / before.width, y * WIDTH_PX / before.width
