"""Presets of projects: options under a name, of an organisation: make, read, change, delete.

A preset is a proposal: a project is made with a copy of its options, which no later change of the preset reaches.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.brand.queries import resolve_project_brand
from api.http.conditional import check_held
from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import ApiProblem, FieldError, require
from api.projects.handlers import option_errors
from core.domain.identity.actors import Actor, parse_actor
from core.infra.postgres.connection import Connection, Row
from core.storage.organisation import project_presets
from schemas.options.project import ProjectOptions

MAX_PRESETS = 100
PresetName = Annotated[str, Meta(min_length=1, max_length=100, examples=["Weekly talk"])]


class CreateProjectPreset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options to keep under a name."""

    name: PresetName
    """Name; no other preset of the organisation has it, in any case of letters."""
    options: ProjectOptions
    """Options of the projects that are made with it."""


class ChangeProjectPreset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts to change; a part that is left out stays."""

    name: PresetName | UnsetType = UNSET
    """Another name."""
    options: ProjectOptions | UnsetType = UNSET
    """Other options: they replace those that were there as a whole."""


class ProjectPreset(msgspec.Struct, frozen=True, kw_only=True):
    """Options of projects under a name."""

    preset_id: UUID
    name: str
    """Name of the preset."""
    options: ProjectOptions
    """Options of the projects that are made with it."""
    version: int
    """Counts the changes, from 1: names the ETag."""
    created_at: dt.datetime
    changed_at: dt.datetime
    """When it was changed last."""
    actor: Actor
    """Who changed it last."""


class ProjectPresets(msgspec.Struct, frozen=True, kw_only=True):
    """All presets of the organisation, by name."""

    items: list[ProjectPreset]


def preset_errors(request: CreateProjectPreset | ChangeProjectPreset) -> list[FieldError]:
    """Errors of a request beyond its types."""
    errors = [] if request.options is UNSET else option_errors(request.options)
    if request.name is not UNSET and request.name != request.name.strip():
        errors.append(FieldError(pointer="/name", detail="It must not begin or end with a space."))
    return errors


async def create_project_preset(call: Call[CreateProjectPreset, None]) -> Reply:
    """Keep options under a name, for the projects to come."""
    preset_id = call.context.new_id()
    async with call.rows() as rows:
        await project_presets.lock_presets(rows, call.org_id)
        if await project_presets.count_presets(rows, call.org_id) >= MAX_PRESETS:
            raise ApiProblem("limit-reached", f"An organisation has at most {MAX_PRESETS} presets.")
        await _check(rows, call.org_id, preset_id, call.body.name, call.body.options)
        row = await project_presets.insert_preset(
            rows,
            call.org_id,
            preset_id,
            name=call.body.name,
            options=call.body.options,
            actor=call.caller.actor,
            at=call.now,
        )
    reply = _answer(row)
    return msgspec.structs.replace(reply, headers={**reply.headers, "Location": f"/v1/project-presets/{preset_id}"})


async def _check(rows: Connection, org_id: UUID, preset_id: UUID, name: str, options: ProjectOptions) -> None:
    """Raise a problem for a name that is taken, and for options that no project could be made with."""
    if await project_presets.is_name_taken(rows, org_id, name, but=preset_id):
        raise ApiProblem("preset-name-taken", f"There is a preset with the name {name!r}.")
    await resolve_project_brand(rows, org_id, options)


async def list_project_presets(call: Call[None, None]) -> Reply:
    """All presets of the organisation, by name."""
    async with call.rows() as rows:
        preset_rows = await project_presets.list_preset_rows(rows, call.org_id)
    return Reply(body=ProjectPresets(items=[_view(row) for row in preset_rows]))


async def get_project_preset(call: Call[None, None]) -> Reply:
    """Read one preset."""
    async with call.rows() as rows:
        row = await project_presets.find_preset_row(rows, call.org_id, call.ids["preset_id"])
    return _answer(require(row, "preset"))


async def change_project_preset(call: Call[ChangeProjectPreset, None]) -> Reply:
    """Change name or options; what changes nothing counts no version."""
    preset_id = call.ids["preset_id"]
    async with call.rows() as rows:
        await project_presets.lock_presets(rows, call.org_id)
        row = require(await project_presets.find_preset_row(rows, call.org_id, preset_id, lock=True), "preset")
        before = _view(row)
        changed_since = ApiProblem("preset-changed", f"The preset is at version {before.version} now.")
        check_held(call.request, _etag(before.version), resource="preset", changed=changed_since)
        name = before.name if call.body.name is UNSET else call.body.name
        options = before.options if call.body.options is UNSET else call.body.options
        if (name, options) == (before.name, before.options):
            return _answer(row)
        await _check(rows, call.org_id, preset_id, name, options)
        changed = await project_presets.change_preset(
            rows, call.org_id, preset_id, name=name, options=options, actor=call.caller.actor, at=call.now
        )
    return _answer(changed)


async def delete_project_preset(call: Call[None, None]) -> Reply:
    """Delete a preset; projects that were made with it keep their options."""
    async with call.rows() as rows:
        require(await project_presets.find_preset_row(rows, call.org_id, call.ids["preset_id"], lock=True), "preset")
        await project_presets.delete_preset(rows, call.org_id, call.ids["preset_id"])
    return Reply(status=204)


def _etag(version: int) -> str:
    return f'"preset-{version}"'


def _answer(row: Row) -> Reply:
    headers = {"ETag": _etag(row["version"]), "Cache-Control": "private, no-cache"}
    return Reply(body=_view(row), headers=headers)


def _view(row: Row) -> ProjectPreset:
    names = ("preset_id", "name", "version", "created_at", "changed_at")
    options = msgspec.convert(row["options"], ProjectOptions)
    return ProjectPreset(**{name: row[name] for name in names}, options=options, actor=parse_actor(row["actor"]))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/project-presets",
        name="createProjectPreset",
        tag="projects",
        permission="projects:write",
        status=201,
        located=True,
        summary="Keep options of projects under a name",
        handler=create_project_preset,
        request=CreateProjectPreset,
        check=preset_errors,
        response=ProjectPreset,
        problems=("limit-reached", "preset-name-taken"),
    ),
    Operation(
        method="GET",
        path="/v1/project-presets",
        name="listProjectPresets",
        tag="projects",
        permission="projects:read",
        summary="List the presets of projects, by name",
        handler=list_project_presets,
        response=ProjectPresets,
    ),
    Operation(
        method="GET",
        path="/v1/project-presets/{preset_id}",
        name="getProjectPreset",
        tag="projects",
        permission="projects:read",
        summary="Read a preset of projects",
        handler=get_project_preset,
        response=ProjectPreset,
    ),
    Operation(
        method="PATCH",
        path="/v1/project-presets/{preset_id}",
        name="changeProjectPreset",
        tag="projects",
        permission="projects:write",
        summary="Change name or options of a preset",
        handler=change_project_preset,
        request=ChangeProjectPreset,
        check=preset_errors,
        response=ProjectPreset,
        problems=("precondition-required", "preset-changed", "preset-name-taken"),
        description="`If-Match` with the ETag of the version that was read is required.",
    ),
    Operation(
        method="DELETE",
        path="/v1/project-presets/{preset_id}",
        name="deleteProjectPreset",
        tag="projects",
        permission="projects:write",
        status=204,
        summary="Delete a preset of projects",
        handler=delete_project_preset,
    ),
)
