"""The transcript as text one can quote from: sentences, and where each word stands. Pure; never changes a word."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.text.sentence_end import CLOSING_MARKS, SENTENCE_MARKS
from core.domain.text.word_joining import join_words, space
from schemas.common import Segment, Value, Word
from schemas.documents.intelligence import Quote
from schemas.documents.transcript import Transcript

LONGEST_WORDS = 80
"""Longer runs without a full stop are cut: no rule shall have to read a whole hour as one sentence."""
LONGEST_PAUSE_MS = 2_000
_GAPS = re.compile(r"\s+")


class Line(Value, frozen=True, kw_only=True):
    """A sentence: ``words[first_word:end_word]`` of the transcript."""

    first_word: int
    end_word: int
    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    doubtful: bool = False
    """Whether the recogniser doubts some of it: it is marked where it is quoted, and stands for nothing."""
    language: str | None = None
    """What it is said in: another than the recording's where a recording changes its language."""

    @property
    def words(self) -> int:
        """How many words."""
        return self.end_word - self.first_word


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """All that was said. ``text`` is every word joined; ``starts[i]`` is where word ``i`` begins in it."""

    language: str | None
    duration_ms: int
    words: Sequence[Word]
    lines: Sequence[Line]
    text: str
    starts: Sequence[int]

    def quote(self, first: int, end: int) -> Quote:
        """The words ``[first, end)`` as they stand in the transcript."""
        spoken_by = {word.speaker for word in self.words[first:end]}
        return Quote(
            text=join_words((word.text.strip() for word in self.words[first:end]), self.language),
            start_ms=self.words[first].start_ms,
            end_ms=self.words[end - 1].end_ms,
            speaker=spoken_by.pop() if len(spoken_by) == 1 else None,
            doubtful=self._doubted(first, end),
        )

    def _doubted(self, first: int, end: int) -> bool:
        at = max(0, bisect.bisect_right(self.lines, first, key=lambda line: line.first_word) - 1)
        while at < len(self.lines) and self.lines[at].first_word < end:
            if self.lines[at].doubtful:
                return True
            at += 1
        return False

    def line_quote(self, line: Line) -> Quote:
        """A sentence as a quote."""
        return self.quote(line.first_word, line.end_word)

    def holds(self, quote: Quote) -> bool:
        """Whether these very words are said at this very time."""
        first = bisect.bisect_left(self.words, quote.start_ms, key=lambda word: word.start_ms)
        while first < len(self.words) and self.words[first].start_ms == quote.start_ms:
            at = self.starts[first]
            if self.text.startswith(quote.text, at):
                last = bisect.bisect_left(self.starts, at + len(quote.text)) - 1
                return self.words[last].end_ms == quote.end_ms
            first += 1
        return False

    def find(self, text: str) -> Quote | None:
        """The first place where this is said word for word, widened to whole words; None where it is not."""
        wanted = space(self.language).join(_GAPS.split(text.strip())) if space(self.language) else text.strip()
        at = self.text.find(wanted) if wanted else -1
        if at < 0:
            return None
        first = bisect.bisect_right(self.starts, at) - 1
        return self.quote(first, bisect.bisect_left(self.starts, at + len(wanted)))


def read(transcript: Transcript) -> Spoken:
    """A stored transcript, ready to be studied."""
    texts = [word.text.strip() for word in transcript.words]
    starts, at, gap = [], 0, len(space(transcript.language))
    for text in texts:
        starts.append(at)
        at += len(text) + gap
    return Spoken(
        language=transcript.language,
        duration_ms=transcript.duration_ms,
        words=transcript.words,
        lines=_lines(transcript),
        text=join_words(texts, transcript.language),
        starts=starts,
    )


def _lines(transcript: Transcript) -> list[Line]:
    """Segments joined to whole sentences: the recogniser's segments may end at any pause."""
    found: list[Line] = []
    open_from: Segment | None = None
    opened = 0
    for at, segment in enumerate(transcript.segments):
        if open_from is None:
            open_from, opened = segment, at
        after = transcript.segments[at + 1] if at + 1 < len(transcript.segments) else None
        words = segment.end_word - open_from.first_word
        if after is None or _ends(segment, after) or words + after.end_word - after.first_word > LONGEST_WORDS:
            doubtful = any(one.trust == "doubtful" for one in transcript.segments[opened : at + 1])
            for first in range(open_from.first_word, segment.end_word, LONGEST_WORDS):
                end = min(first + LONGEST_WORDS, segment.end_word)
                found.append(_line(transcript, first, end, segment, doubtful))
            open_from = None
    return found


def _ends(segment: Segment, after: Segment) -> bool:
    if segment.speaker != after.speaker or segment.language != after.language:
        return True
    if after.start_ms - segment.end_ms >= LONGEST_PAUSE_MS:
        return True
    return segment.text.rstrip().rstrip(CLOSING_MARKS).endswith(SENTENCE_MARKS)


def _line(transcript: Transcript, first: int, end: int, segment: Segment, doubtful: bool) -> Line:
    words = transcript.words[first:end]
    return Line(
        first_word=first,
        end_word=end,
        start_ms=words[0].start_ms,
        end_ms=words[-1].end_ms,
        text=join_words((word.text.strip() for word in words), transcript.language),
        speaker=segment.speaker,
        doubtful=doubtful,
        language=segment.language or transcript.language,
    )
