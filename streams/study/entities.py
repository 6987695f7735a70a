"""Who and what is named, by rules, a gazetteer and what the rest of the text says. Pure; English only.

A name is a run of capitalised words. What stands around it and what it ends with say what it is; all mentions of one
name are then of the kind that most of them spoke for (document memory): a surname alone is still the person.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.intelligence import Entity, EntityKind
from streams.study import names
from streams.study.amounts import amounts
from streams.study.lexicon import FILLERS, STOP
from streams.study.spoken import Line, Spoken

MENTIONS = 50
SURE_EACH, SURE_ONCE = 1.2, 2.4
"""A name is listed where its mentions speak for one kind so strongly: each of them, or one of them."""
_ABBREVIATED = frozenset(("st", "inc", "corp", "co", "jr", "sr", "ltd", "vs"))
_ROMAN = re.compile(r"^[IVX]{2,}[A-C]?$")
_EDGES = "\"“”‘’'()[]{}*"
_ENDS = (",", ".", "?", "!", ";", ":", "…")
_JOINS = frozenset(("of", "for", "and", "&", "de", "del", "van", "von", "der", "la", "al", "bin", "the"))
_PERSON_BEFORE = re.compile(
    r"(\b(i'm|i am|my name is|my name's|this is|line of|line (?:\w+ ){0,2}is|comes? from|is from|questions? from"
    r"|goes to"
    r"|thanks|thank you|thank you very much|hi|hello|hey|good (?:morning|afternoon|evening)|turn (?:it|the call"
    r"|things) "
    r"(?:back )?over to|over to|back to|joined by|joining (?:us|me)|introduce|welcome|colleague|friend|ask"
    r"|with (?:me|us) "
    r"(?:is|are|today)|mr|mrs|ms|dr|prof|professor|president|senator|minister|sir|madam|and|,)[,.]? )$",
    re.IGNORECASE,
)
_STRONG_BEFORE = re.compile(
    r"\b(i'm|i am|my name is|my name's|line of|introduce|mr|mrs|ms|dr|prof|professor|senator)[,.]? $", re.IGNORECASE
)
_ROLE_AFTER = re.compile(rf"^,? (?:who is |is )?{names.ROLE}\b", re.IGNORECASE)
_WITH = re.compile(r"\b(with|from|at|of) $", re.IGNORECASE)
_IN = re.compile(r"\b(in|throughout|across|near|outside|to|from) (?:the )?$", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?$")


@dataclass(frozen=True, kw_only=True)
class Mention:
    """Words ``[first, end)`` of the transcript. ``votes`` says how strongly its surroundings speak for each kind."""

    first: int
    end: int
    name: str
    votes: Mapping[EntityKind, float]


@dataclass(frozen=True, kw_only=True)
class Found:
    """One entity with its mentions as (first word, end word)."""

    kind: EntityKind
    name: str
    places: Sequence[tuple[int, int]]


def bare(text: str) -> str:
    """A word without punctuation and possessive."""
    plain = text.strip().strip(_EDGES).rstrip("".join(_ENDS)).strip(_EDGES)
    return _POSSESSIVE.sub("", plain)


def sentence_ends(text: str) -> bool:
    """Whether a word ends a sentence: not a title or an initial."""
    plain = bare(text).lower()
    return text.strip().endswith((".", "?", "!")) and not (
        text.strip().endswith(".") and (len(plain) == 1 or plain in names.TITLES or plain in _ABBREVIATED)
    )


class Reader:
    """One text, with what it tells of its own words: how often each is capitalised inside a sentence, how often not."""

    def __init__(self, spoken: Spoken) -> None:
        """Count every word once."""
        self._spoken = spoken
        self._bare = [bare(word.text) for word in spoken.words]
        self._opens = {line.first_word for line in spoken.lines} | {
            at + 1 for at, word in enumerate(spoken.words) if sentence_ends(word.text)
        }
        inside = [word for at, word in enumerate(self._bare) if at not in self._opens]
        self._capital = Counter(word.lower() for word in inside if word[:1].isupper())
        self._small = Counter(word for word in self._bare if word[:1].islower())

    def mentions(self) -> Iterator[Mention]:
        """Every name, in order."""
        for line in self._spoken.lines:
            taken = {at for first, end, _ in self.amounts(line) for at in range(first, end)}
            for first, end in self._runs(line, taken):
                yield self._mention(line, first, end)

    def amounts(self, line: Line) -> list[tuple[int, int, EntityKind]]:
        """(first word, end word, kind) of each amount of a sentence."""
        found = []
        offset = self._spoken.starts[line.first_word]
        starts = [self._spoken.starts[at] - offset for at in range(line.first_word, line.end_word)]
        for begin, end, kind in amounts(line.text):
            inside = [
                at for at, start in enumerate(starts) if begin < start + len(self._word(line, at)) and start < end
            ]
            if inside:
                found.append((line.first_word + inside[0], line.first_word + inside[-1] + 1, kind))
        return found

    def _word(self, line: Line, at: int) -> str:
        return self._spoken.words[line.first_word + at].text.strip()

    def _runs(self, line: Line, taken: set[int]) -> Iterator[tuple[int, int]]:
        at = line.first_word
        while at < line.end_word:
            if at in taken or not self._names(at):
                at += 1
                continue
            end = self._end_of(at, line, taken)
            first, last = self._without_roles(at, end)
            if first < last:
                yield first, last
            at = end

    def _without_roles(self, first: int, end: int) -> tuple[int, int]:
        """A run without the jobs at its ends: they are said of somebody, they name nobody."""
        while first < end and self._bare[first].lower() in names.JOBS:
            first += 1
        while end > first and self._bare[end - 1].lower() in names.JOBS:
            end -= 1
        return first, end

    def _end_of(self, first: int, line: Line, taken: set[int]) -> int:
        """Where a run of names ends: at punctuation, at a small word that joins nothing, at an amount."""
        end = first + 1
        while end < line.end_word and not self._closes(end - 1):
            if end not in taken and self._names(end):
                end += 1
                continue
            joined = end
            while joined < line.end_word and joined - end < 2 and self._bare[joined].lower() in _JOINS:
                joined += 1
            more = joined > end and joined < line.end_word and joined not in taken and self._names(joined)
            if not more or any(self._closes(at) for at in range(end, joined)) or not self._joins(first, end, joined):
                break
            end = joined + 1
        return end

    def _joins(self, first: int, end: int, after: int) -> bool:
        """Whether small words bind two parts of one name (``Bank of America``), or stand between two names."""
        small = {self._bare[at].lower() for at in range(end, after)}
        left = {self._bare[at].lower() for at in range(first, end)}
        if small & {"and", "&", "for"} and left & {"of"} and left & names.ORG_STARTS:
            return True
        if small & {"and", "&", "for"}:
            tail = [self._bare[at].lower() for at in range(after, min(after + 3, len(self._bare))) if self._names(at)]
            return "&" in small or bool(tail and tail[-1] in names.ORG_ENDS)
        if "of" in small:
            return bool(
                left & (names.ORG_STARTS | {"chamber", "united", "states", "republic", "gulf", "academy", "church"})
            )
        return bool(small & {"de", "del", "van", "von", "der", "la", "al", "bin"})

    def _closes(self, at: int) -> bool:
        """Whether a word ends a name by its punctuation or its possessive; an initial's full stop does not."""
        text = self._spoken.words[at].text.strip()
        if _POSSESSIVE.search(text.rstrip("".join(_ENDS))) and not text.endswith("'"):
            return True
        if not text.endswith(_ENDS):
            return False
        return sentence_ends(text) or text.endswith((",", ";", ":", "…"))

    def _names(self, at: int) -> bool:
        """Whether a word may be part of a name."""
        word = self._bare[at]
        low = word.lower()
        if not word[:1].isupper() and not re.match(r"^[a-z][A-Z]", word):
            return False
        if re.search(r"\d|-$", word) or _ROMAN.match(word):
            return False
        if len(word) == 1:
            return self._spoken.words[at].text.strip().endswith(".") and word != "I"
        head = re.split(r"['’]", low)[0]
        if low in names.NOT_ORG or low in names.PEOPLES or low in FILLERS or head in ("i", "it", "that", "we", "you"):
            return False
        if low in names.DAYS or (low in names.MONTHS and low not in ("may", "march", "jan", "mar", "june", "april")):
            return False
        if at in self._opens:
            known = self._capital[low] or low in names.GIVEN or low in names.KNOWN_ORGS or low in names.TITLES
            rare = self._small[low] == 0 and low not in STOP
            after = at + 1 < len(self._bare) and self._bare[at + 1][:1].isupper() and not self._closes(at)
            return (bool(known) and self._small[low] < 2 * self._capital[low] + 1 and low not in STOP) or (
                rare and (after or word.isupper() or low in names.places())
            )
        return not (low in STOP and self._small[low] > self._capital[low])

    def _mention(self, line: Line, first: int, end: int) -> Mention:
        offset = self._spoken.starts[line.first_word]
        stop = self._spoken.starts[end - 1] + len(self._spoken.words[end - 1].text.strip()) - offset
        before = line.text[: self._spoken.starts[first] - offset]
        while end - first > 1 and self._bare[first].lower() in names.TITLES:
            before, first = f"{self._bare[first]} ", first + 1
        words = [self._bare[at] for at in range(first, end)]
        after = line.text[stop - 1 :] if line.text[stop - 1 : stop] == "," else line.text[stop:]
        return Mention(first=first, end=end, name=" ".join(words), votes=_votes(words, before, after))


def _votes(words: Sequence[str], before: str, after: str) -> dict[EntityKind, float]:
    """How strongly the name itself and its neighbours speak for each kind."""
    low = [word.lower() for word in words]
    whole, votes = " ".join(low), defaultdict[EntityKind, float](float)
    if whole in names.places() or (len(low) > 1 and all(part in names.places() for part in low)):
        votes["place"] += 3.0
    if low[-1] in names.ORG_ENDS and len(low) > 1:
        votes["organisation"] += 4.0
    if low[0] in names.ORG_STARTS and len(low) > 2:
        votes["organisation"] += 3.0
    if low[0] in names.KNOWN_ORGS:
        votes["organisation"] += 3.0
    if len(low) == 1 and re.fullmatch(r"[A-Z]{2,6}", words[0]):
        votes["organisation"] += 2.0 if re.search(r"\b(the|by|at|from|with) $", before) else 0.7
    if re.match(r"['’]s?\b", after):
        votes["organisation"] += 0.7
    if low[0] in names.GIVEN and low[-1] not in names.ORG_ENDS:
        votes["person"] += 3.0 if 2 <= len(low) <= 3 else 2.0 if len(low) == 1 else 0.0
    if len(low) <= 3 and low[-1] not in names.ORG_ENDS and not words[0].isupper():
        votes["person"] += 3.5 if _STRONG_BEFORE.search(before) else 1.0 if _PERSON_BEFORE.search(before) else 0.0
        votes["person"] += 3.0 if len(low) > 1 and _ROLE_AFTER.match(after) else 0.0
        votes["person"] += 1.0 if len(low) == 2 and re.match(r",? (with|from|of) [A-Z]", after) else 0.0
    if _WITH.search(before):
        votes["organisation"] += 1.0
    if _IN.search(before):
        votes["place"] += 0.2
    votes["organisation"] += 0.5
    return dict(votes)


def named(spoken: Spoken) -> list[Found]:
    """Every person, organisation and place, each once, by first mention."""
    reader = Reader(spoken)
    mentions = list(reader.mentions())
    owner = _owners(mentions)
    votes: dict[str, Counter[EntityKind]] = defaultdict(Counter)
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    strongest: dict[str, float] = defaultdict(float)
    for one in mentions:
        key = owner.get(one.name.lower(), one.name.lower())
        votes[key].update(one.votes)
        strongest[key] = max(strongest[key], *one.votes.values())
        places[key].append((one.first, one.end))
        forms[key][one.name] += 1
    found = []
    for key, ways in forms.items():
        kind, total = max(votes[key].items(), key=lambda pair: pair[1])
        if total / len(places[key]) < SURE_EACH and strongest[key] < SURE_ONCE:
            continue
        found.append(Found(kind=kind, name=max(ways, key=lambda way: (len(way), ways[way])), places=places[key]))
    return sorted(found, key=lambda one: one.places[0])


def _owners(mentions: Sequence[Mention]) -> dict[str, str]:
    """Short form → long form: a person's surname or given name, an organisation's first word, where only one fits."""
    persons: dict[str, set[str]] = defaultdict(set)
    for one in mentions:
        parts = one.name.lower().split()
        if len(parts) > 1 and (one.votes.get("person", 0) >= 3 or one.votes.get("organisation", 0) >= 3):
            person = one.votes.get("person", 0) >= 3
            if person or (parts[0] not in names.places() and parts[0] not in names.ORG_STARTS):
                persons[parts[0]].add(one.name.lower())
            if person:
                persons[parts[-1]].add(one.name.lower())
    return {short: min(longs) for short, longs in persons.items() if len(longs) == 1}


def valued(spoken: Spoken) -> list[Found]:
    """Every date, time, sum, share and number, each once as it is written."""
    reader = Reader(spoken)
    places: dict[tuple[EntityKind, str], list[tuple[int, int]]] = defaultdict(list)
    for line in spoken.lines:
        for first, end, kind in reader.amounts(line):
            text = " ".join(word.text.strip() for word in spoken.words[first:end]).strip(_EDGES + "".join(_ENDS))
            places[kind, text].append((first, end))
    return [Found(kind=kind, name=name, places=at) for (kind, name), at in places.items()]


def listed(spoken: Spoken, who: Sequence[Found]) -> list[Entity]:
    """Names and amounts as they are stored; numbers and times that stand alone are left out: they name nothing."""
    found = [*who, *(one for one in valued(spoken) if one.kind not in ("number", "time"))]
    return [
        Entity(kind=one.kind, name=one.name, mentions=[spoken.quote(*at) for at in one.places[:MENTIONS]])
        for one in sorted(found, key=lambda one: one.places[0])
    ]
