"""Which finalists are compared with which, within a number of calls. Pure."""

from __future__ import annotations

from collections.abc import Sequence

CALLS_PER_PAIR = 2
"""Each pair is asked about in both orders, so that a preference for a place cancels out."""
PLANNED_CALLS_RATIO = 0.8
"""Share of the most calls that is planned; the rest is for repeated ones."""
Round = Sequence[tuple[int, int]]
"""Pairs of finalists, by their places from 0; each finalist is in at most one of them."""


def list_rounds(count: int) -> list[Round]:
    """List the rounds in which each of ``count`` finalists meets every other one once (the circle method).

    With an odd count one sits out each round. Two rounds that follow each other link all finalists.
    """
    places: list[int | None] = [*range(count), *([None] if count % 2 else [])]
    rounds: list[Round] = []
    for _ in range(len(places) - 1):
        half = len(places) // 2
        opposite = zip(places[:half], reversed(places[half:]), strict=True)
        rounds.append([(first, second) for first, second in opposite if first is not None and second is not None])
        places = [places[0], places[-1], *places[1:-1]]
    return rounds


def count_finalists(count: int, max_calls: int) -> int:
    """Count how many of ``count`` finalists can be compared: as many as two rounds have calls for.

    0 where there are too few of them, or too few calls for any.
    """
    planned_calls = int(PLANNED_CALLS_RATIO * max_calls)
    if count < 2 or planned_calls < CALLS_PER_PAIR:
        return 0
    most_per_round = planned_calls // CALLS_PER_PAIR // 2
    return 2 if count == 2 or most_per_round == 0 else min(count, 2 * most_per_round + 1)


def plan_rounds(count: int, max_calls: int) -> list[Round]:
    """Plan the rounds of ``count`` finalists: every one that the planned calls are enough for."""
    left_calls = int(PLANNED_CALLS_RATIO * max_calls)
    planned: list[Round] = []
    for pairs in list_rounds(count) if count > 1 else []:
        left_calls -= CALLS_PER_PAIR * len(pairs)
        if left_calls < 0:
            break
        planned.append(pairs)
    return planned
