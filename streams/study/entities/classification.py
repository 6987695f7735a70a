"""Vote on a name's kind (person, organisation, place, event) by the name and its context. Pure.

Each sign adds to one kind; nothing is decided here. A name is listed from about two votes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from schemas.documents.intelligence import EntityKind
from streams.study.entities import gazetteer

KindVotes = defaultdict[EntityKind, float]
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
_JOB = (
    r"(?:minister|chancellor|president|king|queen|prince|princess|captain|doctor|surgeon|nurse|professor|scientist"
    r"|researcher|physicist|chemist|biologist|mathematician|engineer|author|writer|novelist|poet|journalist|reporter"
    r"|director|actor|actress|singer|composer|painter|artist|musician|coach|manager|mayor|governor|senator|secretary"
    r"|general|colonel|sergeant|judge|lawyer|founder|owner|mother|father|sister|brother|wife|husband|daughter|son|uncle"
    r"|aunt|cousin|student|teacher|driver|pilot|goalkeeper|striker|champion|guest|chairman|chairwoman|ceo|cfo"
    r"|economist|historian|philosopher|psychologist|designer|photographer|astronaut|bishop|priest)s?"
)
_JOB_BEFORE = re.compile(
    rf"\b(?:an?|the|our|my|his|her|their|its|two|three|another|former)\b(?: [\w'’-]+){{0,3}} {_JOB}"
    r"(?: \w+(?: [\w'’-]+){0,3})?, $",
    re.IGNORECASE,
)
"""``the chancellor of Germany, Olaf Scholz``: a role, and then a name."""
_JOB_NEXT_TO_NAME = re.compile(rf"\b{_JOB} $", re.IGNORECASE)
_PERSON_CALLED = re.compile(
    r"\b(?:his|her|their|whose|(?:man|woman|boy|girl|child|one|other)['’]s|first|last) name(?: is| was|['’]s) $"
    r"|\b(?:he|she|who|man|woman|boy|girl|child|baby|guy|friend|brother|sister|son|daughter)(?: is| was|['’]s)?"
    r" (?:called|named) $",
    re.IGNORECASE,
)
_WHO_AFTER = re.compile(r"^,? who(?:se|['’]s)?\b", re.IGNORECASE)
_PERSON_ACTS = re.compile(
    r"^ (?:(?:once|also|then|has|had|never|always) )?(?:said|says|told|wrote|thought|believed|argued|explained|laughed"
    r"|smiled|died|married|was born)\b",
    re.IGNORECASE,
)
"""Verbs that people do and few others."""
_ROLE_AFTER = re.compile(rf"^,? (?:who is |is )?{gazetteer.ROLE_PATTERN}\b", re.IGNORECASE)
_WITH = re.compile(r"\b(?:[Ww]ith|[Ff]rom|[Aa]t|[a-z][\w'’-]* of) $")
"""``a division of Harbour``, and not the second half of ``Game of Thrones``."""
_ORGANISATION_BEFORE = re.compile(
    r"\b(company|companies|firm|startup|manufacturer|retailer|supplier|subsidiary|competitor|agency|employer|brand"
    r"|partners?|customers?|clients?)(?: (?:called|named|like)|,? such as|,? including)? $"
    r"|\b(?:partnership|agreement|contract|collaboration|merger|alliance|joint venture) (?:with|between) $"
    r"|\b(?:acquisition|subsidiary|division|shareholders?|shares|investors?|ceo|chairman|president|founder"
    r"|customers|employees) (?:of|in) $"
    r"|\b(?:works?|worked|working) (?:at|for) $|\b(?:acquired|acquire|acquiring|bought|joined|sued) $",
    re.IGNORECASE,
)
"""Words of dealings with an organisation, and hardly with anything else."""
_CALL_AFTER = re.compile(
    r"^,? (?:\w+ )?(?:q[1-4]|(?:first|second|third|fourth|full|fiscal)[ -](?:quarter|half|year)|quarterly|earnings"
    r"|annual|investor|shareholder|conference call)\b",
    re.IGNORECASE,
)
"""``Welcome to the Harbour Lines third quarter earnings call``."""
_ACTS = re.compile(
    r"^ (?:(?:has|have|had|will|also|recently|just) ){0,2}(?:announced|announces|acquired|acquires|launched|launches"
    r"|approved|reported|reports|merged|manufactures|sells|hired|employs|employees|customers|shareholders|stock"
    r"|shares|products)\b",
    re.IGNORECASE,
)
_IN = re.compile(r"\b(in|throughout|across|near|outside|around|within|to|from) (?:the )?$", re.IGNORECASE)
_INSIDE = re.compile(r"\b(in|near|outside|around|within|throughout|across) (?:the )?$", re.IGNORECASE)
_PLACE_BEFORE = re.compile(
    r"\b(?:based|headquartered|located|situated|born|lives?|lived|living|raised|offices?|plants?|facilit(?:y|ies)"
    r"|factory|factories|stores|warehouse|campus|mine|mines|operations) (?:is |are )?(?:in|near|outside|at) (?:the )?$"
    r"|\b(?:moved|travell?ed|flew|drove|shipped|relocated) (?:back )?to $"
    r"|\b(?:city|town|village|state|province|county|district|port|island|region|country|people) of $"
    r"|\b(?:north|south|east|west|outskirts|coast|suburbs?) of $",
    re.IGNORECASE,
)
"""Words that say where somebody or something is."""
_COMMA_PLACE = re.compile(r"^, ((?:[A-Z][\w.'’-]*)(?: [A-Z][\w.'’-]*)?)")
_GIVEN_FORM = re.compile(r".{2,}(?:ville|burgh?|shire|stan|polis|minster|stadt|grad|abad)$")
_THE = re.compile(r"\b[Tt]he $")
_ACRONYM = re.compile(r"[A-Z]{2,6}")
_CAMEL = re.compile(r"^[A-Z]?[a-z]+[A-Z]|^[A-Z]{2,}[a-z]{2,}")


def count_votes(words: Sequence[str], before: str, after: str) -> dict[EntityKind, float]:
    """Count how strongly the name itself and its context suggest each kind."""
    lower_words = [word.lower() for word in words]
    votes_by_kind: KindVotes = defaultdict(float)
    votes_by_kind["organisation"] += 0.5
    _vote_organisation(votes_by_kind, words, lower_words, before, after)
    _vote_person(votes_by_kind, words, lower_words, before, after)
    _vote_place(votes_by_kind, lower_words, before, after)
    if len(lower_words) > 1 and lower_words[-1] in gazetteer.EVENT_ENDS:
        votes_by_kind["event"] += 4.5
    return dict(votes_by_kind)


def _vote_organisation(
    votes_by_kind: KindVotes, words: Sequence[str], lower_words: Sequence[str], before: str, after: str
) -> None:
    if lower_words[-1] in gazetteer.ORG_ENDS and len(lower_words) > 1:
        votes_by_kind["organisation"] += 4.0
    split_at = next(
        (index for index, word in enumerate(lower_words) if word in ("of", "for")), int(len(lower_words) > 2)
    )
    heads = lower_words[:split_at]
    if gazetteer.ORG_STARTS.intersection(heads):
        votes_by_kind["organisation"] += 3.0
    if lower_words[0] in gazetteer.KNOWN_ORGS:
        votes_by_kind["organisation"] += 3.0
    if len(lower_words) == 1 and _ACRONYM.fullmatch(words[0]):
        votes_by_kind["organisation"] += 2.0 if re.search(r"\b(the|by|at|from|with) $", before) else 0.7
    if len(lower_words) == 1 and lower_words[0] in gazetteer.PUBLIC_BODIES and _THE.search(before):
        votes_by_kind["organisation"] += 2.5
    if any(_CAMEL.match(word) for word in words):
        votes_by_kind["organisation"] += 1.0
    if re.match(r"['’]s?\b", after):
        votes_by_kind["organisation"] += 0.7
    if _WITH.search(before):
        votes_by_kind["organisation"] += 1.0
    if lower_words[0] not in gazetteer.GIVEN_NAMES:
        votes_by_kind["organisation"] += 1.5 if _ORGANISATION_BEFORE.search(before) else 0.0
        votes_by_kind["organisation"] += 2.5 if _CALL_AFTER.match(after) else 0.0
        votes_by_kind["organisation"] += 1.0 if _ACTS.match(after) else 0.0


def _vote_person(
    votes_by_kind: KindVotes, words: Sequence[str], lower_words: Sequence[str], before: str, after: str
) -> None:
    if lower_words[-1] in gazetteer.ORG_ENDS:
        return
    if lower_words[0] in gazetteer.GIVEN_NAMES:
        votes_by_kind["person"] += 3.0 if 2 <= len(lower_words) <= 3 else 2.0 if len(lower_words) == 1 else 0.0
    if len(lower_words) <= 3 and not words[0].isupper():
        votes_by_kind["person"] += (
            3.5 if _STRONG_BEFORE.search(before) else 1.0 if _PERSON_BEFORE.search(before) else 0.0
        )
        is_introduced = after[:1] == "," or lower_words[0] in gazetteer.GIVEN_NAMES or _STRONG_BEFORE.search(before)
        votes_by_kind["person"] += 3.0 if len(lower_words) > 1 and is_introduced and _ROLE_AFTER.match(after) else 0.0
        votes_by_kind["person"] += 1.0 if len(lower_words) == 2 and re.match(r",? (with|from|of) [A-Z]", after) else 0.0
        votes_by_kind["person"] += _rate_person_context(len(lower_words), before, after)


def _rate_person_context(words: int, before: str, after: str) -> float:
    """Rate context that is said of people: who they are, what they are called, that they speak."""
    votes = 3.0 if _PERSON_CALLED.search(before) else 0.0
    votes += 3.0 if words > 1 and _JOB_BEFORE.search(before) else 0.0
    votes += 1.5 if words > 1 and _JOB_NEXT_TO_NAME.search(before) else 0.0
    return votes + (1.5 if _WHO_AFTER.match(after) or _PERSON_ACTS.match(after) else 0.0)


def _vote_place(votes_by_kind: KindVotes, lower_words: Sequence[str], before: str, after: str) -> None:
    full_name = " ".join(lower_words)
    is_listed = gazetteer.is_place(full_name) or (
        len(lower_words) > 1 and all(gazetteer.is_place(part) for part in lower_words)
    )
    if is_listed or (
        len(lower_words) > 1
        and lower_words[0] in gazetteer.DIRECTIONS
        and gazetteer.is_place(" ".join(lower_words[1:]))
    ):
        votes_by_kind["place"] += 3.0
    if len(lower_words) > 1 and lower_words[-1] in gazetteer.PLACE_ENDS:
        votes_by_kind["place"] += 4.0
    if len(lower_words) > 1 and lower_words[0] in gazetteer.PLACE_STARTS and lower_words[-1] not in gazetteer.ORG_ENDS:
        votes_by_kind["place"] += 2.5
    if "of" in lower_words[1:2] and lower_words[0] in gazetteer.PLACES_OF:
        votes_by_kind["place"] += 3.5
    is_inside, is_town = bool(_INSIDE.search(before)), full_name in gazetteer.towns()
    if _IN.search(before):
        votes_by_kind["place"] += 0.2
    if len(lower_words) > 3 or lower_words[-1] in gazetteer.ORG_ENDS:
        return
    votes_by_kind["place"] += 2.5 if _PLACE_BEFORE.search(before) else 0.0
    votes_by_kind["place"] += 2.0 if is_town and is_inside and lower_words[0] not in gazetteer.GIVEN_NAMES else 0.0
    region_match = _COMMA_PLACE.match(after)
    if region_match and (is_town or is_inside) and gazetteer.is_place(_first_place(region_match[1])):
        votes_by_kind["place"] += 2.5
    if len(lower_words) == 1 and is_inside and _GIVEN_FORM.match(full_name):
        votes_by_kind["place"] += 1.5


def _first_place(text: str) -> str:
    """Return the two words after a comma where they are one place, else the first of them."""
    lower_text = text.lower().rstrip(".'’")
    return lower_text if gazetteer.is_place(lower_text) else lower_text.split()[0]
