"""What is measured on a finished export, held against limits, and what comes of it. Pure data; opens no file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from schemas.common import Box, Value

CheckName = Literal[
    "duration", "streams", "size", "frames", "faststart", "caption_offset", "caption_cut_off", "nobody_in_frame",
    "cut_face", "jitter", "reversals", "lufs", "true_peak", "clipping", "black", "frozen", "av_offset", "ssim",
    "preset", "cut_letters",
]  # fmt: skip
Side = Literal["at_most", "at_least", "equal", "within"]
"""How a value stands to its limit; ``within``: no farther than the limit from ``around``."""
Outcome = Literal["pass", "warn", "fail", "not_measured"]
Verdict = Literal["pass", "warn", "fail"]


class Bound(Value, frozen=True, kw_only=True):
    """A value up to ``limit`` is good, up to ``fail`` a warning, past it the export is not fit to be posted."""

    limit: float
    fail: float
    side: Side = "at_most"
    around: float = 0.0


class Limits(Value, frozen=True, kw_only=True):
    """Every limit of the certificate. Where a value is compared with its own plan, it is told as the difference."""

    duration_ms: Bound = Bound(limit=50, fail=250)
    """How far picture and sound are from the planned length."""
    streams: Bound = Bound(limit=2, fail=2, side="equal")
    """One H.264 and one stereo AAC track of 48 kHz, and nothing else."""
    size_px: Bound = Bound(limit=0, fail=0, side="equal")
    """Pixels by which width and height differ from what was asked for."""
    frames: Bound = Bound(limit=0, fail=1)
    """Pictures more or fewer than planned."""
    faststart: Bound = Bound(limit=1, fail=1, side="at_least")
    caption_offset_ms: Bound = Bound(limit=50, fail=120)
    """A picture at 25 a second lasts 40 ms: a word cannot be lit more exactly."""
    caption_cut_off: Bound = Bound(limit=0, fail=0.7)
    """Share of the margin that letters stand in; letters that touch the edge, or are missing, count as all of it."""
    nobody_in_frame: Bound = Bound(limit=0.01, fail=0.1)
    cut_face: Bound = Bound(limit=0.02, fail=0.15)
    cut_letters: Bound = Bound(limit=0.02, fail=0.5)
    """Share of the pictures with titles, signs or names in which the edge cuts a line of them."""
    jitter_px: Bound = Bound(limit=1.5, fail=6)
    """Mean travel of the crop in px a picture, of a source that is 640 px wide."""
    reversals: Bound = Bound(limit=0.1, fail=1)
    """Turns of the crop's way a second."""
    lufs: Bound = Bound(limit=0.5, fail=1.5, side="within", around=-14)
    true_peak_dbtp: Bound = Bound(limit=-1, fail=-0.5)
    """AAC keeps peaks below full scale by itself: what is near it was above it."""
    clipping_ppm: Bound = Bound(limit=10, fail=1_000)
    black: Bound = Bound(limit=0, fail=0.05)
    """Share of sampled pictures that are black where the source is not."""
    frozen_ms: Bound = Bound(limit=500, fail=3_000)
    av_offset_ms: Bound = Bound(limit=20, fail=45, side="within")
    ssim: Bound = Bound(limit=0.9, fail=0.75, side="at_least")
    caption_margin: float = 0.04
    """Share of the shorter side that letters keep away from each edge."""


class Check(Value, frozen=True, kw_only=True):
    """One thing measured. ``value`` is None where it could not be; ``detail`` says why, or more."""

    name: CheckName
    """Name of the check."""
    value: float | None
    unit: str
    limit: float
    """Limit of the value."""
    side: Side
    """On which side of the limit a good value lies."""
    verdict: Outcome
    around: float = 0.0
    """Target of the value, where it has one."""
    detail: str = ""
    """Why nothing was measured, or more about the value."""
    at_ms: list[int] = []
    """Where in the file, at most ten places."""


class Figure(Value, frozen=True, kw_only=True):
    """A check in short, as events carry it: without its sentence and places."""

    name: CheckName
    value: float | None
    unit: str
    limit: float
    side: Side
    verdict: Outcome
    around: float = 0.0


class OtherTry(Value, frozen=True, kw_only=True):
    """The file of an export that was made in two tries and not kept: try ``number``, and what failed in it."""

    number: int
    """Number of the try."""
    verdict: Verdict | None
    """None where it could not be made; then ``why`` says why."""
    faults: list[CheckName]
    safer: list[str] = []
    """What was made simpler in it."""
    why: str = ""
    """Why it was not kept."""


class FaceExpectation(Value, frozen=True, kw_only=True):
    """Somebody on screen, in display pixels and ms of the project, whom the crop ought to hold: who speaks, else the
    largest. Of whoever is too far away for a face to be seen, or turned away, the middle of head and chest.
    """

    at_ms: int
    box: Box
    speaks: bool
    is_found: bool = True
    """False where nobody was found in a shot although others show somebody: ``box`` is then all that is not empty."""


def judged(
    name: CheckName, value: float | None, unit: str, bound: Bound, *, detail: str = "", at_ms: Iterable[float] = ()
) -> Check:
    """A value held against its bound."""
    return Check(
        name=name,
        value=None if value is None else round(value, 4),
        unit=unit,
        limit=bound.limit,
        side=bound.side,
        verdict=_outcome(value, bound),
        around=bound.around,
        detail=detail,
        at_ms=[round(at) for at in at_ms][:10],
    )


def _outcome(value: float | None, bound: Bound) -> Outcome:
    if value is None:
        return "not_measured"
    if _holds(value, bound.limit, bound):
        return "pass"
    return "warn" if _holds(value, bound.fail, bound) else "fail"


def _holds(value: float, limit: float, bound: Bound) -> bool:
    match bound.side:
        case "at_most":
            return value <= limit
        case "at_least":
            return value >= limit
        case "equal":
            return value == limit
        case "within":
            return abs(value - bound.around) <= limit


def verdict_of(checks: Iterable[Check]) -> Verdict:
    """The worst of all; what could not be measured condemns nothing."""
    found = {check.verdict for check in checks}
    return "fail" if "fail" in found else "warn" if "warn" in found else "pass"


def in_short(checks: Iterable[Check]) -> list[Figure]:
    """What events carry of them."""
    return [Figure(**{name: getattr(check, name) for name in Figure.__struct_fields__}) for check in checks]


def softened(check: Check) -> Check:
    """A failure that is the source's own and no fault of the making is a warning."""
    return msgspec.structs.replace(check, verdict="warn") if check.verdict == "fail" else check
