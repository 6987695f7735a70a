"""Who and what is named, by rules, a gazetteer and what the rest of the text says. Pure; English only.

A name is a run of capitalised words. What stands around it and what it ends with say what it is; all mentions of one
name are then of the kind that most of them spoke for (document memory): a surname alone is still the person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.text.bare_word import APOSTROPHES, strip_punctuation
from schemas.documents.intelligence import Entity, EntityKind
from streams.study.entities import gazetteer
from streams.study.entities.amounts import telling
from streams.study.entities.candidates import Mention, Reader
from streams.study.lexicon import speaks_english
from streams.study.transcript_text import Spoken

MENTIONS = 50
SURE_EACH, SURE_ONCE = 1.2, 2.4
"""A name is listed where its mentions speak for one kind so strongly: each of them, or one of them."""
SHORTEST_INITIALS = 3


@dataclass(frozen=True, kw_only=True)
class Found:
    """One entity with its mentions as (first word, end word)."""

    kind: EntityKind
    name: str
    places: Sequence[tuple[int, int]]


def named(spoken: Spoken) -> list[Found]:
    """Every person, organisation and place, each once, by first mention."""
    reader = Reader(spoken)
    mentions = list(reader.mentions())
    owner = _owners(mentions)
    votes: dict[str, Counter[EntityKind]] = defaultdict(Counter)
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    strongest: dict[tuple[str, EntityKind], float] = defaultdict(float)
    for one in mentions:
        key = owner.get(_key(one.name), _key(one.name))
        votes[key].update(one.votes)
        for kind, vote in one.votes.items():
            strongest[key, kind] = max(strongest[key, kind], vote)
        places[key].append((one.first, one.end))
        forms[key][one.name] += 1
    found = []
    for key, ways in forms.items():
        kind, total = max(votes[key].items(), key=lambda pair: pair[1])
        if total / len(places[key]) < SURE_EACH and strongest[key, kind] < SURE_ONCE:
            continue
        found.append(Found(kind=kind, name=max(ways, key=lambda way: (len(way), ways[way])), places=places[key]))
    return sorted(found, key=lambda one: one.places[0])


def _key(name: str) -> str:
    """What mentions of one name share: no case, no article."""
    return name.lower().removeprefix("the ")


def _owners(mentions: Sequence[Mention]) -> dict[str, str]:
    """Short form → long form, where only one fits: a person's surname or given name, an organisation's first word
    or its initials.
    """
    longs: dict[str, set[str]] = defaultdict(set)
    shouted = {one.name for one in mentions if one.name.isupper() and len(one.name) >= SHORTEST_INITIALS}
    for one in mentions:
        parts = one.name.lower().split()
        person, organisation = one.votes.get("person", 0) >= 3, one.votes.get("organisation", 0) >= 3
        if len(parts) == 1 or not (person or organisation):
            continue
        if person or (not gazetteer.is_place(parts[0]) and parts[0] not in gazetteer.ORG_STARTS | gazetteer.PEOPLES):
            longs[parts[0]].add(_key(one.name))
        if person:
            longs[parts[-1]].add(_key(one.name))
        initials = "".join(word[0] for word in one.name.split() if word[:1].isupper())
        if organisation and initials in shouted:
            longs[initials.lower()].add(_key(one.name))
    return {short: min(known) for short, known in longs.items() if len(known) == 1}


def valued(spoken: Spoken) -> list[Found]:
    """Every date, time, sum, share and number, each once as it is written."""
    reader = Reader(spoken)
    places: dict[tuple[EntityKind, str], list[tuple[int, int]]] = defaultdict(list)
    for line in spoken.lines:
        if not speaks_english(line.language):
            continue
        for first, end, kind in reader.amounts(line):
            text = strip_punctuation(" ".join(word.text.strip() for word in spoken.words[first:end]), APOSTROPHES)
            places[kind, text].append((first, end))
    return [Found(kind=kind, name=name, places=at) for (kind, name), at in places.items()]


def listed(spoken: Spoken, who: Sequence[Found]) -> list[Entity]:
    """Names and amounts as they are stored, without times of day and without the small numbers of any talk."""
    found = [
        *who,
        *(one for one in valued(spoken) if one.kind != "time" and (one.kind != "number" or telling(one.name))),
    ]
    return [
        Entity(kind=one.kind, name=one.name, mentions=[spoken.quote(*at) for at in one.places[:MENTIONS]])
        for one in sorted(found, key=lambda one: one.places[0])
    ]
