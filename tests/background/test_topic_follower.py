"""An event that makes a background job fail is skipped; an outage is raised."""

from __future__ import annotations

import pytest

from core.errors import Unavailable
from schemas import events
from streams.background.topic_follower import hand_over
from tests.support import event_factory as made


async def test_a_bug_with_one_event_is_passed_over() -> None:
    seen = list[events.AnyEvent]()

    async def handle(event: events.AnyEvent) -> None:
        seen.append(event)
        raise KeyError("a bug")

    await hand_over(handle, made.erased(), "a group")
    assert seen == [made.erased()]


@pytest.mark.parametrize("error", [Unavailable("objects", "down"), ConnectionResetError()])
async def test_an_outage_is_waited_for(error: Exception) -> None:
    async def handle(event: events.AnyEvent) -> None:
        raise error

    with pytest.raises(type(error)):
        await hand_over(handle, made.erased(), "a group")
