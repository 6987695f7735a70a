"""Remove the traces that an erased person left in logs: addresses and names of browsers.

Runs as the relay's role, since the traces lie in the logs of every organisation that the person acted in, former ones
too. Logs are written a little later than what they tell of, hence several rounds.
"""

from __future__ import annotations

import datetime as dt

from core.infra.postgres.connection import Pool, transaction
from core.storage.organisation.erasures import claim_person_erasure, end_person_round, forget_traces

LEASE = dt.timedelta(minutes=2)
ROUNDS = tuple(dt.timedelta(seconds=s) for s in (5, 60, 400))
"""Pauses after each round: past the sealing of the audit log, a buffer of the request log, and outages of both."""


async def erase_traces(pool: Pool) -> bool:
    """Run one round of the person whose traces are due longest; False where none is. Raises Unavailable."""
    async with transaction(pool) as connection:
        due = await claim_person_erasure(connection, LEASE)
    if due is None:
        return False
    async with transaction(pool) as connection:
        await forget_traces(connection, due.user_id)
        await end_person_round(connection, due.user_id, ROUNDS[due.rounds] if due.rounds < len(ROUNDS) else None)
    return True
