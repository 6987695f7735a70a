"""The stored inputs that all exports of a request share."""

from __future__ import annotations

import msgspec

from schemas.common import ObjectRef
from schemas.documents.edit import EditList
from schemas.documents.source import SourceIndex
from schemas.documents.transcript import Transcript
from schemas.options.brand_kit import BrandSnapshot
from streams.renderer.codecs import Encoding


class StoredTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript and its reference in object storage; both None where the source has no speech."""

    transcript: Transcript | None = None
    ref: ObjectRef | None = None


class RenderInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs shared by all exports of a request, and by previews."""

    index: SourceIndex
    stored_transcript: StoredTranscript = StoredTranscript()
    edit: EditList | None = None
    """None: the plan's range is played unedited."""
    brand: BrandSnapshot | None = None
    encoding: Encoding = Encoding()
    title: str = ""
    """The clip's title, for thumbnails that show it."""
