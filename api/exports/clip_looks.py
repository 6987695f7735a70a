"""The look of a clip in its exports: it fills in what a request leaves out."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from api.exports.models import ExportChoices, FilledExport, ResolvedLook, resolve_look
from api.problems.problem_details import ApiProblem, FieldError, invalid_fields
from core.infra.postgres.connection import Connection, Row
from core.settings import Settings
from schemas.options.clip_look import ClipLook, LookOptions, with_look_options
from schemas.options.export_options import BrandPin
from schemas.options.project import ProjectOptions


def fill_request(request: ExportChoices, look: ClipLook | None, clip: Row) -> FilledExport:
    """The request, where it is silent the look, where that is silent too what exports are without one."""
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    fields = {name: value for name, value in fields.items() if name in FilledExport.__struct_fields__}
    filled = {name: value for name, value in fields.items() if value is not None}
    return FilledExport(**(_look_fields(request, look, clip) if look is not None else {}) | filled)


def _look_fields(request: ExportChoices, look: ClipLook, clip: Row) -> dict[str, Any]:
    parts = {name: getattr(look, name) for name in ("aspect", "captions", "template", "mask_profanity")}
    fields = {name: part for name, part in parts.items() if part is not UNSET}
    if request.options is None and look.options != LookOptions():
        project = msgspec.convert(clip["options"], ProjectOptions)
        fields["options"] = with_look_options(
            project.export, look, has_own_template=request.template not in (None, look.template)
        )
        # A kit that the look does not name lends no template: the project's own was chosen with it.
        if not isinstance(look.options.brand, BrandPin):
            fields["template"] = fields.get("template") or project.captions_template
    return fields


async def check_look(
    rows: Connection, settings: Settings, look: ClipLook, clip: Row, *, test: bool, pointer: str
) -> ResolvedLook:
    """What an export with this look comes to; raises a 422 at ``pointer`` where it cannot be."""
    try:
        return await resolve_look(rows, settings, fill_request(ExportChoices(), look, clip), clip, test=test)
    except ApiProblem as problem:
        errors = [FieldError(pointer=pointer + error.pointer, detail=error.detail) for error in problem.errors]
        raise invalid_fields(errors) from None
