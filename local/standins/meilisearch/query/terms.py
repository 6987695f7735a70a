"""The words of a query as terms: phrases, exclusions, typos allowed, synonyms. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from local.standins.meilisearch.query.query_text import is_unspaced, tokenise

_PART = re.compile(r'(?P<minus>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
MAX_WORDS = 10
"""Meilisearch reads ten words of a query and no more."""


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a document should hold: a word, or words in this order side by side."""

    words: tuple[str, ...]
    typos: int = 0
    prefix: bool = False
    synonyms: tuple[tuple[str, ...], ...] = ()
    is_phrase: bool = False


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Terms that are searched, and terms that must be absent."""

    terms: tuple[Term, ...]
    excluded: tuple[Term, ...]


def allowed_typos(word: str, tolerance: Mapping[str, Any]) -> int:
    """Typos allowed in a word of a query."""
    sizes = tolerance["minWordSizeForTypos"]
    numeric = tolerance.get("disableOnNumbers") and any(c.isdigit() for c in word)
    if not tolerance["enabled"] or numeric or word in [w.lower() for w in tolerance["disableOnWords"]]:
        return 0
    return 2 if len(word) >= sizes["twoTypos"] else 1 if len(word) >= sizes["oneTypo"] else 0


def parse_query(text: str, settings: Mapping[str, Any], *, japanese: bool = False) -> Query:
    """Terms of a query. The last word is a prefix unless a space follows it."""
    stop = {word.lower() for word in settings["stopWords"]}
    prefixes = settings["prefixSearch"] == "indexingTime"
    terms: list[Term] = []
    excluded: list[Term] = []
    for match in _PART.finditer(text):
        phrase = match.group("phrase")
        part = phrase if phrase is not None else match.group("word")
        words = tuple(token.word for token in tokenise(part, japanese=japanese))
        if not words:
            continue
        into = excluded if match.group("minus") else terms
        if phrase is not None:
            into.append(Term(words=words, is_phrase=True))
        elif all(is_unspaced(word) for word in words):
            into.append(Term(words=words, is_phrase=len(words) > 1))
        else:
            is_last = prefixes and match.end() == len(text)
            into.extend(_plain(words, settings, last_is_prefix=is_last))
    retained = [term for term in terms if term.is_phrase or term.prefix or term.words[0] not in stop]
    return Query(terms=tuple((retained or terms)[:MAX_WORDS]), excluded=tuple(excluded))


def _plain(words: tuple[str, ...], settings: Mapping[str, Any], *, last_is_prefix: bool) -> list[Term]:
    return [
        Term(
            words=(word,),
            typos=allowed_typos(word, settings["typoTolerance"]),
            prefix=last_is_prefix and number == len(words) - 1,
            synonyms=_synonyms(word, settings["synonyms"]),
        )
        for number, word in enumerate(words)
    ]


def _synonyms(word: str, synonyms: Mapping[str, list[str]]) -> tuple[tuple[str, ...], ...]:
    texts = [synonym for name, listed in synonyms.items() if _normal(name) == (word,) for synonym in listed]
    return tuple(words for synonym in texts if (words := _normal(synonym)))


def _normal(text: str) -> tuple[str, ...]:
    return tuple(token.word for token in tokenise(text))
