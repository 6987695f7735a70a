"""Find relations of two names where one sentence states them, by rules. English only. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from schemas.documents.intelligence import EntityKind, Quote, Relation
from streams.study.entities import gazetteer
from streams.study.entities.recognizer import NamedEntity
from streams.study.transcript_text import TranscriptLine, TranscriptText

MIN_SHARED_SENTENCES_COUNT = 2
"""Sentences in which two names must meet before "said with" is reported."""
MAX_CO_OCCURRENCES = 60
"""Most pairs of names that are checked for it."""
MAX_PAIR_LINE_WORDS = 60
"""In a longer sentence two names may have nothing to do with each other."""
_ROLE = re.compile(
    rf"^,? ?(?:who is |who's |is |was |as )?(?:our |the |your |my )?(?P<role>{gazetteer.ROLE_PATTERN})\b", re.IGNORECASE
)
_OF = re.compile(r"^,? ?(?:(?:and|our|the) )*(?:with|from|of|at|for)(?: the)? ?$", re.IGNORECASE)
_BASED = re.compile(
    r"^,? ?(?:is |are |was )?(?:based |located |headquartered |founded |born |lives |here )?in(?: the)? ?$",
    re.IGNORECASE,
)
_PART = re.compile(
    r"^,? ?(?:which |that )?(?:is |was )?(?:now )?(?:an? |the )?(?:wholly[- ]owned )?(?:\w+ )?"
    r"(?:subsidiary|division|unit|part|arm|branch|department|brand|member) of(?: the)? ?$",
    re.IGNORECASE,
)
_ACQUIRED = re.compile(
    r"^ ?(?:has |have |had |just |recently |also ){0,2}(?:acquired|acquires|bought|took over|taken over|purchased)"
    r"(?: the)? ?$",
    re.IGNORECASE,
)
_MADE = re.compile(
    r"^ ?(?:has |have |had |also |who |once |later |then ){0,2}(?:wrote|written|directed|published|composed|recorded"
    r"|painted|produced|created|designed|filmed|edited) (?:\w+ ){0,5}$",
    re.IGNORECASE,
)
_BY = re.compile(
    r"^,? ?(?:which |that )?(?:is |was )?(?:(?:an? |the )?(?:\w+ ){0,2})?(?:written |directed |made |composed |sung )?"
    r"by(?: the)? ?$",
    re.IGNORECASE,
)
_MAKERS = ("person", "organisation")


@dataclass(frozen=True, kw_only=True)
class EntityPlace:
    """One mention of an entity in a sentence."""

    first: int
    end: int
    kind: EntityKind
    name: str


def find_relations(document: TranscriptText, entities: Sequence[NamedEntity]) -> list[Relation]:
    """Find every relation once, with the first sentence that states it, in order."""
    relations_by_key: dict[tuple[str, str, str], Relation] = {}
    pair_counts: Counter[tuple[str, str]] = Counter()
    first_lines: dict[tuple[str, str], TranscriptLine] = {}
    for line, places in _group_by_line(document, entities):
        for relation in _find_in_line(document, line, places):
            relations_by_key.setdefault((relation.kind, relation.subject, relation.object), relation)
        pairs = {(place.name, later.name) for place in places for later in places if place.name < later.name}
        for pair in pairs if line.words <= MAX_PAIR_LINE_WORDS else ():
            pair_counts[pair] += 1
            first_lines.setdefault(pair, line)
    related_pairs = {(relation.subject, relation.object) for relation in relations_by_key.values()}
    for pair, count in pair_counts.most_common(MAX_CO_OCCURRENCES):
        if count >= MIN_SHARED_SENTENCES_COUNT and pair not in related_pairs and pair[::-1] not in related_pairs:
            quote = document.line_quote(first_lines[pair])
            relations_by_key["said_with", *pair] = Relation(
                kind="said_with", subject=pair[0], object=pair[1], quote=quote
            )
    return sorted(
        relations_by_key.values(),
        key=lambda relation: (relation.quote.start_ms, relation.kind, relation.subject, relation.object),
    )


def _group_by_line(
    document: TranscriptText, entities: Sequence[NamedEntity]
) -> Iterator[tuple[TranscriptLine, list[EntityPlace]]]:
    """Yield each sentence that mentions entities, with their places."""
    all_places = sorted(
        (
            EntityPlace(first=first, end=end, kind=entity.kind, name=entity.name)
            for entity in entities
            for first, end in entity.places
        ),
        key=lambda place: place.first,
    )
    next_place = 0
    for line in document.lines:
        line_places = []
        while next_place < len(all_places) and all_places[next_place].first < line.end_word:
            line_places.append(all_places[next_place])
            next_place += 1
        if line_places:
            yield line, line_places


def _find_in_line(document: TranscriptText, line: TranscriptLine, places: Sequence[EntityPlace]) -> Iterator[Relation]:
    """Find what a sentence states of neighbouring names."""
    quote = document.line_quote(line)
    for number, place in enumerate(places):
        next_place = places[number + 1] if number + 1 < len(places) else None
        if place.kind == "person":
            role = _ROLE.match(_after(document, line, place))
            if role and place.name.lower() != role["role"].lower():
                role_text = " ".join(role["role"].split())
                yield Relation(kind="holds_role", subject=place.name, object=role_text, quote=quote)
        if next_place is None or next_place.name == place.name:
            continue
        text_between = _between(document, line, place, next_place)
        if place.kind == "person" and next_place.kind == "organisation" and _is_employment(text_between):
            yield Relation(kind="works_for", subject=place.name, object=next_place.name, quote=quote)
        yield from _find_between(place, next_place, text_between, quote)
        if next_place.kind == "place" and (
            _BASED.match(text_between) or _is_place_pair(document, line, places, number)
        ):
            yield Relation(kind="located_in", subject=place.name, object=next_place.name, quote=quote)


def _find_between(place: EntityPlace, next_place: EntityPlace, text_between: str, quote: Quote) -> Iterator[Relation]:
    """Find relations of two organisations, or of a work and its maker, by the words between."""
    kinds, names_of = (place.kind, next_place.kind), (place.name, next_place.name)
    if kinds == ("organisation", "organisation") and _PART.match(text_between):
        yield Relation(kind="part_of", subject=names_of[0], object=names_of[1], quote=quote)
    if kinds == ("organisation", "organisation") and _ACQUIRED.match(text_between):
        yield Relation(kind="acquired", subject=names_of[0], object=names_of[1], quote=quote)
    if kinds[0] in _MAKERS and kinds[1] == "work" and _MADE.match(text_between):
        yield Relation(kind="made", subject=names_of[0], object=names_of[1], quote=quote)
    if kinds[0] == "work" and kinds[1] in _MAKERS and _BY.match(text_between):
        yield Relation(kind="made", subject=names_of[1], object=names_of[0], quote=quote)


def _is_place_pair(document: TranscriptText, line: TranscriptLine, places: Sequence[EntityPlace], number: int) -> bool:
    """Whether a place and the next are ``Toronto, Canada``: two places with a comma, in no longer list."""
    in_list = [
        place.kind == next_place.kind == "place"
        and _between(document, line, place, next_place).strip() in (",", "and", ", and")
        for place, next_place in pairwise(places)
    ]
    no_list = not any(in_list[number - 1 : number] if number else []) and not any(in_list[number + 1 : number + 2])
    return in_list[number] and no_list and _between(document, line, places[number], places[number + 1]).strip() == ","


def _is_employment(text_between: str) -> bool:
    role = _ROLE.match(text_between)
    return bool(_OF.match(text_between[role.end() :] if role else text_between))


def _after(document: TranscriptText, line: TranscriptLine, place: EntityPlace) -> str:
    return _gap(document, line, place.end, line.end_word)


def _between(document: TranscriptText, line: TranscriptLine, place: EntityPlace, next_place: EntityPlace) -> str:
    return _gap(document, line, place.end, next_place.first)


def _gap(document: TranscriptText, line: TranscriptLine, first: int, end: int) -> str:
    """Text from one name to the next, with the first name's own comma."""
    comma = "," if document.words[first - 1].text.strip().endswith(",") else ""
    rest = " ".join(word.text.strip() for word in document.words[first : min(end, line.end_word)])
    return f"{comma} {rest} " if rest else comma
