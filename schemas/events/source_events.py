"""Events of what comes in: sources, files of brand kits, and messages that were refused."""

from __future__ import annotations

from uuid import UUID

import msgspec

from schemas.common import ObjectRef
from schemas.events.event_base import Event
from schemas.metadata import Metadata
from schemas.options.brand_kit import AssetKind
from schemas.options.project import ProjectOptions
from schemas.options.script_text import ScriptText
from schemas.page_rights import PageRights


class UploadReceived(Event, frozen=True, kw_only=True):
    """A source is ready: an object under the organisation's prefix, a URL to fetch, or a script."""

    object_key: str | None = None
    source_url: str | None = None
    page_rights: PageRights | None = None
    """Why the video of the page at ``source_url`` may be used; null: the URL is one of a file."""
    script_text: ScriptText | None = None
    """A text to show on caption cards: a project without media."""
    title: str = ""
    options: ProjectOptions = ProjectOptions()
    metadata: Metadata = {}
    """The customer's own JSON, kept with the project. No other event holds it."""


class UploadRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A message on ``uploads.v1`` made no project, and why. All producers read this: it has ids only."""

    refusal_id: UUID
    partition: int
    """Partition of the message on ``uploads.v1``."""
    offset: int
    reason: str
    detail: str
    """Remedy, in a sentence that holds nothing of the message."""
    key_id: str | None = None
    """The producer key that the message names; None where no key has this id."""
    signed: bool = False
    """Whether the signature is valid; without a valid one anybody may have sent the message."""
    message_key: UUID | None = None
    """Key of the message, the project's id; None where it is no UUID."""
    event_id: UUID | None = None
    """CloudEvents id of the message; None where it is no UUID."""
    unlisted: int = 0
    """Number of messages of this sender that were refused since its last listed refusal and are not listed."""

    @property
    def org_id(self) -> UUID | None:
        """None: the topic belongs to all producers."""
        return None

    @property
    def project_id(self) -> UUID | None:
        """None: there is no project."""
        return None


class AssetEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Base of events about a file of an organisation's brand kits. Such a file belongs to no project."""

    org_id: UUID
    asset_id: UUID
    kind: AssetKind

    @property
    def project_id(self) -> UUID:
        """The asset's own id: it stands in for a project's in keys, attempts and rows."""
        return self.asset_id


class AssetReceived(AssetEvent, frozen=True, kw_only=True):
    """A file for brand kits was uploaded and is to be checked."""


class AssetChecked(AssetEvent, frozen=True, kw_only=True):
    """The file may be used; ``object`` is the part of it that is used."""

    object: ObjectRef


class AssetRefused(AssetEvent, frozen=True, kw_only=True):
    """The file cannot be used; ``detail`` is a sentence for a person."""

    reason: str
    detail: str
