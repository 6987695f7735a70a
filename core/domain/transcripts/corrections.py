"""A person's corrections of a transcript, and the transcript after them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated

import msgspec
from msgspec import Meta

from core.domain.text.word_joining import join_words, split_words
from schemas.common import Segment, Value, Word
from schemas.documents.transcript import Transcript
from schemas.quantities import exactly

SHORTEST_MS = 20
"""As in the machine's transcript, no word is shorter."""
MAX_WORD_CHARACTERS = 100
"""A longer word would not fit into a caption."""


class WordEdit(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Replace ``words[first_word:end_word]`` (from 0, of one segment) by ``text``; empty removes them."""

    first_word: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    end_word: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    text: Annotated[str, Meta(max_length=2000)]
    """New text; empty removes the words."""


class Change(Value, frozen=True, kw_only=True):
    """The result of one edit: the range, the text before and after it."""

    start_ms: int
    end_ms: int
    first_word: int
    end_word: int
    before: str
    """Text before."""
    after: str
    """Text after."""


class BadEditError(ValueError):
    """An edit that cannot be made; ``at`` is its place in the list, the message a sentence for its sender."""

    def __init__(self, at: int, detail: str, field: str = "") -> None:
        """``at`` counts from 0; ``field`` is a path in the edit, empty for all of it."""
        super().__init__(detail)
        self.at, self.detail, self.field = at, detail, field

    @property
    def path(self) -> str:
        """The place of what is wrong, below the list."""
        return f"{self.at}/{self.field}" if self.field else str(self.at)


def corrected(transcript: Transcript, edits: Sequence[WordEdit], version: int) -> tuple[Transcript, list[Change]]:
    """The transcript after all edits, which count its original words, and the change of each.

    A word that replaces one takes its time; another number of words shares the time of those it replaces, by length.
    Their probability is 1: a person says so. A segment that was corrected is trusted. Raises BadEditError.
    """
    ordered = sorted(enumerate(edits), key=lambda pair: pair[1].first_word)
    _check(transcript, ordered)
    words: list[Word] = []
    segments: list[Segment] = []
    changes: list[Change] = []
    for segment in transcript.segments:
        inside = [edit for _, edit in ordered if segment.first_word <= edit.first_word < segment.end_word]
        run = _edited(transcript, segment, inside)
        changes += [_change(transcript, edit) for edit in inside]
        if run:
            segments.append(_segment(transcript, segment, run, len(words), changed=bool(inside)))
            words += run
    return msgspec.structs.replace(transcript, words=words, segments=segments, version=version), changes


def _check(transcript: Transcript, ordered: Sequence[tuple[int, WordEdit]]) -> None:
    last = 0
    for at, edit in ordered:
        if edit.end_word <= edit.first_word:
            raise BadEditError(at, "`end_word` must lie behind `first_word`.")
        if edit.first_word < last:
            raise BadEditError(at, "Two edits touch the same word.")
        holders = (
            segment for segment in transcript.segments if segment.first_word <= edit.first_word < segment.end_word
        )
        segment = next(holders, None)
        if segment is None or edit.end_word > segment.end_word:
            raise BadEditError(at, "The words of an edit must lie in one segment of the transcript.")
        run = transcript.words[edit.first_word : edit.end_word]
        texts = split_words(edit.text, segment.language or transcript.language)
        room_ms, count = run[-1].end_ms - run[0].start_ms, len(texts)
        if any(len(text) > MAX_WORD_CHARACTERS for text in texts):
            raise BadEditError(at, f"A word has at most {MAX_WORD_CHARACTERS} signs.")
        if count > len(run) and count * SHORTEST_MS > room_ms:
            raise BadEditError(at, f"{count} words are more than can be said in {exactly(room_ms, 'ms')}.")
        last = edit.end_word


def _edited(transcript: Transcript, segment: Segment, inside: Sequence[WordEdit]) -> list[Word]:
    words: list[Word] = []
    at = segment.first_word
    for edit in inside:
        texts = split_words(edit.text, segment.language or transcript.language)
        words += transcript.words[at : edit.first_word]
        words += _replaced(transcript.words[edit.first_word : edit.end_word], texts)
        at = edit.end_word
    return [*words, *transcript.words[at : segment.end_word]]


def _replaced(old: Sequence[Word], texts: Sequence[str]) -> list[Word]:
    if len(old) == len(texts):
        return [_spoken_word(word, text, word.start_ms, word.end_ms) for word, text in zip(old, texts, strict=True)]
    start_ms, end_ms = old[0].start_ms, old[-1].end_ms
    total, marks = sum(map(len, texts)), [start_ms]
    for at, signs in enumerate(accumulate(map(len, texts))):
        share = start_ms + round((end_ms - start_ms) * signs / total)
        latest = end_ms - SHORTEST_MS * (len(texts) - 1 - at)
        marks.append(min(max(share, marks[-1] + SHORTEST_MS), latest))
    return [_spoken_word(old[0], text, marks[at], marks[at + 1]) for at, text in enumerate(texts)]


def _spoken_word(word: Word, text: str, start_ms: int, end_ms: int) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=end_ms, probability=1.0, speaker=word.speaker)


def _segment(transcript: Transcript, segment: Segment, run: Sequence[Word], first: int, *, changed: bool) -> Segment:
    renumbered = msgspec.structs.replace(segment, first_word=first, end_word=first + len(run))
    if not changed:
        return renumbered
    text = join_words((word.text for word in run), segment.language or transcript.language)
    return msgspec.structs.replace(
        renumbered, start_ms=run[0].start_ms, end_ms=run[-1].end_ms, text=text, trust="trusted", doubts=[]
    )


def _change(transcript: Transcript, edit: WordEdit) -> Change:
    old = transcript.words[edit.first_word : edit.end_word]
    return Change(
        start_ms=old[0].start_ms,
        end_ms=old[-1].end_ms,
        first_word=edit.first_word,
        end_word=edit.end_word,
        before=join_words((word.text for word in old), transcript.language),
        after=join_words(split_words(edit.text, transcript.language), transcript.language),
    )
