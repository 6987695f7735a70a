"""Subjects of a project, and the projects that mention a name or a topic."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.http.conditional import reply_unless_held
from api.http.operations import Call, Operation, Reply
from api.projects.handlers import find_project
from api.transcripts.handlers import not_ready
from core.domain.intelligence_formats import Format, graphml, json_ld, markdown, table
from core.domain.text.word_joining import searched
from core.infra.postgres.connection import Row
from core.storage.intelligence import list_subject_rows, read_intelligence
from schemas.common import ObjectRef
from schemas.documents.intelligence import EntityKind, Intelligence

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "markdown": "text/markdown",
    "csv": "text/csv",
    "jsonld": "application/ld+json",
    "graphml": "application/graphml+xml",
}
SUFFIXES: dict[Format, str] = {"markdown": "md", "csv": "csv", "jsonld": "jsonld", "graphml": "graphml"}
MAX_PROJECTS = 50


class ReadIntelligence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Format: the document itself, a report, a table, linked data, or a graph of names."""

    format: Format = "json"


class ListEntities(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filter of names. ``q`` is a part of them, in any case, with or without accents."""

    q: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """Part of the name, in any case, with or without accents."""
    kind: EntityKind | None = None
    """Only this kind."""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class ListTopics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filter of topics. ``q`` is a part of their names, in any case, with or without accents."""

    q: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """Part of the name, in any case, with or without accents."""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class SpokenOf(msgspec.Struct, frozen=True, kw_only=True):
    """A project that mentions it; ``mentions`` are pairs of start and end in ms."""

    project_id: UUID
    project_title: str
    mention_count: int
    mentions: list[tuple[int, int]]
    """Start and end of each mention, in ms."""


class Mentioned(msgspec.Struct, frozen=True, kw_only=True):
    """A name or topic, and the newest projects that mention it (at most fifty)."""

    kind: EntityKind | Literal["topic"]
    """Kind of entity, or `topic`."""
    name: str
    project_count: int
    """Number of projects that mention it."""
    mention_count: int
    projects: list[SpokenOf]
    """Newest projects that mention it, at most 50."""


class MentionedList(msgspec.Struct, frozen=True, kw_only=True):
    """Names or topics, those of most projects first."""

    items: list[Mentioned]


async def get_intelligence(call: Call[None, ReadIntelligence]) -> Reply:
    """Read summary, chapters, topics, key points, quotes, questions, names, each with its quote."""
    format_ = call.query.format
    async with call.rows() as rows:
        project = await find_project(rows, call.org_id, call.ids["project_id"])
        ref = await read_intelligence(rows, call.org_id, project["project_id"])
    if ref is None:
        raise not_ready("intelligence", project)
    read = partial(_intelligence_reply, call, ref, format_)
    return await reply_unless_held(call.request, f'"{ref.sha256[:32]}-{format_}"', read)


async def _intelligence_reply(call: Call[None, ReadIntelligence], ref: ObjectRef, format_: Format) -> Reply:
    body, project_id = await call.context.documents.get(ref), call.ids["project_id"]
    if format_ == "json":
        return Reply(body=body)
    text = write_intelligence(msgspec.json.decode(body, type=Intelligence), format_, project_id)
    headers = {"Content-Disposition": f'attachment; filename="intelligence-{project_id}.{SUFFIXES[format_]}"'}
    charset = "; charset=utf-8" if MEDIA_TYPES[format_].startswith("text/") else ""
    return Reply(body=text, headers=headers, media_type=MEDIA_TYPES[format_] + charset)


def write_intelligence(intelligence: Intelligence, format_: Format, project_id: UUID) -> bytes:
    """The document in a format other than JSON."""
    match format_:
        case "markdown":
            return markdown(intelligence).encode()
        case "csv":
            return table(intelligence).encode()
        case "jsonld":
            return json_ld(intelligence, f"urn:uuid:{project_id}")
        case "graphml":
            return graphml(intelligence).encode()
        case "json":
            return msgspec.json.encode(intelligence)


async def list_entities(call: Call[None, ListEntities]) -> Reply:
    """List people, organisations, places … of all projects, with the projects and times that mention them."""
    return await _list_mentions(call, call.query.kind)


async def list_topics(call: Call[None, ListTopics]) -> Reply:
    """List topics of all projects, with the projects and times that mention them."""
    return await _list_mentions(call, "topic")


async def _list_mentions(call: Call[None, ListEntities] | Call[None, ListTopics], kind: str | None) -> Reply:
    part = None if call.query.q is None else searched(call.query.q)
    async with call.rows() as rows:
        subject_rows = await list_subject_rows(
            rows, call.org_id, kind=kind, part=part, limit=call.query.limit, max_projects=MAX_PROJECTS
        )
    return Reply(body=MentionedList(items=[_mentioned_view(row) for row in subject_rows]))


def _mentioned_view(row: Row) -> Mentioned:
    names = ("kind", "name", "project_count", "mention_count", "projects")
    return msgspec.convert({name: row[name] for name in names}, Mentioned)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/projects/{project_id}/intelligence",
        name="getIntelligence",
        tag="intelligence",
        permission="projects:read",
        summary="Read what a project is about",
        handler=get_intelligence,
        query=ReadIntelligence,
        response=Intelligence,
        also={"304": ()},
        media_types=tuple(MEDIA_TYPES.values()),
        problems=("not-ready", "project-erased"),
    ),
    Operation(
        method="GET",
        path="/v1/entities",
        name="listEntities",
        tag="intelligence",
        permission="projects:read",
        summary="List who and what is spoken of across projects",
        handler=list_entities,
        query=ListEntities,
        response=MentionedList,
    ),
    Operation(
        method="GET",
        path="/v1/topics",
        name="listTopics",
        tag="intelligence",
        permission="projects:read",
        summary="List what is spoken about across projects",
        handler=list_topics,
        query=ListTopics,
        response=MentionedList,
    ),
)
