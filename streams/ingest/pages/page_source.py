"""The source of a page: its video found, or an own copy of what another project downloaded today."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgspec

from core.domain.pages.page_video import PageVideo
from core.infra.postgres.connection import Pool, org_transaction
from core.ports.stores import Objects
from core.storage.projects import find_page_source
from schemas import events
from schemas.ids import result_id
from streams.ingest.pages.page_resolver import resolve_page
from streams.runtime.context import StageContext, prefix_of
from streams.runtime.stage import Work

SAME_HOURS = 24
"""Age up to which a page's video counts as still the same."""


async def find_page_video(
    context: StageContext, event: events.UploadReceived, work: Work, scratch: Path
) -> PageVideo | None:
    """Find the video of the page that the URL names; None for the URL of a file."""
    if event.page_rights is None or event.source_url is None:
        return None
    folder = scratch / "page"
    folder.mkdir()
    return await resolve_page(
        event.source_url,
        event.page_rights,
        rules=context.settings.pages,
        outside=context.outside,
        limits=context.settings.media,
        scratch=folder,
        report=work.report,
    )


async def with_page_copy(
    context: StageContext, event: events.UploadReceived, work: Work, video: PageVideo | None
) -> events.UploadReceived:
    """The event with an own copy of the page's video, where another project has it; else as it is."""
    if video is None or video.page_key is None:
        return event
    key = f"{prefix_of(event, 'source', result_id(work.cause.input_id, 'page'))}.bin"
    is_copied = await copy_page_source(
        context.pool, context.objects, event.org_id, event.project_id, video.page_key, key
    )
    return msgspec.structs.replace(event, object_key=key, source_url=None) if is_copied else event


async def copy_page_source(
    pool: Pool, objects: Objects, org_id: UUID, project_id: UUID, page_key: str, key: str
) -> bool:
    """Copy to ``key`` the source that another project has of a page. False without one."""
    async with org_transaction(pool, org_id) as connection:
        source = await find_page_source(connection, org_id, project_id, page_key, max_age_hours=SAME_HOURS)
    if source is None:
        return False
    try:
        await objects.copy(source.key, key)
    except KeyError:  # erased meanwhile
        return False
    return True
