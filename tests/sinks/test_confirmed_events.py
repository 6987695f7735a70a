"""What the rows do not confirm reaches no store; what came with it does, and one question is asked of a batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import pytest

from core.domain.event_confirmation import UNCONFIRMED, KnownExport, KnownOwner
from core.errors import Unavailable
from core.infra.postgres.known_owners import Known, Named
from schemas import events
from streams.sinks.batch_consumer import Arrived, Refused, dead_letter
from streams.sinks.confirmed_events import handle_confirmed
from tests.support.event_factory import arrived, passing_examples

ORG, ERASED, ALIVE, ASSET, EXPORT = (UUID(int=number) for number in range(1, 6))
KNOWN = {
    (ORG, ERASED): KnownOwner(state="erased"),
    (ORG, ALIVE): KnownOwner(state="completed", export=KnownExport(state="done", retries=0)),
    (ORG, ASSET): KnownOwner(state="checked", kind="asset"),
}


class Store:
    """Takes batches; knows the rows above."""

    def __init__(self) -> None:
        self.taken: list[events.AnyEvent] = []
        self.questions: list[set[Named]] = []

    async def handle(self, batch: Sequence[Arrived]) -> Sequence[Refused]:
        self.taken.extend(one.event for one in batch)
        return ()

    async def ask(self, named: Collection[Named]) -> Known:
        self.questions.append({*named})
        return {one: KNOWN[one[:2]] for one in named if one[:2] in KNOWN}

    async def take(self, *sent: events.AnyEvent) -> list[Refused]:
        return [*await handle_confirmed(self.handle, self.ask, [arrived(event) for event in sent])]


async def test_a_forged_event_is_a_dead_letter_and_is_not_handled() -> None:
    store = Store()
    true = [
        events.ProjectErased(org_id=ORG, project_id=ERASED, version=4),
        events.ProjectFailed(org_id=ORG, project_id=ERASED, version=3, reason="r", detail="d"),
        events.ProjectCompleted(org_id=ORG, project_id=ALIVE, version=3, clip_count=1),
        events.ExportFailed(org_id=ORG, project_id=ALIVE, clip_id=ALIVE, export_id=EXPORT, ordinal=1, reason="r",
                            detail="it was replayed"),
        events.AssetRefused(org_id=ORG, asset_id=ASSET, kind="logo", reason="r", detail="d"),
        events.UploadReceived(org_id=UUID(int=9), project_id=UUID(int=9)),
    ]  # fmt: skip
    forged = [
        events.ProjectErased(org_id=ORG, project_id=ALIVE, version=4),
        events.ProjectErased(org_id=UUID(int=9), project_id=ERASED, version=4),
        events.ProjectFailed(org_id=ORG, project_id=ALIVE, version=3, reason="r", detail="d"),
        events.ProjectRetried(org_id=ORG, project_id=ALIVE, version=3, stages=[]),
        events.ExportCancelled(org_id=ORG, project_id=ALIVE, clip_id=ALIVE, export_id=EXPORT, ordinal=1),
        events.SpansHeard(org_id=ORG, project_id=ASSET),
        events.AssetRefused(org_id=ORG, asset_id=ALIVE, kind="logo", reason="r", detail="d"),
    ]
    refused = await store.take(*true, *forged)
    assert store.taken == true
    assert [one.reason for one in refused] == [UNCONFIRMED] * len(forged)
    letters = [dead_letter(one, "clickhouse") for one in refused]
    assert all(letter.org_id is None for letter in letters), "their owner is not known"
    assert len(store.questions) == 1


async def test_every_event_with_an_owner_is_checked() -> None:
    store = Store()
    sent = [one.event for one in passing_examples()]
    refused = await store.take(*sent)
    ownerless = {events.UploadReceived, events.UploadRefused, events.DeadLetter}
    assert {type(event) for event in store.taken} == ownerless
    assert len(refused) == sum(type(event) not in ownerless for event in sent)


async def test_a_batch_waits_for_the_rows() -> None:
    store = Store()

    async def ask(_: Collection[Named]) -> Known:
        raise Unavailable("postgres", "away")

    event = events.SpansHeard(org_id=ORG, project_id=ALIVE)
    with pytest.raises(Unavailable):
        await handle_confirmed(store.handle, ask, [arrived(event)])
    assert store.taken == []
