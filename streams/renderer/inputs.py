"""What all exports of a request are made of, as render and preview read it."""

from __future__ import annotations

import msgspec

from schemas.common import ObjectRef
from schemas.documents.edit import EditList
from schemas.documents.source import SourceIndex
from schemas.documents.transcript import Transcript
from schemas.options.brand_kit import BrandSnapshot
from streams.renderer.codecs import Encoding


class StoredTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript and where it is stored; None where nothing is said."""

    transcript: Transcript | None = None
    ref: ObjectRef | None = None


class RenderInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What all exports of a request are made of."""

    index: SourceIndex
    stored_transcript: StoredTranscript = StoredTranscript()
    edit: EditList | None = None
    """Without one the plan's range is played as it is."""
    brand: BrandSnapshot | None = None
    encoding: Encoding = Encoding()
    title: str = ""
    """On the thumbnails, where it is to stand there."""
