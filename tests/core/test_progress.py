"""One progress counter from several."""

from __future__ import annotations

from core.progress import Steps


def test_steps_only_grow() -> None:
    seen: list[int] = []
    steps = Steps(seen.append)
    first = steps.part()
    first(5)
    first(9)
    second = steps.part()
    second(1)
    second(3)
    assert seen == [5, 9, 10, 12]


def test_parallel_parts_add_up() -> None:
    seen: list[int] = []
    steps = Steps(seen.append)
    copied, read = steps.parallel(), steps.parallel()
    copied(100)
    read(1)
    copied(250)
    read(4)
    steps.part()(2)
    assert seen == [100, 101, 251, 254, 256]


def test_a_part_that_reports_late_counts_from_where_it_began() -> None:
    seen: list[int] = []
    steps = Steps(seen.append)
    first = steps.part()
    first(5)
    second = steps.part()
    first(7)
    second(1)
    assert seen == [5, 7, 7]
