"""Answers of a search: hits of each kind with their highlights and the millisecond to jump to."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from api.search.match_times import BEGIN, END, find_match_ms
from schemas.documents.intelligence import EntityKind

SubjectKind = EntityKind | Literal["topic"]


class SegmentHit(msgspec.Struct, frozen=True, kw_only=True):
    """A segment of a transcript. ``highlight`` is escaped HTML with the matches in ``<mark>``."""

    project_id: UUID
    project_title: str
    start_ms: int
    end_ms: int
    text: str
    highlight: str
    speaker: str | None
    speaker_name: str | None = None
    trust: str | None = None
    language: str | None = None
    topics: list[str] = []
    word_ms: int = 0
    """Time of the words that match best; the beginning, where none matches or its time is not known."""
    match_score: float = 0.0
    """Fit to the query, from 0 to 1."""


class Doubted(msgspec.Struct, frozen=True, kw_only=True):
    """A time range whose words are not trusted, and those words."""

    start_ms: int
    end_ms: int
    text: str


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
    speakers: list[str] = []
    speaker_names: list[str] = []
    trust: str | None = None
    doubtful: list[Doubted] = []
    topics: list[str] = []
    word_ms: int = 0
    """Time of the words that match best; the beginning, where none matches or its time is not known."""
    match_score: float = 0.0
    """Fit to the query, from 0 to 1."""


class ChapterHit(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter whose title, phrases or most typical sentence (``text``) match."""

    project_id: UUID
    project_title: str
    start_ms: int
    end_ms: int
    title: str
    text: str
    highlight: str
    phrases: list[str]
    speakers: list[str] = []
    speaker_names: list[str] = []
    trust: str | None = None
    doubtful: list[Doubted] = []
    topics: list[str] = []
    word_ms: int = 0
    """Time of the words that match best; the beginning, where none matches or its time is not known."""
    match_score: float = 0.0
    """Fit to the query, from 0 to 1."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a name is said, its form, and whether the words there are not trusted."""

    start_ms: int
    end_ms: int
    text: str
    doubtful: bool = False
    """Whether the words are not trusted."""


class EntityHit(msgspec.Struct, frozen=True, kw_only=True):
    """A name, an amount, a date or a topic of one project. ``across`` lists all projects that mention it."""

    project_id: UUID
    project_title: str
    kind: SubjectKind
    """Kind of entity, or `topic`."""
    name: str
    highlight: str
    mention_count: int
    mentions: list[Mention]
    trust: str | None = None
    across: str = ""
    """Path that lists all projects with this name."""
    word_ms: int = 0
    """Time of its first mention in the form that matches."""
    match_score: float = 0.0
    """Fit to the query, from 0 to 1."""


class Semantic(msgspec.Struct, frozen=True, kw_only=True):
    """Whether hits were also searched by meaning; ``reason`` says why not, ``model`` by which model."""

    used: bool
    """Whether meaning was searched."""
    reason: str = ""
    """Why not; empty where it was."""
    model: str = ""


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """Hits of each kind, best first. Totals are estimates of the engine.

    ``facets``, on request: number of hits of each kind by value of each field.
    """

    query: str
    """The text that was looked for."""
    segments: list[SegmentHit]
    """Segments of transcripts."""
    clips: list[ClipHit]
    """Clips."""
    chapters: list[ChapterHit]
    """Chapters."""
    entities: list[EntityHit]
    """Names, amounts, dates and topics."""
    segment_total: int
    """Estimated number of segments in all."""
    clip_total: int
    """Estimated number of clips in all."""
    chapter_total: int
    """Estimated number of chapters in all."""
    entity_total: int
    """Estimated number of names in all."""
    semantic: Semantic
    """Whether meaning was searched as well."""
    facets: dict[str, dict[str, dict[str, int]]] = {}
    """Number of hits by field and value, for each kind of hit."""


def highlight(hit: Mapping[str, Any], *names: str) -> str:
    """The first of the fields with a match (else the first), as escaped HTML with ``<mark>``."""
    formatted = hit.get("_formatted") or hit
    texts = [_text(formatted.get(name)) for name in names]
    chosen = next((text for text in texts if BEGIN in text), texts[0])
    return html.escape(chosen).replace(BEGIN, "<mark>").replace(END, "</mark>")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value or "")


def _place(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {"project_id": UUID(hit["project_id"]), "project_title": hit.get("project_title") or ""}


def _shared_fields(hit: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that a clip and a chapter share: times, words, speakers, and how far they are trusted."""
    return _place(hit) | {
        "start_ms": hit["start_ms"],
        "end_ms": hit["end_ms"],
        "title": hit.get("title") or "",
        "text": hit.get("text") or "",
        "speakers": hit.get("speaker") or [],
        "speaker_names": hit.get("speaker_name") or [],
        "trust": hit.get("trust"),
        "doubtful": msgspec.convert(hit.get("doubtful") or [], list[Doubted]),
        "topics": hit.get("topics") or [],
        **_match(hit),
    }


def _match(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {"word_ms": find_match_ms(hit), "match_score": round(hit.get("_rankingScore", 1.0), 4)}


def segment_hit(hit: Mapping[str, Any]) -> SegmentHit:
    """A hit of the segments index."""
    return SegmentHit(
        **_place(hit),
        start_ms=hit["start_ms"],
        end_ms=hit["end_ms"],
        text=hit["text"],
        highlight=highlight(hit, "text"),
        speaker=hit.get("speaker"),
        speaker_name=hit.get("speaker_name"),
        trust=hit.get("trust"),
        language=hit.get("language"),
        topics=hit.get("topics") or [],
        **_match(hit),
    )


def clip_hit(hit: Mapping[str, Any]) -> ClipHit:
    """A hit of the clips index."""
    return ClipHit(
        **_shared_fields(hit),
        clip_id=UUID(hit["clip_id"]),
        highlight=highlight(hit, "title", "text"),
        score=hit.get("score"),
    )


def chapter_hit(hit: Mapping[str, Any]) -> ChapterHit:
    """A hit of the chapters index."""
    return ChapterHit(
        **_shared_fields(hit),
        highlight=highlight(hit, "title", "text", "phrases"),
        phrases=hit.get("phrases") or [],
    )


def entity_hit(hit: Mapping[str, Any]) -> EntityHit:
    """A hit of the entities index."""
    topic = hit["kind"] == "topic"
    parameters = {"q": hit["name"][:200]} | ({} if topic else {"kind": hit["kind"]})
    return EntityHit(
        **_place(hit),
        kind=hit["kind"],
        name=hit["name"],
        highlight=highlight(hit, "name", "forms"),
        mention_count=hit["mention_count"],
        mentions=msgspec.convert(hit["mentions"], list[Mention]),
        trust=hit.get("trust"),
        **_match(hit),
        across=f"/v1/{'topics' if topic else 'entities'}?{urlencode(parameters)}",
    )
