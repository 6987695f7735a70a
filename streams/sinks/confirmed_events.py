"""A sink takes only what the rows confirm: a forged event is not counted, found or obeyed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeAlias

from core.domain.event_confirmation import UNCONFIRMED, find_contradiction, named_export
from core.infra.postgres.known_owners import Known, Named
from schemas import events
from streams.sinks.batch_consumer import Arrived, Handle, Refused

Ask: TypeAlias = Callable[[Collection[Named]], Awaitable[Known]]
"""What the rows say of these. May raise Unavailable: the batch then comes again."""


async def handle_confirmed(handle: Handle, ask: Ask, batch: Sequence[Arrived]) -> Sequence[Refused]:
    """Let ``handle`` take the batch without events that the rows do not confirm; these are refused."""
    names = [name_owner(one.event) for one in batch]
    known = await ask({one for one in names if one is not None})
    confirmed: list[Arrived] = []
    refused: list[Refused] = []
    for one, named in zip(batch, names, strict=True):
        wrong = find_contradiction(one.event, known.get(named)) if named is not None else None
        if wrong is None:
            confirmed.append(one)
        else:
            refused.append(Refused(message=one.message, reason=UNCONFIRMED, detail=wrong))
    return [*refused, *(await handle(confirmed) if confirmed else ())]


def name_owner(event: events.AnyEvent) -> Named | None:
    """What the rows have to know of an event; None for one that they cannot confirm.

    An upload may come before its row, and has a signature. A refused message has no owner.
    """
    if isinstance(event, events.UploadReceived) or event.org_id is None or event.project_id is None:
        return None
    return event.org_id, event.project_id, named_export(event)
