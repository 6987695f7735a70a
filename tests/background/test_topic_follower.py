"""An event that makes a background job fail is skipped; an outage is raised."""

from __future__ import annotations

import pytest

from core.errors import Unavailable
from schemas import events
from streams.background.topic_follower import hand_over
from tests.support import event_factory as made


async def test_an_event_that_meets_a_bug_is_skipped() -> None:
    seen = list[events.AnyEvent]()

    async def handle(event: events.AnyEvent) -> None:
        seen.append(event)
        raise KeyError("a bug")

    await hand_over(handle, made.erased(), "a group")
    assert seen == [made.erased()]


@pytest.mark.parametrize("error", [Unavailable("objects", "down"), ConnectionResetError()])
async def test_an_outage_is_raised_to_the_caller(error: Exception) -> None:
    async def handle(event: events.AnyEvent) -> None:
        raise error

    with pytest.raises(type(error)):
        await hand_over(handle, made.erased(), "a group")
