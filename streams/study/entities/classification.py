"""How strongly a name, and what stands around it, speak for a person, an organisation, a place or an event. Pure.

Each sign adds to one kind; nothing is decided here. Numbers are in votes: a name is listed from about two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from schemas.documents.intelligence import EntityKind
from streams.study.entities import gazetteer

Votes = defaultdict[EntityKind, float]
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
"""``the chancellor of Germany, Olaf Scholz``: who somebody is, and then a name."""
_JOB_BESIDE = re.compile(rf"\b{_JOB} $", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:his|her|their|whose|(?:man|woman|boy|girl|child|one|other)['’]s|first|last) name(?: is| was|['’]s) $"
    r"|\b(?:he|she|who|man|woman|boy|girl|child|baby|guy|friend|brother|sister|son|daughter)(?: is| was|['’]s)?"
    r" (?:called|named) $",
    re.IGNORECASE,
)
_WHO_AFTER = re.compile(r"^,? who(?:se|['’]s)?\b", re.IGNORECASE)
_SAYS = re.compile(
    r"^ (?:(?:once|also|then|has|had|never|always) )?(?:said|says|told|wrote|thought|believed|argued|explained|laughed"
    r"|smiled|died|married|was born)\b",
    re.IGNORECASE,
)
"""What people do and few others."""
_ROLE_AFTER = re.compile(rf"^,? (?:who is |is )?{gazetteer.ROLE}\b", re.IGNORECASE)
_WITH = re.compile(r"\b(?:[Ww]ith|[Ff]rom|[Aa]t|[a-z][\w'’-]* of) $")
"""``a division of Harbour``, and not the second half of ``Game of Thrones``."""
_DEALS = re.compile(
    r"\b(company|companies|firm|startup|manufacturer|retailer|supplier|subsidiary|competitor|agency|employer|brand"
    r"|partners?|customers?|clients?)(?: (?:called|named|like)|,? such as|,? including)? $"
    r"|\b(?:partnership|agreement|contract|collaboration|merger|alliance|joint venture) (?:with|between) $"
    r"|\b(?:acquisition|subsidiary|division|shareholders?|shares|investors?|ceo|chairman|president|founder"
    r"|customers|employees) (?:of|in) $"
    r"|\b(?:works?|worked|working) (?:at|for) $|\b(?:acquired|acquire|acquiring|bought|joined|sued) $",
    re.IGNORECASE,
)
"""What one does with an organisation; all but a few of these are done with nobody else."""
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
_LIES = re.compile(
    r"\b(?:based|headquartered|located|situated|born|lives?|lived|living|raised|offices?|plants?|facilit(?:y|ies)"
    r"|factory|factories|stores|warehouse|campus|mine|mines|operations) (?:is |are )?(?:in|near|outside|at) (?:the )?$"
    r"|\b(?:moved|travell?ed|flew|drove|shipped|relocated) (?:back )?to $"
    r"|\b(?:city|town|village|state|province|county|district|port|island|region|country|people) of $"
    r"|\b(?:north|south|east|west|outskirts|coast|suburbs?) of $",
    re.IGNORECASE,
)
"""Where somebody or something is said to be."""
_COMMA_PLACE = re.compile(r"^, ((?:[A-Z][\w.'’-]*)(?: [A-Z][\w.'’-]*)?)")
_GIVEN_FORM = re.compile(r".{2,}(?:ville|burgh?|shire|stan|polis|minster|stadt|grad|abad)$")
_THE = re.compile(r"\b[Tt]he $")
_ACRONYM = re.compile(r"[A-Z]{2,6}")
_CAMEL = re.compile(r"^[A-Z]?[a-z]+[A-Z]|^[A-Z]{2,}[a-z]{2,}")


def votes(words: Sequence[str], before: str, after: str) -> dict[EntityKind, float]:
    """How strongly the name itself and its neighbours speak for each kind."""
    low = [word.lower() for word in words]
    found: Votes = defaultdict(float)
    found["organisation"] += 0.5
    _of_organisations(found, words, low, before, after)
    _of_persons(found, words, low, before, after)
    _of_places(found, low, before, after)
    if len(low) > 1 and low[-1] in gazetteer.EVENT_ENDS:
        found["event"] += 4.5
    return dict(found)


def _of_organisations(found: Votes, words: Sequence[str], low: Sequence[str], before: str, after: str) -> None:
    if low[-1] in gazetteer.ORG_ENDS and len(low) > 1:
        found["organisation"] += 4.0
    small = next((at for at, word in enumerate(low) if word in ("of", "for")), int(len(low) > 2))
    heads = low[:small]
    if gazetteer.ORG_STARTS.intersection(heads):
        found["organisation"] += 3.0
    if low[0] in gazetteer.KNOWN_ORGS:
        found["organisation"] += 3.0
    if len(low) == 1 and _ACRONYM.fullmatch(words[0]):
        found["organisation"] += 2.0 if re.search(r"\b(the|by|at|from|with) $", before) else 0.7
    if len(low) == 1 and low[0] in gazetteer.BODIES and _THE.search(before):
        found["organisation"] += 2.5
    if any(_CAMEL.match(word) for word in words):
        found["organisation"] += 1.0
    if re.match(r"['’]s?\b", after):
        found["organisation"] += 0.7
    if _WITH.search(before):
        found["organisation"] += 1.0
    if low[0] not in gazetteer.GIVEN:
        found["organisation"] += 1.5 if _DEALS.search(before) else 0.0
        found["organisation"] += 2.5 if _CALL_AFTER.match(after) else 0.0
        found["organisation"] += 1.0 if _ACTS.match(after) else 0.0


def _of_persons(found: Votes, words: Sequence[str], low: Sequence[str], before: str, after: str) -> None:
    if low[-1] in gazetteer.ORG_ENDS:
        return
    if low[0] in gazetteer.GIVEN:
        found["person"] += 3.0 if 2 <= len(low) <= 3 else 2.0 if len(low) == 1 else 0.0
    if len(low) <= 3 and not words[0].isupper():
        found["person"] += 3.5 if _STRONG_BEFORE.search(before) else 1.0 if _PERSON_BEFORE.search(before) else 0.0
        told = after[:1] == "," or low[0] in gazetteer.GIVEN or _STRONG_BEFORE.search(before)
        found["person"] += 3.0 if len(low) > 1 and told and _ROLE_AFTER.match(after) else 0.0
        found["person"] += 1.0 if len(low) == 2 and re.match(r",? (with|from|of) [A-Z]", after) else 0.0
        found["person"] += _of_people(len(low), before, after)


def _of_people(words: int, before: str, after: str) -> float:
    """How strongly it is said of a name what is said of people: who they are, what they are called, that they speak."""
    told = 3.0 if _NAMED.search(before) else 0.0
    told += 3.0 if words > 1 and _JOB_BEFORE.search(before) else 0.0
    told += 1.5 if words > 1 and _JOB_BESIDE.search(before) else 0.0
    return told + (1.5 if _WHO_AFTER.match(after) or _SAYS.match(after) else 0.0)


def _of_places(found: Votes, low: Sequence[str], before: str, after: str) -> None:
    whole = " ".join(low)
    listed = gazetteer.is_place(whole) or (len(low) > 1 and all(gazetteer.is_place(part) for part in low))
    if listed or (len(low) > 1 and low[0] in gazetteer.DIRECTIONS and gazetteer.is_place(" ".join(low[1:]))):
        found["place"] += 3.0
    if len(low) > 1 and low[-1] in gazetteer.PLACE_ENDS:
        found["place"] += 4.0
    if len(low) > 1 and low[0] in gazetteer.PLACE_STARTS and low[-1] not in gazetteer.ORG_ENDS:
        found["place"] += 2.5
    if "of" in low[1:2] and low[0] in gazetteer.PLACES_OF:
        found["place"] += 3.5
    said_in, town = bool(_INSIDE.search(before)), whole in gazetteer.towns()
    if _IN.search(before):
        found["place"] += 0.2
    if len(low) > 3 or low[-1] in gazetteer.ORG_ENDS:
        return
    found["place"] += 2.5 if _LIES.search(before) else 0.0
    found["place"] += 2.0 if town and said_in and low[0] not in gazetteer.GIVEN else 0.0
    within = _COMMA_PLACE.match(after)
    if within and (town or said_in) and gazetteer.is_place(_first_place(within[1])):
        found["place"] += 2.5
    if len(low) == 1 and said_in and _GIVEN_FORM.match(whole):
        found["place"] += 1.5


def _first_place(text: str) -> str:
    """The two words behind a comma where they are one place, else the first of them."""
    low = text.lower().rstrip(".'’")
    return low if gazetteer.is_place(low) else low.split()[0]
