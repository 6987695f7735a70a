"""Change the title and metadata of a project, a clip or an export by a merge patch (RFC 7396).

Each change counts a revision, which is the ETag. A change without effect makes no revision and no event.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.clips.handlers import Clip, clip_reply
from api.exports.handlers import Export, export_reply
from api.http.conditional import check_held
from api.http.metadata_etags import etag_of, metadata_errors
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, FieldError, require
from api.projects.handlers import find_project, project_reply, tag_errors
from api.projects.models import Project
from core.domain.subtitles.cues import clean
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import next_version, put_project_event
from core.services import project_lifecycle
from core.services.exports import changed_label_parts, lock_clip, lock_export, relabel_export
from core.storage import clips, projects
from schemas import events
from schemas.metadata import (
    MAX_CLIP_TITLE_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MetadataPatch,
    decode_metadata,
    encode_metadata,
    merged,
)
from schemas.tags import Tags, tidied

_MERGE = (
    "A JSON Merge Patch (RFC 7396), as `application/merge-patch+json` or `application/json`. `If-Match` with the ETag "
    "of what was read is required. A change without effect makes no revision and no event."
)


class ChangeProject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields to change; a field that is left out stays."""

    title: Annotated[str, Meta(max_length=MAX_TITLE_CHARACTERS)] | UnsetType | None = UNSET
    """The new title; null: none."""
    metadata: MetadataPatch | UnsetType | None = UNSET
    tags: Tags | UnsetType | None = UNSET
    """All tags; null: none."""


class ChangeClip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields to change; a field that is left out stays."""

    title: Annotated[str, Meta(min_length=1, max_length=MAX_CLIP_TITLE_CHARACTERS)] | UnsetType | None = UNSET
    """The new title; null: the one that the machine found."""
    metadata: MetadataPatch | UnsetType | None = UNSET


class ChangeExport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields to change; a field that is left out stays."""

    title: Annotated[str, Meta(max_length=MAX_CLIP_TITLE_CHARACTERS)] | UnsetType | None = UNSET
    """The new title; null: none of its own. Its files keep their names."""
    metadata: MetadataPatch | UnsetType | None = UNSET


Change = ChangeProject | ChangeClip | ChangeExport


def change_errors(change: Change) -> list[FieldError]:
    """Errors of a change that do not depend on its subject."""
    errors = []
    if isinstance(change, ChangeClip) and isinstance(change.title, str) and not clean(change.title):
        errors.append(
            FieldError(pointer="/title", detail="It must have a letter; null gives the machine's title back.")
        )
    if isinstance(change, ChangeProject) and isinstance(change.tags, list):
        errors += tag_errors(change.tags)
    if isinstance(change.metadata, dict):
        errors += metadata_errors(change.metadata)
    return errors


def _merge_metadata(row: Row, change: Change) -> str:
    """The metadata after a change. Raises a 422 where it is too large."""
    before = decode_metadata(row["metadata"])
    if change.metadata is UNSET:
        return str(row["metadata"])
    after = {} if change.metadata is None else merged(before, change.metadata)
    if errors := metadata_errors(after):
        raise ApiProblem("invalid", errors[0].detail, errors=errors)
    return encode_metadata(after)


def _check_revision(call: Call[Any, None], row: Row, kind: str) -> None:
    etag = etag_of(kind, row["revision"])
    problem = ApiProblem(f"{kind}-changed", f"The {kind} is at revision {row['revision']} now: its ETag is {etag}.")
    check_held(call.request, etag, resource=kind, changed=problem)


async def change_project(call: Call[ChangeProject, None]) -> Reply:
    """Rename a project, or change its metadata or tags; search and analytics follow."""
    project_id = call.ids["project_id"]
    async with call.rows() as rows:
        await project_lifecycle.lock_project(rows, call.org_id, project_id)
        row = await find_project(rows, call.org_id, project_id)
        _check_revision(call, row, "project")
        title = row["title"] if call.body.title is UNSET else call.body.title or ""
        metadata = _merge_metadata(row, call.body)
        tags = list(row["tags"]) if call.body.tags is UNSET else tidied(call.body.tags or [])
        changed = changed_label_parts(row, title, metadata)
        if tags != list(row["tags"]):
            changed.append("tags")
        if changed:
            await projects.relabel_project(rows, call.org_id, project_id, title=title, metadata=metadata, tags=tags)
            await _put_event(rows, call, events.ProjectUpdated, row, changed)
        return await project_reply(rows, call)


async def change_clip(call: Call[ChangeClip, None]) -> Reply:
    """Rename a clip, or change its metadata; the machine's title is kept."""
    async with call.rows() as rows:
        row = require(await lock_clip(rows, call.org_id, call.ids["clip_id"]), "clip")
        _check_revision(call, row, "clip")
        title, found_title = row["title"], row["found_title"]
        if call.body.title is None and found_title is not None:
            title, found_title = found_title, None
        elif isinstance(call.body.title, str):
            title = clean(call.body.title)
            found_title = row["title"] if found_title is None and title != row["title"] else found_title
        metadata = _merge_metadata(row, call.body)
        if changed := changed_label_parts(row, title, metadata):
            await clips.relabel_clip(
                rows, call.org_id, row["clip_id"], title=title, found_title=found_title, metadata=metadata
            )
            ids = {name: row[name] for name in ("clip_id", "ordinal")}
            await _put_event(rows, call, events.ClipUpdated, row, changed, **ids)
        return await clip_reply(rows, call.org_id, row["clip_id"])


async def change_export(call: Call[ChangeExport, None]) -> Reply:
    """Give an export a title of its own, or change its metadata; its files keep their names."""
    async with call.rows() as rows:
        row = require(await lock_export(rows, call.org_id, call.ids["export_id"]), "export")
        _check_revision(call, row, "export")
        title = row["title"] if call.body.title is UNSET else clean(call.body.title or "")
        row = await relabel_export(
            rows, row, title=title, metadata=_merge_metadata(row, call.body), cause=call.cause(row["project_id"])
        )
    return export_reply(row, call.context.objects, call.now)


async def _put_event(
    rows: Connection,
    call: Call[Any, None],
    kind: type[events.ProjectUpdated | events.ClipUpdated],
    row: Row,
    changed: list[events.LabelPart],
    **ids: Any,
) -> None:
    """Add the event to the project's list. The words are the customer's and stay in the rows."""
    event = kind(
        org_id=call.org_id,
        project_id=row["project_id"],
        version=await next_version(rows, call.org_id, row["project_id"]),
        revision=row["revision"] + 1,
        changed=changed,
        **ids,
    )
    await put_project_event(rows, event, call.cause(row["project_id"]))


OPERATIONS = (
    Operation(
        method="PATCH",
        path="/v1/projects/{project_id}",
        name="changeProject",
        tag="projects",
        permission="projects:write",
        summary="Rename a project, or change its metadata",
        handler=change_project,
        request=ChangeProject,
        merge_patch=True,
        check=change_errors,
        response=Project,
        problems=("project-erased", "precondition-required", "project-changed"),
        description=f"{_MERGE} Search and analytics follow within seconds.",
    ),
    Operation(
        method="PATCH",
        path="/v1/clips/{clip_id}",
        name="changeClip",
        tag="clips",
        permission="projects:write",
        summary="Rename a clip, or change its metadata",
        handler=change_clip,
        request=ChangeClip,
        merge_patch=True,
        check=change_errors,
        response=Clip,
        problems=("precondition-required", "clip-changed"),
        description=f"{_MERGE} Edits and exports keep the title; search and analytics follow within seconds.",
    ),
    Operation(
        method="PATCH",
        path="/v1/exports/{export_id}",
        name="changeExport",
        tag="clips",
        permission="projects:write",
        summary="Give an export a title of its own, or change its metadata",
        handler=change_export,
        request=ChangeExport,
        merge_patch=True,
        check=change_errors,
        response=Export,
        problems=("precondition-required", "export-changed"),
        description=f"{_MERGE} Its files keep their names.",
    ),
)
