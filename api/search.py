"""Search in what was said and in clips, with the millisecond to jump to. The org filter is ours, on every query."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from api.registry import Call, Operation, Reply

SEGMENTS = "segments"
CLIPS = "clips"
MAX_OFFSET = 900
"""The engine pages through its first thousand hits only."""
_BEGIN, _END = "\ue000", "\ue001"
"""Private-use characters around a match: they survive escaping, and become tags after it."""


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look for, and where."""

    q: Annotated[str, Meta(min_length=1, max_length=500, description="Words to look for; a typo or two is fine.")]
    project_id: UUID | None = None
    project_title: Annotated[
        Annotated[str, Meta(max_length=500)] | None,
        Meta(description="Only projects of exactly this title, in any case."),
    ] = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    offset: Annotated[int, Meta(ge=0, le=MAX_OFFSET)] = 0


class SegmentHit(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a transcript. ``highlight`` is escaped HTML with the matches in ``<mark>``."""

    project_id: UUID
    project_title: str
    start_ms: int
    end_ms: int
    text: str
    highlight: str
    speaker: str | None
    speaker_name: str | None = None
    trust: str | None = None


class ClipHit(msgspec.Struct, frozen=True, kw_only=True):
    """A clip whose title, reason or words match."""

    clip_id: UUID
    project_id: UUID
    project_title: str
    start_ms: int
    end_ms: int
    title: str
    text: str
    highlight: str
    score: float | None


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """Segments and clips, each best first. Totals are estimates of the engine."""

    query: str
    segments: list[SegmentHit]
    clips: list[ClipHit]
    segment_total: int
    clip_total: int


def make_options(org_id: UUID, query: SearchQuery) -> dict[str, Any]:
    """Options of the engine's search; UUIDs are safe inside quotes.

    The engine reads each filter of the list by itself and wants all of them, so that no text in one can lift another.
    """
    filters = [f'org_id = "{org_id}"']
    if query.project_id is not None:
        filters.append(f'project_id = "{query.project_id}"')
    if query.project_title is not None:
        filters.append(f"project_title = {quoted(query.project_title)}")
    return {
        "filter": filters,
        "limit": query.limit,
        "offset": query.offset,
        "attributesToHighlight": ["text", "title"],
        "highlightPreTag": _BEGIN,
        "highlightPostTag": _END,
    }


def quoted(text: str) -> str:
    """Any text as a value in the engine's filter language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def highlight(hit: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that holds a match (else the first), as escaped HTML with ``<mark>``."""
    formatted = hit.get("_formatted") or hit
    texts = [str(formatted.get(name) or "") for name in names]
    chosen = next((text for text in texts if _BEGIN in text), texts[0])
    return html.escape(chosen).replace(_BEGIN, "<mark>").replace(_END, "</mark>")


def segment_hit(hit: Mapping[str, Any]) -> SegmentHit:
    """A hit of the segments index."""
    return SegmentHit(
        project_id=UUID(hit["project_id"]),
        project_title=hit.get("project_title") or "",
        start_ms=hit["start_ms"],
        end_ms=hit["end_ms"],
        text=hit["text"],
        highlight=highlight(hit, "text"),
        speaker=hit.get("speaker"),
        speaker_name=hit.get("speaker_name"),
        trust=hit.get("trust"),
    )


def clip_hit(hit: Mapping[str, Any]) -> ClipHit:
    """A hit of the clips index."""
    return ClipHit(
        clip_id=UUID(hit["clip_id"]),
        project_id=UUID(hit["project_id"]),
        project_title=hit.get("project_title") or "",
        start_ms=hit["start_ms"],
        end_ms=hit["end_ms"],
        title=hit.get("title") or "",
        text=hit.get("text") or "",
        highlight=highlight(hit, "title", "text"),
        score=hit.get("score"),
    )


async def search(call: Call[None, SearchQuery]) -> Reply:
    """Find words in transcripts and clips of the organisation."""
    options = make_options(call.org_id, call.query)
    segments, clips = await call.context.search.search_each((SEGMENTS, CLIPS), call.query.q, options)
    return Reply(
        body=SearchResult(
            query=call.query.q,
            segments=[segment_hit(hit) for hit in segments["hits"]],
            clips=[clip_hit(hit) for hit in clips["hits"]],
            segment_total=segments.get("estimatedTotalHits", 0),
            clip_total=clips.get("estimatedTotalHits", 0),
        )
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/search",
        name="search",
        tag="search",
        permission="read",
        summary="Find words in transcripts and clips",
        handler=search,
        query=SearchQuery,
        response=SearchResult,
    ),
)
