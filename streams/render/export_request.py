"""One requested export with all that it is made of, and the names it is known by in the cache of segments."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from core.services.exports import cancelled_among, count_unfinished, exports_of, pinned_transcript
from core.storage.brand_kits import read_snapshot
from core.storage.clips import read_clip_title
from schemas import events
from schemas.common import ObjectRef
from schemas.documents.frame_plan import FramePlan
from schemas.options.brand_kit import BrandSnapshot
from schemas.options.caption_template import template_named
from streams.render.provenance import made_with, workshop
from streams.renderer.branding.loader import list_brand_files
from streams.renderer.inputs import RenderInputs
from streams.renderer.segments.cache_key import hash_segment_base


class RenderRows(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of a render request."""

    cancelled: AbstractSet[UUID]
    """Those of its exports that were cancelled since."""
    unfinished: int
    """Other exports of the project that are still to be made, or being made."""
    transcript: ObjectRef | None
    brand: BrandSnapshot | None
    clip_title: str


async def read_rows(connection: Connection, event: events.RenderRequested) -> RenderRows:
    """Read what a request is rendered from. Raises Rejected where its transcript version is gone."""
    rendition = event.rendition
    return RenderRows(
        cancelled=await cancelled_among(connection, event.org_id, exports_of(event)),
        unfinished=await count_unfinished(connection, event),
        transcript=await pinned_transcript(
            connection, event.org_id, event.project_id, event.rendition.transcript_version
        ),
        brand=await read_snapshot(connection, event.org_id, rendition.options.brand),
        clip_title=await read_clip_title(connection, event.org_id, event.clip_id),
    )


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    request: events.RenderRequested
    plan: FramePlan
    shared: RenderInputs
    recipe: str
    """One name for all that goes into the files."""

    @property
    def ground(self) -> str:
        """One name for what all chunks of its pictures have in common."""
        return hash_segment_base(self.request, self.shared.encoding, self.shared.brand, workshop())

    @property
    def made_with(self) -> dict[str, str]:
        """Everything by name."""
        event, shared = self.request, self.shared
        used = {"plan": event.plan, "source": event.source, "index": event.index, "edit": event.edit}
        inputs = used | {"transcript": shared.stored_transcript.ref} | list_brand_files(shared.brand)
        look = template_named(event.rendition.template, event.rendition.template_version)
        return made_with(shared.encoding, look, self.plan, shared.stored_transcript.transcript, inputs)
