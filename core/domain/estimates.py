"""The expected cost of a project: a table of rates, adjusted by the projects that have finished. Pure.

``amount = fixed + per_media_s · seconds + per_megapixel_s · megapixels · seconds + (per_clip_s +
per_clip_megapixel_s · megapixels) · seconds of clips``, the last by shapes and quality. How far the finished ones lay
from it moves the middle (in logarithms, shrunk towards the table as by two more projects that fitted it) and sets the
width: 80 % of projects should lie inside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.resources import files

import msgspec

from schemas.common import Value
from schemas.costs import CostKind, PriceList, price_of
from schemas.events import Stage
from schemas.options.curation import MAX_CLIPS
from schemas.options.export_options import Quality
from schemas.options.project import ProjectOptions

TABLE_WEIGHT_COUNT = 2.0
"""Number of finished projects that the table weighs as much as."""
DECILE_SIGMA = 1.2816
"""Standard deviations beyond which a tenth of a normal distribution lies, on each side."""
USUAL: tuple[CostKind, ...] = ("stored_bytes", "read_bytes")
"""Kinds of cost, besides processor time, that every project has."""
SPARED_STAGES: tuple[Stage, ...] = ("listen", "look", "frame")
"""Stages that find nothing to do in a script."""
MIN_COMPARED_VALUE = 1.0
"""Amounts below one ms or byte are not compared."""


class Rate(Value, frozen=True, kw_only=True):
    """The growth of an amount; ``spread``: standard deviation of its logarithm before learning."""

    spread: float
    fixed: float = 0.0
    per_media_s: float = 0.0
    per_megapixel_s: float = 0.0
    per_clip_s: float = 0.0
    per_clip_megapixel_s: float = 0.0
    per_shape: float = 0.0
    """Cost of each further aspect of a clip, as a share of the first one's."""
    per_quality: dict[Quality, float] = {}
    """Cost of a clip by quality, as a multiple of ``good``."""


class Rates(Value, frozen=True, kw_only=True):
    """The table of rates; ``kinds``: other costs; ``bytes_per_s`` estimates a length from a size."""

    version: str
    measured: str
    stages: dict[Stage, Rate]
    elapsed: Rate
    kinds: dict[CostKind, Rate]
    clip_s: float
    """Length of a usual clip."""
    media_s_per_clip: float
    most_clips: int
    bytes_per_s: float
    bytes_spread: float


class EstimatedSource(Value, frozen=True, kw_only=True):
    """Known properties of a source; ``megapixels`` of a frame, 0 without video."""

    media_ms: int
    megapixels: float
    options: ProjectOptions = ProjectOptions()
    script: bool = False
    """Whether it is a script: there is nothing to hear, and no face to follow."""


class Finished(Value, frozen=True, kw_only=True):
    """The cost of a finished project: processor time by stage, wall time, other costs by kind."""

    source: EstimatedSource
    stages_cpu_ms: dict[Stage, int]
    elapsed_ms: int
    amounts: dict[CostKind, int] = {}


class Range(Value, frozen=True, kw_only=True):
    """An expected amount, and what 80 % of projects should lie between."""

    expected: float
    low: float
    """Lower bound of what 80 % of projects take."""
    high: float
    """Upper bound of what 80 % of projects take."""


class StageEstimate(Value, frozen=True, kw_only=True):
    """Processor time of one stage."""

    stage: Stage
    cpu_ms: Range
    """Processor time."""


class KindEstimate(Value, frozen=True, kw_only=True):
    """Amount of one kind of cost; ``money`` is absent where it has no price."""

    kind: CostKind
    """Kind of cost."""
    amount: Range
    money: Range | None = None
    """Price; null where the kind has none."""


class Basis(Value, frozen=True, kw_only=True):
    """The basis of an estimate: a version of the table, and finished projects of the organisation."""

    rates: str
    """Version of the table of rates."""
    projects: int
    """Number of finished projects it was adjusted to."""


class Estimate(Value, frozen=True, kw_only=True):
    """The estimate of a project. Amounts in the units of their kinds."""

    media_ms: int
    """Length of the source."""
    clips: int
    """Expected number of clips."""
    elapsed_ms: Range
    """Wall-clock time."""
    stages: list[StageEstimate]
    """Processor time of each stage."""
    kinds: list[KindEstimate]
    """Estimate of each kind of cost."""
    money: Range | None
    """Price in all."""
    currency: str
    basis: Basis
    """The basis of the estimate."""
    not_estimated: list[CostKind] = []
    """Kinds that nothing is known of yet."""


class Leaning(Value, frozen=True, kw_only=True):
    """Deviation of finished projects from the table: mean and deviation of the logarithm, and count."""

    shift: float
    spread: float
    projects: int


def default_rates() -> Rates:
    """The table that is shipped."""
    return msgspec.json.decode((files("schemas") / "data" / "stage_rates.json").read_bytes(), type=Rates)


def clips_of(source: EstimatedSource, rates: Rates) -> int:
    """Number of clips to be expected."""
    if not source.megapixels:
        return 0
    options = source.options
    if options.curation == "off":
        return len(options.ranges) or min(math.ceil(source.media_ms / options.max_clip_ms), MAX_CLIPS)
    natural = min(math.ceil(source.media_ms / 1000 / rates.media_s_per_clip), rates.most_clips)
    aimed = natural if options.target_clips is None else options.target_clips
    room = max(1, source.media_ms // max(1, options.min_clip_ms))
    return max(0, min(aimed, room, aimed if options.max_clips is None else options.max_clips))


def _uncurated_s(source: EstimatedSource, clips: int) -> float:
    """Seconds of all clips where none is chosen."""
    options = source.options
    whole_ms = min(source.media_ms, clips * options.max_clip_ms)
    return (sum(part.length_ms for part in options.ranges) if options.ranges else whole_ms) / 1000


def table_amount(rate: Rate, source: EstimatedSource, rates: Rates) -> float:
    """The amount by the table alone."""
    media_s = source.media_ms / 1000
    clip_s = min(max(rates.clip_s, source.options.min_clip_ms / 1000), source.options.max_clip_ms / 1000)
    clips_s = min(clips_of(source, rates) * clip_s, media_s)
    if source.options.curation == "off":
        clips_s = _uncurated_s(source, clips_of(source, rates))
    shapes = 1 + rate.per_shape * (len(source.options.shapes) - 1)
    quality = rate.per_quality.get(source.options.export.video.quality, 1.0)
    of_clips = (rate.per_clip_s + rate.per_clip_megapixel_s * source.megapixels) * shapes * quality
    of_media = rate.per_media_s + rate.per_megapixel_s * source.megapixels
    return rate.fixed + of_media * media_s + of_clips * clips_s


def measure_leaning(rate: Rate, pairs: Sequence[tuple[float, float]]) -> Leaning:
    """Distance of actual amounts from those of the table; ``pairs`` of (table, actual)."""
    logs = [
        math.log(actual / table)
        for table, actual in pairs
        if table >= MIN_COMPARED_VALUE and actual >= MIN_COMPARED_VALUE
    ]
    weight = len(logs) + TABLE_WEIGHT_COUNT
    shift = sum(logs) / weight
    variance = (TABLE_WEIGHT_COUNT * rate.spread**2 + sum((logarithm - shift) ** 2 for logarithm in logs)) / weight
    return Leaning(shift=shift, spread=math.sqrt(variance * (1 + 1 / weight)), projects=len(logs))


def amount_range(amount: float, leaning: Leaning) -> Range:
    """The table's amount, moved and widened."""
    middle, width = amount * math.exp(leaning.shift), math.exp(DECILE_SIGMA * leaning.spread)
    return Range(expected=round(middle, 3), low=round(middle / width, 3), high=round(middle * width, 3))


def sum_ranges(ranges: Sequence[Range]) -> Range:
    """A sum whose parts err together: what makes one stage slow makes all slow."""
    return Range(
        expected=round(sum(part.expected for part in ranges), 9),
        low=round(sum(part.low for part in ranges), 9),
        high=round(sum(part.high for part in ranges), 9),
    )


def scale_range(amount: Range, factor: float) -> Range:
    """Every number of a range times a factor."""
    return Range(
        expected=round(amount.expected * factor, 9),
        low=round(amount.low * factor, 9),
        high=round(amount.high * factor, 9),
    )


def widen_range(amount: Range, spread: float) -> Range:
    """A range that is unsure of one thing more."""
    if not amount.expected or not amount.low:
        return amount
    current_spread = math.log(amount.high / amount.expected) / DECILE_SIGMA
    width = math.exp(DECILE_SIGMA * math.hypot(current_spread, spread))
    return Range(
        expected=amount.expected, low=round(amount.expected / width, 3), high=round(amount.expected * width, 3)
    )


def estimate(
    source: EstimatedSource,
    rates: Rates,
    finished: Sequence[Finished],
    prices: PriceList,
    token_prices: Mapping[CostKind, float],
    unsure: float = 0.0,
) -> Estimate:
    """Estimate a project of this source.

    ``unsure``: spread of the source's own length, if it is a guess.
    """
    stages = [
        StageEstimate(stage=stage, cpu_ms=widen_range(_of_stage(stage, rate, source, rates, finished), unsure))
        for stage, rate in rates.stages.items()
    ]
    leaning = measure_leaning(
        rates.elapsed,
        [(table_amount(rates.elapsed, project.source, rates), project.elapsed_ms) for project in finished],
    )
    amounts: dict[CostKind, Range] = {"cpu_ms": sum_ranges([stage.cpu_ms for stage in stages])}
    amounts |= {kind: widen_range(amount, unsure) for kind, amount in _other_costs(source, rates, finished).items()}
    kinds = [_priced(kind, amount, prices, token_prices) for kind, amount in amounts.items()]
    paid = [cost.money for cost in kinds if cost.money is not None]
    return Estimate(
        media_ms=source.media_ms,
        clips=clips_of(source, rates),
        elapsed_ms=widen_range(
            amount_range(table_amount(rates.elapsed, source, rates) * work_share(source, rates), leaning), unsure
        ),
        stages=stages,
        kinds=kinds,
        money=sum_ranges(paid) if paid else None,
        currency=prices.currency,
        basis=Basis(rates=rates.version, projects=len(finished)),
        not_estimated=[kind for kind in (*USUAL, *token_prices) if kind not in amounts],
    )


def estimate_left(estimated: Estimate, percents: Mapping[Stage, int]) -> Range:
    """Wall-clock time until a project's end: its estimate by the share of the work that is left.

    ``percents``: how far each stage is; one that is missing has not begun. Without estimated work the whole time.
    """
    work = {stage.stage: stage.cpu_ms.expected for stage in estimated.stages}
    total = sum(work.values())
    left = sum(cpu_ms * (100 - min(100, percents.get(stage, 0))) / 100 for stage, cpu_ms in work.items())
    return scale_range(estimated.elapsed_ms, left / total if total else 1.0)


def work_share(source: EstimatedSource, rates: Rates) -> float:
    """Share of the table's processor time that is left without the stages that a script is spared."""
    amounts = {stage: table_amount(rate, source, rates) for stage, rate in rates.stages.items()}
    total = sum(amounts.values())
    spared = sum(amounts.get(stage, 0.0) for stage in SPARED_STAGES) if source.script else 0.0
    return 1 - spared / total if total else 1.0


def _of_stage(stage: Stage, rate: Rate, source: EstimatedSource, rates: Rates, finished: Sequence[Finished]) -> Range:
    if source.script and stage in SPARED_STAGES:
        return Range(expected=0.0, low=0.0, high=0.0)
    pairs = [
        (table_amount(rate, project.source, rates), float(project.stages_cpu_ms.get(stage, 0))) for project in finished
    ]
    return amount_range(table_amount(rate, source, rates), measure_leaning(rate, pairs))


def _other_costs(source: EstimatedSource, rates: Rates, finished: Sequence[Finished]) -> dict[CostKind, Range]:
    """Costs other than processor time, by the table or else by finished projects' use a second."""
    counted = [project for project in finished if project.amounts]
    seconds = sum(project.source.media_ms for project in counted) / 1000
    rate_by_kind = dict(rates.kinds)
    for kind in sorted({kind for project in counted for kind in project.amounts} - {*rate_by_kind, "cpu_ms"}):
        total = sum(project.amounts.get(kind, 0) for project in counted)
        if total and seconds:
            rate_by_kind[kind] = Rate(spread=1.0, per_media_s=total / seconds)
    return {
        kind: amount_range(
            table_amount(rate, source, rates),
            measure_leaning(
                rate,
                [
                    (table_amount(rate, project.source, rates), float(project.amounts.get(kind, 0)))
                    for project in counted
                ],
            ),
        )
        for kind, rate in rate_by_kind.items()
    }


def _priced(kind: CostKind, amount: Range, prices: PriceList, token_prices: Mapping[CostKind, float]) -> KindEstimate:
    price = token_prices.get(kind) or price_of(kind, prices)
    return KindEstimate(kind=kind, amount=amount, money=scale_range(amount, price) if price else None)
