"""Words to subtitle cues: lines, lengths, pauses. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import msgspec

from core.domain.text.graphemes import JOINERS, clusters
from core.domain.text.unspaced_scripts import joined, phrased
from schemas.common import Segment, TimeRange, Value, Word
from schemas.documents.transcript import Transcript

MAX_LINE_CHARACTERS = 42
MAX_LINES = 2
MAX_CUE_MS = 7_000
PAUSE_MS = 700
"""A silence this long between words begins a new cue."""
DOUBT = "[?] "
"""Before what is doubtful: in subtitles and text alike, for players and people know no other mark."""
SHORTEST_MS = 700
"""Shortest time that a cue stays, unless the next one begins before."""


class Cue(Value, frozen=True, kw_only=True):
    """One subtitle: up to two lines, times in ms."""

    start_ms: int
    end_ms: int
    lines: list[str]
    speaker: str | None = None


def speaker_names(transcript: Transcript) -> dict[str, str]:
    """Label of each speaker where more than one speaks: the name where it is known, else the id."""
    speakers = transcript.diarization.speakers if transcript.diarization else []
    return {speaker.id: clean(speaker.name or speaker.id) for speaker in speakers} if len(speakers) > 1 else {}


def transcript_cues(transcript: Transcript, *, labelled: bool = False) -> list[Cue]:
    """Cues of a whole transcript; none crosses the border of a segment.

    Where more than one speaks each cue has its speaker; ``labelled`` writes it out as well where it changes.
    """
    names = speaker_names(transcript)
    cues: list[Cue] = []
    before: str | None = None
    for segment in transcript.segments:
        run = transcript.words[segment.first_word : segment.end_word]
        speaker = names.get(segment.speaker or "")
        if labelled and speaker and speaker != before and run:
            at_ms = run[0].start_ms
            run = [Word(text=f"{speaker}:", start_ms=at_ms, end_ms=at_ms, probability=1.0), *run]
        segment_cues = marked(word_cues(run, segment.language or transcript.language), segment)
        cues += [msgspec.structs.replace(cue, speaker=speaker) for cue in segment_cues]
        before = speaker
    return extend_cues(cues)


def range_cues(transcript: Transcript, part: TimeRange) -> list[Cue]:
    """Cues of a range (a clip), with times from its start; words across its ends are clamped."""
    runs = ((transcript.words[segment.first_word : segment.end_word], segment) for segment in transcript.segments)
    cut = (([clamped for word in run if (clamped := _clamped(word, part))], segment) for run, segment in runs)
    return extend_cues(
        [
            cue
            for run, segment in cut
            for cue in marked(word_cues(run, segment.language or transcript.language), segment)
        ]
    )


def marked(cues: list[Cue], segment: Segment) -> list[Cue]:
    """Each cue of a doubtful segment says so."""
    if segment.trust != "doubtful":
        return cues
    return [msgspec.structs.replace(cue, lines=[DOUBT + cue.lines[0], *cue.lines[1:]]) for cue in cues]


def _clamped(word: Word, part: TimeRange) -> Word | None:
    start_ms, end_ms = max(word.start_ms, part.start_ms), min(word.end_ms, part.end_ms)
    if end_ms <= start_ms:
        return None
    return Word(
        text=word.text,
        start_ms=start_ms - part.start_ms,
        end_ms=end_ms - part.start_ms,
        probability=word.probability,
        speaker=word.speaker,
        filler=word.filler,
    )


def word_cues(words: Sequence[Word], language: str | None) -> list[Cue]:
    """Cues of one run of words, filled to two lines, seven seconds or a pause; lines break at phrases."""
    cues: list[Cue] = []
    run: list[Word] = []
    for word in phrased(words, language):
        if run and not _fits(run, word):
            cues.append(_cue(run))
            run = []
        run.append(word)
    return [*cues, _cue(run)] if run else cues


def _fits(run: Sequence[Word], word: Word) -> bool:
    long = word.end_ms - run[0].start_ms > MAX_CUE_MS
    paused = word.start_ms - run[-1].end_ms >= PAUSE_MS
    return not long and not paused and len(_wrap([*run, word])) <= MAX_LINES


def _cue(words: Sequence[Word]) -> Cue:
    return Cue(start_ms=words[0].start_ms, end_ms=words[-1].end_ms, lines=_wrap(words))


def _wrap(words: Sequence[Word]) -> list[str]:
    """Lines of at most ``MAX_LINE_CHARACTERS`` columns; a longer word is cut."""
    lines: list[str] = []
    for word in words:
        for piece in _pieces(clean(word.text)):
            longer = joined(lines[-1], piece) if lines else piece
            if lines and columns(longer) <= MAX_LINE_CHARACTERS:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines or [""]


def _pieces(text: str) -> list[str]:
    """Parts that a line holds, cut between what a reader takes for signs."""
    if columns(text) <= MAX_LINE_CHARACTERS:
        return [text]
    pieces = [""]
    for sign in clusters(text):
        for part in [sign] if columns(sign) <= MAX_LINE_CHARACTERS else sign:
            if columns(pieces[-1] + part) > MAX_LINE_CHARACTERS:
                pieces.append("")
            pieces[-1] += part
    return pieces


def columns(text: str) -> int:
    """Width of a text in columns: East Asian wide signs take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def clean(text: str) -> str:
    """Text on one line without control characters; joiners of letters and emoji stay."""
    return " ".join("".join(sign for sign in text if sign.isprintable() or sign.isspace() or sign in JOINERS).split())


def extend_cues(cues: Sequence[Cue]) -> list[Cue]:
    """Extend cues to a readable duration, at most to the next cue's start."""
    starts = [*(cue.start_ms for cue in cues[1:]), None][: len(cues)]
    return [_extend(cue, following) for cue, following in zip(cues, starts, strict=True)]


def _extend(cue: Cue, following_ms: int | None) -> Cue:
    end_ms = max(cue.end_ms, cue.start_ms + SHORTEST_MS)
    end_ms = end_ms if following_ms is None else max(cue.start_ms + 1, min(end_ms, following_ms))
    return msgspec.structs.replace(cue, end_ms=end_ms)
