"""Estimate of what a project would take: time, work and money, with a range."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import FieldError, invalid
from api.projects.handlers import option_errors, script_errors
from core.domain.estimates import Estimate, EstimatedSource, default_rates
from core.domain.script_text.reading_time import time_script
from core.services import estimates
from core.storage.uploads import read_upload_size
from schemas.options.project import ProjectOptions
from schemas.options.script_text import SCRIPT_SIDE_PX, ScriptText
from schemas.quantities import spoken_range

USUAL_PX = (1920, 1080)
Pixels = Annotated[int, Meta(ge=16, le=16_384)]


class EstimateProject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source: exactly one of ``duration_ms``, ``size_bytes``, ``upload_id`` and ``script_text``.

    From a size the length is guessed, and the error bar is as wide as that guess.
    """

    duration_ms: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    """Length of the source."""
    size_bytes: Annotated[int, Meta(ge=1, le=10**13)] | None = None
    upload_id: UUID | None = None
    script_text: ScriptText | None = None
    """A script, in the language of `options.language`: its length follows from how fast it is read."""
    width_px: Pixels | None = None
    """Width of the source's picture."""
    height_px: Pixels | None = None
    """Height of the source's picture."""
    video: bool = True
    """False for sound alone."""
    options: ProjectOptions = ProjectOptions()
    """Options of the project."""


class ProjectEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """The estimate, and the assumptions about what the request leaves out."""

    estimate: Estimate
    """Time, processor time and other amounts that the project should take."""
    assumed: list[str]
    """Assumptions about what the request leaves out."""


async def estimate_project(call: Call[EstimateProject, None]) -> Reply:
    """Estimate what a project of this source takes; 80 % of projects should lie inside each range."""
    request, settings, rates = call.body, call.context.settings, default_rates()
    assumed: list[str] = []
    async with call.rows() as rows:
        size = request.size_bytes
        if request.upload_id is not None:
            size = await _size_of(call, request.upload_id)
        media_ms, unsure = request.duration_ms or 0, 0.0
        if request.script_text is not None:
            media_ms = time_script(request.script_text, request.options.language or "").duration_ms
            assumed.append(f"length: {media_ms / 1000:.0f} s to read the script")
        if size is not None:
            media_ms, unsure = max(1, round(1000 * size / rates.bytes_per_s)), rates.bytes_spread
            assumed.append(f"length: {rates.bytes_per_s / 1e6:g} MB for each second, {media_ms / 60_000:.1f} minutes")
        elif media_ms > settings.media.max_duration_ms:
            raise invalid("/duration_ms", f"A source lasts {spoken_range(None, settings.media.max_duration_ms, 'ms')}.")
        source = EstimatedSource(
            media_ms=media_ms,
            megapixels=_megapixels(request, assumed),
            options=request.options,
            script=request.script_text is not None,
        )
        estimate = await estimates.estimate_source(rows, call.org_id, source, settings, unsure)
    return Reply(body=ProjectEstimate(estimate=estimate, assumed=assumed))


def estimate_errors(request: EstimateProject) -> list[FieldError]:
    """Errors of a request beyond its types: it names one source."""
    errors = [*option_errors(request.options), *script_errors(request.script_text, request.options)]
    sources = (request.duration_ms, request.size_bytes, request.upload_id, request.script_text)
    if sum(fact is not None for fact in sources) != 1:
        line = "Give exactly one of `duration_ms`, `size_bytes`, `upload_id` and `script_text`."
        errors.insert(0, FieldError(pointer="", detail=line))
    if (request.width_px is None) != (request.height_px is None):
        errors.append(FieldError(pointer="/width_px", detail="Give `width_px` and `height_px` together."))
    return errors


async def _size_of(call: Call[EstimateProject, None], upload_id: UUID) -> int:
    """Announced size of the caller's upload."""
    async with call.rows() as rows:
        size = await read_upload_size(rows, call.org_id, upload_id)
    if size is None:
        raise invalid("/upload_id", "There is no such upload.")
    return size


def _megapixels(request: EstimateProject, assumed: list[str]) -> float:
    if request.script_text is not None:
        return SCRIPT_SIDE_PX**2 / 1e6
    if not request.video:
        return 0.0
    width, height = request.width_px, request.height_px
    if width is None or height is None:
        width, height = USUAL_PX
        assumed.append(f"picture: {width} × {height}")
    return width * height / 1e6


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/projects/estimate",
        name="estimateProject",
        tag="projects",
        permission="projects:write",
        summary="Estimate what a project would take, in time, work and money",
        handler=estimate_project,
        request=EstimateProject,
        check=estimate_errors,
        response=ProjectEstimate,
    ),
)
