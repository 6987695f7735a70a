"""Time conversion: an array gives the same as each value alone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from core.media.decode.timestamps import list_project_ms, list_stream_us, project_ms, stream_us

TIMES = [-5, 0, 1, 1001, 90_000, 2**40]


@pytest.mark.parametrize("base", [(1, 90_000), (1001, 30_000), Fraction(1, 15_360), Fraction(1, 1000)])
def test_times_converted_together_equal_those_of_each(base: Fraction | tuple[int, int]) -> None:
    assert list_stream_us(TIMES, base) == [stream_us(pts, base) for pts in TIMES]
    assert list_project_ms(TIMES, base, 1_234) == [project_ms(pts, base, 1_234) for pts in TIMES]
