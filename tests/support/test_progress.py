"""The waits of the suite: a moving piece of work moves their end, a standing one and an endless one fail."""

from __future__ import annotations

import pytest

from tests.support.progress import Patience, await_while_moving, measure_slowness, wait_while_moving


class Clock:
    """A clock that the test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_progress_moves_the_deadline() -> None:
    clock = Clock()
    patience = Patience("the render", still_s=10, cap_s=1_000, clock=clock)
    for percent in range(50):
        clock.now_s += 9
        patience.check(percent)
    clock.now_s += 11
    with pytest.raises(AssertionError, match="the render: nothing moved for 11 s, last 49"):
        patience.check(49)


def test_endless_progress_fails_at_the_cap() -> None:
    clock = Clock()
    patience = Patience("the render", still_s=10, cap_s=30, clock=clock)
    for percent in range(3):
        clock.now_s += 9
        patience.check(percent)
    clock.now_s += 9
    with pytest.raises(AssertionError, match="the render: not within 36 s"):
        patience.check(3)


def test_a_wait_returns_the_first_true_answer() -> None:
    answers = iter((0, 0, 7))
    assert wait_while_moving(lambda: next(answers), "a number", every_s=0) == 7
    with pytest.raises(AssertionError, match="nothing moved"):
        wait_while_moving(lambda: False, "nothing", still_s=0, every_s=0)


async def test_a_coroutine_is_awaited_until_it_is_true() -> None:
    seen: list[int] = []

    async def ask() -> bool:
        seen.append(len(seen))
        return len(seen) == 3

    assert await await_while_moving(ask, "three calls", progress=lambda: len(seen), every_s=0)
    assert seen == [0, 1, 2]


def test_slowness_is_at_least_one() -> None:
    assert measure_slowness() >= 1
