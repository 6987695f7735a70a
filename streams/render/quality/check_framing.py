"""Checks of the rendered crops: faces in frame, cut faces and letters, movement.

Faces, persons and letters are those that the analysis of the clip found; nothing is detected here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from core.domain.framing.geometry import is_cut, share_shown, view
from schemas.common import Box
from schemas.documents.quality import Bound, Check, CheckName, Limits, make_check
from streams.render.quality.reference_frames import ReferenceFrame
from streams.render.quality.subject import NO_VIDEO_REASON, CheckSubject

WIDTH_PX = 640
"""Movement is given for a source of this width, as in public measures of manual crops (RetargetVid)."""
IN_FRAME, WHOLE = 0.1, 0.9
"""Shares of a face's box in the crop: below the first it is out of frame, above the second whole, else cut."""
CUT_STEP_RATIO = 0.08
"""A larger step, as a share of the crop's width, is a cut and not a movement."""
REPORT_INTERVAL_MS = 1_000
"""Least distance of the times that a check lists."""
MIN_STEP_PX = 0.02
"""Smaller steps are no movement, and so no reversal."""


def check_framing(subject: CheckSubject) -> list[Check]:
    """Faces and movement."""
    return (
        [*_faces(subject), _letters(subject), *_movement(subject)]
        if subject.expected.file.video
        else _without_pictures(subject.expected.limits)
    )


def _without_pictures(limits: Limits) -> list[Check]:
    measures: list[tuple[CheckName, str, Bound]] = [
        ("nobody_in_frame", "share", limits.nobody_in_frame),
        ("cut_face", "share", limits.cut_face),
        ("cut_letters", "share", limits.cut_letters),
        ("jitter", "px a picture", limits.jitter_px),
        ("reversals", "a second", limits.reversals),
    ]
    return [make_check(name, None, unit, bound, detail=NO_VIDEO_REASON) for name, unit, bound in measures]


def _faces(subject: CheckSubject) -> list[Check]:
    limits = subject.expected.limits
    shares = _face_shares(subject)
    if not shares:
        reason = "no person was found in this part of the source"
        return [
            make_check("nobody_in_frame", None, "share", limits.nobody_in_frame, detail=reason),
            make_check("cut_face", None, "share", limits.cut_face, detail=reason),
        ]
    empty = [at for at, share in shares if share < IN_FRAME]
    cut = [at for at, share in shares if IN_FRAME <= share < WHOLE]
    detail = f"{len(shares)} looks at somebody on screen{_unseen(subject)}"
    return [
        make_check(
            "nobody_in_frame", len(empty) / len(shares), "share", limits.nobody_in_frame, detail=detail, at_ms=empty
        ),
        make_check("cut_face", len(cut) / len(shares), "share", limits.cut_face, detail=detail, at_ms=cut),
    ]


def _unseen(subject: CheckSubject) -> str:
    """Addition to the detail, if some shots of the plan show no detected person."""
    if all(sample.is_found for sample in subject.expected.plan.expected):
        return ""
    return ", or at all of a picture without a detected person though other shots show one"


def _face_shares(subject: CheckSubject) -> list[tuple[float, float]]:
    """Output ms and the share of the face inside the crop, for each played sample with a face.

    If another face is shown more, its share counts: a person is there, although not the expected one.
    """
    boxes: dict[int, list[Box]] = {expected.at_ms: [expected.box] for expected in subject.expected.plan.expected}
    for sample in subject.expected.plan.faces:
        boxes.setdefault(sample.at_ms, []).append(sample.face.box)
    times = sorted(boxes)
    shares: dict[int, tuple[float, float]] = {}
    for number, reference in sorted(subject.expected.reference.frames.items()):
        at = bisect_right(times, reference.source_ms) - 1
        if at < 0 or times[at] in shares:
            continue
        begins = reference.shot.range.start_ms <= times[at] < reference.shot.range.end_ms
        if begins and reference.source_ms - times[at] <= subject.expected.timeline.period_ms * 2:
            time_ms = number * float(subject.expected.timeline.period_ms)
            shares[times[at]] = time_ms, max(share_shown(box, reference.shot, times[at]) for box in boxes[times[at]])
    return list(shares.values())


def _letters(subject: CheckSubject) -> Check:
    """Share of the frames with titles, signs or names in which the crop cuts a line."""
    bound, period_ms = subject.expected.limits.cut_letters, float(subject.expected.timeline.period_ms)
    frame_count, cut = 0, list[float]()
    for number, reference in sorted(subject.expected.reference.frames.items()):
        sign_boxes = [
            sign.box
            for sign in subject.expected.plan.signs
            if sign.range.start_ms <= reference.source_ms < sign.range.end_ms
        ]
        frame_count += bool(sign_boxes)
        if any(is_cut(box, reference.shot, reference.source_ms) for box in sign_boxes):
            cut.append(number * period_ms)
    detail = f"{frame_count} pictures with titles, signs or names"
    return make_check(
        "cut_letters", len(cut) / max(1, frame_count), "share", bound, detail=detail, at_ms=_thin_out(cut)
    )


def _thin_out(times: Sequence[float]) -> list[float]:
    """The first time, then one a REPORT_INTERVAL_MS."""
    reported: list[float] = []
    for at in times:
        if not reported or at - reported[-1] >= REPORT_INTERVAL_MS:
            reported.append(at)
    return reported


def _movement(subject: CheckSubject) -> list[Check]:
    limits, timeline = subject.expected.limits, subject.expected.timeline
    references = [reference for _, reference in sorted(subject.expected.reference.frames.items())]
    scale = WIDTH_PX / subject.expected.plan.source_width
    steps = [
        (x * scale, y * scale)
        for x, y in (_step(reference, following) for reference, following in pairwise(references))
    ]
    distances_px = sorted((x * x + y * y) ** 0.5 for x, y in steps)
    percentile_px = distances_px[int(0.95 * (len(distances_px) - 1))] if distances_px else 0.0
    turns = _turns([x for x, _ in steps]) + _turns([y for _, y in steps])
    seconds = float(timeline.length_ms) / 1000
    detail = f"of a source of {WIDTH_PX} px; 95 of 100 steps are of {percentile_px:.2f} px or less"
    return [
        make_check(
            "jitter", sum(distances_px) / max(1, len(distances_px)), "px a picture", limits.jitter_px, detail=detail
        ),
        make_check("reversals", turns / seconds, "a second", limits.reversals, detail=f"{turns} in {seconds:.1f} s"),
    ]


def _turns(steps: Sequence[float]) -> int:
    """Number of times that the movement along one axis reverses."""
    moves = [step for step in steps if abs(step) > MIN_STEP_PX]
    return sum(previous * current < 0 for previous, current in pairwise(moves))


def _step(previous: ReferenceFrame, current: ReferenceFrame) -> tuple[float, float]:
    """Movement of the crop from a frame to the next, in px of the source; zero at a cut."""
    still = previous.shot == current.shot and not previous.shot.path
    if still or previous.shot.mode != current.shot.mode or previous.shot.panes or current.shot.panes:
        return 0.0, 0.0
    before, after = view(previous.shot, previous.source_ms), view(current.shot, current.source_ms)
    x = after.x + after.width / 2 - before.x - before.width / 2
    y = after.y + after.height / 2 - before.y - before.height / 2
    if max(abs(x), abs(y), abs(after.width - before.width)) > CUT_STEP_RATIO * before.width:
        return 0.0, 0.0
    return x, y
