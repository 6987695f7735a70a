"""Restart delays of a part that died."""

from __future__ import annotations

from local.supervisor.runner import LONGEST_S, STEADY_S, Backoff


def test_each_fall_in_a_row_waits_twice_as_long_up_to_a_bound() -> None:
    backoff, waits = Backoff(), []
    for _ in range(9):
        backoff = backoff.fell(stood_s=1.0)
        waits.append(backoff.wait_s)
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits[-1] == LONGEST_S


def test_a_part_that_ran_long_starts_with_the_shortest_wait() -> None:
    fallen = Backoff(falls=7).fell(stood_s=STEADY_S)
    assert fallen == Backoff(falls=1)


def test_a_part_that_did_not_fall_does_not_wait() -> None:
    assert Backoff().wait_s == 0.0
