"""A start is ready in time: the promise is 25 s with everything installed. Never measures an install."""

from __future__ import annotations

from tests.e2e.conftest import Started, started

READY_S = 25.0
TRIES = 3


def test_a_stack_is_ready_within_its_deadline(first_start: Started) -> None:
    """From nothing in the directory to a message sent round, a query answered, an inference come back, in every part.

    A start that met a busy machine is tried again beside the first stack, at most twice.
    """
    took_s = [first_start[1]]
    while min(took_s) > READY_S and len(took_s) < TRIES:
        with started() as (_, seconds):
            took_s.append(seconds)
    assert min(took_s) <= READY_S, took_s
