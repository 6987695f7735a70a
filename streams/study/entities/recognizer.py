"""Recognise named entities by rules, gazetteer and what the rest of the text says. English only. Pure.

A name is a run of capitalised words. Its context and its last word suggest its kind; all mentions of one name then
have the kind that most of them suggest (document memory): a surname alone is still the person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain.text.bare_word import APOSTROPHES, strip_punctuation
from core.ports.models import NameSpan
from schemas.documents.intelligence import Entity, EntityKind
from streams.study.discourse_patterns import speaks_english
from streams.study.entities import gazetteer
from streams.study.entities.amounts import is_notable_number
from streams.study.entities.candidates import CandidateFinder, NameCandidate
from streams.study.transcript_text import TranscriptText

MAX_ENTITY_MENTIONS = 50
"""Most mentions listed of one entity."""
MIN_MEAN_VOTES = 1.2
"""Mean votes of its mentions from which a name is listed."""
MIN_SINGLE_VOTES = 2.4
"""Votes of a single mention from which a name is listed."""
MIN_INITIALS_LENGTH = 3
"""Shortest capitals that may be an organisation's initials."""


@dataclass(frozen=True, kw_only=True)
class NamedEntity:
    """One entity with its mentions as (first word, end word)."""

    kind: EntityKind
    name: str
    places: Sequence[tuple[int, int]]


def find_entities(document: TranscriptText, learned_names: Sequence[Sequence[NameSpan]] = ()) -> list[NamedEntity]:
    """Find every person, organisation, place and work, each once, by first mention.

    ``learned_names``: what a model found, one list a line. Its names keep their kind; rules name the rest, and other
    mentions of its names.
    """
    finder = CandidateFinder(document, learned_names)
    candidates = list(finder.find_names())
    full_names = _resolve_short_forms(candidates)
    learned_keys = {_key(candidate, full_names) for candidate in candidates if candidate.is_learned}
    votes: dict[str, Counter[EntityKind]] = defaultdict(Counter)
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    strongest: dict[tuple[str, EntityKind], float] = defaultdict(float)
    for candidate in candidates:
        key = _key(candidate, full_names)
        if candidate.is_learned or key not in learned_keys:
            votes[key].update(candidate.votes)
            for kind, vote in candidate.votes.items():
                strongest[key, kind] = max(strongest[key, kind], vote)
        places[key].append((candidate.first, candidate.end))
        forms[key][candidate.name] += 1
    entities = []
    for key, name_forms in forms.items():
        kind, total = max(votes[key].items(), key=lambda pair: pair[1])
        mean = round(total / len(places[key]), 6)  # ten times 1.2 add up to less than 12
        if mean < MIN_MEAN_VOTES and strongest[key, kind] < MIN_SINGLE_VOTES:
            continue
        entities.append(
            NamedEntity(
                kind=kind, name=max(name_forms, key=lambda form: (len(form), name_forms[form])), places=places[key]
            )
        )
    return sorted(entities, key=lambda candidate: candidate.places[0])


def _key(candidate: NameCandidate, full_names: Mapping[str, str]) -> str:
    """Key of the name that a candidate is a mention of."""
    return full_names.get(_fold_name(candidate.name), _fold_name(candidate.name))


def _fold_name(name: str) -> str:
    """Fold a name: no case, no article."""
    return name.lower().removeprefix("the ")


def _resolve_short_forms(candidates: Sequence[NameCandidate]) -> dict[str, str]:
    """Map short forms to the full name where only one fits.

    A person's surname or given name; an organisation's first word or its initials.
    """
    full_names: dict[str, set[str]] = defaultdict(set)
    capital_names = {
        candidate.name
        for candidate in candidates
        if candidate.name.isupper() and len(candidate.name) >= MIN_INITIALS_LENGTH
    }
    for candidate in candidates:
        parts = candidate.name.lower().split()
        person, organisation = candidate.votes.get("person", 0) >= 3, candidate.votes.get("organisation", 0) >= 3
        if len(parts) == 1 or not (person or organisation):
            continue
        if person or (not gazetteer.is_place(parts[0]) and parts[0] not in gazetteer.ORG_STARTS | gazetteer.PEOPLES):
            full_names[parts[0]].add(_fold_name(candidate.name))
        if person:
            full_names[parts[-1]].add(_fold_name(candidate.name))
        initials = "".join(word[0] for word in candidate.name.split() if word[:1].isupper())
        if organisation and initials in capital_names:
            full_names[initials.lower()].add(_fold_name(candidate.name))
    return {short_form: min(matches) for short_form, matches in full_names.items() if len(matches) == 1}


def find_values(document: TranscriptText, learned_names: Sequence[Sequence[NameSpan]] = ()) -> list[NamedEntity]:
    """Find every date, time, sum, share and number outside names, each once as it is written."""
    finder = CandidateFinder(document, learned_names)
    places: dict[tuple[EntityKind, str], list[tuple[int, int]]] = defaultdict(list)
    for line in document.lines:
        if not speaks_english(line.language):
            continue
        for first, end, kind in finder.find_amounts(line):
            text = strip_punctuation(" ".join(word.text.strip() for word in document.words[first:end]), APOSTROPHES)
            places[kind, text].append((first, end))
    return [NamedEntity(kind=kind, name=name, places=value_places) for (kind, name), value_places in places.items()]


def build_entities(
    document: TranscriptText, entities: Sequence[NamedEntity], learned_names: Sequence[Sequence[NameSpan]] = ()
) -> list[Entity]:
    """Build the stored entities, without times of day and without small numbers."""
    listed_entities = [
        *entities,
        *(
            entity
            for entity in find_values(document, learned_names)
            if entity.kind != "time" and (entity.kind != "number" or is_notable_number(entity.name))
        ),
    ]
    return [
        Entity(
            kind=entity.kind,
            name=entity.name,
            mentions=[document.quote(*place) for place in entity.places[:MAX_ENTITY_MENTIONS]],
        )
        for entity in sorted(listed_entities, key=lambda entity: entity.places[0])
    ]
