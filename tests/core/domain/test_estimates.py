"""Estimates: from the table, adjusted by finished projects, wider with less data, priced by the list."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.estimates import (
    EstimatedSource,
    Finished,
    Range,
    Rate,
    Rates,
    amount_range,
    clips_of,
    default_rates,
    estimate,
    estimate_left,
    measure_leaning,
    table_amount,
    widen_range,
)
from schemas.costs import PriceList
from schemas.options.export_options import ExportOptions, VideoWish
from schemas.options.project import ProjectOptions
from schemas.stages import PROJECT_STAGES

RATES = Rates(
    version="t", measured="t",
    stages={"listen": Rate(spread=0.5, per_media_s=100.0), "render": Rate(spread=0.5, per_clip_s=200.0)},
    elapsed=Rate(spread=0.5, fixed=5000.0, per_media_s=50.0),
    kinds={"stored_bytes": Rate(spread=0.5, per_media_s=1000.0)},
    clip_s=30.0, media_s_per_clip=60.0, most_clips=12, bytes_per_s=1e5, bytes_spread=0.8,
)  # fmt: skip
MINUTES_10 = EstimatedSource(media_ms=600_000, megapixels=2.0)
NONE = PriceList()


def finished(factor: float, amounts: dict[str, int] | None = None) -> Finished:
    """A ten-minute project whose costs were ``factor`` times those of the table."""
    return msgspec.convert(
        {
            "source": MINUTES_10,
            "stages_cpu_ms": {"listen": round(60_000 * factor), "render": round(60_000 * factor)},
            "elapsed_ms": round(35_000 * factor),
            "amounts": amounts or {},
        },
        Finished,
        from_attributes=True,
    )


def test_each_further_shape_of_a_clip_takes_its_share() -> None:
    rate = Rate(spread=0.5, fixed=7.0, per_clip_s=200.0, per_shape=0.5)
    two = msgspec.structs.replace(MINUTES_10, options=ProjectOptions(aspects=["9:16", "1:1"]))
    one = table_amount(rate, MINUTES_10, RATES)
    assert table_amount(rate, two, RATES) - 7.0 == 1.5 * (one - 7.0)
    assert table_amount(RATES.stages["listen"], two, RATES) == table_amount(RATES.stages["listen"], MINUTES_10, RATES)


def test_a_draft_takes_its_share_of_a_clips_time() -> None:
    rate = Rate(spread=0.5, fixed=7.0, per_media_s=1.0, per_clip_s=200.0, per_quality={"draft": 0.5})
    draft = ProjectOptions(export=ExportOptions(video=VideoWish(quality="draft")))
    quick = msgspec.structs.replace(MINUTES_10, options=draft)
    media = 7.0 + 600.0
    assert table_amount(rate, quick, RATES) - media == 0.5 * (table_amount(rate, MINUTES_10, RATES) - media)
    assert default_rates().stages["render"].per_quality["draft"] < 1


def test_an_estimate_without_projects_follows_the_table() -> None:
    made = estimate(MINUTES_10, RATES, [], NONE, {})
    assert made.clips == 10
    assert {one.stage: one.cpu_ms.expected for one in made.stages} == {"listen": 60_000, "render": 60_000}
    assert made.elapsed_ms.expected == 35_000
    assert {one.kind: one.amount.expected for one in made.kinds} == {"cpu_ms": 120_000, "stored_bytes": 600_000}
    assert (made.money, made.basis.projects, made.not_estimated) == (None, 0, ["read_bytes"])


def test_finished_projects_shift_and_narrow_the_estimate() -> None:
    before = estimate(MINUTES_10, RATES, [], NONE, {}).elapsed_ms
    one = estimate(MINUTES_10, RATES, [finished(3.0)], NONE, {}).elapsed_ms
    many = estimate(MINUTES_10, RATES, [finished(3.0)] * 30, NONE, {}).elapsed_ms
    assert before.expected < one.expected < many.expected < 35_000 * 3
    assert many.expected == pytest.approx(35_000 * 3, rel=0.1)
    assert many.high / many.low < before.high / before.low


def test_guessed_length_widens_the_estimate() -> None:
    sure, guessed = (estimate(MINUTES_10, RATES, [], NONE, {}, unsure).elapsed_ms for unsure in (0.0, 0.8))
    assert guessed.expected == sure.expected
    assert guessed.low < sure.low < sure.high < guessed.high


def test_money_counts_only_priced_kinds() -> None:
    made = estimate(MINUTES_10, RATES, [], PriceList(currency="EUR", cpu_hour=0.06), {})
    paid = {one.kind: one.money for one in made.kinds}
    assert paid["stored_bytes"] is None
    assert made.money == paid["cpu_ms"]
    assert made.money is not None
    assert made.money.expected == pytest.approx(0.002)
    assert made.money.low < made.money.expected < made.money.high
    assert made.currency == "EUR"


def test_tokens_are_estimated_once_a_project_used_some() -> None:
    prices = {"tokens_in": 1e-6, "tokens_out": 2e-6}
    unknown = estimate(MINUTES_10, RATES, [], NONE, prices)
    assert unknown.not_estimated == ["read_bytes", "tokens_in", "tokens_out"]
    used = finished(1.0, {"tokens_in": 6000, "tokens_out": 600, "stored_bytes": 600_000, "cpu_ms": 1})
    known = estimate(MINUTES_10, RATES, [used, used], NONE, prices)
    assert known.not_estimated == ["read_bytes"]
    tokens = {one.kind: one for one in known.kinds}["tokens_in"]
    assert tokens.amount.expected == pytest.approx(6000)
    assert tokens.money is not None
    assert tokens.money.expected == pytest.approx(0.006)


@pytest.mark.parametrize(
    ("options", "clips"),
    [
        (ProjectOptions(), 10),
        (ProjectOptions(max_clips=3), 3),
        (ProjectOptions(target_clips=20), 20),
        (ProjectOptions(target_clips=20, max_clips=2), 2),
        (ProjectOptions(target_clips=50, min_clip_ms=60_000, max_clip_ms=90_000), 10),
    ],
)
def test_the_expected_number_of_clips_follows_the_options(options: ProjectOptions, clips: int) -> None:
    assert clips_of(msgspec.structs.replace(MINUTES_10, options=options), RATES) == clips


def test_sound_alone_makes_no_clips() -> None:
    sound = msgspec.structs.replace(MINUTES_10, megapixels=0.0)
    assert clips_of(sound, RATES) == 0
    assert table_amount(RATES.stages["render"], sound, RATES) == 0


def test_projects_without_time_teach_nothing() -> None:
    assert measure_leaning(RATES.elapsed, [(0.0, 5.0), (5.0, 0.0)]).projects == 0


@given(st.integers(1, 10**9), st.floats(0, 200), st.lists(st.floats(0.01, 100), max_size=8))
def test_a_range_is_always_in_order(media_ms: int, megapixels: float, factors: list[float]) -> None:
    source = EstimatedSource(media_ms=media_ms, megapixels=megapixels)
    made = estimate(source, default_rates(), [finished(factor) for factor in factors], NONE, {}, 0.5)
    for one in (made.elapsed_ms, *(stage.cpu_ms for stage in made.stages), *(kind.amount for kind in made.kinds)):
        assert 0 <= one.low <= one.expected <= one.high


def test_a_zero_amount_is_not_widened() -> None:
    assert widen_range(Range(expected=0, low=0, high=0), 1.0) == Range(expected=0, low=0, high=0)
    assert amount_range(0.0, measure_leaning(RATES.elapsed, [])) == Range(expected=0, low=0, high=0)


def test_the_shipped_table_names_every_stage_of_a_project() -> None:
    rates = default_rates()
    assert tuple(rates.stages) == PROJECT_STAGES
    hour = EstimatedSource(media_ms=3_600_000, megapixels=2.0736)
    every = (*rates.stages.values(), rates.elapsed, *rates.kinds.values())
    assert all(table_amount(rate, hour, rates) > 0 for rate in every)


def test_the_time_left_is_the_estimate_by_the_work_that_is_not_done() -> None:
    whole = estimate(EstimatedSource(media_ms=600_000, megapixels=2.0), default_rates(), [], PriceList(), {})
    assert estimate_left(whole, {}) == whole.elapsed_ms
    assert estimate_left(whole, dict.fromkeys(PROJECT_STAGES, 100)).high == 0
    half = estimate_left(whole, dict.fromkeys(PROJECT_STAGES, 50))
    assert half.expected == pytest.approx(whole.elapsed_ms.expected / 2)
    assert half.low < half.expected < half.high
    assert estimate_left(msgspec.structs.replace(whole, stages=[]), {"ingest": 100}) == whole.elapsed_ms
