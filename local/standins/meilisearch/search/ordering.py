"""The order of hits by the ranking rules, and counts by value (facets). Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from local.standins.meilisearch.errors import MeiliError
from local.standins.meilisearch.index.attributes import Values, covers
from local.standins.meilisearch.search.ranking import Rank

Ranked: TypeAlias = tuple[int, Rank]
NO_RANK = Rank(words=0, typos=0, proximity=0, attribute=0, position=0, exact=0, terms=0)
"""Rank of a hit of a search without words."""
Settings: TypeAlias = Mapping[str, Any]
MEASURES: Mapping[str, Callable[[Rank], Any]] = {
    "words": lambda r: -r.words,
    "typo": lambda r: r.typos,
    "proximity": lambda r: r.proximity,
    "attribute": lambda r: (r.attribute, r.position),
    "attributeRank": lambda r: r.attribute,
    "wordPosition": lambda r: r.position,
    "exactness": lambda r: (-r.whole, -r.exact),
}


class Likeness(msgspec.Struct, frozen=True):
    """Score of a hit that was found by its meaning."""

    value: float

    def score(self) -> float:
        """0 to 1."""
        return self.value


Scored: TypeAlias = Rank | Likeness
Hit: TypeAlias = tuple[int, Scored]


def blend(by_words: Sequence[Hit], by_meaning: Sequence[tuple[int, float]], ratio: float) -> tuple[list[Hit], set[int]]:
    """Merge both lists by weighted score, as Meilisearch does; returns also the numbers found by meaning."""
    words = by_words if ratio < 1 else []
    semantic_hits: list[Hit] = [(number, Likeness(value)) for number, value in by_meaning]
    weighed = [(hit, (1 - ratio) * hit[1].score()) for hit in words] + [
        (hit, ratio * hit[1].score()) for hit in semantic_hits
    ]
    weighed.sort(key=lambda pair: -pair[1])
    merged_hits: dict[int, Scored] = {}
    for (number, scored), _ in weighed:
        merged_hits.setdefault(number, scored)
    return list(merged_hits.items()), {number for number, scored in merged_hits.items() if isinstance(scored, Likeness)}


def order_hits(hits: Sequence[Ranked], sort: Sequence[str], settings: Settings, values: Values) -> list[Ranked]:
    """Sorted by the ranking rules: the last rule first, because sorting keeps the order of equals."""
    sort_rules = [_sort_rule(rule, settings["sortableAttributes"]) for rule in sort]
    result = list(hits)
    for rule in reversed(settings["rankingRules"]):
        if rule == "sort":
            for field, descending in reversed(sort_rules):
                result = _by_value(result, field, values, descending=descending)
        elif ":" in rule:
            field, _, direction = rule.rpartition(":")
            result = _by_value(result, field, values, descending=direction == "desc")
        else:
            result = _by_measure(result, MEASURES[rule])
    return result


def _by_measure(hits: list[Ranked], measure: Callable[[Rank], Any]) -> list[Ranked]:
    return sorted(hits, key=lambda hit: measure(hit[1]))


def _by_value(hits: list[Ranked], field: str, values: Values, *, descending: bool) -> list[Ranked]:
    keys = values.sort_keys(field)
    having = [hit for hit in hits if hit[0] in keys]
    having.sort(key=lambda hit: keys[hit[0]], reverse=descending)
    return having + [hit for hit in hits if hit[0] not in keys]


def _sort_rule(rule: str, sortable: Sequence[str]) -> tuple[str, bool]:
    field, _, direction = rule.rpartition(":")
    if direction not in ("asc", "desc") or not field:
        expected = "expected expression ending by `:asc` or `:desc`"
        raise MeiliError("invalid_search_sort", f"Invalid syntax for the sort parameter: {expected}, found `{rule}`.")
    if not any(covers(pattern, field) for pattern in sortable):
        listed = ", ".join(sorted(sortable))
        have = f"Available sortable attributes are: `{listed}`." if sortable else _NONE.format("sortable")
        raise MeiliError("invalid_search_sort", f"Attribute `{field}` is not sortable. {have}")
    return field, direction == "desc"


_NONE = "This index does not have configured {} attributes."


def facets_of(facets: Sequence[str] | None, among: set[int], settings: Settings, values: Values) -> dict[str, Any]:
    """`facetDistribution` and `facetStats` of the hits."""
    if facets is None:
        return {}
    filterable: list[str] = settings["filterableAttributes"]
    names = filterable if "*" in facets else facets
    for name in names:
        if not any(covers(pattern, name) for pattern in filterable):
            listed = ", ".join(sorted(filterable))
            have = (
                f"Available filterable attributes patterns are: `{listed}`." if listed else _NONE.format("filterable")
            )
            message = f"Invalid facet distribution: Attribute `{name}` is not filterable. {have}"
            raise MeiliError("invalid_search_facets", message)
    return {
        "facetDistribution": {name: _counts(name, among, settings["faceting"], values) for name in names},
        "facetStats": {name: stats for name in names if (stats := _stats(name, among, values))},
    }


def _counts(name: str, among: set[int], faceting: Settings, values: Values) -> dict[str, int]:
    by = faceting["sortFacetValuesBy"]
    by_count = by.get(name, by.get("*")) == "count"
    counts = values.counts(name, among)
    order = sorted(counts.items(), key=lambda item: (-item[1] if by_count else 0, item[0]))
    return dict(order[: faceting["maxValuesPerFacet"]])


def _stats(name: str, among: set[int], values: Values) -> dict[str, float] | None:
    numbers = [key[1] for number, key in values.sort_keys(name).items() if number in among and key[0] == 0]
    return {"min": min(numbers), "max": max(numbers)} if numbers else None
