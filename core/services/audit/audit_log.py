"""The audit log: append an entry, and seal what was appended.

An entry is written in the transaction of what it tells of. Who may append may not seal: the relay's role gives each
entry its place in the chain of its organisation, a moment later, so appending waits for no other writer (ADR 37).
"""

from __future__ import annotations

import msgspec

from core.domain.identity.audit_chain import seal
from core.infra.postgres.connection import Connection, Pool, transaction
from core.storage.identity.audit import (
    AuditEntry,
    insert_entry,
    list_entries_to_seal,
    list_orgs_to_seal,
    lock_chain,
    write_seals,
)

MAX_USER_AGENT_CHARACTERS = 200
MAX_ADDRESS_CHARACTERS = 64
MAX_SEALED_ENTRIES = 500
"""Entries that one transaction seals."""


async def append(connection: Connection, entry: AuditEntry) -> None:
    """Append an entry of the organisation that the transaction is limited to.

    Characters of its texts that are not printable ASCII become ``?``.
    """
    await insert_entry(
        connection,
        msgspec.structs.replace(
            entry,
            address=printable(entry.address, MAX_ADDRESS_CHARACTERS),
            user_agent=printable(entry.user_agent, MAX_USER_AGENT_CHARACTERS),
            request_id=printable(entry.request_id, MAX_ADDRESS_CHARACTERS),
        ),
    )


def printable(text: str, limit: int) -> str:
    """The first ``limit`` characters; what is not printable ASCII becomes ``?``."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text[:limit])


async def seal_entries(pool: Pool, limit: int = MAX_SEALED_ENTRIES) -> int:
    """Seal the oldest entries that are not sealed, of every organisation, and return their number.

    Runs as the relay's role; a transaction for each organisation.
    """
    async with transaction(pool) as connection:
        org_ids = await list_orgs_to_seal(connection, limit)
    sealed = 0
    for org_id in org_ids:
        async with transaction(pool) as connection:
            chain = await lock_chain(connection, org_id)
            entries = await list_entries_to_seal(connection, org_id, after=chain.end.position, limit=limit)
            if entries:
                await write_seals(connection, org_id, entries, list(seal(chain.end, entries)), chain.sealed_at)
            sealed += len(entries)
    return sealed
