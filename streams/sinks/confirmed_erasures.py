"""An erasure is done only where the rows call the project erased: a forged event erases nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from uuid import UUID

from schemas import events
from streams.sinks.batch_consumer import Arrived, Handle, Refused

IsErased: TypeAlias = Callable[[UUID, UUID], Awaitable[bool]]
"""Whether the rows call this project of this organisation erased. May raise Unavailable."""
REASON = "event.unconfirmed"


async def handle_confirmed(handle: Handle, is_erased: IsErased, batch: Sequence[Arrived]) -> Sequence[Refused]:
    """Let ``handle`` take the batch without erasures that the rows do not confirm; these are refused."""
    confirmed: list[Arrived] = []
    refused: list[Refused] = []
    for one in batch:
        if isinstance(one.event, events.ProjectErased) and not await is_erased(one.event.org_id, one.event.project_id):
            detail = f"no row calls project {one.event.project_id} of organisation {one.event.org_id} erased"
            refused.append(Refused(message=one.message, reason=REASON, detail=detail))
        else:
            confirmed.append(one)
    return [*refused, *(await handle(confirmed) if confirmed else ())]
