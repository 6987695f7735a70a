"""Checks of a finished export: values, limits, verdicts. Pure data."""

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
"""Which side of the limit is good; ``within``: at most the limit away from ``around``."""
Outcome = Literal["pass", "warn", "fail", "not_measured"]
Verdict = Literal["pass", "warn", "fail"]


class Bound(Value, frozen=True, kw_only=True):
    """A value up to ``limit`` passes, up to ``fail`` it warns, beyond that it fails."""

    limit: float
    fail: float
    side: Side = "at_most"
    around: float = 0.0


class Limits(Value, frozen=True, kw_only=True):
    """Every limit of the certificate. A value with a planned target is given as the difference from it."""

    duration_ms: Bound = Bound(limit=50, fail=250)
    """Difference of video and sound from the planned duration."""
    streams: Bound = Bound(limit=2, fail=2, side="equal")
    """Exactly one H.264 track and one stereo AAC track of 48 kHz."""
    size_px: Bound = Bound(limit=0, fail=0, side="equal")
    """Pixels by which width and height differ from the request."""
    frames: Bound = Bound(limit=0, fail=1)
    """Frames more or fewer than planned."""
    faststart: Bound = Bound(limit=1, fail=1, side="at_least")
    caption_offset_ms: Bound = Bound(limit=50, fail=120)
    """A frame at 25 a second lasts 40 ms: a word cannot be highlighted more exactly."""
    caption_cut_off: Bound = Bound(limit=0, fail=0.7)
    """Share of the margin that letters enter; letters that touch the edge, or are missing, count as 1."""
    nobody_in_frame: Bound = Bound(limit=0.01, fail=0.1)
    cut_face: Bound = Bound(limit=0.02, fail=0.15)
    cut_letters: Bound = Bound(limit=0.02, fail=0.5)
    """Share of the frames with titles, signs or names in which the crop cuts a line."""
    jitter_px: Bound = Bound(limit=1.5, fail=6)
    """Mean movement of the crop in px a frame, for a source 640 px wide."""
    reversals: Bound = Bound(limit=0.1, fail=1)
    """Changes of the crop's direction a second."""
    lufs: Bound = Bound(limit=0.5, fail=1.5, side="within", around=-14)
    true_peak_dbtp: Bound = Bound(limit=-1, fail=-0.5)
    """AAC keeps peaks below full scale: a peak close to it was above it before encoding."""
    clipping_ppm: Bound = Bound(limit=10, fail=1_000)
    black: Bound = Bound(limit=0, fail=0.05)
    """Share of sampled frames that are black although the source is not."""
    frozen_ms: Bound = Bound(limit=500, fail=3_000)
    av_offset_ms: Bound = Bound(limit=20, fail=45, side="within")
    ssim: Bound = Bound(limit=0.9, fail=0.75, side="at_least")
    caption_margin: float = 0.04
    """Least distance of letters from each edge, as a share of the shorter side."""


class Check(Value, frozen=True, kw_only=True):
    """One check; ``value`` is null if it could not be measured, and ``detail`` says why."""

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
    """Target of the value, if it has one."""
    detail: str = ""
    """Why nothing was measured, or more about the value."""
    at_ms: list[int] = []
    """Times in the file, at most ten."""


class Figure(Value, frozen=True, kw_only=True):
    """A check as events carry it: without detail and times."""

    name: CheckName
    value: float | None
    unit: str
    limit: float
    side: Side
    verdict: Outcome
    around: float = 0.0


class OtherTry(Value, frozen=True, kw_only=True):
    """The discarded file of an export that was made twice: try ``number``, and its failed checks."""

    number: int
    """Number of the try."""
    verdict: Verdict | None
    """Null if it could not be made; ``why`` says why."""
    faults: list[CheckName]
    safer: list[str] = []
    """Parts of it that are simpler than requested."""
    why: str = ""
    """Why it was discarded."""


class FaceExpectation(Value, frozen=True, kw_only=True):
    """The face that the crop has to hold in one sample: the active speaker's, else the largest.

    For a person too far away or turned away, the middle of head and chest. Display pixels, project time.
    """

    at_ms: int
    box: Box
    speaks: bool
    is_found: bool = True
    """False in a shot without a person, in a clip that shows persons elsewhere: ``box`` is all that is not empty."""


def make_check(
    name: CheckName, value: float | None, unit: str, bound: Bound, *, detail: str = "", at_ms: Iterable[float] = ()
) -> Check:
    """Compare a value with its bound."""
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
    """The worst verdict; an unmeasured check does not count."""
    verdicts = {check.verdict for check in checks}
    return "fail" if "fail" in verdicts else "warn" if "warn" in verdicts else "pass"


def list_figures(checks: Iterable[Check]) -> list[Figure]:
    """The checks as events carry them."""
    return [Figure(**{name: getattr(check, name) for name in Figure.__struct_fields__}) for check in checks]


def soften_check(check: Check) -> Check:
    """Turn a failure into a warning, where the source causes it and not the rendering."""
    return msgspec.structs.replace(check, verdict="warn") if check.verdict == "fail" else check
