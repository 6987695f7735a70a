"""How two names stand to each other, where one sentence says it. Pure; English only; no rule, no relation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from schemas.documents.intelligence import EntityKind, Quote, Relation
from streams.study.entities import gazetteer
from streams.study.entities.recognizer import Found
from streams.study.transcript_text import Line, Spoken

TOGETHER = 2
"""In so many sentences two names must meet before that is told."""
MOST_TOGETHER = 60
LONGEST_WORDS = 60
"""In a longer sentence two names may have nothing to do with each other."""
_ROLE = re.compile(
    rf"^,? ?(?:who is |who's |is |was |as )?(?:our |the |your |my )?(?P<role>{gazetteer.ROLE})\b", re.IGNORECASE
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
class Place:
    """One entity where a sentence names it."""

    first: int
    end: int
    kind: EntityKind
    name: str


def relations(spoken: Spoken, found: Sequence[Found]) -> list[Relation]:
    """Every relation once, with the first sentence that says it, in the order they were said."""
    told: dict[tuple[str, str, str], Relation] = {}
    met: Counter[tuple[str, str]] = Counter()
    first_met: dict[tuple[str, str], Line] = {}
    for line, places in _by_line(spoken, found):
        for relation in _said(spoken, line, places):
            told.setdefault((relation.kind, relation.subject, relation.object), relation)
        pairs = {(a.name, b.name) for a in places for b in places if a.name < b.name}
        for pair in pairs if line.words <= LONGEST_WORDS else ():
            met[pair] += 1
            first_met.setdefault(pair, line)
    known = {(one.subject, one.object) for one in told.values()}
    for pair, count in met.most_common(MOST_TOGETHER):
        if count >= TOGETHER and pair not in known and pair[::-1] not in known:
            quote = spoken.line_quote(first_met[pair])
            told["said_with", *pair] = Relation(kind="said_with", subject=pair[0], object=pair[1], quote=quote)
    return sorted(told.values(), key=lambda one: (one.quote.start_ms, one.kind, one.subject, one.object))


def _by_line(spoken: Spoken, found: Sequence[Found]) -> Iterator[tuple[Line, list[Place]]]:
    """Each sentence that names anybody, with whom it names."""
    every = sorted(
        (Place(first=first, end=end, kind=one.kind, name=one.name) for one in found for first, end in one.places),
        key=lambda place: place.first,
    )
    at = 0
    for line in spoken.lines:
        here = []
        while at < len(every) and every[at].first < line.end_word:
            here.append(every[at])
            at += 1
        if here:
            yield line, here


def _said(spoken: Spoken, line: Line, places: Sequence[Place]) -> Iterator[Relation]:
    """What a sentence says of neighbours in it."""
    quote = spoken.line_quote(line)
    for at, place in enumerate(places):
        following = places[at + 1] if at + 1 < len(places) else None
        if place.kind == "person":
            role = _ROLE.match(_after(spoken, line, place))
            if role and place.name.lower() != role["role"].lower():
                role_text = " ".join(role["role"].split())
                yield Relation(kind="holds_role", subject=place.name, object=role_text, quote=quote)
        if following is None or following.name == place.name:
            continue
        between = _between(spoken, line, place, following)
        if place.kind == "person" and following.kind == "organisation" and _works(between):
            yield Relation(kind="works_for", subject=place.name, object=following.name, quote=quote)
        yield from _of_two(place, following, between, quote)
        if following.kind == "place" and (_BASED.match(between) or _within(spoken, line, places, at)):
            yield Relation(kind="located_in", subject=place.name, object=following.name, quote=quote)


def _of_two(place: Place, following: Place, between: str, quote: Quote) -> Iterator[Relation]:
    """What stands between an organisation and another, or between a work and who made it."""
    kinds, names_of = (place.kind, following.kind), (place.name, following.name)
    if kinds == ("organisation", "organisation") and _PART.match(between):
        yield Relation(kind="part_of", subject=names_of[0], object=names_of[1], quote=quote)
    if kinds == ("organisation", "organisation") and _ACQUIRED.match(between):
        yield Relation(kind="acquired", subject=names_of[0], object=names_of[1], quote=quote)
    if kinds[0] in _MAKERS and kinds[1] == "work" and _MADE.match(between):
        yield Relation(kind="made", subject=names_of[0], object=names_of[1], quote=quote)
    if kinds[0] == "work" and kinds[1] in _MAKERS and _BY.match(between):
        yield Relation(kind="made", subject=names_of[1], object=names_of[0], quote=quote)


def _within(spoken: Spoken, line: Line, places: Sequence[Place], at: int) -> bool:
    """Whether a place and the next are ``Toronto, Canada``: two places with a comma, in no longer list."""
    listed = [
        place.kind == other.kind == "place" and _between(spoken, line, place, other).strip() in (",", "and", ", and")
        for place, other in pairwise(places)
    ]
    alone = not any(listed[at - 1 : at] if at else []) and not any(listed[at + 1 : at + 2])
    return listed[at] and alone and _between(spoken, line, places[at], places[at + 1]).strip() == ","


def _works(between: str) -> bool:
    role = _ROLE.match(between)
    return bool(_OF.match(between[role.end() :] if role else between))


def _after(spoken: Spoken, line: Line, place: Place) -> str:
    return _gap(spoken, line, place.end, line.end_word)


def _between(spoken: Spoken, line: Line, place: Place, following: Place) -> str:
    return _gap(spoken, line, place.end, following.first)


def _gap(spoken: Spoken, line: Line, first: int, end: int) -> str:
    """Text from behind a name to before another, with the name's own comma."""
    comma = "," if spoken.words[first - 1].text.strip().endswith(",") else ""
    rest = " ".join(word.text.strip() for word in spoken.words[first : min(end, line.end_word)])
    return f"{comma} {rest} " if rest else comma
