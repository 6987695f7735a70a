"""An erasure that no row confirms reaches no store; what came with it does."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from schemas import events
from streams.sinks.batch_consumer import Arrived, Refused, dead_letter
from streams.sinks.confirmed_erasures import REASON, handle_confirmed
from tests.support.event_factory import arrived

ORG, ERASED, ALIVE = UUID(int=1), UUID(int=2), UUID(int=3)


async def test_a_forged_erasure_is_a_dead_letter_and_erases_nothing() -> None:
    taken: list[events.AnyEvent] = []

    async def handle(batch: Sequence[Arrived]) -> Sequence[Refused]:
        taken.extend(one.event for one in batch)
        return ()

    async def is_erased(org_id: UUID, project_id: UUID) -> bool:
        return (org_id, project_id) == (ORG, ERASED)

    true = events.ProjectErased(org_id=ORG, project_id=ERASED, version=4)
    forged = events.ProjectErased(org_id=ORG, project_id=ALIVE, version=4)
    foreign = events.ProjectErased(org_id=UUID(int=9), project_id=ERASED, version=4)
    other = events.ProjectCompleted(org_id=ORG, project_id=ALIVE, version=3, clip_count=1)
    batch = [arrived(event) for event in (true, forged, foreign, other)]
    refused = await handle_confirmed(handle, is_erased, batch)
    assert taken == [true, other]
    assert [one.reason for one in refused] == [REASON, REASON]
    letters = [dead_letter(one, "clickhouse") for one in refused]
    assert all(letter.org_id is None for letter in letters), "their owner is not known"
