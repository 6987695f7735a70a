"""Match a script to the recognised words and give its words times. Pure.

The recognised words are matched to the script word by word. Matched words take the script's spelling at their
recognised time. Between matches, the script's words are spread over the time that is free, for the aligner to place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from core.domain.text.word_joining import WITHOUT_SPACES
from schemas.common import TimeRange, Word
from streams.close.script.script_tokens import is_other_text, match_words, split_script_words
from streams.close.transcript.span_overlap import normalise_word
from streams.speech.word_times import order_words

MIN_ADLIB_WORDS = 5
"""Recognised words in a row, missing in the script, that count as really spoken.

Fewer are a mistake of the recogniser.
"""
MIN_ADDITION_WORDS = 8
"""Recognised words, in place of other words of the script, from which they may be an addition of the speaker."""
MIN_ADDITION_RATIO = 4
"""Least ratio of an addition's words to the script's words in the same place."""
MIN_WORD_ROOM_MS = 100
"""Least time for a word of the script; with less, its gap was not spoken."""
MIN_LETTER_ROOM_MS = 25
"""Least time for a letter of a long word; with less, its gap was not spoken."""
MAX_GAP_MS = 20_000
"""Longest gap between matches in which words can be placed; in a longer one the script was not spoken."""
MAX_UNHEARD_WORDS = 3
"""Most words kept where the recogniser heard nothing; more were not spoken, unless the aligner places them."""
ALIGNED_PROBABILITY = 1.0
"""Probability of a script word that the aligner placed."""
GUESSED_PROBABILITY = 0.0
"""Probability of a script word that is spread over free time."""


class ScriptGap(msgspec.Struct, frozen=True, kw_only=True):
    """Words ``[first, end)`` of the match whose times are guesses, and the range they must lie in."""

    first: int
    end: int
    room: TimeRange
    heard: bool
    """Whether the recogniser heard something else there."""


class ScriptMatch(msgspec.Struct, frozen=True, kw_only=True):
    """The script's words in order, the gaps to be aligned, and counts of recognised and lost words.

    ``given``: how many words the script has. ``used``: whether it belongs to this recording; if not, ``words``
    are the recognised ones.
    """

    words: list[Word]
    gaps: list[ScriptGap]
    heard: int
    unsaid: int
    given: int
    used: bool = True


def match_script(recognised: Sequence[Word], script: str, duration_ms: int, language: str | None = None) -> ScriptMatch:
    """Lay the script over the recognised words (mainly in ``language``), if it belongs to the recording."""
    units = [unit for word in recognised for unit in _split_units(word, language)]
    script_words = split_script_words(script, language)
    codes = match_words([normalise_word(word.text) for word in units], [normalise_word(text) for text in script_words])
    matched_words = sum(i2 - i1 for kind, i1, i2, _, _ in codes if kind == "equal")
    if is_other_text(len(units), len(script_words), codes, language):
        return ScriptMatch(
            words=list(recognised),
            gaps=[],
            heard=matched_words,
            unsaid=len(script_words),
            given=len(script_words),
            used=False,
        )
    words: list[Word] = []
    gaps: list[ScriptGap] = []
    unsaid = 0
    for kind, i1, i2, j1, j2 in codes:
        texts, room = script_words[j1:j2], _free_range(units, i1, i2, duration_ms)
        if kind == "equal":
            pairs = zip(units[i1:i2], texts, strict=True)
            words += [msgspec.structs.replace(word, text=text) for word, text in pairs]
        elif texts and not _is_addition(i2 - i1, j2 - j1) and _min_duration_ms(texts) <= room.length_ms <= MAX_GAP_MS:
            gaps.append(ScriptGap(first=len(words), end=len(words) + j2 - j1, room=room, heard=i2 > i1))
            words += _spread_words(texts, room)
        else:
            unsaid += j2 - j1
            words += units[i1:i2] if i2 - i1 >= MIN_ADLIB_WORDS else []
    return ScriptMatch(words=words, gaps=gaps, heard=matched_words, unsaid=unsaid, given=len(script_words))


def _split_units(word: Word, language: str | None) -> Iterator[Word]:
    """Split a recognised word as the script is split.

    In a language without spaces each sign is a word, with its share of the time.
    """
    texts = split_script_words(word.text, language) if language in WITHOUT_SPACES else []
    if len(texts) < 2:
        yield word
        return
    time_range = TimeRange(start_ms=word.start_ms, end_ms=word.end_ms)
    for part in _spread_words(texts, time_range):
        yield msgspec.structs.replace(part, probability=word.probability)


def _is_addition(recognised_count: int, script_count: int) -> bool:
    """Whether the recognised words are too many for the script's in their place, and so really spoken."""
    return recognised_count >= MIN_ADDITION_WORDS and recognised_count >= MIN_ADDITION_RATIO * script_count


def _min_duration_ms(texts: Sequence[str]) -> int:
    """Least time in which the words can be spoken."""
    return sum(max(MIN_WORD_ROOM_MS, MIN_LETTER_ROOM_MS * len(text)) for text in texts)


def _free_range(recognised: Sequence[Word], first: int, end: int, duration_ms: int) -> TimeRange:
    """Return the time between the matches on both sides, clamped to what was recognised there."""
    start_ms = recognised[first - 1].end_ms if first else 0
    end_ms = recognised[end].start_ms if end < len(recognised) else duration_ms
    if end > first:
        start_ms, end_ms = max(start_ms, recognised[first].start_ms), min(end_ms, recognised[end - 1].end_ms)
    return TimeRange(start_ms=start_ms, end_ms=max(start_ms, end_ms))


def _spread_words(texts: Sequence[str], time_range: TimeRange) -> Iterator[Word]:
    """Spread words over a time range, each as long as its share of the letters."""
    total, letters_before = sum(map(len, texts)), 0
    for text in texts:
        start_ms = time_range.start_ms + time_range.length_ms * letters_before // total
        letters_before += len(text)
        end_ms = time_range.start_ms + time_range.length_ms * letters_before // total
        yield Word(text=text, start_ms=start_ms, end_ms=end_ms, probability=GUESSED_PROBABILITY)


def place_gaps(
    match_result: ScriptMatch, times_by_gap: Sequence[Sequence[TimeRange | None] | None]
) -> tuple[list[Word], int]:
    """Give the gaps the aligner's times (None: no answer); return the words and how many are left out.

    Where nothing was recognised and nothing is aligned, the script's words were not spoken.
    """
    words: list[Word | None] = list(match_result.words)
    unsaid = match_result.unsaid
    for gap, gap_times in zip(match_result.gaps, times_by_gap, strict=True):
        aligned_times = [time for time in gap_times or () if time is not None]
        if not aligned_times and not gap.heard and gap.end - gap.first > MAX_UNHEARD_WORDS:
            words[gap.first : gap.end] = [None] * (gap.end - gap.first)
            unsaid += gap.end - gap.first
        for at, time in zip(range(gap.first, gap.end), gap_times or (), strict=False):
            words[at] = _place_word(match_result.words[at], time)
    return order_words([word for word in words if word is not None]), unsaid


def _place_word(word: Word, time: TimeRange | None) -> Word:
    """Return the word at the aligner's time, if it has one."""
    if time is None:
        return word
    return msgspec.structs.replace(word, start_ms=time.start_ms, end_ms=time.end_ms, probability=ALIGNED_PROBABILITY)
