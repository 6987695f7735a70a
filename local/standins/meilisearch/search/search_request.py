"""The body of a search, checked field by field with Meilisearch's own codes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from local.standins.meilisearch.errors import MeiliError, not_here, unknown_field
from local.standins.meilisearch.index.locales import check_locales


class Hybrid(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Weight of meaning against words, 0..1, and the embedder."""

    embedder: str
    semantic_ratio: float = 0.5


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Parameters of a search. Names and defaults: https://www.meilisearch.com/docs/reference/api/search"""

    q: str | None = None
    offset: int = 0
    limit: int = 20
    page: int | None = None
    hits_per_page: int | None = None
    filter: Any = None
    facets: list[str] | None = None
    attributes_to_retrieve: list[str] | None = None
    attributes_to_crop: list[str] | None = None
    crop_length: int = 10
    crop_marker: str = "…"
    attributes_to_highlight: list[str] | None = None
    highlight_pre_tag: str = "<em>"
    highlight_post_tag: str = "</em>"
    show_matches_position: bool = False
    sort: list[str] | None = None
    matching_strategy: str = "last"
    show_ranking_score: bool = False
    ranking_score_threshold: float | None = None
    attributes_to_search_on: list[str] | None = None
    index_uid: str | None = None
    vector: list[float] | None = None
    hybrid: Hybrid | None = None
    retrieve_vectors: bool = False
    locales: list[str] | None = None

    @property
    def paged(self) -> bool:
        """Whether exact pages are asked for."""
        return self.page is not None or self.hits_per_page is not None

    @property
    def window(self) -> tuple[int, int]:
        """(first hit, how many)."""
        if self.paged:
            size = 20 if self.hits_per_page is None else self.hits_per_page
            return max(0, (1 if self.page is None else self.page) - 1) * size, size
        return self.offset, self.limit


_FIELDS = {field.encode_name: field for field in msgspec.structs.fields(SearchRequest)}
_UNABLE = ("distinct", "showRankingScoreDetails", "media", "personalize", "federationOptions", "showPerformanceDetails")
_SAME_AS_ABSENT = (None, False)


def snake(name: str) -> str:
    """``camelCase`` as ``snake_case``."""
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


def read_search(body: object) -> SearchRequest:
    """A search from its JSON. Raises MeiliError for unknown fields, bad values, unsupported features."""
    if not isinstance(body, Mapping):
        raise MeiliError("bad_request", "Invalid value type: expected an object")
    for name, value in body.items():
        if name in _UNABLE and value not in _SAME_AS_ABSENT:
            raise not_here(f"The search parameter `{name}`")
        if name not in _FIELDS and name not in _UNABLE:
            raise unknown_field(name, [*_FIELDS, *_UNABLE])
    provided = {
        name: _check_value(name, value) for name, value in body.items() if name in _FIELDS and value is not None
    }
    request = SearchRequest(**{_FIELDS[name].name: value for name, value in provided.items()})
    _check_hybrid(request)
    check_locales(request.locales or (), ".locales", "invalid_search_locales")
    threshold = request.ranking_score_threshold
    if threshold is not None and not 0.0 <= threshold <= 1.0:
        message = (
            "Invalid value at `.rankingScoreThreshold`: the value of `rankingScoreThreshold` is invalid, "
            "expected a float between `0.0` and `1.0`."
        )
        raise MeiliError("invalid_search_ranking_score_threshold", message)
    return request


def _check_hybrid(request: SearchRequest) -> None:
    if request.hybrid is None:
        if request.vector is not None:
            raise MeiliError(
                "missing_search_hybrid", "Invalid request: missing `hybrid` parameter when `vector` is present."
            )
        return
    ratio = request.hybrid.semantic_ratio
    if not 0.0 <= ratio <= 1.0:
        message = (
            "Invalid value at `.hybrid.semanticRatio`: the value of `semanticRatio` is invalid, "
            "expected a float between `0.0` and `1.0`."
        )
        raise MeiliError("invalid_search_semantic_ratio", message)
    if ratio and request.sort:
        raise not_here("Sorting a hybrid search")


def _check_value(name: str, value: Any) -> Any:
    code = f"invalid_search_{snake(name)}" if name != "indexUid" else "invalid_index_uid"
    try:
        checked = msgspec.convert(value, _FIELDS[name].type)
    except msgspec.ValidationError as error:
        raise MeiliError(code, f"Invalid value type at `.{name}`: {error}") from None
    if isinstance(checked, int) and not isinstance(checked, bool) and checked < 0:
        raise MeiliError(
            code,
            f"Invalid value type at `.{name}`: expected a positive integer, but found a negative integer: `{value}`",
        )
    if name == "matchingStrategy" and value not in ("last", "all", "frequency"):
        message = f"Unknown value `{value}` at `.matchingStrategy`: expected one of `last`, `all`, `frequency`"
        raise MeiliError(code, message)
    return checked
