"""Find money, shares, dates, times and numbers in a sentence, by rules. English only. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.documents.intelligence import EntityKind

_UNIT = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_SPELLED = rf"(?:(?:{_TENS})(?:[- ](?:{_UNIT}))?|{_UNIT}|zero)"
_SCALE = "hundred|thousand|million|billion|trillion"
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_COUNT = (
    rf"(?:(?:{_DIGITS}|{_SPELLED}|an?(?= (?:{_SCALE})))(?: and a half(?= (?:{_SCALE})))?"
    rf"(?:[ -](?:{_SCALE})(?:(?: and)? {_SPELLED}(?![ -](?:to|or) ))?)*)"
)
_RANGE = rf"{_COUNT}(?:(?:-| to | or | and (?=[\d$]))\$?{_COUNT})?"
_LESS = r"(?:(?:about|around|approximately|roughly|nearly|almost|over|under|more than|less than|up to|at least|some) )?"
_MONTH = (
    r"(?-i:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_YEAR = r"(?:1[5-9]|20)\d\d"
_DAY = r"(?-i:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)"
_NTH = (
    r"(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"thirteenth|twentieth)"
)
_LONG = r"(?:day|week|weekend|month|quarter|year|decade|centur(?:y|ie)|season|spring|summer|autumn|fall|winter)s?"
_SHORT = r"(?:second|minute|hour)s?"
_WHICH = (
    r"(?:this|next|last|past|previous|prior|coming|current|following|same|each|every|full|entire|earlier this"
    r"|later this)"
)
_OF_YEAR = rf"(?:,? (?:of )?(?:fiscal |calendar |the year |fiscal year )?(?:{_YEAR}|(?:this|last|next) year))?"
_DATE = "|".join(
    (
        rf"(?:the )?(?:quarter|year|(?:three|six|nine|twelve|\d+) months) end(?:ed|ing) {_MONTH} \d{{1,2}}(?:st"
        rf"|nd|rd|th)?(?:,? {_YEAR})?",
        rf"(?:{_DAY},? )?{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?:,? {_YEAR})?",
        rf"\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? {_YEAR})?",
        rf"{_MONTH}(?:,? (?:of )?{_YEAR})(?: (?:to|through) (?:{_MONTH} )?{_YEAR})?",
        rf"(?:(?:the|our|early|mid|late|end of|beginning of)[- ])*(?:the )?(?:fiscal "
        rf"|full )?{_NTH}(?: fiscal)?[- ](?:quarter|half){_OF_YEAR}",
        rf"(?-i:Q[1-4])(?: (?:of )?{_YEAR})?",
        rf"(?:the )?(?:end|beginning|start|middle|rest|balance|remainder|back half|second half|first half"
        rf"|latter part) of (?:the|this|last|next|{_WHICH}) (?:fiscal |calendar )?{_LONG}",
        rf"(?:the )?(?:end|beginning|start|middle) of {_YEAR}",
        rf"(?:the )?{_WHICH}(?: (?:few|couple of|several|{_COUNT}))? (?:fiscal |calendar )?{_LONG}(?: ago)?",
        rf"(?:fiscal|calendar)(?: year)? ?(?:{_YEAR})?",
        rf"{_LESS}(?:{_RANGE}|a few|several|a couple(?: of)?|a|an|many|half a)[- ](?:business |consecutive "
        rf"|calendar )?{_LONG}(?:[- ]old)?(?: (?:ago|later|earlier))?",
        rf"(?:the )?(?:{_YEAR}|(?:1[5-9]|20)?\d0)s\b",
        rf"(?:early |mid-?|late )?(?:{_YEAR})(?:-(?:{_YEAR}|\d\d)| (?:to|and|through) {_YEAR})?(?! ?(?:{_SCALE}"
        rf"|%|percent|dollars))",
        r"today|tomorrow|yesterday|tonight(?!')|year[- ]over[- ]year|quarter[- ]over[- ]quarter|annually"
        r"|quarterly|monthly|weekly|daily",
        rf"(?:this |next |last )?{_DAY}s?",
        rf"(?:{_WHICH} |early |late |mid-)?(?-i:January|February|April|June|July|August|September|October"
        rf"|November|December)",
        r"(?:this|last|next|early|late) (?-i:March|May)|(?<=\b(?:in|of|by) )(?-i:March|May)"
        r"|(?<=\bsince )(?-i:March|May)",
        r"(?:this |last |next |the )?(?:spring|summer|autumn|winter)|(?:this|last|next|the) fall(?! (?:of|in))",
        r"(?:the )?same (?:period|time|quarter|month)(?: (?:in|of))?(?: (?:last|this|the prior"
        r"|the previous) year| \d{4})?",
        r"year-to-date|quarter-to-quarter|month-to-month|the (?:quarter|year|month|week|decade|century)(?! end)",
    )
)
_PERCENT = (
    rf"{_LESS}(?:{_COUNT}%?(?:-| to | or )){{0,1}}"
    rf"(?:{_COUNT} ?%|{_COUNT} (?:percent|per cent|percentage points?|basis points))"
)
_CURRENCY = "dollars?|cents?|euros?|pounds?|bucks|yen|francs?|rupees|yuan|pence"
_MONEY = (
    rf"{_LESS}(?:US|CA|A|C)?[$€£¥] ?{_COUNT}(?:(?:-| to | and ){{1}}[$€£¥] ?{_COUNT})?(?: (?:{_CURRENCY}))?"
    rf"|{_LESS}{_RANGE} (?:(?:US|Canadian|Australian) )?(?:{_CURRENCY})"
)
_TIME = (
    r"(?:\d{1,2}(?::\d\d)? ?(?:a\.?m\.?|p\.?m\.?)(?: (?:Eastern|Pacific|Central)(?: Time)?)?|\d{1,2}:\d\d"
    r"|\d{1,2} o'clock)"
    rf"|(?:this |tomorrow |yesterday |last |the )?(?:morning|afternoon|evening|night)|{_LESS}(?:{_RANGE}|a few"
    rf"|several|a couple of|a|an|half an) {_SHORT}|midnight|noon"
)
_PATTERNS: tuple[tuple[EntityKind, str], ...] = (
    ("money", _MONEY),
    ("percent", _PERCENT),
    ("date", _DATE),
    ("time", _TIME),
    ("number", rf"(?:{_LESS}(?:{_RANGE}|dozens|hundreds of {_SCALE}s|(?:{_SCALE})s of|half|{_NTH}))"),
)
_NOTABLE_NUMBER = re.compile(rf"\d[\d,.]*\d|\b(?:{_SCALE}|dozens|{_TENS})", re.IGNORECASE)
_RULES = tuple(
    (kind, re.compile(rf"(?<![\w$€£.,-])(?:{rule})(?![\w]|[.,]\d)", re.IGNORECASE)) for kind, rule in _PATTERNS
)


def find_amounts(text: str) -> Iterator[tuple[int, int, EntityKind]]:
    """Yield (begin, end, kind) of each amount in a sentence, none inside another.

    Rules are tried in their order.
    """
    is_covered = [False] * len(text)
    for kind, rule in _RULES:
        for match in rule.finditer(text):
            begin, end = match.span()
            is_name = kind == "number" and match[0].isupper() and match[0].isalpha()  # a name: ONE Gas
            if not any(is_covered[begin:end]) and end > begin and not is_name:
                is_covered[begin:end] = [True] * (end - begin)
                yield begin, end, kind


def is_notable_number(number: str) -> bool:
    """Whether a number is worth a line of its own: more than can be counted on fingers, or exact."""
    return bool(_NOTABLE_NUMBER.search(number))
