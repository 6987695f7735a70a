"""Archives of everything that an organisation has: ask for one, see how far it is, download it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, require
from core.domain.identity.actors import Actor, parse_actor
from core.storage.organisation import archives
from core.storage.organisation.archives import ArchiveRecord, ArchiveState

URL_LIFE_S = 3600


class MakeArchive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the archive is to hold."""

    media: bool = False
    """Whether recordings, clips and pictures are in it; transcripts and captions always are."""


class OrganisationArchive(msgspec.Struct, frozen=True, kw_only=True):
    """An archive of everything that the organisation has."""

    archive_id: UUID
    """Id of the archive."""
    state: ArchiveState
    """`expired`: its file was removed."""
    media: bool
    """Whether recordings, clips and pictures are in it."""
    requested_by: Actor
    """Who asked for it."""
    created_at: dt.datetime
    finished_at: dt.datetime | None
    """When it was done, or had failed."""
    expires_at: dt.datetime | None
    """When its file is removed; null until it is done."""
    size_bytes: int | None
    """Size of its file; null until it is done."""
    sha256: Annotated[str, Meta(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])] | None
    """SHA-256 of its file, in hexadecimal; null until it is done."""
    counts: dict[str, int]
    """Lines of each resource, and `files`; empty until it is done."""
    url: str | None
    """Address of its file for an hour; null while it has none, and for callers without `organisation:write`."""
    failure_reason: Annotated[str, Meta(examples=["archive.too_large"])] | None
    """Why it failed, as a word for programs."""
    failure_detail: Annotated[str, Meta(examples=["It would have 312.4 GB, and the most is 200 GB."])] | None
    """Why it failed, as a sentence."""


class OrganisationArchiveList(msgspec.Struct, frozen=True, kw_only=True):
    """The latest 100 archives, newest first."""

    items: list[OrganisationArchive]


def _view(call: Call[Any, Any], record: ArchiveRecord) -> OrganisationArchive:
    url = None
    may_download = "organisation:write" in call.caller.permissions and not call.caller.test
    if record.state == "done" and record.object_key is not None and may_download:
        filename = f"organisation-{record.created_at:%Y-%m-%d}.zip"
        url = call.context.objects.presign_get(record.object_key, filename=filename, expires_s=URL_LIFE_S)
    names = set(OrganisationArchive.__struct_fields__) - {"requested_by", "url"}
    fields = {name: getattr(record, name) for name in names}
    return OrganisationArchive(requested_by=parse_actor(record.requested_by), url=url, **fields)


async def make_archive(call: Call[MakeArchive, None]) -> Reply:
    """Make an archive of everything that the organisation has, one at a time.

    It holds JSON Lines of each resource, files and a manifest, and no secret: no hash of a key or a password, no
    signing secret.
    """
    if call.caller.test:
        raise ApiProblem("forbidden", "A test key makes no archive: it sees the work of its drafts alone.")
    async with call.rows() as rows:
        record = await archives.request_archive(
            rows, call.org_id, call.context.new_id(), actor=str(call.caller.actor), media=call.body.media
        )
    if record is None:
        raise ApiProblem("archive-at-work", "An archive of the organisation is being made: wait for its end.")
    location = f"/v1/organisation/archives/{record.archive_id}"
    return Reply(body=_view(call, record), headers={"Location": location})


async def list_archives(call: Call[None, None]) -> Reply:
    """List the organisation's archives, newest first."""
    async with call.rows() as rows:
        records = await archives.list_archives(rows, call.org_id)
    return Reply(body=OrganisationArchiveList(items=[_view(call, record) for record in records]))


async def get_archive(call: Call[None, None]) -> Reply:
    """Read how far an archive is, and where its file can be downloaded."""
    async with call.rows() as rows:
        listed = await archives.list_archives(rows, call.org_id, call.ids["archive_id"])
    return Reply(body=_view(call, require(next(iter(listed), None), "archive")))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/organisation/archives",
        name="makeArchive",
        tag="people",
        permission="organisation:write",
        status=202,
        summary="Make an archive of everything that the organisation has",
        handler=make_archive,
        request=MakeArchive,
        response=OrganisationArchive,
        located=True,
        problems=("archive-at-work",),
    ),
    Operation(
        method="GET",
        path="/v1/organisation/archives",
        name="listArchives",
        tag="people",
        permission="organisation:read",
        summary="List the organisation's archives",
        handler=list_archives,
        response=OrganisationArchiveList,
    ),
    Operation(
        method="GET",
        path="/v1/organisation/archives/{archive_id}",
        name="getArchive",
        tag="people",
        permission="organisation:read",
        summary="Read an archive, with the address of its file",
        handler=get_archive,
        response=OrganisationArchive,
        problems=("not-found",),
    ),
)
