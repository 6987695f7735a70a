"""What an export is made of, as render read it, with the names that it is known by. Reads nothing itself."""

from __future__ import annotations

import msgspec

from schemas import events
from schemas.brand import BrandSnapshot
from schemas.documents import FramePlan, SourceIndex, Transcript
from schemas.edit import EditList
from schemas.media import ObjectRef
from schemas.templates import template_named
from streams.render.codecs import Encoding
from streams.render.dressing import files_of
from streams.render.keys import ground_of
from streams.render.made_with import made_with, workshop


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript and where it is stored; None where nothing is said."""

    transcript: Transcript | None = None
    ref: ObjectRef | None = None


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What all exports of a request are made of."""

    index: SourceIndex
    words: Words = Words()
    edit: EditList | None = None
    """Without one the plan's range is played as it is."""
    brand: BrandSnapshot | None = None
    encoding: Encoding = Encoding()
    title: str = ""
    """On the thumbnails, where it is to stand there."""


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
        look = template_named(event.template, event.template_version)
        return made_with(shared.encoding, look, self.plan, shared.words.transcript, inputs)
