"""Words and cues of an edited clip, on the output's clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from core.domain.editing.clock import output_time_ms
from core.domain.subtitles.cues import Cue, extend_cues, marked, word_cues
from core.domain.text.word_joining import join_words
from core.domain.time_ranges import clamp_range, merge_ranges, overlap_ms
from schemas.common import Segment, TimeRange, Word
from schemas.documents.edit import CaptionText, PlacedSegment
from schemas.documents.transcript import Transcript


def with_written_texts(
    transcript: Transcript, captions: Sequence[CaptionText], played: Sequence[PlacedSegment] | None = None
) -> Transcript:
    """The transcript with a person's own texts instead of the words in their ranges.

    A changed segment is trusted. The text shares the time of the words it replaces, by length; without words, the time
    of its range. Only time that is ``played`` counts: a word in a part that was cut out would vanish with it.
    """
    if not captions:
        return transcript
    times = [] if played is None else merge_ranges(piece.source for piece in played)
    runs = [_run(segment, transcript.words[segment.first_word : segment.end_word]) for segment in transcript.segments]
    for caption in captions:
        runs = _with_text(runs, caption, transcript.language, times)
    words: list[Word] = []
    segments: list[Segment] = []
    for run in runs:
        if run.words:
            count = len(words) + len(run.words)
            segments.append(msgspec.structs.replace(run.segment, first_word=len(words), end_word=count))
            words += run.words
    return msgspec.structs.replace(transcript, words=words, segments=segments)


class _Run(NamedTuple):
    """A segment with its words, and between which times their middles lie: most texts are nowhere near."""

    segment: Segment
    words: list[Word]
    first_ms: float
    last_ms: float


def _run(segment: Segment, words: Sequence[Word]) -> _Run:
    middles = [_middle(word) for word in words]
    return _Run(segment, list(words), min(middles, default=0.0), max(middles, default=-1.0))


def _with_text(runs: list[_Run], caption: CaptionText, language: str | None, times: Sequence[TimeRange]) -> list[_Run]:
    time = caption.range
    near = [number for number, run in enumerate(runs) if run.last_ms >= time.start_ms and run.first_ms < time.end_ms]
    touched = [number for number in near if any(_is_in(word, time) for word in runs[number].words)]
    gone = [word for number in touched for word in runs[number].words if _is_in(word, time)]
    words = _spread(caption, gone, times)
    updated = list(runs)
    for number in touched:
        left = [word for word in runs[number].words if not _is_in(word, time)]
        updated[number] = _run(runs[number].segment, left)
    if touched and words:
        first = updated[touched[0]]
        updated[touched[0]] = _run(first.segment, sorted([*first.words, *words], key=lambda word: word.start_ms))
    for number in touched:
        if updated[number].words:
            updated[number] = _run(*_replace_text(updated[number].segment, updated[number].words, language))
    if words and not touched:
        segment = Segment(start_ms=words[0].start_ms, end_ms=words[-1].end_ms, text="", first_word=0, end_word=0)
        updated.append(_run(*_replace_text(segment, words, language)))
        updated.sort(key=lambda run: run.segment.start_ms)
    return updated


def _is_in(word: Word, time: TimeRange) -> bool:
    return time.start_ms <= _middle(word) < time.end_ms


def _middle(word: Word) -> float:
    return (word.start_ms + word.end_ms) / 2


def _replace_text(segment: Segment, run: list[Word], language: str | None) -> tuple[Segment, list[Word]]:
    text = join_words((word.text for word in run), segment.language or language)
    times = {"start_ms": run[0].start_ms, "end_ms": max(word.end_ms for word in run)}
    return msgspec.structs.replace(segment, text=text, trust="trusted", doubts=[], **times), run


def _spread(caption: CaptionText, gone: Sequence[Word], times: Sequence[TimeRange]) -> list[Word]:
    texts = caption.text.split()
    if not texts:
        return []
    start_ms = max(gone[0].start_ms if gone else 0, caption.range.start_ms)
    end_ms = min(max([word.end_ms for word in gone] or [caption.range.end_ms]), caption.range.end_ms)
    speaker = gone[0].speaker if gone else None
    room = _intersections(TimeRange(start_ms=start_ms, end_ms=end_ms), times)
    lasts_ms, total = sum(time.length_ms for time in room), sum(map(len, texts))
    words, signs = list[Word](), 0
    for text in texts:
        begins_ms = lasts_ms * signs // total
        signs += len(text)
        time = _within(room, begins_ms, lasts_ms * signs // total)
        words.append(Word(text=text, start_ms=time.start_ms, end_ms=time.end_ms, probability=1.0, speaker=speaker))
    return words


def _intersections(time: TimeRange, times: Sequence[TimeRange]) -> list[TimeRange]:
    """The parts of a range inside others, in order; the whole range if none is."""
    parts = [clamp_range(time, played) for played in times if played.overlap_ms(time)]
    return parts or [time]


def _within(room: Sequence[TimeRange], begins_ms: int, ends_ms: int) -> TimeRange:
    """A range of the joined parts, placed where its middle lies in the source and inside one part."""
    gone_ms = 0
    for part in room[:-1]:
        if (begins_ms + ends_ms) / 2 < gone_ms + part.length_ms:
            break
        gone_ms += part.length_ms
    else:
        part = room[-1]
    start_ms, end_ms = max(0, begins_ms - gone_ms), min(part.length_ms, ends_ms - gone_ms)
    return TimeRange(start_ms=part.start_ms + start_ms, end_ms=part.start_ms + end_ms)


def words_out(words: Iterable[Word], played: Sequence[PlacedSegment]) -> list[Word]:
    """The played words in order, in output time; a word of which less than half is audible is left out.

    Of one that is cut in its very middle the first half counts: it is shown once. Of a piece without its sound only
    what a person wrote counts.
    """
    ordered = sorted(words, key=lambda word: (word.start_ms, word.end_ms))
    return [
        _to_output(word, piece)
        for piece in played
        for word in ordered
        if _is_heard(word, piece.source) and _is_shown(word, piece)
    ]


def _is_shown(word: Word, piece: PlacedSegment) -> bool:
    """Whether it is audible, or belongs to a written text."""
    return not piece.muted or any(_is_in(word, time) for time in piece.texts)


def _is_heard(word: Word, time: TimeRange) -> bool:
    heard_ms = time.overlap_ms(TimeRange(start_ms=word.start_ms, end_ms=word.end_ms))
    instant = word.start_ms == word.end_ms and time.start_ms <= word.start_ms < time.end_ms
    half = heard_ms * 2 == word.end_ms - word.start_ms and time.start_ms <= word.start_ms
    return instant or (heard_ms > 0 and half) or heard_ms * 2 > word.end_ms - word.start_ms


def _to_output(word: Word, piece: PlacedSegment) -> Word:
    """A word in output time, clamped to its segment."""
    start, end = max(word.start_ms, piece.source.start_ms), min(word.end_ms, piece.source.end_ms)
    times = {"start_ms": round(output_time_ms(piece, start)), "end_ms": round(output_time_ms(piece, end))}
    return msgspec.structs.replace(word, **times)


def ranges_out(ranges: Iterable[TimeRange], played: Sequence[PlacedSegment]) -> list[TimeRange]:
    """Source ranges in output time, divided where they are cut."""
    return [
        TimeRange(
            start_ms=round(output_time_ms(piece, max(time.start_ms, piece.source.start_ms))),
            end_ms=round(output_time_ms(piece, min(time.end_ms, piece.source.end_ms))),
        )
        for time in ranges
        for piece in played
        if time.overlap_ms(piece.source)
    ]


def cues_out(transcript: Transcript, played: Sequence[PlacedSegment]) -> list[Cue]:
    """Subtitles on the output's clock: as `subtitles.range_cues`, over all pieces.

    A sentence that a cut goes through is one still; words that straddle a cut are clamped.
    """
    entries: list[tuple[int, Segment, Word]] = []
    runs = [(segment, transcript.words[segment.first_word : segment.end_word]) for segment in transcript.segments]
    reach = [
        (min(word.start_ms for word in run), max(word.end_ms for word in run)) if run else (0, 0) for _, run in runs
    ]
    for piece in played:
        for number, (segment, run) in enumerate(runs):
            if reach[number][1] > piece.source.start_ms and reach[number][0] < piece.source.end_ms:
                entries += [
                    (number, segment, _to_output(word, piece))
                    for word in run
                    if overlap_ms(word, piece.source) > 0 and _is_shown(word, piece)
                ]
    cues: list[Cue] = []
    for _, group in groupby(entries, key=lambda entry: entry[0]):
        items = list(group)
        segment = items[0][1]
        cues += marked(word_cues([word for _, _, word in items], segment.language or transcript.language), segment)
    return extend_cues(cues)
