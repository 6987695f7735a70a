"""Sources of pages: a page that an organisation took in within the last day is copied, not downloaded again."""

from __future__ import annotations

from uuid import UUID

from core.infra.postgres.connection import Pool, org_transaction
from core.ports.stores import Objects
from core.storage.projects import find_page_source

KEPT_HOURS = 24
"""Age up to which a page's video counts as still the same."""


async def copy_page_source(
    pool: Pool, objects: Objects, org_id: UUID, project_id: UUID, page_key: str, key: str
) -> bool:
    """Copy the source of a page that another project has to ``key``; False where there is none. Raises Unavailable."""
    async with org_transaction(pool, org_id) as connection:
        source = await find_page_source(connection, org_id, project_id, page_key, max_age_hours=KEPT_HOURS)
    if source is None:
        return False
    try:
        await objects.copy(source.key, key)
    except KeyError:  # erased meanwhile
        return False
    return True
