"""Seals of uploads: the copy of an uploaded object that no signed URL can write to (docs/adr/0025).

The API seals an upload when it is completed; ingest seals one that a producer named on Kafka without the API.
"""

from __future__ import annotations

from uuid import UUID

from core.infra.postgres.connection import Pool, org_transaction
from core.ports.stores import Objects
from core.storage.uploads import read_upload_place, seal_upload


def sealed_key_of(object_key: str, copy_id: UUID) -> str:
    """Key of a copy of an upload: it begins with the upload's own key, and is removed with it."""
    return f"{object_key}.{copy_id.hex}"


async def find_sealed_key(pool: Pool, objects: Objects, org_id: UUID, object_key: str, copy_id: UUID) -> str:
    """The key under which an upload's bytes stay as they are; seals it first where that was not done.

    An object that is no upload of ours stays where its producer put it. Raises KeyError where there is no object, and
    Unavailable.
    """
    async with org_transaction(pool, org_id) as connection:
        place = await read_upload_place(connection, org_id, object_key)
    if place is None or place.in_parts:
        return object_key
    if place.sealed_key is not None:
        return place.sealed_key
    sealed_key = sealed_key_of(object_key, copy_id)
    try:
        await objects.size(sealed_key)  # an earlier attempt copied it, and may have read from it
    except KeyError:
        await objects.copy(object_key, sealed_key)
    async with org_transaction(pool, org_id) as connection:
        return await seal_upload(connection, org_id, object_key, sealed_key)
