"""The settings of an index: names, defaults, allowed values; unsupported ones are refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.standins.meilisearch.errors import MeiliError, not_here, unknown_field
from local.standins.meilisearch.index.locales import check_rules
from local.standins.meilisearch.index.vectors import check_embedders

RULES = ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"]
OLD_RULES = ["words", "typo", "proximity", "attribute", "sort", "exactness"]
_CUSTOM_RULE = re.compile(r"^[^:\s]+:(asc|desc)$")
TYPO_TOLERANCE: dict[str, Any] = {
    "enabled": True,
    "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
    "disableOnWords": [],
    "disableOnAttributes": [],
    "disableOnNumbers": False,
}
DEFAULTS: dict[str, Any] = {
    "displayedAttributes": ["*"],
    "searchableAttributes": ["*"],
    "filterableAttributes": [],
    "sortableAttributes": [],
    "rankingRules": RULES,
    "stopWords": [],
    "nonSeparatorTokens": [],
    "separatorTokens": [],
    "dictionary": [],
    "synonyms": {},
    "distinctAttribute": None,
    "proximityPrecision": "byWord",
    "typoTolerance": TYPO_TOLERANCE,
    "faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
    "pagination": {"maxTotalHits": 1000},
    "embedders": {},
    "searchCutoffMs": None,
    "localizedAttributes": None,
    "facetSearch": True,
    "prefixSearch": "indexingTime",
}
REBUILDS = {
    "searchableAttributes",
    "filterableAttributes",
    "sortableAttributes",
    "rankingRules",
    "localizedAttributes",
}
"""Settings after which every document is indexed again."""
_UNABLE = ("nonSeparatorTokens", "separatorTokens", "dictionary", "distinctAttribute", "searchCutoffMs")


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _synonyms(value: object) -> bool:
    return isinstance(value, dict) and all(_texts(synonyms) for synonyms in value.values())


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "displayedAttributes": (_texts, "an array of strings"),
    "searchableAttributes": (_texts, "an array of strings"),
    "filterableAttributes": (_texts, "an array of strings"),
    "sortableAttributes": (_texts, "an array of strings"),
    "rankingRules": (_texts, "an array of strings"),
    "stopWords": (_texts, "an array of strings"),
    "synonyms": (_synonyms, "an object of arrays of strings"),
    "proximityPrecision": (lambda v: v in ("byWord", "byAttribute"), "one of `byWord`, `byAttribute`"),
    "typoTolerance": (lambda v: isinstance(v, dict), "an object"),
    "faceting": (lambda v: isinstance(v, dict), "an object"),
    "pagination": (lambda v: isinstance(v, dict), "an object"),
    "facetSearch": (lambda v: isinstance(v, bool), "a boolean"),
    "prefixSearch": (lambda v: v in ("indexingTime", "disabled"), "one of `indexingTime`, `disabled`"),
}


_OWN_CHECKS: Mapping[str, Callable[[object], None]] = {
    "embedders": check_embedders,
    "localizedAttributes": check_rules,
}


def code_of(name: str) -> str:
    """Error code of a setting, e.g. ``invalid_settings_ranking_rules``."""
    return "invalid_settings_" + re.sub(r"([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def check_settings(settings: object) -> dict[str, Any]:
    """Check and return settings. Raises MeiliError for unknown or unsupported names and values."""
    if not isinstance(settings, dict):
        raise MeiliError("bad_request", "Invalid value type: expected an object")
    for name, value in settings.items():
        if name not in DEFAULTS:
            raise unknown_field(name, list(DEFAULTS))
        if value is None or value == DEFAULTS[name]:
            continue
        if name in _UNABLE:
            raise not_here(f"The setting `{name}`")
        if name in _OWN_CHECKS:
            _OWN_CHECKS[name](value)
            continue
        fits, expected = _CHECKS[name]
        if not fits(value):
            raise MeiliError(
                code_of(name), f"Invalid value type at `.{name}`: expected {expected}, but found: `{value}`"
            )
        _check_inside(name, value)
    return settings


def _check_inside(name: str, value: Any) -> None:
    if name == "rankingRules":
        for rule in value:
            if rule not in RULES and rule not in OLD_RULES and not _CUSTOM_RULE.match(rule):
                rules = ", ".join(f"`{known_rule}`" for known_rule in dict.fromkeys(OLD_RULES + RULES))
                message = f"`{rule}` ranking rule is invalid. Valid ranking rules are {rules} and custom ranking rules."
                raise MeiliError("invalid_settings_ranking_rules", message)
    if name in ("typoTolerance", "faceting", "pagination"):
        for inner in value:
            if inner not in DEFAULTS[name]:
                raise unknown_field(f"{name}.{inner}", list(DEFAULTS[name]))


def merge_defaults(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored settings over the defaults, nested ones too."""
    result = dict(DEFAULTS)
    for name, value in stored.items():
        result[name] = _over(DEFAULTS[name], value)
    return result


def _over(default: Any, value: Any) -> Any:
    if isinstance(default, dict) and isinstance(value, dict) and default:
        return {
            k: _over(default.get(k), value[k]) if value.get(k) is not None else default.get(k)
            for k in {**default, **value}
        }
    return value


def update_settings(stored: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Settings to store after a PATCH: null resets a setting, an object adds to what is there."""
    result = dict(stored)
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif name == "embedders":
            every = {**result.get(name, {}), **value}
            result[name] = {embedder: rules for embedder, rules in every.items() if rules is not None}
        elif name in ("typoTolerance", "faceting", "pagination"):
            result[name] = _over(result.get(name, {}), value) if result.get(name) else value
        else:
            result[name] = value
    return result
