"""What detect weighed: candidate windows, their sub-scores, the evidence of each. Pure data; ms of project time."""

from __future__ import annotations

from schemas.media import TimeRange, Value
from schemas.scenery import Scenery


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
    transcript_version: int = 1
    """The version of the transcript it was weighed by; a later correction, of words or speakers, changes no moment."""
