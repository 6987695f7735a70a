"""What detect weighed: candidate windows, their sub-scores, the evidence of each. Pure data; ms of project time."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import TimeRange, Value
from schemas.documents.scene import Scenery


class Evidence(Value, frozen=True, kw_only=True):
    """Why a sub-score has its value: a quote, a stretch of time, a measured number with its unit."""

    kind: str
    """Kind of evidence."""
    start_ms: int
    end_ms: int
    text: str = ""
    value: float | None = None
    """Measured number; null where there is none."""
    unit: str = ""
    """Unit of the number."""
    part: str = ""
    """The feature it belongs to: a sub-score may be made of several."""
    strength: float | None = None
    """How strong that feature is, 0..1."""
    share: float | None = None
    """How much of the sub-score that feature made, 0..1."""
    doubtful: bool = False
    """Whether it quotes words that the transcript does not trust."""


class SubScore(Value, frozen=True, kw_only=True):
    """One sub-score of a moment, 0..1 inside its video, with what made it."""

    name: str
    """Name of the sub-score."""
    value: float
    """Sub-score between 0 and 1."""
    weight: float
    """Share of the weights that it counts."""
    evidence: list[Evidence]
    raw: float | None = None
    """The same before it was compared with the rest of the video."""
    confidence: float | None = None
    """How much of it could be measured, times how sure the words are."""
    told: str = ""
    """It in a sentence."""


Lacking = Literal["pictures", "support", "asked", "score", "near_best", "overlap", "alike", "room"]
"""What keeps a moment from becoming a clip by itself."""


class Shortfall(Value, frozen=True, kw_only=True):
    """One thing that a moment lacked to become a clip by itself."""

    what: Lacking
    """`support`: what stands out in it; `asked`: nearness to `prompt` and `topics`; `score`: the minimum score;
    `near_best`: the share of the best one's score; `overlap`, `alike`: a better clip is there, or says the same;
    `room`: there are as many clips as there may be; `pictures`: the source has none.
    """
    told: str
    """It in a sentence."""
    value: Annotated[float, Meta(ge=0, le=100, description="What it has.", examples=[39.4])] | None = None
    needed: Annotated[float, Meta(ge=0, le=100, description="What is needed.", examples=[40.0])] | None = None


class NearMoment(Value, frozen=True, kw_only=True):
    """A moment that came near to a clip in a project without one."""

    moment_id: Annotated[
        str,
        Meta(
            description="`POST /v1/projects/{project_id}/clips` makes a clip of it.",
            examples=["4f1c7f0c-5d1e-5a35-9c9e-2f0d8a7b6c11"],
        ),
    ]
    start_ms: int
    end_ms: int
    score: Annotated[float, Meta(ge=0, le=100, description="Its score.", examples=[39.4])]
    lacks: list[Shortfall]
    """What it lacked."""
    title: str = ""
    """Empty in events: they carry no words of what is said."""


class Moment(Value, frozen=True, kw_only=True):
    """A candidate window. ``score`` 0..100 is the weighted mean of ``signals``; ``confidence`` 0..1."""

    id: str
    """Id of the moment."""
    range: TimeRange
    """Where it lies on the time line."""
    score: float
    """Weighted mean of the sub-scores, from 0 to 100."""
    confidence: float
    title: str
    reason: str
    """Why it stands out, in a sentence."""
    signals: list[SubScore]
    selected: bool
    """Whether a clip was made of it."""
    text: str = ""
    """Words that are said in it."""
    rank: int | None = None
    """Rank among the selected; null where it was not."""
    hook: str = ""
    """The line to open with: what is said first that makes one stay."""
    description: str = ""
    hashtags: list[str] = []
    without_words: str = ""
    """Why there is no word in it, and so no caption, in a sentence; empty where there are words."""
    lacks: list[Shortfall] = []
    """What it lacked to be selected; empty where it was, and in lists older than this."""


class ClipFacts(Value, frozen=True, kw_only=True):
    """What is known of a clip that a person chose. Without a score there was nothing to compare it with."""

    clip_id: str
    ordinal: int
    range: TimeRange
    title: str
    reason: str = ""
    text: str = ""
    hook: str = ""
    description: str = ""
    hashtags: list[str] = []
    without_words: str = ""
    score: float | None = None
    confidence: float | None = None
    signals: list[SubScore] = []
    project_title: str = ""
    scorer: str = ""
    weights: str = ""
    transcript_version: int = 1


class MomentList(Value, frozen=True, kw_only=True):
    """Every candidate detect weighed, best first."""

    moments: list[Moment]
    """Candidate moments, the best first."""
    nothing_found_reason: str | None = None
    scorer: str = ""
    """Name of the scorer."""
    picture_models: list[str] = []
    """What looked at the pictures that were weighed."""
    project_title: str = ""
    """As in `Transcript`."""
    weights: str = ""
    """Which table of weights, and of which genre."""
    meaning: str = ""
    """What told how near two sentences are in meaning: a model, or words in common and why."""
    scenery: Scenery | None = None
    """What its pictures show; None where there are none."""
    nearest: list[NearMoment] = []
    """Where none was selected: the moments that came nearest."""
    transcript_version: int = 1
    """The version of the transcript it was weighed by; a later correction, of words or speakers, changes no moment."""
