"""When the words that match a hit are said: from its marks, and the times that its document keeps. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from core.domain.text.indexed_word_times import time_at

BEGIN, END = "\ue000", "\ue001"
"""Private-use characters around a match: they survive escaping, and become tags after it."""
_MARKED = re.compile(f"{BEGIN}(.*?){END}", re.DOTALL)
BESIDE = 2
"""So many characters may lie between two matches that stand side by side: a space, a comma."""


class Run(NamedTuple):
    """Matches side by side: where they begin, and what they are."""

    start: int
    words: tuple[str, ...]


def runs(formatted: str) -> list[Run]:
    """The matches of a text with marks, those side by side as one; places are those of the text without marks."""
    found: list[Run] = []
    end = -BESIDE - 1
    for number, match in enumerate(_MARKED.finditer(formatted)):
        start = match.start() - 2 * number
        if found and start - end <= BESIDE:
            found[-1] = Run(found[-1].start, (*found[-1].words, match.group(1)))
        else:
            found.append(Run(start, (match.group(1),)))
        end = start + len(match.group(1))
    return found


def best(found: list[Run]) -> Run:
    """The run with most of the words that were asked for; of two alike the longer, then the first."""
    return max(found, key=lambda run: (len({word.casefold() for word in run.words}), sum(map(len, run.words))))


def word_ms(hit: Mapping[str, Any]) -> int:
    """When the best match of a hit is said; its beginning, where no match has a time."""
    if "mentions" in hit:
        return _mentioned(hit)
    begins = int(hit["start_ms"])
    text = (hit.get("_formatted") or {}).get("text")
    times = hit.get("word_at") or []
    if isinstance(text, str) and (found := runs(text)):
        at = time_at(times, best(found).start)
        return begins if at is None else at
    words = _marked(hit)
    spoken = str(hit.get("text") or "").casefold()
    places = [match.start() for word in words if (match := re.search(rf"\b{re.escape(word)}", spoken))]
    said = [at for place in places if (at := time_at(times, place)) is not None]
    phrases = zip(hit.get("phrases") or [], hit.get("phrase_ms") or [], strict=False)
    said += [at for phrase, at in phrases if at is not None and any(word in phrase.casefold() for word in words)]
    return min(said, default=begins)


def _marked(hit: Mapping[str, Any]) -> set[str]:
    """Every word that matches, in small letters, in any field."""
    values = [value for name, value in (hit.get("_formatted") or {}).items() if not name.startswith("_")]
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    return {word.casefold() for text in texts if isinstance(text, str) for word in _MARKED.findall(text)}


def _mentioned(hit: Mapping[str, Any]) -> int:
    """The first mention in a form that matches, else the first."""
    words = _marked(hit)
    said = [one["start_ms"] for one in hit["mentions"] if any(word in one["text"].casefold() for word in words)]
    return int(min(said or [one["start_ms"] for one in hit["mentions"]] or [0]))
