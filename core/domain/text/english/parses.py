"""The grammar of a run of English words: each word's part of speech, and the word it belongs to. Pure.

Tags are those of the Penn Treebank (``NNS``, ``VBD``), relations those of ClearNLP (``nsubj``, ``ccomp``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

NOUN_TAGS = frozenset({"NN", "NNS", "NNP", "NNPS"})
NAME_TAGS = frozenset({"NNP", "NNPS"})
FINITE_TAGS = frozenset({"VBD", "VBP", "VBZ", "MD"})
SUBJECTS = frozenset({"nsubj", "nsubjpass", "csubj", "csubjpass", "expl"})
AUXILIARY_RELATIONS = frozenset({"aux", "auxpass"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedWord:
    """A word or mark of a parse.

    ``head`` is the place of the word it belongs to, its own for the root of a sentence; ``start`` and ``end`` are
    places of characters in the text; ``entity`` is the kind of name it is part of, or empty.
    """

    text: str
    start: int
    end: int
    tag: str
    kind: str
    relation: str
    head: int
    entity: str = ""

    @property
    def lower(self) -> str:
        """Its text in lower case, with a plain apostrophe."""
        return self.text.lower().replace("’", "'")

    @property
    def is_mark(self) -> bool:
        """Whether it is punctuation."""
        return self.kind == "PUNCT"

    @property
    def is_verb(self) -> bool:
        """Whether it is a verb or an auxiliary."""
        return self.kind in ("VERB", "AUX")


@dataclass(frozen=True, kw_only=True)
class Parse:
    """A text's words with their grammar."""

    text: str
    words: Sequence[ParsedWord]
    _kept: dict[int, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def children(self) -> Sequence[Sequence[int]]:
        """Places of the words that belong to each word, in order."""
        lists: list[list[int]] = [[] for _ in self.words]
        for place, word in enumerate(self.words):
            if word.head != place:
                lists[word.head].append(place)
        return lists

    def span(self, place: int) -> tuple[int, int]:
        """Return first and end place of all that belongs to a word."""
        if place not in self._kept:
            first, end = place, place + 1
            for child in self.children[place]:
                child_first, child_end = self.span(child)
                first, end = min(first, child_first), max(end, child_end)
            self._kept[place] = first, end
        return self._kept[place]

    def related(self, place: int, relations: Iterable[str]) -> Iterator[int]:
        """List the words that belong to a word in one of these ways."""
        named_relations = frozenset(relations)
        return (child for child in self.children[place] if self.words[child].relation in named_relations)

    def write(self, first: int, end: int) -> str:
        """Return the text of ``words[first:end]`` as it is written."""
        return self.text[self.words[first].start : self.words[end - 1].end] if first < end else ""

    def begins_word(self, place: int) -> bool:
        """Whether a space or nothing stands before a word: ``'s`` begins none."""
        return place == 0 or self.words[place - 1].end < self.words[place].start

    def is_finite(self, place: int) -> bool:
        """Whether a word is a verb with its tense, by itself or by its auxiliary."""
        return self.words[place].tag in FINITE_TAGS or any(
            self.words[child].tag in FINITE_TAGS for child in self.related(place, AUXILIARY_RELATIONS)
        )

    def subject(self, place: int) -> int | None:
        """Return the place of a verb's subject."""
        return next(self.related(place, SUBJECTS), None)


Parser = Callable[[str], Parse]
"""Parses a text of a few sentences; the same text gives the same parse."""
