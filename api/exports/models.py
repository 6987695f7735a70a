"""Requests for an export, and for a preview of it: read, completed, checked, named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from itertools import count
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from api.brand.queries import resolve_export_brand, with_kit_template
from api.problems.problem_details import FieldError, invalid, invalid_fields
from core.domain.editing.clock import hull, place_edit
from core.infra.postgres.connection import Connection, Row
from core.services.billing.quotas import read_organisation_plan
from core.settings import Settings
from core.storage.clips import newest_edit_version, read_edit
from core.storage.transcripts import read_transcript
from schemas.common import Aspect, TimeRange, Version
from schemas.events import Rendition
from schemas.ids import result_id
from schemas.options.brand_kit import BrandKit
from schemas.options.caption_template import export_words, templates, version_of
from schemas.options.captions import broken_language
from schemas.options.clip_look import ClipLook
from schemas.options.curation import CLIP_MS
from schemas.options.export_options import (
    ExportOptions,
    as_draft,
    broken_export_rules,
    export_suffix,
    watermark_suffix,
    words_suffix,
)
from schemas.options.project import ProjectOptions
from schemas.quantities import exactly, past_end, spoken_range

_EITHER = "Ask for a version of the edit, or for a range of your own: not for both."


class ExportChoices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request apart from the aspect.

    ``start_ms`` and ``end_ms`` replace the clip's own, on the project's time line.
    """

    captions: bool | None = None
    """Whether captions are drawn into the picture; null: as the clip's look says, else true."""
    template: Annotated[str, Meta(max_length=40)] | None = None
    """How the captions look; null: as the clip's look says, else the project's options."""
    mask_profanity: bool | None = None
    """Whether coarse words are hidden behind stars; null: as the clip's look says, else the project's options."""
    options: ExportOptions | None = None
    """How the file is made; null: as the project's options say, with captions, sound and kit of the clip's look."""
    start_ms: Annotated[int, Meta(ge=0, le=2**42)] | None = None
    """Start on the project's time line, instead of the clip's own."""
    end_ms: Annotated[int, Meta(ge=0, le=2**42)] | None = None
    """End on the project's time line, instead of the clip's own."""
    edit_version: Version | None = None
    """Version of the clip's edit; without it the newest."""
    transcript_version: Version | None = None
    """Version of the transcript to show, whatever is corrected later; without it the newest."""


class RequestExport(ExportChoices, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The requested file. ``start_ms`` and ``end_ms`` replace the clip's own, in project time."""

    aspect: Aspect | None = None
    """Shape of the picture; null: as the clip's look says, else 9:16."""


class FilledExport(RequestExport, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request with what the clip's look says where it is silent."""

    aspect: Aspect = "9:16"
    captions: bool = True


class _LookChoices(Protocol):
    """A request that names a template and options."""

    @property
    def template(self) -> str | None: ...

    @property
    def options(self) -> ExportOptions | None: ...


class ResolvedLook(msgspec.Struct, frozen=True, kw_only=True):
    """Look of the captions of an export, and options of its file."""

    template: str
    mask_profanity: bool
    options: ExportOptions
    test: bool = False
    """Whether the picture is marked: the caller's key, or the project's, is a test key."""
    watermark: bool = False
    """Whether the plan's mark is over the picture."""


class ResolvedSource(msgspec.Struct, frozen=True, kw_only=True):
    """Source of an export: the version of the edit with its range in the source, and the transcript."""

    edit_version: int
    range: TimeRange
    transcript_version: int
    """0: there is no transcript."""
    look: ClipLook | None = None
    """Look of this version of the edit."""


def export_errors(request: ExportChoices) -> list[FieldError]:
    """Errors of a request that do not depend on the clip: its template, and conflicting options."""
    errors = look_errors(request)
    if request.edit_version is not None and (request.start_ms is not None or request.end_ms is not None):
        errors.append(FieldError(pointer="/edit_version", detail=_EITHER))
    return errors


def look_errors(request: _LookChoices) -> list[FieldError]:
    """Errors of the template and the options of a request."""
    errors = []
    if request.template is not None and request.template not in templates():
        errors.append(FieldError(pointer="/template", detail=f"It must be one of {', '.join(templates())}."))
    if request.options is not None:
        broken = broken_export_rules(request.options, request.template or "")
        errors += [
            FieldError(pointer=f"/options/{path}", detail=f"It must be {rule}.") for path, rule in broken.items()
        ]
    return errors


async def resolve_source(rows: Connection, request: ExportChoices, clip: Row) -> ResolvedSource:
    """The requested version of the edit, or the newest; a range of its own plays as it is. Raises a 422."""
    has_range = request.start_ms is not None or request.end_ms is not None
    if has_range and request.edit_version is not None:
        raise invalid("/edit_version", _EITHER)
    words = await _words_version(rows, request.transcript_version, clip)
    version = request.edit_version or (
        1 if has_range else await newest_edit_version(rows, clip["org_id"], clip["clip_id"])
    )
    if version == 1:
        return ResolvedSource(edit_version=1, range=resolve_range(request, clip), transcript_version=words)
    edit = await read_edit(rows, clip, version)
    if edit is None:
        raise invalid("/edit_version", f"There is no version {version} of this clip's edit.")
    return ResolvedSource(edit_version=version, range=hull(place_edit(edit)), transcript_version=words, look=edit.look)


async def _words_version(rows: Connection, version: int | None, clip: Row) -> int:
    transcript = await read_transcript(rows, clip["org_id"], clip["project_id"], version)
    if transcript is None and version is not None:
        raise invalid("/transcript_version", f"There is no version {version} of the transcript.")
    return transcript.version if transcript else 0


def resolve_range(request: ExportChoices, clip: Row) -> TimeRange:
    """The range to export; raises a 422 for one that the source does not have."""
    start = clip["start_ms"] if request.start_ms is None else request.start_ms
    end = clip["end_ms"] if request.end_ms is None else request.end_ms
    low, high = CLIP_MS
    errors = []
    if clip["duration_ms"] is not None and end > clip["duration_ms"]:
        errors.append(FieldError(pointer="/end_ms", detail=past_end(clip["duration_ms"], end)))
    if not low <= end - start <= high:
        pointer = "/end_ms" if request.end_ms is not None else "/start_ms"
        detail = f"A clip lasts {spoken_range(low, high, 'ms')}, not {exactly(end - start, 'ms')}."
        # the automatic clip of a very short source may be shorter than what may be asked for
        if (start, end) != (clip["start_ms"], clip["end_ms"]):
            errors.append(FieldError(pointer=pointer, detail=detail))
    if errors:
        raise invalid_fields(errors)
    return TimeRange(start_ms=start, end_ms=end)


def merge_look(
    request: ExportChoices, options: ProjectOptions, export: ExportOptions, kit: BrandKit | None
) -> ResolvedLook:
    """Look of the captions and the file; raises a 422 for an unknown template.

    The caller's request counts first, then the brand kit that it names, then the project's options.
    """
    kit_template = (
        kit.template if kit is not None and request.options is not None and request.template is None else None
    )
    if kit_template is not None and kit is not None:
        export = with_kit_template(export, kit)
    look = ResolvedLook(
        template=request.template or kit_template or options.captions_template,
        mask_profanity=options.mask_profanity if request.mask_profanity is None else request.mask_profanity,
        options=export,
    )
    broken = {f"/options/{path}": rule for path, rule in broken_export_rules(look.options, look.template).items()}
    if look.template not in templates():
        broken["/template"] = f"one of {', '.join(templates())}"
    if rule := broken_language(look.options.captions, options.translate):
        broken["/options/captions/language"] = rule
    if broken:
        raise invalid_fields([FieldError(pointer=path, detail=f"It must be {rule}.") for path, rule in broken.items()])
    return look


def export_name(request: FilledExport, look: ResolvedLook, source: ResolvedSource, clip: Row) -> str:
    """Name of an export within its clip: equal requests have equal names, automatic exports included."""
    name = f"{request.aspect}/{export_words(request.captions, look.template, masked=look.mask_profanity)}"
    name += export_suffix(look.options) + words_suffix(source.transcript_version)
    if look.test and not clip["project_test"]:
        name += "/test"
    name += watermark_suffix(watermark=look.watermark)
    range_ = source.range
    if source.edit_version > 1:
        return f"{name}/edit-{source.edit_version}"
    if (range_.start_ms, range_.end_ms) != (clip["start_ms"], clip["end_ms"]):
        name += f"/{range_.start_ms}-{range_.end_ms}"
    return name


async def resolve_look(
    rows: Connection, settings: Settings, request: ExportChoices, clip: Row, *, test: bool
) -> ResolvedLook:
    """Look of an export, by its request, its brand kit and the project. Raises a 422.

    ``test``: a test key asks for it. What is no test has the mark of the organisation's plan, where that has one.
    """
    options = msgspec.convert(clip["options"], ProjectOptions)
    export_options = options.export if request.options is None else request.options
    export, kit = await resolve_export_brand(rows, clip["org_id"], export_options, "/options")
    if not test and not clip["project_test"]:
        watermark = (await read_organisation_plan(rows, settings, clip["org_id"])).watermark
        return msgspec.structs.replace(merge_look(request, options, export, kit), watermark=watermark)
    return msgspec.structs.replace(merge_look(request, options, as_draft(export), kit), test=True)


def build_rendition(request: FilledExport, source: ResolvedSource, look: ResolvedLook) -> Rendition:
    """The rendition that events of an export, and of a preview of it, carry."""
    return Rendition(
        range=source.range,
        aspect=request.aspect,
        captions=request.captions,
        template=look.template,
        template_version=version_of(look.template),
        mask_profanity=look.mask_profanity,
        options=look.options,
        transcript_version=source.transcript_version,
        test=look.test,
        watermark=look.watermark,
    )


def clip_fields(clip: Row) -> dict[str, Any]:
    """The fields by which an event names a clip."""
    return {name: clip[name] for name in ("org_id", "project_id", "clip_id", "ordinal")}


async def find_usable(
    read: Callable[[UUID, UUID], Awaitable[Row | None]],
    clip: Row,
    kind: Literal["export", "preview"],
    name: str,
    *,
    remade: Collection[str],
) -> tuple[UUID, Row | None]:
    """Id of a clip's result with this name, and its row where it exists.

    One in a state of ``remade`` is left as it is, and made again under the next id. ``read`` takes organisation and id.
    """
    for again in count():
        usable_id = result_id(clip["clip_id"], kind, f"{name}/again-{again}" if again else name)
        row = await read(clip["org_id"], usable_id)
        if row is None or row["state"] not in remade:
            break
    return usable_id, row
