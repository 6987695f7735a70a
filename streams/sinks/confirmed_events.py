"""A sink takes only what the rows confirm: a forged event is not counted, found or obeyed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeAlias

from core.domain.event_confirmation import UNCONFIRMED, find_contradiction, named_export
from core.infra.postgres.known_owners import Known, Named
from schemas import events
from streams.sinks.batch_consumer import Arrived, Handle, Refused

Ask: TypeAlias = Callable[[Collection[Named]], Awaitable[Known]]
"""Returns the rows' state of these owners. May raise Unavailable: the batch then comes again."""


async def handle_confirmed(handle: Handle, ask: Ask, batch: Sequence[Arrived]) -> Sequence[Refused]:
    """Let ``handle`` take the batch without events that the rows do not confirm; these are refused."""
    owners = [name_owner(arrived.event) for arrived in batch]
    known_owners = await ask({owner for owner in owners if owner is not None})
    confirmed: list[Arrived] = []
    refused: list[Refused] = []
    for arrived, owner in zip(batch, owners, strict=True):
        contradiction = find_contradiction(arrived.event, known_owners.get(owner)) if owner is not None else None
        if contradiction is None:
            confirmed.append(arrived)
        else:
            refused.append(Refused(message=arrived.message, reason=UNCONFIRMED, detail=contradiction))
    return [*refused, *(await handle(confirmed) if confirmed else ())]


def name_owner(event: events.AnyEvent) -> Named | None:
    """Return the owner that the rows must confirm; None for an event that they cannot confirm.

    An upload may come before its row, and has a signature. A refused message has no owner.
    """
    if isinstance(event, events.UploadReceived) or event.org_id is None or event.project_id is None:
        return None
    return event.org_id, event.project_id, named_export(event)
