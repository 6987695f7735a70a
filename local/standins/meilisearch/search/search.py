"""One search over one index: candidates, filter, ranking, sort, facets, the answer. Reads only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from local.standins.meilisearch.errors import MeiliError
from local.standins.meilisearch.index.attributes import Values, covers
from local.standins.meilisearch.index.documents import Library
from local.standins.meilisearch.index.fulltext import searchable_texts
from local.standins.meilisearch.index.index_settings import merge_defaults
from local.standins.meilisearch.index.locales import Rules, query_is_japanese
from local.standins.meilisearch.index.store import IndexRow
from local.standins.meilisearch.index.vectors import FIELD, check_dimensions
from local.standins.meilisearch.query.filters import parse_filter
from local.standins.meilisearch.query.terms import Query, Term, parse_query
from local.standins.meilisearch.search.formatting import Style, format_document, match_positions
from local.standins.meilisearch.search.ordering import (
    NO_RANK,
    Hit,
    Ranked,
    Scored,
    blend,
    facets_of,
    order_hits,
)
from local.standins.meilisearch.search.ranking import Rank, match_document, rank
from local.standins.meilisearch.search.search_request import SearchRequest

SUFFICIENT_SCORE = 0.45
"""A score of 0.9 with equal weights of words and meaning."""


class Searcher:
    """Answers for one index as it is now."""

    def __init__(self, library: Library, row: IndexRow) -> None:
        """``row`` gives the settings."""
        self._library, self._row = library, row
        self._settings = merge_defaults(row.settings)
        self._values = Values(library.store.read(), row.number)

    def run(self, request: SearchRequest) -> dict[str, Any]:
        """The whole answer."""
        began = time.perf_counter()
        allowed = self._allowed_numbers(request)
        paths, rules_of = self._paths(self._searched_attributes(request)), self._settings["localizedAttributes"]
        japanese = query_is_japanese(request.q or "", request.locales, paths, rules_of)
        query = parse_query(request.q or "", self._settings, japanese=japanese)
        by_words = order_hits(self._hits(query, request, allowed), request.sort or [], self._settings, self._values)
        least = request.ranking_score_threshold or 0.0
        hits, by_meaning = self._blend_with_meaning(
            [hit for hit in by_words if hit[1].score() >= least], request, allowed
        )
        first, count = request.window
        most = self._settings["pagination"]["maxTotalHits"]
        page = hits[:most][first : first + count]
        answer = {
            "hits": self._documents(page, query, request),
            "query": request.q or "",
            "processingTimeMs": int((time.perf_counter() - began) * 1000),
        }
        return (
            answer
            | ({"semanticHitCount": sum(n in by_meaning for n, _ in page)} if _asks_meaning(request) else {})
            | self._pages(request, min(len(hits), most))
            | facets_of(request.facets, {n for n, _ in hits}, self._settings, self._values)
        )

    def _allowed_numbers(self, request: SearchRequest) -> set[int] | None:
        node = parse_filter(request.filter)
        return None if node is None else self._values.matching(node, self._settings["filterableAttributes"])

    def _blend_with_meaning(
        self, hits: Sequence[Hit], request: SearchRequest, allowed: set[int] | None
    ) -> tuple[list[Hit], set[int]]:
        """Order hits by words and by meaning by their weighted scores; returns also those by meaning.

        ``hits`` are those by words that reach the threshold; of hits by meaning only those that reach it are added.
        """
        hybrid = request.hybrid
        if hybrid is None or not _asks_meaning(request):
            return list(hits), set()
        ratio = hybrid.semantic_ratio
        rules = self._settings["embedders"].get(hybrid.embedder)
        if rules is None:
            raise MeiliError("invalid_search_embedder", f"Cannot find embedder with name `{hybrid.embedder}`.")
        if request.vector is None and ratio == 1.0:
            message = (
                "Error while generating embeddings: user error: attempt to embed the following text in a configuration "
                f"where embeddings must be user provided:\n  - `{request.q}`"
            )
            raise MeiliError("vector_embedding_error", message)
        if request.vector is None or (request.q and _good_enough(hits, request, ratio)):
            return list(hits), set()
        check_dimensions(request.vector, rules)
        near = self._library.vectors.nearest(self._row.number, hybrid.embedder, request.vector)
        near = [neighbour for neighbour in near if allowed is None or neighbour[0] in allowed]
        with_vector = {number for number, _ in near}
        everything = self._values.everything() if allowed is None else allowed
        near += [(number, 0.0) for number in sorted(everything - with_vector)]  # without a vector: behind all others
        least = request.ranking_score_threshold or 0.0
        return blend(hits if request.q else [], [neighbour for neighbour in near if neighbour[1] >= least], ratio)

    def _searched_attributes(self, request: SearchRequest) -> list[str]:
        searchable: list[str] = self._settings["searchableAttributes"]
        attributes = request.attributes_to_search_on
        if attributes is None or attributes == ["*"]:
            return searchable
        for name in attributes:
            if not any(covers(pattern, name) for pattern in searchable):
                listed = ", ".join(searchable)
                message = f"Attribute `{name}` is not searchable. Available searchable attributes are: `{listed}`."
                raise MeiliError("invalid_search_attributes_to_search_on", message)
        return attributes

    def _hits(self, query: Query, request: SearchRequest, allowed: set[int] | None) -> list[Ranked]:
        searched = self._searched_attributes(request)
        excluded = self._numbers_with(query.excluded, searched)
        if not query.terms:
            numbers = self._values.everything() if allowed is None else allowed
            return [(number, NO_RANK) for number in sorted(numbers - excluded)]
        most = self._settings["pagination"]["maxTotalHits"]
        first, count = request.window
        terms = self._by_rarity(query.terms, searched) if request.matching_strategy == "frequency" else query.terms
        ranked: dict[int, Rank] = {}
        for term_count in range(len(terms), 0, -1):
            candidates = self._library.fulltext(self._row.number).candidates(terms[:term_count], self._paths(searched))
            fresh = [
                n for n in candidates if n not in ranked and n not in excluded and (allowed is None or n in allowed)
            ]
            ranked |= self._rank_numbers(fresh[:most], query.terms, searched, at_least=terms[:term_count])
            if request.matching_strategy == "all" or len(ranked) >= first + count:
                break
        return list(ranked.items())

    def _numbers_with(self, terms: Sequence[Term], searched: Sequence[str]) -> set[int]:
        fulltext = self._library.fulltext(self._row.number)
        return {number for term in terms for number in fulltext.candidates([term], self._paths(searched))}

    def _by_rarity(self, terms: Sequence[Term], searched: Sequence[str]) -> Sequence[Term]:
        fulltext = self._library.fulltext(self._row.number)
        return sorted(terms, key=lambda term: len(fulltext.candidates([term], self._paths(searched))))

    def _paths(self, searched: Sequence[str]) -> list[str]:
        """Attributes that exist, of those to be searched, in order."""
        existing = self._library.store.paths(self._row.number)
        order = {path: next((i for i, p in enumerate(searched) if covers(p, path)), None) for path in existing}
        return sorted((path for path, at in order.items() if at is not None), key=lambda path: order[path] or 0)

    def _rank_numbers(
        self, numbers: Sequence[int], terms: Sequence[Term], searched: Sequence[str], *, at_least: Sequence[Term]
    ) -> dict[int, Rank]:
        strict = self._settings["typoTolerance"]["disableOnAttributes"]
        bodies = self._library.store.bodies(list(numbers))
        ranks: dict[int, Rank] = {}
        for number in numbers:
            if number in bodies:
                texts = searchable_texts(bodies[number], searched)
                matches = match_document(terms, texts, strict, self._settings["localizedAttributes"])
                if all(matches.places[terms.index(term)] for term in at_least):
                    ranks[number] = rank(matches, terms, attributes=1 if "*" in searched else len(searched))
        return ranks

    def _documents(self, hits: Sequence[Hit], query: Query, request: SearchRequest) -> list[dict[str, Any]]:
        bodies = self._library.store.bodies([number for number, _ in hits])
        documents = []
        for number, ranked in hits:
            if number in bodies:
                document = {k: v for k, v in bodies[number].items() if self._is_displayed(k)}
                hit = self._hit(document, ranked, query, request)
                if request.retrieve_vectors:
                    hit[FIELD] = self._library.vectors.vectors_of(self._row.number, number)
                documents.append(hit)
        return documents

    def _is_displayed(self, name: str) -> bool:
        return name != FIELD and any(
            covers(pattern, name) or pattern.startswith(name + ".") for pattern in self._settings["displayedAttributes"]
        )

    def _hit(self, document: dict[str, Any], ranked: Scored, query: Query, request: SearchRequest) -> dict[str, Any]:
        attributes = request.attributes_to_retrieve
        hit = (
            document
            if attributes is None or "*" in attributes
            else {k: v for k, v in document.items() if k in attributes}
        )
        hit = dict(hit)
        highlight, cropped = request.attributes_to_highlight, request.attributes_to_crop
        if highlight is not None or cropped is not None:
            style = _style(request, self._shown_in(request))
            chosen = {*hit, *(highlight or ()), *style.crop}
            inside = {k: v for k, v in document.items() if k in chosen or "*" in chosen}
            hit["_formatted"] = format_document(inside, query.terms, style)
        if request.show_matches_position:
            hit["_matchesPosition"] = match_positions(document, query.terms, self._shown_in(request))
        if request.show_ranking_score:
            hit["_rankingScore"] = ranked.score()
        return hit

    def _shown_in(self, request: SearchRequest) -> Rules | None:
        """The language in which matches are marked: the asked one, else each attribute's."""
        if request.locales:
            return [{"attributePatterns": ["*"], "locales": request.locales}]
        rules: Rules | None = self._settings["localizedAttributes"]
        return rules

    def _pages(self, request: SearchRequest, total: int) -> dict[str, int]:
        if not request.paged:
            return {"limit": request.limit, "offset": request.offset, "estimatedTotalHits": total}
        size = 20 if request.hits_per_page is None else request.hits_per_page
        page = 1 if request.page is None else request.page
        return {"hitsPerPage": size, "page": page, "totalPages": -(-total // size) if size else 0, "totalHits": total}


def _asks_meaning(request: SearchRequest) -> bool:
    """Without words and vector everything is listed, as where meaning has no weight."""
    return bool(request.hybrid and request.hybrid.semantic_ratio and (request.vector is not None or request.q))


def _good_enough(hits: Sequence[Hit], request: SearchRequest, ratio: float) -> bool:
    """Whether hits by words fill the page, and are so good that meaning is not asked."""
    needed_hits = sum(request.window)
    return len(hits) >= needed_hits and all(
        scored.score() * (1 - ratio) >= SUFFICIENT_SCORE for _, scored in hits[:needed_hits]
    )


def _style(request: SearchRequest, rules: Rules | None) -> Style:
    crops: dict[str, int] = {}
    for attribute in request.attributes_to_crop or []:
        name, _, length = attribute.rpartition(":")
        if name and length.isdigit():
            crops[name] = int(length)
        else:
            crops[attribute] = request.crop_length
    return Style(
        highlight=tuple(request.attributes_to_highlight or ()),
        crop=crops,
        pre_tag=request.highlight_pre_tag,
        post_tag=request.highlight_post_tag,
        marker=request.crop_marker,
        rules=rules,
    )
