"""Search in what was said, in clips, chapters and names. The org filter is ours, on every query; no caller's filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from api.problems import breaches, invalid
from api.registry import Call, Operation, Reply
from api.search_hits import (
    BEGIN,
    END,
    SearchResult,
    Semantic,
    SubjectKind,
    chapter_hit,
    clip_hit,
    entity_hit,
    segment_hit,
)
from schemas.media import Trust
from streams.adapters.ports import NoVectors, Sentences
from streams.adapters.sentence_asking import NotAskedError, ask
from streams.adapters.sentence_rows import digest

SEGMENTS, CLIPS, CHAPTERS, ENTITIES = "segments", "clips", "chapters", "entities"
LISTS = (SEGMENTS, CLIPS, CHAPTERS, ENTITIES)
MAX_OFFSET = 900
"""The engine pages through its first thousand hits only."""
LONGEST_MS = 2**40
MEANT = (SEGMENTS, CLIPS, CHAPTERS)
"""The indexes that keep what their documents mean."""
EMBEDDER, KNOWN = "meaning", "en"
RATIOS = {"words": 0.0, "hybrid": 0.5, "meaning": 1.0}
QUESTION_S = 1.0
"""So long a question waits for its vector."""
QUESTIONS_KEPT_S, MOST_QUESTIONS = 600.0, 1000
"""People page through answers and ask again: what a question means is asked for once. Kept by organisation, so that
nobody learns from the time it takes what others ask."""
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
Millisecond = Annotated[int, Meta(ge=0, le=LONGEST_MS)]


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look for, and where. Every filter that is given must hold."""

    q: Annotated[str, Meta(min_length=1, max_length=500, description="Words to look for; a typo or two is fine.")]
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
    project_id: UUID | None = None
    """Only this project."""
    project_title: Annotated[
        Annotated[str, Meta(max_length=500)] | None,
        Meta(description="Only projects of exactly this title, in any case."),
    ] = None
    speaker: Annotated[
        Name | None, Meta(description="Who speaks: an id of the transcript, or a name, in any case.")
    ] = None
    language: Annotated[Name | None, Meta(description="ISO 639-1, as in the transcript.")] = None
    trust: Trust | None = None
    """Only trusted, or only doubtful, words."""
    topic: Annotated[Name | None, Meta(description="A topic's name, exactly, in any case; no entities.")] = None
    kind: Annotated[SubjectKind | None, Meta(description="Entities of this kind, and nothing else.")] = None
    from_ms: Annotated[Millisecond | None, Meta(description="Ends after this time of its project.")] = None
    to_ms: Annotated[Millisecond | None, Meta(description="Begins before this time of its project.")] = None
    mode: Annotated[
        Literal["words", "hybrid", "meaning"],
        Meta(description="By words; by words and meaning; by meaning alone (English). `semantic` tells if it was so."),
    ] = "words"
    facets: Annotated[bool, Meta(description="Also count the hits by project, speaker, language, trust, topic.")] = (
        False
    )
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    """Maximum number of hits of each kind."""
    offset: Annotated[int, Meta(ge=0, le=MAX_OFFSET)] = 0
    """Number of hits to skip."""


def lists_of(query: SearchQuery) -> list[str]:
    """The indexes that can answer: what has no such field as a filter names is not asked. Raises ApiProblem."""
    if not any(map(str.isalnum, query.q)):
        raise invalid("?q", "There is no word in it that could be looked for.")
    if query.from_ms is not None and query.to_ms is not None and query.from_ms >= query.to_ms:
        raise invalid("?to_ms", "`to_ms` must lie behind `from_ms`.")
    if query.kind is not None and query.topic is not None:
        raise invalid("?kind", "Entities have a kind, the other hits have topics: ask for one of them.")
    wanted = query.only.split(",") if query.only else LISTS
    able = (ENTITIES,) if query.kind is not None else (SEGMENTS, CLIPS, CHAPTERS) if query.topic is not None else LISTS
    found = [name for name in LISTS if name in wanted and name in able]
    if query.mode == "meaning":
        found = [name for name in found if name in MEANT]
    if not found:
        if query.mode == "meaning":
            raise invalid("?mode", "Entities are found by words alone.")
        field = "kind" if query.kind is not None else "topic"
        raise invalid("?only", f"None of these kinds of hit has a {field}.")
    return found


def make_options(org_id: UUID, query: SearchQuery, index: str) -> dict[str, Any]:
    """Options of the engine's search; UUIDs are safe inside quotes.

    The engine reads each filter of the list by itself and wants all of them, so that no text in one can lift another.
    """
    options = {
        "filter": [f'org_id = "{org_id}"', *_filters(query), *_times(query, index)],
        "limit": query.limit,
        "offset": query.offset,
        "attributesToHighlight": SHOWN[index],
        "highlightPreTag": BEGIN,
        "highlightPostTag": END,
    }
    return options | ({"facets": list(FACETS[index])} if query.facets else {})


def _filters(query: SearchQuery) -> list[str]:
    asked = {
        "project_id": str(query.project_id) if query.project_id else None,
        "project_title": query.project_title,
        "language": query.language,
        "trust": query.trust,
        "topics": query.topic,
        "kind": query.kind,
    }
    found = [f"{field} = {quoted(value)}" for field, value in asked.items() if value is not None]
    if query.speaker is not None:
        found.append(f"speaker = {quoted(query.speaker)} OR speaker_name = {quoted(query.speaker)}")
    return found


def _times(query: SearchQuery, index: str) -> list[str]:
    """Overlap with the asked stretch; a name counts where it begins to be said."""
    if query.from_ms is None and query.to_ms is None:
        return []
    from_ms, to_ms = query.from_ms or 0, LONGEST_MS if query.to_ms is None else query.to_ms
    if index == ENTITIES:
        return [f"said_ms {from_ms} TO {to_ms - 1}"]
    return [f"end_ms > {from_ms}", f"start_ms < {to_ms}"]


def quoted(text: str) -> str:
    """Any text as a value in the engine's filter language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


async def search(call: Call[None, SearchQuery]) -> Reply:
    """Find words, and what means the same, in transcripts, clips, chapters and names of the organisation."""
    query, engine = call.query, call.context.search
    plain = [(index, make_options(call.org_id, query, index)) for index in lists_of(query)]
    vector, semantic = await _meaning(call, [index for index, _ in plain])
    if vector:
        meant = {"hybrid": {"embedder": EMBEDDER, "semanticRatio": RATIOS[query.mode]}, "vector": vector}
        asked = [(index, options | meant if index in MEANT else options) for index, options in plain]
        try:
            return Reply(body=result_of(query, asked, await engine.search_each(asked, query.q), semantic))
        except NoVectors:
            semantic = Semantic(used=False, reason="the search server keeps no vectors: its words were searched")
    return Reply(body=result_of(query, plain, await engine.search_each(plain, query.q), semantic))


async def _meaning(call: Call[None, SearchQuery], indexes: Sequence[str]) -> tuple[list[float], Semantic]:
    """The vector of the question, where it is wanted and can be had; else why not."""
    if call.query.mode == "words":
        return [], Semantic(used=False, reason="mode=words: only words were asked for")
    if not set(indexes) & set(MEANT):
        return [], Semantic(used=False, reason="entities are found by words alone")
    if call.query.language not in (None, KNOWN):
        return [], Semantic(used=False, reason="the sentence model knows English only: words were searched")
    try:
        asked = partial(_vector, call.context.sentences, call.query.q)
        vector, model = await call.context.questions.get((call.org_id, call.query.q), asked)
    except NotAskedError as error:
        return [], Semantic(used=False, reason=f"{error}: words were searched")
    return vector, Semantic(used=True, model=model)


async def _vector(sentences: Sentences, question: str) -> tuple[list[float], str]:
    """What a question means, and the model that says so. Raises NotAskedError."""
    rows, model, _ = await ask(sentences, [question], {}, patience_s=QUESTION_S)
    return [round(float(value), 5) for value in rows[digest(question)]], model


def result_of(
    query: SearchQuery,
    asked: Sequence[tuple[str, Mapping[str, Any]]],
    answers: Sequence[Mapping[str, Any]],
    semantic: Semantic,
) -> SearchResult:
    """The engine's answers as ours; what was not asked is empty."""
    found = {index: answer for (index, _), answer in zip(asked, answers, strict=True)}
    hits = {index: found.get(index, {}).get("hits", []) for index in LISTS}
    totals = {index: found.get(index, {}).get("estimatedTotalHits", 0) for index in LISTS}
    return SearchResult(
        query=query.q,
        segments=[segment_hit(hit) for hit in hits[SEGMENTS]],
        clips=[clip_hit(hit) for hit in hits[CLIPS]],
        chapters=[chapter_hit(hit) for hit in hits[CHAPTERS]],
        entities=[entity_hit(hit) for hit in hits[ENTITIES]],
        segment_total=totals[SEGMENTS],
        clip_total=totals[CLIPS],
        chapter_total=totals[CHAPTERS],
        entity_total=totals[ENTITIES],
        semantic=semantic,
        facets={index: dict(answer.get("facetDistribution", {})) for index, answer in found.items() if query.facets},
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/search",
        name="search",
        tag="search",
        permission="read",
        summary="Find words in transcripts, clips, chapters and names",
        handler=search,
        query=SearchQuery,
        check=breaches(lists_of),
        response=SearchResult,
    ),
)
