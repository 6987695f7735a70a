"""One requested export with all that it is made of, and the names it is known by in the cache of segments."""

from __future__ import annotations

import msgspec

from schemas import events
from schemas.documents.frame_plan import FramePlan
from schemas.options.caption_template import template_named
from streams.render.provenance import made_with, workshop
from streams.renderer.branding.loader import files_of
from streams.renderer.inputs import Shared
from streams.renderer.segments.cache_key import ground_of


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    request: events.RenderRequested
    plan: FramePlan
    shared: Shared
    recipe: str
    """One name for all that goes into the files."""

    @property
    def ground(self) -> str:
        """One name for what all chunks of its pictures have in common."""
        return ground_of(self.request, self.shared.encoding, self.shared.brand, workshop())

    @property
    def made_with(self) -> dict[str, str]:
        """Everything by name."""
        event, shared = self.request, self.shared
        used = {"plan": event.plan, "source": event.source, "index": event.index, "edit": event.edit}
        inputs = used | {"transcript": shared.words.ref} | files_of(shared.brand)
        look = template_named(event.rendition.template, event.rendition.template_version)
        return made_with(shared.encoding, look, self.plan, shared.words.transcript, inputs)
