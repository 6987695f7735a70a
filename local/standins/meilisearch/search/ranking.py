"""Score of a document for a query by Meilisearch's rules: words, typo, proximity, attribute, exact.

https://www.meilisearch.com/docs/learn/relevancy/ranking_rules. Without splitting and joining of words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from local.standins.meilisearch.index.locales import Rules, text_is_japanese
from local.standins.meilisearch.query.query_text import Token, tokenise, typos
from local.standins.meilisearch.query.terms import Term

POSITION_STEPS = 11
"""Steps in which the position of a word in its attribute counts."""
MAX_PROXIMITY_WORDS = 8
"""Distance of two words above which it no longer counts."""


class Match(msgspec.Struct, frozen=True):
    """Position of a term: ``[first, end)`` are tokens of an attribute."""

    attribute: int
    first: int
    end: int
    typos: int
    exact: bool


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """The measures of one document; smaller is better but for ``words`` and ``exact``."""

    words: int
    typos: int
    proximity: int
    attribute: int
    position: int
    exact: int
    terms: int
    whole: int = 0
    """2: an attribute is what was asked for and no more; 1: it begins with that."""
    most_typos: int = 0
    attributes: int = 1

    def score(self) -> float:
        """One number from 0 to 1, the rules nested in each other as Meilisearch does it."""
        if not self.terms:
            return 1.0
        most_near = (MAX_PROXIMITY_WORDS - 1) * (self.terms - 1) + 1
        levels = (
            (self.words, self.terms),
            (self.most_typos + 1 - min(self.typos, self.most_typos), self.most_typos + 1),
            (most_near - min(self.proximity, most_near - 1), most_near),
            (max(1, self.attributes - self.attribute), self.attributes),
            (POSITION_STEPS - min(self.position // self.terms, POSITION_STEPS - 1), POSITION_STEPS),
            (self.whole + 1, 3),
            (self.exact + 1, self.terms + 1),
        )
        rank, most = 1, 1
        for value, highest in levels:
            rank, most = (rank - 1) * highest + value, most * highest
        return rank / most


def find_matches(term: Term, tokens: Sequence[Token], attribute: int) -> list[Match]:
    """Every position of an attribute where a term occurs."""
    matches: list[Match] = []
    if len(term.words) == 1:
        for at, token in enumerate(tokens):
            missed = typos(term.words[0], token.word, term.typos, term.prefix)
            if missed is not None:
                matches.append(Match(attribute, at, at + 1, missed, token.word == term.words[0]))
    else:
        matches += _sequences(term.words, tokens, attribute, missed=0)
    for synonym in term.synonyms:
        matches += _sequences(synonym, tokens, attribute, missed=0)
    return matches


def _sequences(words: Sequence[str], tokens: Sequence[Token], attribute: int, *, missed: int) -> list[Match]:
    length = len(words)
    return [
        Match(attribute, at, at + length, missed, True)
        for at in range(len(tokens) - length + 1)
        if all(tokens[at + i].word == word for i, word in enumerate(words))
    ]


class Matches(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of each attribute, and for each term its places."""

    tokens: dict[str, list[Token]]
    places: list[list[Match]]


def match_document(
    terms: Sequence[Term], texts: Mapping[str, str], exact_only: Sequence[str] = (), rules: Rules | None = None
) -> Matches:
    """Find all terms in all texts; ``exact_only`` names attributes where no typo is forgiven.

    ``rules``: which language each attribute is in.
    """
    tokens = {path: tokenise(text, japanese=text_is_japanese(text, path, rules)) for path, text in texts.items()}
    places: list[list[Match]] = []
    for term in terms:
        matches: list[Match] = []
        for number, (path, words) in enumerate(tokens.items()):
            strict = term if path not in exact_only else msgspec.structs.replace(term, typos=0)
            matches += find_matches(strict, words, number)
        places.append(matches)
    return Matches(tokens=tokens, places=places)


def rank(matches: Matches, terms: Sequence[Term] = (), *, attributes: int = 1) -> Rank:
    """The measures of a document by its matches. ``attributes``: how many rank by their order."""
    best = [
        min(term_matches, key=lambda m: (m.typos, not m.exact, m.attribute, m.first))
        for term_matches in matches.places
        if term_matches
    ]
    return Rank(
        words=len(best),
        typos=sum(match.typos for match in best),
        proximity=sum(_nearest(a, b) for a, b in zip(matches.places, matches.places[1:], strict=False)),
        attribute=min((match.attribute for match in best), default=0) if attributes > 1 else 0,
        position=sum(match.first for match in best),
        exact=sum(match.exact for match in best),
        terms=len(matches.places),
        whole=max(
            (_exact_match(matches, number, len(words)) for number, words in enumerate(matches.tokens.values())),
            default=0,
        ),
        most_typos=sum(term.typos for term in terms),
        attributes=attributes,
    )


def _exact_match(matches: Matches, attribute: int, length: int) -> int:
    """Whether an attribute is the asked words (2), begins with them (1), or neither (0)."""
    at = 0
    for term_matches in matches.places:
        match = next(
            (m for m in term_matches if m.attribute == attribute and m.first == at and m.exact and not m.typos), None
        )
        if match is None:
            return 0
        at = match.end
    return 0 if not at else 2 if at == length else 1


def _nearest(left: Sequence[Match], right: Sequence[Match]) -> int:
    """Steps between two neighbouring terms: 0 side by side in order, 1 more when turned round."""
    nearest = MAX_PROXIMITY_WORDS - 1
    for a in left:
        for b in right:
            if a.attribute == b.attribute and a.first != b.first:
                gap = b.first - a.end if b.first >= a.end else a.first - b.end + 1
                nearest = min(nearest, max(0, gap))
    return nearest
