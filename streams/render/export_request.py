"""An export request resolved to its stored inputs, with its provenance and cache key."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from uuid import UUID

import msgspec

from core.infra.postgres.connection import Connection
from core.services.exports import count_unfinished, find_exports_in, find_pinned_transcript, requested_exports
from core.storage.brand_kits import read_snapshot
from core.storage.clips import read_clip_title
from schemas import events
from schemas.common import ObjectRef
from schemas.documents.frame_plan import FramePlan
from schemas.options.brand_kit import BrandSnapshot
from schemas.options.caption_template import template_named
from streams.render.provenance import collect_provenance, environment
from streams.renderer.branding.loader import list_brand_files
from streams.renderer.inputs import RenderInputs
from streams.renderer.segments.cache_key import hash_segment_base


class RenderRows(msgspec.Struct, frozen=True, kw_only=True):
    """The database rows of a render request."""

    settled: AbstractSet[UUID]
    """Its exports that were cancelled since, or that an earlier attempt made."""
    unfinished: int
    """Other exports of the project that are still to be made, or being made."""
    transcript: ObjectRef | None
    brand: BrandSnapshot | None
    clip_title: str


async def read_rows(connection: Connection, event: events.RenderRequested) -> RenderRows:
    """Read what a request is rendered from. Raises InputRejected where its transcript version is gone."""
    rendition = event.rendition
    return RenderRows(
        settled=await find_exports_in(connection, event.org_id, requested_exports(event), ("done", "cancelled")),
        unfinished=await count_unfinished(connection, event),
        transcript=await find_pinned_transcript(
            connection, event.org_id, event.project_id, event.rendition.transcript_version
        ),
        brand=await read_snapshot(connection, event.org_id, rendition.options.brand),
        clip_title=await read_clip_title(connection, event.org_id, event.clip_id),
    )


class ResolvedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A requested export with everything that it is made from."""

    request: events.RenderRequested
    plan: FramePlan
    inputs: RenderInputs
    recipe: str
    """Hash of everything that decides its files."""

    @property
    def segment_base(self) -> str:
        """Hash of what all its segments have in common."""
        return hash_segment_base(self.request, self.inputs.encoding, self.inputs.brand, environment())

    @property
    def provenance(self) -> dict[str, str]:
        """Code, libraries, settings and inputs, by name."""
        event, shared = self.request, self.inputs
        pinned_documents = {"plan": event.plan, "source": event.source, "index": event.index, "edit": event.edit}
        inputs = pinned_documents | {"transcript": shared.stored_transcript.ref} | list_brand_files(shared.brand)
        look = template_named(event.rendition.template, event.rendition.template_version)
        return collect_provenance(shared.encoding, look, self.plan, shared.stored_transcript.transcript, inputs)
