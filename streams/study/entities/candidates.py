"""Find runs of words that may be names, and the amounts and titles among them.

Pure; decides on no kind.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.domain.text.bare_word import APOSTROPHES, strip_punctuation
from core.domain.text.english.stopwords import FILLERS, TOPICLESS_WORDS
from core.domain.text.sentence_end import ends_sentence
from core.ports.models import NameSpan
from schemas.documents.intelligence import EntityKind
from streams.study.discourse_patterns import speaks_english
from streams.study.entities import gazetteer
from streams.study.entities.amounts import find_amounts
from streams.study.entities.classification import count_votes
from streams.study.entities.work_titles import find_work_titles
from streams.study.transcript_text import TranscriptLine, TranscriptText

LEARNED_VOTES = 8.0
"""Votes of a model for the kind that it gives; as many as a title has, since neither is weighed against rules."""
MIN_PROBABILITY = 0.5
"""Lowest probability of a span that counts: likelier a name of its kind than not."""
TITLE_VOTES = 8.0
"""Votes for a work from a sentence that calls it one."""
NAME_END_MARKS = (",", ".", "?", "!", ";", ":", "…")
"""Marks that end a name."""
_DOTTED = re.compile(r"(?:[A-Z]\.)+[A-Z]")
_ROMAN = re.compile(r"^[IVX]{2,}[A-C]?$")
_JOINING_WORDS = frozenset(("of", "for", "and", "&", "de", "del", "van", "von", "der", "la", "al", "bin", "the"))
_POSSESSIVE = re.compile(r"['’]s?$")


@dataclass(frozen=True, kw_only=True)
class NameCandidate:
    """Words ``[first, end)`` of the transcript.

    ``votes`` says how strongly their context suggests each kind; ``is_learned``: whether a model gave the kind.
    """

    first: int
    end: int
    name: str
    votes: Mapping[EntityKind, float]
    is_learned: bool = False


def normalise_name_word(text: str) -> str:
    """Strip punctuation and possessive from a word; ``U.S.`` keeps its stops."""
    plain = _POSSESSIVE.sub("", strip_punctuation(text, APOSTROPHES))
    return f"{plain}." if _DOTTED.fullmatch(plain) else plain


def is_sentence_end(text: str) -> bool:
    """Whether a capital after a word says nothing about a name: a sentence ends there, or may (``No.``).

    After ``U.S.`` the rest of a name is likelier than another sentence.
    """
    plain = normalise_name_word(text)
    return (plain.lower() == "no" and text.strip().endswith(".")) or (
        ends_sentence(text) and not _DOTTED.fullmatch(plain[:-1])
    )


class CandidateFinder:
    """Finds names in one text, by how often each word is capitalised inside its sentences."""

    def __init__(self, document: TranscriptText, learned_names: Sequence[Sequence[NameSpan]] = ()) -> None:
        """Count every word once. ``learned_names``: what a model found, one list a line; rules name the rest."""
        self._document = document
        self._names = [normalise_name_word(word.text) for word in document.words]
        self._opens = {line.first_word for line in document.lines} | {
            at + 1 for at, word in enumerate(document.words) if is_sentence_end(word.text)
        }
        inside_words = [word for at, word in enumerate(self._names) if at not in self._opens]
        self._capital = Counter(word.lower() for word in inside_words if word[:1].isupper())
        self._small = Counter(word for word in self._names if word[:1].islower())
        self._titles_by_word = self._collect_titles()
        self._learned_by_line = {
            line.first_word: self._read_learned(line, spans)
            for line, spans in zip(document.lines, learned_names, strict=False)
        }

    def find_names(self) -> Iterator[NameCandidate]:
        """Yield every name, in order."""
        for line in self._document.lines:
            if not speaks_english(line.language):
                continue
            learned = self._learned_by_line.get(line.first_word, [])
            titles, candidates = self.find_titles(line), [*learned]
            spans = [*titles, *((first, end) for first, end, _ in self.find_amounts(line))]
            covered_indices = {index for first, end in spans for index in range(first, end)}
            covered_indices.update(self._learned_indices(line))
            for first, end in titles:
                name = " ".join(self._names[first:end])
                candidates.append(NameCandidate(first=first, end=end, name=name, votes={"work": TITLE_VOTES}))
            candidates += [
                self._build_candidate(line, first, end) for first, end in self._find_runs(line, covered_indices)
            ]
            yield from sorted(candidates, key=lambda candidate: candidate.first)

    def find_amounts(self, line: TranscriptLine) -> list[tuple[int, int, EntityKind]]:
        """Return (first word, end word, kind) of each amount of a sentence outside titles and learned names."""
        name_indices = {index for first, end in self.find_titles(line) for index in range(first, end)}
        name_indices |= self._learned_indices(line)
        spans = ((self._words_within(line, begin, end), kind) for begin, end, kind in find_amounts(line.text))
        return [(*span, kind) for span, kind in spans if span and name_indices.isdisjoint(range(*span))]

    def find_titles(self, line: TranscriptLine) -> list[tuple[int, int]]:
        """Return (first word, end word) of each title outside learned names, by this sentence or another."""
        learned_indices = self._learned_indices(line)
        titles = [span for span in self._find_called_titles(line) if learned_indices.isdisjoint(range(*span))]
        covered_indices = learned_indices | {index for first, end in titles for index in range(first, end)}
        for index in range(line.first_word, line.end_word):
            for title in self._titles_by_word.get(self._names[index], ()):
                span = range(index, index + len(title))
                if (
                    span.stop <= line.end_word
                    and tuple(self._names[index : span.stop]) == title
                    and covered_indices.isdisjoint(span)
                ):
                    titles.append((index, span.stop))
                    covered_indices.update(span)
        return titles

    def _read_learned(self, line: TranscriptLine, spans: Sequence[NameSpan]) -> list[NameCandidate]:
        """Widen a model's spans to whole words; of two that overlap, the likelier one counts."""
        learned: list[NameCandidate] = []
        covered_indices: set[int] = set()
        for span in sorted(spans, key=lambda span: (-span.probability, span.begin, span.end)):
            words = self._words_within(line, span.begin, span.end)
            if words is None or span.probability < MIN_PROBABILITY or not covered_indices.isdisjoint(range(*words)):
                continue
            covered_indices.update(range(*words))
            name = " ".join(self._names[words[0] : words[1]])
            votes: Mapping[EntityKind, float] = {span.kind: LEARNED_VOTES}
            learned.append(NameCandidate(first=words[0], end=words[1], name=name, votes=votes, is_learned=True))
        return learned

    def _learned_indices(self, line: TranscriptLine) -> set[int]:
        learned = self._learned_by_line.get(line.first_word, ())
        return {index for name in learned for index in range(name.first, name.end)}

    def _find_called_titles(self, line: TranscriptLine) -> list[tuple[int, int]]:
        spans = (self._words_within(line, begin, end) for begin, end in find_work_titles(line.text))
        return [span for span in spans if span]

    def _collect_titles(self) -> Mapping[str, set[tuple[str, ...]]]:
        """Collect the titles of two words and more that some sentence calls one, by first word."""
        titles = defaultdict[str, set[tuple[str, ...]]](set)
        for line in self._document.lines:
            for first, end in self._find_called_titles(line) if speaks_english(line.language) else ():
                if end - first > 1:
                    titles[self._names[first]].add(tuple(self._names[first:end]))
        return titles

    def _words_within(self, line: TranscriptLine, begin: int, end: int) -> tuple[int, int] | None:
        """Return the words that a range of letters belongs to."""
        offset = self._document.starts[line.first_word]
        indices = [
            index
            for index in range(line.first_word, line.end_word)
            if begin < self._document.starts[index] - offset + len(self._document.words[index].text.strip())
            and self._document.starts[index] - offset < end
        ]
        return (indices[0], indices[-1] + 1) if indices else None

    def _find_runs(self, line: TranscriptLine, covered_indices: set[int]) -> Iterator[tuple[int, int]]:
        at = line.first_word
        while at < line.end_word:
            if at in covered_indices or not self._may_be_name(at):
                at += 1
                continue
            end = self._find_run_end(at, line, covered_indices)
            first, last = self._strip_roles(self._include_people(at, end, line), end)
            if first < last:
                yield first, last
            at = end

    def _include_people(self, first: int, end: int, line: TranscriptLine) -> int:
        """Extend an organisation to the people in its name: ``American Red Cross Society``."""
        before = first - 1
        ends = self._names[end - 1].lower() in gazetteer.ORG_ENDS and before >= line.first_word
        word = self._names[before] if ends else ""
        return (
            before
            if word[:1].isupper() and word.lower() in gazetteer.PEOPLES and not self._ends_name(before)
            else first
        )

    def _strip_roles(self, first: int, end: int) -> tuple[int, int]:
        """Strip jobs from a run's ends: they describe a person, they are no name."""
        while first < end and self._names[first].lower() in gazetteer.JOB_WORDS:
            first += 1
        while (
            end > first and self._names[end - 1].lower() in gazetteer.JOB_WORDS and not self._is_joined(first, end - 1)
        ):
            end -= 1
        return first, end

    def _is_joined(self, first: int, at: int) -> bool:
        """Whether a word belongs to the one before it: the ``Directors`` of ``Board of Directors``."""
        return at - 1 > first and self._names[at - 1].lower() in _JOINING_WORDS

    def _find_run_end(self, first: int, line: TranscriptLine, covered_indices: set[int]) -> int:
        """Find the end of a run: punctuation, a small word that joins nothing, an amount."""
        end = first + 1
        while end < line.end_word and not self._ends_name(end - 1):
            if end not in covered_indices and self._may_be_name(end):
                end += 1
                continue
            joined_end = end
            while (
                joined_end < line.end_word
                and joined_end - end < 2
                and self._names[joined_end].lower() in _JOINING_WORDS
            ):
                joined_end += 1
            continues = (
                joined_end > end
                and joined_end < line.end_word
                and joined_end not in covered_indices
                and self._may_be_name(joined_end)
            )
            if (
                not continues
                or any(self._ends_name(at) for at in range(end, joined_end))
                or not self._is_joining(first, end, joined_end)
            ):
                break
            end = joined_end + 1
        return end

    def _is_joining(self, first: int, end: int, after: int) -> bool:
        """Whether small words join parts of one name (``Bank of America``) or stand between two names."""
        small_words = {self._names[at].lower() for at in range(end, after)}
        left_words = {self._names[at].lower() for at in range(first, end)}
        if "for" in small_words and self._names[end - 1].lower() in gazetteer.ORG_FOR:
            return True
        if small_words & {"and", "&", "for"} and left_words & {"of"} and left_words & gazetteer.ORG_STARTS:
            return True
        if "and" in small_words and self._names[end - 1].lower() in gazetteer.ORG_CLOSERS:
            return False
        if small_words & {"and", "&", "for"}:
            tail = [
                self._names[at].lower()
                for at in range(after, min(after + 3, len(self._names)))
                if self._may_be_name(at)
            ]
            return "&" in small_words or bool(tail and tail[-1] in gazetteer.ORG_ENDS)
        if "of" in small_words:
            return bool(left_words & (gazetteer.ORG_STARTS | gazetteer.PLACES_OF | {"united", "church", "bureau"}))
        return bool(small_words & {"de", "del", "van", "von", "der", "la", "al", "bin"})

    def _ends_name(self, at: int) -> bool:
        """Whether a word ends a name by its punctuation or its possessive; an initial's full stop does not."""
        text = self._document.words[at].text.strip()
        if _POSSESSIVE.search(text.rstrip("".join(NAME_END_MARKS))) and not text.endswith("'"):
            return True
        if not text.endswith(NAME_END_MARKS):
            return False
        return is_sentence_end(text) or text.endswith((",", ";", ":", "…"))

    def _may_be_name(self, at: int) -> bool:
        """Whether a word may be part of a name."""
        word = self._names[at]
        lower_word = word.lower()
        if not word[:1].isupper() and not re.match(r"^[a-z][A-Z]", word):
            return False
        if re.search(r"\d|-$", word) or _ROMAN.match(word):
            return False
        if len(word) == 1:
            return self._document.words[at].text.strip().endswith(".") and word != "I"
        head = re.split(r"['’]", lower_word)[0]
        if (
            lower_word in gazetteer.NOT_ORG
            or lower_word in gazetteer.PEOPLES
            or lower_word in FILLERS
            or head in ("i", "it", "that", "we", "you")
        ):
            return False
        if (
            lower_word in gazetteer.DAYS
            or lower_word in gazetteer.HOLIDAYS
            or (lower_word in gazetteer.MONTHS and lower_word not in ("may", "march", "jan", "mar", "june", "april"))
        ):
            return False
        if at in self._opens:
            is_known = (
                self._capital[lower_word]
                or lower_word in gazetteer.GIVEN_NAMES
                or lower_word in gazetteer.KNOWN_ORGS
                or lower_word in gazetteer.PERSON_TITLES
            )
            rare = self._small[lower_word] == 0 and lower_word not in TOPICLESS_WORDS
            after = at + 1 < len(self._names) and self._names[at + 1][:1].isupper() and not self._ends_name(at)
            return (
                bool(is_known)
                and self._small[lower_word] < 2 * self._capital[lower_word] + 1
                and lower_word not in TOPICLESS_WORDS
            ) or (rare and (after or word.isupper() or gazetteer.is_place(lower_word)))
        return not (
            lower_word in TOPICLESS_WORDS and self._small[lower_word] > self._capital[lower_word]
        ) or self._is_shouted(at)

    def _is_shouted(self, index: int) -> bool:
        """Whether a single word in capitals stands next to a name: the ``ONE`` of ``ONE Harbour``."""
        next_words = self._names[index + 1 : index + 2]
        return self._names[index].isupper() and any(word[:1].isupper() and not word.isupper() for word in next_words)

    def _build_candidate(self, line: TranscriptLine, first: int, end: int) -> NameCandidate:
        offset = self._document.starts[line.first_word]
        stop = self._document.starts[end - 1] + len(self._document.words[end - 1].text.strip()) - offset
        before = line.text[: self._document.starts[first] - offset]
        while end - first > 1 and self._names[first].lower() in gazetteer.PERSON_TITLES:
            before, first = f"{self._names[first]} ", first + 1
        words = [self._names[at] for at in range(first, end)]
        after = line.text[stop - 1 :] if line.text[stop - 1 : stop] == "," else line.text[stop:]
        if _POSSESSIVE.search(self._document.words[end - 1].text.strip().rstrip("".join(NAME_END_MARKS))):
            after = f"'s{after}"
        return NameCandidate(first=first, end=end, name=" ".join(words), votes=count_votes(words, before, after))
