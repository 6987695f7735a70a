"""Runs of words that may be names, and the amounts and titles beside them. Pure; decides about none of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.domain.text.bare_word import APOSTROPHES, strip_punctuation
from core.domain.text.english.stopwords import FILLERS, TOPICLESS_WORDS
from core.domain.text.sentence_end import ends_sentence
from schemas.documents.intelligence import EntityKind
from streams.study.entities import gazetteer
from streams.study.entities.amounts import amounts
from streams.study.entities.classification import votes
from streams.study.entities.work_titles import works
from streams.study.lexicon import speaks_english
from streams.study.transcript_text import Line, Spoken

TITLED = 8.0
"""What a sentence that calls something a work says for it."""
ENDS = (",", ".", "?", "!", ";", ":", "…")
_DOTTED = re.compile(r"(?:[A-Z]\.)+[A-Z]")
_ROMAN = re.compile(r"^[IVX]{2,}[A-C]?$")
_JOINS = frozenset(("of", "for", "and", "&", "de", "del", "van", "von", "der", "la", "al", "bin", "the"))
_POSSESSIVE = re.compile(r"['’]s?$")


@dataclass(frozen=True, kw_only=True)
class Mention:
    """Words ``[first, end)`` of the transcript. ``votes`` says how strongly its surroundings speak for each kind."""

    first: int
    end: int
    name: str
    votes: Mapping[EntityKind, float]


def bare(text: str) -> str:
    """A word without punctuation and possessive; ``U.S.`` keeps its stops."""
    plain = _POSSESSIVE.sub("", strip_punctuation(text, APOSTROPHES))
    return f"{plain}." if _DOTTED.fullmatch(plain) else plain


def sentence_ends(text: str) -> bool:
    """Whether the capital behind a word tells nothing of a name: a sentence ends there, or may (``No.``).

    Behind ``U.S.`` more of a name is likelier than another sentence.
    """
    plain = bare(text)
    return (plain.lower() == "no" and text.strip().endswith(".")) or (
        ends_sentence(text) and not _DOTTED.fullmatch(plain[:-1])
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
        self._works = self._called()

    def mentions(self) -> Iterator[Mention]:
        """Every name, in order."""
        for line in self._spoken.lines:
            if not speaks_english(line.language):
                continue
            titles, found = self.titles(line), list[Mention]()
            spans = [*titles, *((first, end) for first, end, _ in self.amounts(line))]
            taken = {at for first, end in spans for at in range(first, end)}
            for first, end in titles:
                name = " ".join(self._bare[first:end])
                found.append(Mention(first=first, end=end, name=name, votes={"work": TITLED}))
            found += [self._mention(line, first, end) for first, end in self._runs(line, taken)]
            yield from sorted(found, key=lambda one: one.first)

    def amounts(self, line: Line) -> list[tuple[int, int, EntityKind]]:
        """(first word, end word, kind) of each amount of a sentence; what a title holds is none."""
        titled = {at for first, end in self.titles(line) for at in range(first, end)}
        found = ((self._within(line, begin, end), kind) for begin, end, kind in amounts(line.text))
        return [(*span, kind) for span, kind in found if span and titled.isdisjoint(range(*span))]

    def titles(self, line: Line) -> list[tuple[int, int]]:
        """(first word, end word) of each title of a sentence: what it calls one, and what another sentence does."""
        found = self._titled(line)
        taken = {at for first, end in found for at in range(first, end)}
        for at in range(line.first_word, line.end_word):
            for title in self._works.get(self._bare[at], ()):
                span = range(at, at + len(title))
                if span.stop <= line.end_word and tuple(self._bare[at : span.stop]) == title and taken.isdisjoint(span):
                    found.append((at, span.stop))
                    taken.update(span)
        return found

    def _titled(self, line: Line) -> list[tuple[int, int]]:
        found = (self._within(line, begin, end) for begin, end in works(line.text))
        return [span for span in found if span]

    def _called(self) -> Mapping[str, set[tuple[str, ...]]]:
        """Titles of two words and more that some sentence calls one, by their first word."""
        found = defaultdict[str, set[tuple[str, ...]]](set)
        for line in self._spoken.lines:
            for first, end in self._titled(line) if speaks_english(line.language) else ():
                if end - first > 1:
                    found[self._bare[first]].add(tuple(self._bare[first:end]))
        return found

    def _within(self, line: Line, begin: int, end: int) -> tuple[int, int] | None:
        """The words that letters of a sentence are of."""
        offset = self._spoken.starts[line.first_word]
        inside = [
            at
            for at in range(line.first_word, line.end_word)
            if begin < self._spoken.starts[at] - offset + len(self._spoken.words[at].text.strip())
            and self._spoken.starts[at] - offset < end
        ]
        return (inside[0], inside[-1] + 1) if inside else None

    def _runs(self, line: Line, taken: set[int]) -> Iterator[tuple[int, int]]:
        at = line.first_word
        while at < line.end_word:
            if at in taken or not self._names(at):
                at += 1
                continue
            end = self._end_of(at, line, taken)
            first, last = self._without_roles(self._with_people(at, end, line), end)
            if first < last:
                yield first, last
            at = end

    def _with_people(self, first: int, end: int, line: Line) -> int:
        """Where an organisation begins that is called after a people: ``American Red Cross Society``."""
        before = first - 1
        ends = self._bare[end - 1].lower() in gazetteer.ORG_ENDS and before >= line.first_word
        word = self._bare[before] if ends else ""
        return (
            before if word[:1].isupper() and word.lower() in gazetteer.PEOPLES and not self._closes(before) else first
        )

    def _without_roles(self, first: int, end: int) -> tuple[int, int]:
        """A run without the jobs at its ends: they are said of somebody, they name nobody."""
        while first < end and self._bare[first].lower() in gazetteer.JOBS:
            first += 1
        while end > first and self._bare[end - 1].lower() in gazetteer.JOBS and not self._joined(first, end - 1):
            end -= 1
        return first, end

    def _joined(self, first: int, at: int) -> bool:
        """Whether a word hangs on the one before it: the ``Directors`` of ``Board of Directors``."""
        return at - 1 > first and self._bare[at - 1].lower() in _JOINS

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
        if "for" in small and self._bare[end - 1].lower() in gazetteer.ORG_FOR:
            return True
        if small & {"and", "&", "for"} and left & {"of"} and left & gazetteer.ORG_STARTS:
            return True
        if "and" in small and self._bare[end - 1].lower() in gazetteer.ORG_CLOSERS:
            return False
        if small & {"and", "&", "for"}:
            tail = [self._bare[at].lower() for at in range(after, min(after + 3, len(self._bare))) if self._names(at)]
            return "&" in small or bool(tail and tail[-1] in gazetteer.ORG_ENDS)
        if "of" in small:
            return bool(left & (gazetteer.ORG_STARTS | gazetteer.PLACES_OF | {"united", "church", "bureau"}))
        return bool(small & {"de", "del", "van", "von", "der", "la", "al", "bin"})

    def _closes(self, at: int) -> bool:
        """Whether a word ends a name by its punctuation or its possessive; an initial's full stop does not."""
        text = self._spoken.words[at].text.strip()
        if _POSSESSIVE.search(text.rstrip("".join(ENDS))) and not text.endswith("'"):
            return True
        if not text.endswith(ENDS):
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
        if (
            low in gazetteer.NOT_ORG
            or low in gazetteer.PEOPLES
            or low in FILLERS
            or head in ("i", "it", "that", "we", "you")
        ):
            return False
        if (
            low in gazetteer.DAYS
            or low in gazetteer.HOLIDAYS
            or (low in gazetteer.MONTHS and low not in ("may", "march", "jan", "mar", "june", "april"))
        ):
            return False
        if at in self._opens:
            known = (
                self._capital[low] or low in gazetteer.GIVEN or low in gazetteer.KNOWN_ORGS or low in gazetteer.TITLES
            )
            rare = self._small[low] == 0 and low not in TOPICLESS_WORDS
            after = at + 1 < len(self._bare) and self._bare[at + 1][:1].isupper() and not self._closes(at)
            return (bool(known) and self._small[low] < 2 * self._capital[low] + 1 and low not in TOPICLESS_WORDS) or (
                rare and (after or word.isupper() or gazetteer.is_place(low))
            )
        return not (low in TOPICLESS_WORDS and self._small[low] > self._capital[low]) or self._shouted(at)

    def _shouted(self, at: int) -> bool:
        """Whether a word alone is in capitals, beside a name: the ``ONE`` of ``ONE Harbour``."""
        beside = self._bare[at + 1 : at + 2]
        return self._bare[at].isupper() and any(one[:1].isupper() and not one.isupper() for one in beside)

    def _mention(self, line: Line, first: int, end: int) -> Mention:
        offset = self._spoken.starts[line.first_word]
        stop = self._spoken.starts[end - 1] + len(self._spoken.words[end - 1].text.strip()) - offset
        before = line.text[: self._spoken.starts[first] - offset]
        while end - first > 1 and self._bare[first].lower() in gazetteer.TITLES:
            before, first = f"{self._bare[first]} ", first + 1
        words = [self._bare[at] for at in range(first, end)]
        after = line.text[stop - 1 :] if line.text[stop - 1 : stop] == "," else line.text[stop:]
        if _POSSESSIVE.search(self._spoken.words[end - 1].text.strip().rstrip("".join(ENDS))):
            after = f"'s{after}"
        return Mention(first=first, end=end, name=" ".join(words), votes=votes(words, before, after))
