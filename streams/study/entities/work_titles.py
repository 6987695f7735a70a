"""Books, films, songs and whatever else has a title, where a sentence says that it is one. Pure; English only.

A title is capitals with small words between them. It is one where the words before it say what it is (``the novel``,
``a project called``), or those behind it do (``…, a film by``); nothing else makes a title of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.domain.text.english.stopwords import TOPICLESS_WORDS
from streams.study.entities import gazetteer

LONGEST_WORDS = 9
_MADE = (
    r"(?:book|novel|memoir|autobiography|biography|film|movie|documentary|song|album|single|poem|play|musical|opera"
    r"|symphony|ballet|essay|podcast|tv show|show|series|sitcom|video ?game|game|painting|sculpture|comic|trilogy"
    r"|magazine|newspaper|textbook|bestseller|thriller|cartoon|anime)"
)
_NAMED_TOO = (
    r"(?:paper|article|study|report|episode|newsletter|blog|website|project|program|programme|app|platform|tool"
    r"|software|library|product|talk|lecture|course|chapter|mission|exhibition|campaign)"
)
"""What mostly has no title: only where somebody says that it is called so."""
_DETERMINER = r"(?:a|an|the|his|her|my|our|their|your|this|that|its|new|first|second|last|latest|famous|\w+['’]s)"
_WHOSE = rf"\b{_DETERMINER} (?:[a-z][\w'’-]* ){{0,2}}"
_CALLED = r"(?:(?:that|which) (?:is|was) |that['’]s |is |was )?(?:called|titled|entitled|named)"
_CLOSE = "of|the|and|to|a|an"
_LOOSE = f"{_CLOSE}|in|with|for|on|at|from|or|as|is|not|into|my|your|de|la"
"""Small words inside a title. Where nobody says ``called``, ``the musical Cabaret in London`` may be what is meant."""
_CAPITAL = r"[A-Z0-9][\w'’&.-]*"


def _title(small: str) -> str:
    more = rf"(?:(?: (?:{small})){{0,3}} {_CAPITAL}){{0,{LONGEST_WORDS - 1}}}"
    return rf"[\"“‘']?(?P<title>(?-i:[A-Z][\w'’&-]*{more}))"


_DONE = r"(?=[\"”’'.,;:?!]|$| by | about | is | was | and | in | on | for | from | at | which | that | when | with )"
"""What may stand behind a title that nobody called one: not ``the novel Harbour drug``."""
_BEFORE = (
    re.compile(rf"{_WHOSE}(?:{_MADE}|{_NAMED_TOO}),? {_CALLED},? {_title(_LOOSE)}", re.IGNORECASE),
    re.compile(rf"{_WHOSE}{_MADE} {_title(_CLOSE)}{_DONE}", re.IGNORECASE),
)
_AFTER = re.compile(
    rf"(?<![\w'’&.-]){_title(_CLOSE)}[\"”’']?(?:,? (?:which )?(?:is|was)|,) (?:a|an|the|his|her|my|our|their) "
    rf"(?:[a-z][\w'’-]* ){{0,2}}{_MADE}"
    r"(?=[.,;:?!]|$| by | about | from | of | that | which | written | directed )",
    re.IGNORECASE,
)
_NOT_FIRST = frozenset(["i", "i'm", "i'd", "i'll", "i've", "i’m", "i’d", "i’ll", "i’ve", "ok", "okay"])


def works(text: str) -> Iterator[tuple[int, int]]:
    """(begin, end) of each title in a sentence, none inside another."""
    reached = 0
    found = [one for rule in (*_BEFORE, _AFTER) for one in rule.finditer(text)]
    for one in sorted(found, key=lambda match: match.start("title")):
        begin, end = one.span("title")
        end -= len(one["title"]) - len(one["title"].rstrip("'’.-"))
        opens = one.re is _AFTER and begin == 0 and " " not in one["title"] and text[end : end + 1] != ","
        if begin >= reached and not opens and _titles(text[begin:end], certain=one.re is _BEFORE[0]):
            reached = end
            yield begin, end


def _titles(title: str, *, certain: bool) -> bool:
    """Whether this is a title and nobody's name, nor a day, nor what only stands at a sentence's beginning."""
    first, *rest = title.lower().split()
    if not certain and all(word in TOPICLESS_WORDS for word in (first, *rest)):
        return False
    if first in _NOT_FIRST or first in gazetteer.DAYS or (first in gazetteer.MONTHS and not rest):
        return False
    return certain or (
        first not in gazetteer.GIVEN and first not in gazetteer.TITLES and first not in gazetteer.PEOPLES
    )
