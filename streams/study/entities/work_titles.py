"""Find titles of works (books, films, …) where a sentence says that they are one. English only.

Pure. A title is capitals with small words between them. It is one where the words before it say so (``the novel``,
``a project called``), or those after it do (``…, a film by``); nothing else makes a title of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.domain.text.english.stopwords import TOPICLESS_WORDS
from streams.study.entities import gazetteer

MAX_TITLE_WORDS = 9
"""Most words of a title."""
_MADE = (
    r"(?:book|novel|memoir|autobiography|biography|film|movie|documentary|song|album|single|poem|play|musical|opera"
    r"|symphony|ballet|essay|podcast|tv show|show|series|sitcom|video ?game|game|painting|sculpture|comic|trilogy"
    r"|magazine|newspaper|textbook|bestseller|thriller|cartoon|anime)"
)
_NAMED_TOO = (
    r"(?:paper|article|study|report|episode|newsletter|blog|website|project|program|programme|app|platform|tool"
    r"|software|library|product|talk|lecture|course|chapter|mission|exhibition|campaign)"
)
"""Things that mostly have no title: a title needs ``called`` before it."""
_DETERMINER = r"(?:a|an|the|his|her|my|our|their|your|this|that|its|new|first|second|last|latest|famous|\w+['’]s)"
_WHOSE = rf"\b{_DETERMINER} (?:[a-z][\w'’-]* ){{0,2}}"
_CALLED = r"(?:(?:that|which) (?:is|was) |that['’]s |is |was )?(?:called|titled|entitled|named)"
_CLOSE = "of|the|and|to|a|an"
_LOOSE = f"{_CLOSE}|in|with|for|on|at|from|or|as|is|not|into|my|your|de|la"
"""Small words inside a title. Without ``called``, ``the musical Cabaret in London`` could be one title."""
_CAPITAL = r"[A-Z0-9][\w'’&.-]*"


def _title(small: str) -> str:
    more = rf"(?:(?: (?:{small})){{0,3}} {_CAPITAL}){{0,{MAX_TITLE_WORDS - 1}}}"
    return rf"[\"“‘']?(?P<title>(?-i:[A-Z][\w'’&-]*{more}))"


_DONE = r"(?=[\"”’'.,;:?!]|$| by | about | is | was | and | in | on | for | from | at | which | that | when | with )"
"""Signs and words that may follow a title without ``called``: not ``the novel Harbour drug``."""
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


def find_work_titles(text: str) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of each title in a sentence, none inside another."""
    reached = 0
    matches = [match for rule in (*_BEFORE, _AFTER) for match in rule.finditer(text)]
    for match in sorted(matches, key=lambda match: match.start("title")):
        begin, end = match.span("title")
        end -= len(match["title"]) - len(match["title"].rstrip("'’.-"))
        opens = match.re is _AFTER and begin == 0 and " " not in match["title"] and text[end : end + 1] != ","
        if begin >= reached and not opens and _is_title(text[begin:end], certain=match.re is _BEFORE[0]):
            reached = end
            yield begin, end


def _is_title(title: str, *, certain: bool) -> bool:
    """Whether this is a title, not a person's name, a day, or a word that only opens a sentence."""
    first, *rest = title.lower().split()
    if not certain and all(word in TOPICLESS_WORDS for word in (first, *rest)):
        return False
    if first in _NOT_FIRST or first in gazetteer.DAYS or (first in gazetteer.MONTHS and not rest):
        return False
    return certain or (
        first not in gazetteer.GIVEN_NAMES and first not in gazetteer.PERSON_TITLES and first not in gazetteer.PEOPLES
    )
