"""Candidate moments with their sub-scores and evidence. Pure data; project time."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import TimeRange, Value
from schemas.documents.intelligence import Cost
from schemas.documents.scene import Scenery


class Evidence(Value, frozen=True, kw_only=True):
    """Evidence of a sub-score: a quote, a time range, a measured number with its unit."""

    kind: str
    """Kind of evidence."""
    start_ms: int
    end_ms: int
    text: str = ""
    value: float | None = None
    """Measured number; null without one."""
    unit: str = ""
    """Unit of the number."""
    part: str = ""
    """The feature it belongs to; a sub-score may combine several."""
    strength: float | None = None
    """Strength of that feature, 0..1."""
    share: float | None = None
    """That feature's share of the sub-score, 0..1."""
    doubtful: bool = False
    """Whether it quotes words that are not trusted."""


class SubScore(Value, frozen=True, kw_only=True):
    """One sub-score of a moment, 0..1 relative to its video, with its evidence."""

    name: str
    """Name of the sub-score."""
    value: float
    """Sub-score between 0 and 1."""
    weight: float
    """Its share of the weights."""
    evidence: list[Evidence]
    raw: float | None = None
    """The value before it was compared with the rest of the video."""
    confidence: float | None = None
    """Measured share of it, times the confidence of the words."""
    told: str = ""
    """The same as a sentence."""
    effect: float | None = None
    """What it adds to the log-odds of the score. Where the score is the weighted mean: null, and of `judged` the points
    that it adds to that mean.
    """


Lacking = Literal["pictures", "support", "asked", "score", "near_best", "overlap", "alike", "judged", "room"]
"""Reasons why a moment was not selected."""


class Shortfall(Value, frozen=True, kw_only=True):
    """One reason why a moment was not selected."""

    what: Lacking
    """`support`: too little stands out; `asked`: too far from `prompt` and `topics`; `score`: below the minimum score;
    `near_best`: below the required share of the best score; `overlap`, `alike`: a better clip overlaps it, or says the
    same; `judged`: a model judged the finalists, and it was none of them; `room`: the maximum number of clips is
    reached; `pictures`: the source has no video.
    """
    told: str
    """The same as a sentence."""
    value: Annotated[float, Meta(ge=0, le=100, description="Its value.", examples=[39.4])] | None = None
    needed: Annotated[float, Meta(ge=0, le=100, description="The value it needs.", examples=[40.0])] | None = None


class NearMoment(Value, frozen=True, kw_only=True):
    """A moment that came close to selection in a project without clips."""

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
    """Why it was not selected."""
    title: str = ""
    """Empty in events, which carry no spoken words."""


class Moment(Value, frozen=True, kw_only=True):
    """A candidate window. ``score`` 0..100; ``confidence`` 0..1."""

    id: str
    """Id of the moment."""
    range: TimeRange
    """Its range in project time."""
    score: float
    """From 0 to 100: the chance in percent that editors would post it, or the weighted mean of the sub-scores."""
    confidence: float
    title: str
    reason: str
    """Why it stands out, as a sentence."""
    signals: list[SubScore]
    selected: bool
    """Whether it became a clip."""
    text: str = ""
    """Its spoken words."""
    rank: int | None = None
    """Rank among the selected moments; null if it was not selected."""
    hook: str = ""
    """The line that opens the clip and holds the viewer."""
    description: str = ""
    hashtags: list[str] = []
    without_words: str = ""
    """Why it has no words, and so no captions, as a sentence; empty if it has words."""
    lacks: list[Shortfall] = []
    """Why it was not selected; empty if it was, and in older lists."""


class ClipFacts(Value, frozen=True, kw_only=True):
    """The measurements of a clip that a person chose; no score without other moments to compare with."""

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


class Judging(Value, frozen=True, kw_only=True):
    """The comparison of the finalists by a configured model: each pair in both orders."""

    model: Annotated[str, Meta(description="The configured model.", examples=["gpt-4.1-mini"])]
    used: bool
    """Whether the scores contain it."""
    finalists: int = 0
    """Number of moments that were compared."""
    hidden: int = 0
    """Number of finalists that were not shown to the model, because they read like orders to one."""
    comparisons: int = 0
    """Number of planned comparisons."""
    counted: int = 0
    """Number of comparisons that count: both answers came, and quote both moments."""
    drawn: int = 0
    """Number of those in which each moment was preferred in one order."""
    reason: Annotated[
        str,
        Meta(
            description="Why comparisons do not count, or nothing was compared, as a sentence; empty if all count.",
            examples=["a quote is not in its window"],
        ),
    ] = ""
    cost: Cost = Cost()
    """What its answers cost, in all attempts that are known."""


class MomentList(Value, frozen=True, kw_only=True):
    """Every candidate moment, best first."""

    moments: list[Moment]
    """Candidate moments, best first."""
    nothing_found_reason: str | None = None
    scorer: str = ""
    """Name of the scorer."""
    picture_models: list[str] = []
    """Detectors and models of the visual analysis."""
    project_title: str = ""
    """Title of the project, as in `Transcript`."""
    weights: str = ""
    """The table of weights, and its genre."""
    meaning: str = ""
    """The way of comparing the meaning of sentences: a model, or common words with the reason."""
    scenery: Scenery | None = None
    """The content of its sampled frames; null without video."""
    nearest: list[NearMoment] = []
    """The moments that came closest, if none was selected."""
    transcript_version: int = 1
    """The transcript version that was scored; later corrections change no moment."""
    order: Literal["score", "time"] = "score"
    """Order of the selected moments' ranks. `time`: no moment was ranked with confidence, and scores say little."""
    judging: Judging | None = None
    """The finalists' comparison by a configured model; null where none is configured."""
