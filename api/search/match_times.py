"""Times at which the matching words of a hit are said. Pure.

They come from the marks of the hit and the times in its document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from core.domain.text.indexed_word_times import time_at

BEGIN, END = "\ue000", "\ue001"
"""Private-use characters around a match: they survive escaping, and become tags after it."""
_MARKED = re.compile(f"{BEGIN}(.*?){END}", re.DOTALL)
MAX_GAP_CHARS = 2
"""Most characters between two adjacent matches: a space, a comma."""


class MatchRun(NamedTuple):
    """Adjacent matches: the place of the first, and the words."""

    start: int
    words: tuple[str, ...]


def find_runs(formatted: str) -> list[MatchRun]:
    """Matches of a marked text, adjacent ones as one; places count without the marks."""
    adjacent: list[MatchRun] = []
    end = -MAX_GAP_CHARS - 1
    for number, match in enumerate(_MARKED.finditer(formatted)):
        start = match.start() - 2 * number
        if adjacent and start - end <= MAX_GAP_CHARS:
            adjacent[-1] = MatchRun(adjacent[-1].start, (*adjacent[-1].words, match.group(1)))
        else:
            adjacent.append(MatchRun(start, (match.group(1),)))
        end = start + len(match.group(1))
    return adjacent


def choose_run(candidates: list[MatchRun]) -> MatchRun:
    """The run with most of the words of the query; of two alike the longer, then the first."""
    return max(candidates, key=lambda run: (len({word.casefold() for word in run.words}), sum(map(len, run.words))))


def find_match_ms(hit: Mapping[str, Any]) -> int:
    """Time of the best match of a hit; start of the hit where no match has a time."""
    if "mentions" in hit:
        return _find_mention(hit)
    begins = int(hit["start_ms"])
    text = (hit.get("_formatted") or {}).get("text")
    times = hit.get("word_at") or []
    if isinstance(text, str) and (matches := find_runs(text)):
        at = time_at(times, choose_run(matches).start)
        return begins if at is None else at
    words = _marked_words(hit)
    folded_text = str(hit.get("text") or "").casefold()
    places = [match.start() for word in words if (match := re.search(rf"\b{re.escape(word)}", folded_text))]
    times_ms = [at for place in places if (at := time_at(times, place)) is not None]
    phrases = zip(hit.get("phrases") or [], hit.get("phrase_ms") or [], strict=False)
    times_ms += [at for phrase, at in phrases if at is not None and any(word in phrase.casefold() for word in words)]
    return min(times_ms, default=begins)


def _marked_words(hit: Mapping[str, Any]) -> set[str]:
    """Every matching word of all fields, in lower case."""
    values = [value for name, value in (hit.get("_formatted") or {}).items() if not name.startswith("_")]
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    return {word.casefold() for text in texts if isinstance(text, str) for word in _MARKED.findall(text)}


def _find_mention(hit: Mapping[str, Any]) -> int:
    """The first mention in a form that matches, else the first."""
    words = _marked_words(hit)
    starts_ms = [
        mention["start_ms"] for mention in hit["mentions"] if any(word in mention["text"].casefold() for word in words)
    ]
    return int(min(starts_ms or [mention["start_ms"] for mention in hit["mentions"]] or [0]))
