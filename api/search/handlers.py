"""Search in transcripts, clips, chapters and names. Every query is filtered by the organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from api.http.operations import Call, Operation, Reply
from api.problems.problem_details import check_with
from api.search.models import SearchResult, Semantic, chapter_hit, clip_hit, entity_hit, segment_hit
from api.search.query import (
    CHAPTERS,
    CLIPS,
    ENTITIES,
    INDEXES_WITH_MEANING,
    KNOWN,
    LISTS,
    SEGMENTS,
    SearchQuery,
    choose_indexes,
    make_meaning_options,
    make_options,
)
from api.search.query_languages import make_readings, merge_answers
from core.infra.sentence_embeddings import NotAskedError, ask, digest
from core.ports.models import Sentences
from core.ports.stores import NoVectors

MAX_VECTOR_WAIT_S = 1.0
"""Longest wait of a query for its vector; without one it is searched by words alone."""
QUESTIONS_KEPT_S, MAX_QUESTIONS = 600.0, 1000
"""People page through answers and ask again, so vectors of queries are cached: for how long, and how many. The cache is
kept by organisation, so that the time of an answer does not tell what others search for."""
IndexSearches = Sequence[tuple[str, Mapping[str, Any]]]


async def search(call: Call[None, SearchQuery]) -> Reply:
    """Find words, and what means the same, in transcripts, clips, chapters and names of the organisation."""
    query = call.query
    plain = [(index, make_options(call.org_id, query, index)) for index in choose_indexes(query)]
    vector, semantic = await _embed_query(call, [index for index, _ in plain])
    if vector:
        by_meaning = make_meaning_options(query, vector)
        searches = [
            (index, options | by_meaning if index in INDEXES_WITH_MEANING else options) for index, options in plain
        ]
        try:
            return Reply(body=make_result(query, searches, await _search_indexes(call, searches), semantic))
        except NoVectors:
            semantic = Semantic(used=False, reason="the search server keeps no vectors: its words were searched")
    return Reply(body=make_result(query, plain, await _search_indexes(call, plain), semantic))


async def _search_indexes(call: Call[None, SearchQuery], searches: IndexSearches) -> list[Mapping[str, Any]]:
    """The engine's answer for each index, in each language that the query has to be read in."""
    readings = [(index, options, make_readings(call.query, options)) for index, options in searches]
    every = [(index, reading) for index, _, several in readings for reading in several]
    answers = iter(await call.context.search.search_each(call.org_id, every, call.query.q))
    return [merge_answers([next(answers) for _ in several], options) for _, options, several in readings]


async def _embed_query(call: Call[None, SearchQuery], indexes: Sequence[str]) -> tuple[list[float], Semantic]:
    """The vector of the query where it is wanted and available; else why not."""
    if call.query.mode == "words":
        return [], Semantic(used=False, reason="mode=words: only words were asked for")
    if not set(indexes) & set(INDEXES_WITH_MEANING):
        return [], Semantic(used=False, reason="entities are found by words alone")
    if call.query.language and KNOWN not in call.query.language:
        return [], Semantic(used=False, reason="the sentence model knows English only: words were searched")
    try:
        embed = partial(_vector, call.context.sentences, call.query.q)
        vector, model = await call.context.questions.get((call.org_id, call.query.q), embed)
    except NotAskedError as error:
        return [], Semantic(used=False, reason=f"{error}: words were searched")
    return vector, Semantic(used=True, model=model)


async def _vector(sentences: Sentences, question: str) -> tuple[list[float], str]:
    """Vector of a query, and its model. Raises NotAskedError."""
    rows, model, _ = await ask(sentences, [question], {}, patience_s=MAX_VECTOR_WAIT_S)
    return [round(float(value), 5) for value in rows[digest(question)]], model


def make_result(
    query: SearchQuery,
    searches: IndexSearches,
    answers: Sequence[Mapping[str, Any]],
    semantic: Semantic,
) -> SearchResult:
    """The engine's answers as a result; kinds that were not searched are empty."""
    by_index = {index: answer for (index, _), answer in zip(searches, answers, strict=True)}
    hits = {index: by_index.get(index, {}).get("hits", []) for index in LISTS}
    totals = {index: by_index.get(index, {}).get("estimatedTotalHits", 0) for index in LISTS}
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
        facets={index: dict(answer.get("facetDistribution", {})) for index, answer in by_index.items() if query.facets},
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/search",
        name="search",
        tag="search",
        permission="projects:read",
        summary="Find words in transcripts, clips, chapters and names",
        handler=search,
        query=SearchQuery,
        check=check_with(choose_indexes),
        response=SearchResult,
    ),
)
