"""Projects: create, list, read, cancel, erase. A project and its first event are one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.billing.quota_checks import require_quota
from api.brand.queries import resolve_project_brand
from api.http.metadata_etags import etag_of, metadata_errors
from api.http.operations import Call, Operation, Reply, TwoPhaseHandler
from api.http.pagination import decode_cursor, next_cursor, place_of
from api.problems.problem_details import ApiProblem, FieldError, invalid, not_found, require
from api.projects.cards import ProjectPage, card_view
from api.projects.models import Project, State, project_view
from api.uploads.queries import StoredUpload, measure_upload, take_upload
from core.domain.pages.page_rules import PageRules, find_page_refusal
from core.domain.script_text.blocks import title_of_script
from core.domain.script_text.rules import broken_script
from core.errors import InputRejected
from core.infra.http.public_addresses import parse_target, require_https
from core.infra.postgres.connection import Connection, Row
from core.infra.postgres.outbox import put
from core.services import project_lifecycle
from core.services.billing.project_expiry import read_keeping
from core.services.billing.quotas import read_organisation_plan
from core.storage.costs import list_cost_rows
from core.storage.projects import (
    ProjectOrder,
    find_project_row,
    find_same_project,
    list_project_cards,
    list_stage_rows,
    lock_source_url,
)
from schemas.codec import MAX_PAYLOAD_BYTES
from schemas.events import UploadReceived
from schemas.metadata import MAX_TITLE_CHARACTERS, Metadata
from schemas.options.export_options import as_draft
from schemas.options.project import ProjectOptions, broken_rules
from schemas.options.script_text import ScriptText, card_options
from schemas.page_rights import PageRights
from schemas.tags import Tag, Tags, broken_tags, tidied


class CreateProject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source to make clips of: exactly one of ``upload_id``, ``source_url`` and ``script_text``."""

    upload_id: UUID | None = None
    """Id of a complete upload."""
    source_url: Annotated[str, Meta(min_length=1, max_length=4000)] | None = None
    """Public http or https URL of a video."""
    page_rights: PageRights | None = None
    """Set where `source_url` is one of a page that shows a video, such as YouTube's: why you may use that video. `own`:
    it is yours; `licence`: its licence allows it; `permission`: its owner does."""
    script_text: ScriptText | None = None
    """A text to show on caption cards, in the language of `options.language`; Markdown is understood."""
    title: Annotated[str, Meta(max_length=MAX_TITLE_CHARACTERS)] = ""
    """Title; empty: the name of the file, or the beginning of the script."""
    options: ProjectOptions = ProjectOptions()
    """Options of the clips, and of how they are made."""
    metadata: Metadata = {}
    tags: Tags = []
    reuse: bool = False
    """Answer with the newest project of the same `source_url` and options that did not fail, if there is one."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The accepted project; follow ``Location`` or its events."""

    project_id: UUID
    state: Literal["queued", "running", "completed", "cancelled", "erased"]
    reused: bool = False
    """Whether the project was there already: nothing new was begun."""


class ListProjects(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters and page of a list of projects."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None
    state: State | None = None
    """Only projects in this state."""
    q: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """Only projects with this text in their title, in any case."""
    tag: Tag | None = None
    """Only projects with this tag."""
    source_url: Annotated[str, Meta(min_length=1, max_length=4000)] | None = None
    """Only projects of exactly this URL."""
    order: ProjectOrder = "newest"
    """By the time when they were made."""


def option_errors(options: ProjectOptions) -> list[FieldError]:
    """Errors of the options of a request."""
    broken = broken_rules(options).items()
    return [FieldError(pointer=f"/options/{name}", detail=f"It must be {rule}.") for name, rule in broken]


def script_errors(script_text: str | None, options: ProjectOptions) -> list[FieldError]:
    """Errors of a script, and of options that do not go with one."""
    broken = broken_script(script_text, options) if script_text is not None else {}
    return [FieldError(pointer=f"/{path}", detail=f"It must be {rule}.") for path, rule in broken.items()]


def tag_errors(tags: Sequence[str]) -> list[FieldError]:
    """Errors of the tags of a request."""
    return [FieldError(pointer=f"/tags/{at}", detail=f"It must be {rule}.") for at, rule in broken_tags(tags).items()]


def project_errors(request: CreateProject) -> list[FieldError]:
    """Errors of a request beyond its types."""
    errors = [*option_errors(request.options), *metadata_errors(request.metadata)]
    if sum(source is not None for source in (request.upload_id, request.source_url, request.script_text)) != 1:
        detail = "Give exactly one of `upload_id`, `source_url` and `script_text`."
        errors.insert(0, FieldError(pointer="", detail=detail))
    errors += script_errors(request.script_text, request.options)
    if request.reuse and request.source_url is None:
        errors.append(FieldError(pointer="/reuse", detail="It goes with a `source_url`."))
    if request.page_rights is not None and request.source_url is None:
        errors.append(FieldError(pointer="/page_rights", detail="It goes with a `source_url`."))
    errors += tag_errors(request.tags)
    return errors


async def prepare_project(call: Call[CreateProject, None], *, url_pointer: str = "/source_url") -> StoredUpload | None:
    """Check the URL, or seal and measure the upload; None where it is complete already."""
    if call.body.source_url is not None:
        check_page(call.body.source_url, call.body.page_rights, call.context.settings.pages, url_pointer)
        await check_url(call, call.body.source_url, url_pointer)
    if call.body.upload_id is None:
        return None
    return await measure_upload(call, call.body.upload_id, purpose="source")


async def create_project(call: Call[CreateProject, None], stored: StoredUpload | None) -> Reply:
    """Take a source in; the work begins at once."""
    request, project_id = call.body, call.context.new_id()
    async with call.rows() as rows:
        options = card_options(request.script_text, request.options)
        options = await resolve_project_brand(rows, call.org_id, options)
        if call.caller.test:
            options = msgspec.structs.replace(options, export=as_draft(options.export))
        if request.reuse and request.source_url is not None:
            await lock_source_url(rows, call.org_id, request.source_url)
            plan = await read_organisation_plan(rows, call.context.settings, call.org_id)
            watermark = plan.watermark and not call.caller.test
            same = await find_same_project(
                rows,
                call.org_id,
                request.source_url,
                options,
                test=call.caller.test,
                page=request.page_rights is not None,
                watermark=watermark,
            )
            if same is not None:
                reused = Accepted(project_id=same["project_id"], state=same["state"], reused=True)
                return Reply(body=reused, status=200, headers={"Location": f"/v1/projects/{same['project_id']}"})
        await require_quota(rows, call, projects=1, source_ms=1)
        upload = None
        if request.upload_id is not None:
            upload = await take_upload(rows, call.org_id, request.upload_id, stored, purpose="source")
        event = UploadReceived(
            org_id=call.org_id,
            project_id=project_id,
            object_key=upload["object_key"] if upload is not None else None,
            source_url=request.source_url,
            page_rights=request.page_rights,
            script_text=request.script_text,
            title=request.title or title_of_script(request.script_text),
            options=options,
            metadata=request.metadata,
        )
        require_room(event)
        await project_lifecycle.create_project(rows, event, tidied(request.tags), test=call.caller.test)
        await put(rows, event, call.cause(project_id))
    accepted = Accepted(project_id=project_id, state="queued")
    return Reply(body=accepted, headers={"Location": f"/v1/projects/{project_id}"})


def require_room(event: UploadReceived) -> None:
    """Raise a 422 where script, options and metadata together are more than an event holds."""
    size = len(msgspec.json.encode(event))
    if size > MAX_PAYLOAD_BYTES:
        detail = f"Texts, options and metadata together are {size} bytes, and may be {MAX_PAYLOAD_BYTES}: shorten them."
        raise invalid("", detail)


def check_page(url: str, rights: PageRights | None, rules: PageRules, url_pointer: str = "/source_url") -> None:
    """Raise a 422 for the URL of a page that is not taken, or about which nothing was said."""
    if refusal := find_page_refusal(url, rights, rules):
        pointer = "/page_rights" if refusal.reason == "page.rights" else url_pointer
        field_error = FieldError(pointer=pointer, detail=refusal.detail)
        raise ApiProblem("url-refused", refusal.detail, errors=[field_error])


async def check_url(call: Call[Any, Any], url: str, pointer: str, *, https_only: bool = False) -> None:
    """Raise a 422 for a URL that Clipstream would refuse to call.

    It resolves the name, so no transaction may be open.
    """
    try:
        if https_only:
            require_https(parse_target(url, call.context.settings.fetch_allow))
        await call.context.check_url(url)
    except InputRejected as error:
        field_error = FieldError(pointer=pointer, detail=error.detail)
        raise ApiProblem("url-refused", error.detail, errors=[field_error]) from None


async def find_project(rows: Connection, org_id: UUID, project_id: UUID) -> Row:
    """A project of the caller's organisation; raises a 404, or a 410 for an erased one."""
    row = require(await find_project_row(rows, org_id, project_id), "project")
    if row["state"] == "erased":
        raise ApiProblem("project-erased", "The project was erased.")
    return row


async def get_project(call: Call[None, None]) -> Reply:
    """Read a project, stage by stage."""
    async with call.rows() as rows:
        return await project_reply(rows, call)


async def project_reply(rows: Connection, call: Call[Any, None]) -> Reply:
    """Answer with the project of the path."""
    row = await find_project(rows, call.org_id, call.ids["project_id"])
    stages = await list_stage_rows(rows, call.org_id, row["project_id"])
    costs = await list_cost_rows(rows, call.org_id, row["project_id"])
    body: Project = project_view(
        row, stages, costs, call.now, await read_keeping(rows, call.context.settings, call.org_id)
    )
    return Reply(body=body, headers={"ETag": etag_of("project", row["revision"])})


async def list_projects(call: Call[None, ListProjects]) -> Reply:
    """Projects with what a card of each shows, newest first or oldest first."""
    query, ring = call.query, call.context.ring
    scope = f"projects/{call.org_id}/{query.state}/{query.tag!r}/{query.q!r}/{query.source_url!r}"
    scope += "/oldest" if query.order == "oldest" else ""
    after = decode_cursor(ring, scope, query.cursor) if query.cursor else None
    async with call.rows() as rows:
        project_rows = await list_project_cards(
            rows,
            call.org_id,
            state=query.state,
            order=query.order,
            after=place_of(after),
            limit=query.limit + 1,
            title=query.q,
            tag=query.tag,
            source_url=query.source_url,
        )
        keeping = await read_keeping(rows, call.context.settings, call.org_id)
    cursor = next_cursor(ring, scope, project_rows, query.limit, "project_id")
    cards = [card_view(row, keeping, call.context.objects, call.now) for row in project_rows[: query.limit]]
    return Reply(body=ProjectPage(items=cards, next_cursor=cursor))


async def cancel_project(call: Call[None, None]) -> Reply:
    """Stop the project where it runs; cancelling it twice is fine."""
    project_id = call.ids["project_id"]
    async with call.rows() as rows:
        await project_lifecycle.lock_project(rows, call.org_id, project_id)
        project = await find_project(rows, call.org_id, project_id)
        if project["state"] in ("completed", "failed"):
            raise ApiProblem("project-ended", f"The project is {project['state']}: there is nothing left to cancel.")
        await project_lifecycle.cancel_project(rows, call.org_id, project_id, call.cause(project_id))
    return Reply(body=Accepted(project_id=project_id, state="cancelled"))


async def erase_project(call: Call[None, None]) -> Reply:
    """Stop the project where it runs, and erase everything of it; doing it twice is fine."""
    project_id = call.ids["project_id"]
    async with call.rows() as rows:
        if await project_lifecycle.lock_project(rows, call.org_id, project_id) is None:
            raise not_found("project")
        await project_lifecycle.erase_project(rows, call.org_id, project_id, call.cause(project_id))
    return Reply(body=Accepted(project_id=project_id, state="erased"))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/projects",
        name="createProject",
        tag="projects",
        permission="projects:write",
        status=202,
        located=True,
        summary="Make clips of an upload, a URL or a script",
        handler=TwoPhaseHandler(prepare=prepare_project, commit=create_project),
        request=CreateProject,
        check=project_errors,
        response=Accepted,
        also={"200": ("application/json",)},
        problems=(
            "quota-exceeded",
            "concurrency-limited",
            "url-refused",
            "upload-not-complete",
            "upload-mismatch",
            "upload-closed",
        ),
    ),
    Operation(
        method="GET",
        path="/v1/projects",
        name="listProjects",
        tag="projects",
        permission="projects:read",
        summary="List projects with their progress, cost and picture",
        handler=list_projects,
        query=ListProjects,
        response=ProjectPage,
        problems=("cursor-invalid",),
    ),
    Operation(
        method="GET",
        path="/v1/projects/{project_id}",
        name="getProject",
        tag="projects",
        permission="projects:read",
        summary="Read a project, stage by stage",
        handler=get_project,
        response=Project,
        problems=("project-erased",),
    ),
    Operation(
        method="POST",
        path="/v1/projects/{project_id}/cancel",
        name="cancelProject",
        tag="projects",
        permission="projects:write",
        summary="Stop a project that runs, and keep what it has made",
        description="Work in progress stops within seconds; nothing of it is kept. Repeating it changes nothing.",
        handler=cancel_project,
        response=Accepted,
        problems=("project-erased", "project-ended"),
    ),
    Operation(
        method="DELETE",
        path="/v1/projects/{project_id}",
        name="eraseProject",
        tag="projects",
        permission="projects:write",
        status=202,
        summary="Cancel a project and erase everything of it",
        handler=erase_project,
        response=Accepted,
    ),
)
