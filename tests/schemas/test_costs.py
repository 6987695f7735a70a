"""Prices and sums of costs: no price means no amount, and an event of many calls stays small."""

from __future__ import annotations

import pytest

from schemas.costs import COST_KINDS, CostItem, CostKind, InferenceCall, PriceList, priced, shortened, sum_of

PRICES = PriceList(currency="EUR", cpu_hour=0.036, stored_gb=0.02)


def test_an_amount_is_priced_by_its_unit() -> None:
    assert priced("cpu_ms", 3_600_000, PRICES) == CostItem(kind="cpu_ms", amount=3_600_000, money=0.036)
    stored = priced("stored_bytes", 500_000_000, PRICES).money
    assert stored == pytest.approx(0.01)


@pytest.mark.parametrize("kind", COST_KINDS)
def test_an_unpriced_kind_has_no_money(kind: CostKind) -> None:
    assert priced(kind, 10, PriceList()) == CostItem(kind=kind, amount=10)


def test_money_is_summed_over_priced_items() -> None:
    assert sum_of([None, 0.25, None, 0.5]) == 0.75
    assert sum_of([None, None]) is None
    assert sum_of([]) is None


def test_calls_beyond_the_limit_are_summed_by_model() -> None:
    calls = [
        InferenceCall(model=model, at_ms=n, wall_ms=10, compute_ms=3, gpu_ms=1, failed=n % 2)
        for n, model in enumerate(["faces", "whisper"] * 3)
    ]
    short = shortened(calls, 2)
    assert short[:2] == calls[:2]
    assert [
        (call.model, call.requests, call.wall_ms, call.compute_ms, call.gpu_ms, call.failed) for call in short[2:]
    ] == [
        ("faces", 2, 20, 6, 2, 0),
        ("whisper", 2, 20, 6, 2, 2),
    ]
    assert shortened(calls, 6) == calls
