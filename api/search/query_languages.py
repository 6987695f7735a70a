"""Languages to read a query in, for scripts that several languages share. Pure.

The engine segments Chinese and Japanese by different dictionaries, so words of one are not found in texts of the other.
Han characters alone may be either: such a query runs twice, once on the texts of each language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from api.search.query import SearchQuery
from core.domain.text.script_languages import LOCALES, written_in

_KANA, _HANGUL, _THAI = (
    re.compile(f"[{signs}]") for signs in ("\u3040-\u30ff", "\u1100-\u11ff\uac00-\ud7af", "\u0e00-\u0e7f")
)
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
Options = Mapping[str, Any]


def make_readings(query: SearchQuery, options: Options) -> list[dict[str, Any]]:
    """Options of one query for each language to read it in; together they are the answer."""
    languages = _choose_languages(query)
    if len(languages) < 2:
        return [{**options, **({"locales": [LOCALES[language] for language in languages]} if languages else {})}]
    unpaged = {**options, "offset": 0, "limit": options["offset"] + options["limit"]}
    japanese = {**unpaged, "locales": [LOCALES["ja"]], "filter": [*options["filter"], 'language = "ja"']}
    return [japanese, {**unpaged, "locales": [LOCALES["zh"]], "filter": [*options["filter"], 'language != "ja"']}]


def _choose_languages(query: SearchQuery) -> list[str]:
    requested = {written_in(language.casefold()) for language in query.language}
    for name, signs in (("ja", _KANA), ("ko", _HANGUL), ("th", _THAI)):
        if signs.search(query.q):
            return [name]
    if not _HAN.search(query.q):
        return [language for language in requested if language is not None] if len(requested) == 1 else []
    either = [language for language in ("ja", "zh") if not requested or language in requested]
    return either or [language for language in LOCALES if language in requested][:1] or ["zh"]


def merge_answers(answers: Sequence[Mapping[str, Any]], options: Options) -> dict[str, Any]:
    """Answers to all readings of a query as one; they share no hit."""
    if len(answers) == 1:
        return dict(answers[0])
    hits = [hit for answer in answers for hit in answer["hits"]]
    for rule in reversed(options.get("sort") or ["_rankingScore:desc"]):
        field, _, way = rule.rpartition(":")
        hits.sort(key=lambda hit: hit.get(field) or 0, reverse=way == "desc")
    start = options["offset"]
    counts: dict[str, dict[str, int]] = {}
    for answer in answers:
        for field, values in answer.get("facetDistribution", {}).items():
            for value, count in values.items():
                into = counts.setdefault(field, {})
                into[value] = into.get(value, 0) + count
    total = sum(answer.get("estimatedTotalHits", 0) for answer in answers)
    return {"hits": hits[start : start + options["limit"]], "estimatedTotalHits": total, "facetDistribution": counts}
