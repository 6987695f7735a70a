"""Parameters of a search, and the options of the engine that they become."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from api.problems.problem_details import invalid
from api.search.match_times import BEGIN, END
from api.search.models import SubjectKind
from schemas.common import Trust

SEGMENTS, CLIPS, CHAPTERS, ENTITIES = "segments", "clips", "chapters", "entities"
LISTS = (SEGMENTS, CLIPS, CHAPTERS, ENTITIES)
MAX_OFFSET = 900
"""The engine pages through its first thousand hits only."""
MAX_TIME_MS = 2**40
INDEXES_WITH_MEANING = (SEGMENTS, CLIPS, CHAPTERS)
"""The indexes that keep what their documents mean."""
EMBEDDER, KNOWN = "meaning", "en"
RATIOS = {"words": 0.0, "hybrid": 0.5, "meaning": 1.0}
MIN_MEANING_SCORE = 0.65
"""The score that a hit by meaning must have unless the caller sets another: benchmarks/ranking/search_meaning.py."""
MIN_VECTOR_SCORE = 0.0001
"""Least score of a hit with a vector: a document without one has 0 and stands behind all others."""
MAX_FILTER_VALUES = 20
"""Values of one filter."""
FACETS: Mapping[str, Sequence[str]] = {
    SEGMENTS: ("project_id", "speaker", "speaker_name", "language", "trust", "topics"),
    CLIPS: ("project_id", "speaker", "speaker_name", "language", "trust", "topics"),
    CHAPTERS: ("project_id", "speaker", "speaker_name", "language", "trust", "topics"),
    ENTITIES: ("project_id", "speaker", "speaker_name", "language", "trust", "kind"),
}
"""Fields of each index that are counted by value."""
SHOWN = {
    SEGMENTS: ["text"],
    CLIPS: ["title", "text"],
    CHAPTERS: ["title", "text", "phrases"],
    ENTITIES: ["name", "forms"],
}
"""Fields in which matches are marked."""
_ONE = "(segments|clips|chapters|entities)"
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Millisecond = Annotated[int, Meta(ge=0, le=MAX_TIME_MS)]
T = TypeVar("T")
Several: TypeAlias = Annotated[list[T], Meta(max_length=MAX_FILTER_VALUES)]


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words to search for, and where. Every given filter must hold."""

    q: Annotated[
        str,
        Meta(
            max_length=500,
            description='Words to look for; a typo or two is fine. `"in quotes"`: these words in this order; `-word`: '
            "not with this word. Left out: everything is listed.",
        ),
    ] = ""
    only: Annotated[
        Annotated[
            str,
            Meta(
                max_length=100,
                pattern=f"^{_ONE}(,{_ONE})*$",
                description="some of segments, clips, chapters, entities, separated by commas",
            ),
        ]
        | None,
        Meta(description="Which kinds of hit, separated by commas: segments, clips, chapters, entities."),
    ] = None
    project_id: Several[UUID] = []
    """Only this project. Given several times: any of them."""
    project_title: Annotated[
        Several[Annotated[str, Meta(max_length=500)]],
        Meta(description="Only projects of exactly this title, in any case. Given several times: any of them."),
    ] = []
    speaker: Annotated[
        Several[Name],
        Meta(
            description="Who speaks: an id of the transcript, or a name, in any case. Given several times: any of them."
        ),
    ] = []
    language: Annotated[
        Several[Name], Meta(description="ISO 639-1, as in the transcript. Given several times: any of them.")
    ] = []
    trust: Trust | None = None
    """Only trusted, or only doubtful, words."""
    topic: Annotated[
        Several[Name],
        Meta(description="A topic's name, exactly, in any case; no entities. Given several times: any of them."),
    ] = []
    kind: Annotated[
        Several[SubjectKind],
        Meta(description="Entities of this kind, and nothing else. Given several times: any of them."),
    ] = []
    since: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """Only projects made then or later."""
    until: Annotated[dt.datetime, Meta(tz=True)] | None = None
    """Only projects made before."""
    from_ms: Annotated[Millisecond | None, Meta(description="Ends after this time of its project.")] = None
    to_ms: Annotated[Millisecond | None, Meta(description="Begins before this time of its project.")] = None
    mode: Annotated[
        Literal["words", "hybrid", "meaning"],
        Meta(description="By words; by words and meaning; by meaning alone (English). `semantic` tells if it was so."),
    ] = "words"
    min_score: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(
            description="Leave out hits with a lower `match_score`. Where meaning is searched it is 0.65 unless it is "
            "given; else nothing is left out."
        ),
    ] = None
    sort: Annotated[
        Literal["relevance", "time", "time_desc", "oldest"],
        Meta(
            description="`relevance`: best first; `time`: the newest project first, each from its beginning; "
            "`time_desc`: the newest project first, each from its end; `oldest`: the oldest project first, each from "
            "its beginning. Without words to look for it is `time`; by meaning it is `relevance`."
        ),
    ] = "relevance"
    facets: Annotated[bool, Meta(description="Also count the hits by project, speaker, language, trust, topic.")] = (
        False
    )
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    """Maximum number of hits of each kind."""
    offset: Annotated[int, Meta(ge=0, le=MAX_OFFSET)] = 0
    """Number of hits to skip."""


def choose_indexes(query: SearchQuery) -> list[str]:
    """Indexes that can answer: one without a field of the filters is left out. Raises ApiProblem."""
    if query.q and not any(map(str.isalnum, query.q)):
        raise invalid("?q", "There is no word in it that could be looked for.")
    if query.mode != "words" and not query.q:
        raise invalid("?mode", "By meaning only a question can be asked: give `q`, or leave `mode` out.")
    if query.mode != "words" and query.sort != "relevance":
        raise invalid("?sort", "Hits by meaning come best first: leave `sort` out, or ask with mode=words.")
    if query.since is not None and query.until is not None and query.since >= query.until:
        raise invalid("?until", "`until` must lie behind `since`.")
    if query.from_ms is not None and query.to_ms is not None and query.from_ms >= query.to_ms:
        raise invalid("?to_ms", "`to_ms` must lie behind `from_ms`.")
    if query.kind and query.topic:
        raise invalid("?kind", "Entities have a kind, the other hits have topics: ask for one of them.")
    requested = query.only.split(",") if query.only else LISTS
    able = (ENTITIES,) if query.kind else (SEGMENTS, CLIPS, CHAPTERS) if query.topic else LISTS
    indexes = [name for name in LISTS if name in requested and name in able]
    if query.mode == "meaning":
        indexes = [name for name in indexes if name in INDEXES_WITH_MEANING]
    if not indexes:
        if query.mode == "meaning":
            raise invalid("?mode", "Entities are found by words alone.")
        field = "kind" if query.kind else "topic"
        raise invalid("?only", f"None of these kinds of hit has a {field}.")
    return indexes


def make_options(org_id: UUID, query: SearchQuery, index: str) -> dict[str, Any]:
    """Options of the engine for a search; UUIDs are safe inside quotes.

    The engine parses each filter of the list by itself and requires all of them, so text in one cannot disable another.
    """
    options: dict[str, Any] = {
        "filter": [f'org_id = "{org_id}"', *_filters(query), *_times(query, index)],
        "limit": query.limit,
        "offset": query.offset,
        "attributesToHighlight": SHOWN[index],
        "highlightPreTag": BEGIN,
        "highlightPostTag": END,
        "showRankingScore": True,
    }
    if rules := make_sort_rules(query, index):
        options |= {"sort": rules, "matchingStrategy": "all"}
    if query.min_score:
        options["rankingScoreThreshold"] = query.min_score
    return options | ({"facets": list(FACETS[index])} if query.facets else {})


def make_meaning_options(query: SearchQuery, vector: Sequence[float]) -> dict[str, Any]:
    """Options of a search by meaning: the vector, and the least similarity of a hit."""
    least = MIN_MEANING_SCORE if query.min_score is None else max(query.min_score, MIN_VECTOR_SCORE)
    hybrid = {"embedder": EMBEDDER, "semanticRatio": RATIOS[query.mode]}
    return {"hybrid": hybrid, "vector": list(vector), "rankingScoreThreshold": least}


def make_sort_rules(query: SearchQuery, index: str) -> list[str]:
    """The engine's sort rules; empty: best first."""
    if query.sort == "relevance" and query.q:
        return []
    project, place = ("asc" if query.sort == "oldest" else "desc"), ("desc" if query.sort == "time_desc" else "asc")
    return [f"project_at:{project}", f"{'ordinal' if index == ENTITIES else 'start_ms'}:{place}"]


def _filters(query: SearchQuery) -> list[str]:
    fields: dict[str, Sequence[str]] = {
        "project_id": [str(project_id) for project_id in query.project_id],
        "project_title": query.project_title,
        "language": query.language,
        "trust": [query.trust] if query.trust else [],
        "topics": query.topic,
        "kind": query.kind,
    }
    filters = [_any_of(field, values) for field, values in fields.items() if values]
    if query.speaker:
        filters.append(f"{_any_of('speaker', query.speaker)} OR {_any_of('speaker_name', query.speaker)}")
    if query.since is not None:
        filters.append(f"project_at >= {_millisecond(query.since)}")
    if query.until is not None:
        filters.append(f"project_at < {_millisecond(query.until)}")
    return filters


def _any_of(field: str, values: Sequence[str]) -> str:
    return f"{field} IN [{', '.join(map(quote_value, values))}]"


def _millisecond(at: dt.datetime) -> int:
    return round(at.timestamp() * 1000)


def _times(query: SearchQuery, index: str) -> list[str]:
    """Filter for overlap with the time range of the query; a name counts where it begins to be said."""
    if query.from_ms is None and query.to_ms is None:
        return []
    from_ms, to_ms = query.from_ms or 0, MAX_TIME_MS if query.to_ms is None else query.to_ms
    if index == ENTITIES:
        return [f"said_ms {from_ms} TO {to_ms - 1}"]
    return [f"end_ms > {from_ms}", f"start_ms < {to_ms}"]


def quote_value(text: str) -> str:
    """Text as a value in the engine's filter language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
