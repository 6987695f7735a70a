"""Translated tracks with the speakers and title of their transcript. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

import msgspec

from schemas.common import Segment, Word
from schemas.documents.diarization import Turn
from schemas.documents.transcript import Transcript


def with_transcript_speakers(track: Transcript, transcript: Transcript) -> Transcript:
    """The track with the title, version and speakers of ``transcript``, renamed speakers included.

    A word belongs to the speaker at its middle, a segment to the speaker of most of its words.
    """
    turns = transcript.diarization.turns if transcript.diarization else []
    words = [_with_turn_speaker(word, turns) for word in track.words]
    return msgspec.structs.replace(
        track,
        words=words,
        segments=[_owned(segment, words) for segment in track.segments],
        diarization=transcript.diarization,
        project_title=transcript.project_title,
        version=transcript.version,
    )


def timed_by_segments(track: Transcript) -> Transcript:
    """The track with the words of each translated segment spread over its time, by length.

    Translations carry sentence times, but no word times.
    """
    words = list(track.words)
    for segment in track.segments:
        if segment.translated_from is not None:
            part = slice(segment.first_word, segment.end_word)
            words[part] = _spread(words[part], segment)
    return msgspec.structs.replace(track, words=words)


def _spread(run: Sequence[Word], segment: Segment) -> list[Word]:
    total, signs = sum(len(word.text) for word in run), 0
    lasts_ms, spread = segment.end_ms - segment.start_ms, list[Word]()
    for word in run:
        begins = segment.start_ms + lasts_ms * signs // max(1, total)
        signs += len(word.text)
        ends = segment.start_ms + lasts_ms * signs // max(1, total)
        spread.append(msgspec.structs.replace(word, start_ms=begins, end_ms=ends))
    return spread


def _with_turn_speaker(word: Word, turns: Sequence[Turn]) -> Word:
    middle = (word.start_ms + word.end_ms) / 2
    at = bisect_right(turns, middle, key=lambda turn: turn.start_ms) - 1
    inside = at >= 0 and middle < turns[at].end_ms
    return msgspec.structs.replace(word, speaker=turns[at].speaker if inside else None)


def _owned(segment: Segment, words: Sequence[Word]) -> Segment:
    word_counts = Counter(word.speaker for word in words[segment.first_word : segment.end_word] if word.speaker)
    speaker = min(word_counts, key=lambda name: (-word_counts[name], name)) if word_counts else None
    return msgspec.structs.replace(segment, speaker=speaker)
