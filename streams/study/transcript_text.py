"""A transcript as text to quote from: sentences, and the place of each word. Pure; changes no word."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.text.quoted_words import find_quoted_words, place_words
from core.domain.text.sentence_end import CLOSING_MARKS, SENTENCE_MARKS
from core.domain.text.word_joining import join_words
from schemas.common import Segment, Value, Word
from schemas.documents.intelligence import Quote
from schemas.documents.transcript import Transcript

MAX_LINE_WORDS = 80
"""Most words of a line without a full stop, so that no rule has to read a whole hour as one sentence."""
MAX_LINE_PAUSE_MS = 2_000
"""Pause that ends a line."""


class TranscriptLine(Value, frozen=True, kw_only=True):
    """A sentence: ``words[first_word:end_word]`` of the transcript."""

    first_word: int
    end_word: int
    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    doubtful: bool = False
    """Whether the recogniser doubts some of it: quotes of it are marked, and nothing rests on it."""
    language: str | None = None
    """Its language, which may differ from the recording's."""

    @property
    def words(self) -> int:
        """Number of words."""
        return self.end_word - self.first_word


@dataclass(frozen=True, kw_only=True)
class TranscriptText:
    """All words of a project.

    ``text`` is every word joined; ``starts[i]`` is where word ``i`` begins in it.
    """

    language: str | None
    duration_ms: int
    words: Sequence[Word]
    lines: Sequence[TranscriptLine]
    text: str
    starts: Sequence[int]

    def quote(self, first: int, end: int) -> Quote:
        """Quote the words ``[first, end)`` as they stand in the transcript."""
        speakers = {word.speaker for word in self.words[first:end]}
        return Quote(
            text=join_words((word.text.strip() for word in self.words[first:end]), self.language),
            start_ms=self.words[first].start_ms,
            end_ms=self.words[end - 1].end_ms,
            speaker=speakers.pop() if len(speakers) == 1 else None,
            doubtful=self._is_doubtful(first, end),
        )

    def _is_doubtful(self, first: int, end: int) -> bool:
        number = max(0, bisect.bisect_right(self.lines, first, key=lambda line: line.first_word) - 1)
        while number < len(self.lines) and self.lines[number].first_word < end:
            if self.lines[number].doubtful:
                return True
            number += 1
        return False

    def line_quote(self, line: TranscriptLine) -> Quote:
        """Quote a line."""
        return self.quote(line.first_word, line.end_word)

    def contains_quote(self, quote: Quote) -> bool:
        """Whether these very words are said at this very time."""
        first = bisect.bisect_left(self.words, quote.start_ms, key=lambda word: word.start_ms)
        while first < len(self.words) and self.words[first].start_ms == quote.start_ms:
            at = self.starts[first]
            if self.text.startswith(quote.text, at):
                last = bisect.bisect_left(self.starts, at + len(quote.text)) - 1
                return self.words[last].end_ms == quote.end_ms
            first += 1
        return False

    def find_quote(self, text: str) -> Quote | None:
        """Find the first place where a text is said word for word, widened to whole words."""
        place = find_quoted_words(self.text, self.starts, text, self.language)
        return self.quote(*place) if place else None


def read_transcript(transcript: Transcript) -> TranscriptText:
    """Prepare a stored transcript for analysis."""
    texts = [word.text.strip() for word in transcript.words]
    return TranscriptText(
        language=transcript.language,
        duration_ms=transcript.duration_ms,
        words=transcript.words,
        lines=_split_lines(transcript),
        text=join_words(texts, transcript.language),
        starts=place_words(texts, transcript.language),
    )


def _split_lines(transcript: Transcript) -> list[TranscriptLine]:
    """Join segments to whole sentences: the recogniser's segments may end at any pause."""
    lines: list[TranscriptLine] = []
    first_segment: Segment | None = None
    first_number = 0
    for number, segment in enumerate(transcript.segments):
        if first_segment is None:
            first_segment, first_number = segment, number
        following = transcript.segments[number + 1] if number + 1 < len(transcript.segments) else None
        words = segment.end_word - first_segment.first_word
        if (
            following is None
            or _is_line_end(segment, following)
            or words + following.end_word - following.first_word > MAX_LINE_WORDS
        ):
            doubtful = any(part.trust == "doubtful" for part in transcript.segments[first_number : number + 1])
            for first in range(first_segment.first_word, segment.end_word, MAX_LINE_WORDS):
                end = min(first + MAX_LINE_WORDS, segment.end_word)
                lines.append(_build_line(transcript, first, end, segment, doubtful))
            first_segment = None
    return lines


def _is_line_end(segment: Segment, following: Segment) -> bool:
    if segment.speaker != following.speaker or segment.language != following.language:
        return True
    if following.start_ms - segment.end_ms >= MAX_LINE_PAUSE_MS:
        return True
    return segment.text.rstrip().rstrip(CLOSING_MARKS).endswith(SENTENCE_MARKS)


def _build_line(transcript: Transcript, first: int, end: int, segment: Segment, doubtful: bool) -> TranscriptLine:
    words = transcript.words[first:end]
    return TranscriptLine(
        first_word=first,
        end_word=end,
        start_ms=words[0].start_ms,
        end_ms=words[-1].end_ms,
        text=join_words((word.text.strip() for word in words), transcript.language),
        speaker=segment.speaker,
        doubtful=doubtful,
        language=segment.language or transcript.language,
    )
