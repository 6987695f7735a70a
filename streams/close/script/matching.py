"""A script that the caller gave: its words in place of the recognised ones, at their times. Pure; hears nothing.

What the recogniser heard is matched to the script word by word. Matched words take the script's spelling at the time
they were heard. Between matches, words of the script are laid into the time that is left, for the aligner to place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from core.domain.text.word_joining import WITHOUT_SPACES
from schemas.common import TimeRange, Word
from streams.close.script.script_tokens import another_text, matched, words_of
from streams.close.transcript.span_overlap import letters
from streams.speech.word_times import order_words

ADLIB_WORDS = 5
"""So many words in a row that the script does not have were really said; fewer are the recogniser's mistake."""
BESIDE_WORDS, BESIDE_TIMES = 8, 4
"""So many words, and so many times those of the script in their place, are no mistake of the recogniser either."""
ROOM_MS, LETTER_MS = 100, 25
"""With less time than this a word, or a letter of a long one, a stretch of the script was not said."""
LONGEST_MS = 20_000
"""In a longer stretch without a match nothing can be placed: what the script has there was not said."""
SLIP_WORDS = 3
"""So many words may be lost where the recogniser heard nothing at all; more were not said, unless the sound fits."""
CERTAIN, UNCERTAIN = 1.0, 0.0
"""A word of the script that the aligner placed; one that only lies where there was room."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Words ``[first, end)`` of the matched list whose times are guesses, and the time that they must lie in."""

    first: int
    end: int
    room: TimeRange
    heard: bool
    """Whether the recogniser heard something else there."""


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """The script's words in order; which stretches need the sound; how many words were heard, how many left no time.

    ``given``: how many words the script has. ``used``: whether it is of this recording at all; else ``words`` are those
    that were recognised.
    """

    words: list[Word]
    stretches: list[Stretch]
    heard: int
    unsaid: int
    given: int
    used: bool = True


def match(recognised: Sequence[Word], script: str, duration_ms: int, language: str | None = None) -> Matched:
    """The script laid over what was recognised (mainly in ``language``), if it is of the same recording."""
    said = [unit for word in recognised for unit in _units(word, language)]
    wanted = words_of(script, language)
    codes = matched([letters(word.text) for word in said], [letters(text) for text in wanted])
    heard = sum(i2 - i1 for kind, i1, i2, _, _ in codes if kind == "equal")
    if another_text(len(said), len(wanted), codes, language):
        return Matched(
            words=list(recognised), stretches=[], heard=heard, unsaid=len(wanted), given=len(wanted), used=False
        )
    words: list[Word] = []
    stretches: list[Stretch] = []
    unsaid = 0
    for kind, i1, i2, j1, j2 in codes:
        texts, room = wanted[j1:j2], _room(said, i1, i2, duration_ms)
        if kind == "equal":
            pairs = zip(said[i1:i2], texts, strict=True)
            words += [msgspec.structs.replace(word, text=text) for word, text in pairs]
        elif texts and not _beside(i2 - i1, j2 - j1) and _needs_ms(texts) <= room.length_ms <= LONGEST_MS:
            stretches.append(Stretch(first=len(words), end=len(words) + j2 - j1, room=room, heard=i2 > i1))
            words += _laid(texts, room)
        else:
            unsaid += j2 - j1
            words += said[i1:i2] if i2 - i1 >= ADLIB_WORDS else []
    return Matched(words=words, stretches=stretches, heard=heard, unsaid=unsaid, given=len(wanted))


def _units(word: Word, language: str | None) -> Iterator[Word]:
    """A recognised word as the script's words are counted: of a language without spaces, each sign with its share."""
    texts = words_of(word.text, language) if language in WITHOUT_SPACES else []
    if len(texts) < 2:
        yield word
        return
    room = TimeRange(start_ms=word.start_ms, end_ms=word.end_ms)
    for part in _laid(texts, room):
        yield msgspec.structs.replace(part, probability=word.probability)


def _beside(heard: int, wanted: int) -> bool:
    """Whether so much was heard where the script has little that it was really said beside the script."""
    return heard >= BESIDE_WORDS and heard >= BESIDE_TIMES * wanted


def _needs_ms(texts: Sequence[str]) -> int:
    return sum(max(ROOM_MS, LETTER_MS * len(text)) for text in texts)


def _room(recognised: Sequence[Word], first: int, end: int, duration_ms: int) -> TimeRange:
    """The time between the words that matched on both sides; where nothing was heard there, no more than is needed."""
    from_ms = recognised[first - 1].end_ms if first else 0
    to_ms = recognised[end].start_ms if end < len(recognised) else duration_ms
    if end > first:
        from_ms, to_ms = max(from_ms, recognised[first].start_ms), min(to_ms, recognised[end - 1].end_ms)
    return TimeRange(start_ms=from_ms, end_ms=max(from_ms, to_ms))


def _laid(texts: Sequence[str], room: TimeRange) -> Iterator[Word]:
    """Words side by side in ``room``, each as long as its share of the letters."""
    total, at = sum(map(len, texts)), 0
    for text in texts:
        start_ms = room.start_ms + room.length_ms * at // total
        at += len(text)
        end_ms = room.start_ms + room.length_ms * at // total
        yield Word(text=text, start_ms=start_ms, end_ms=end_ms, probability=UNCERTAIN)


def settled(matched: Matched, times: Sequence[Sequence[TimeRange | None] | None]) -> tuple[list[Word], int]:
    """The words with what the aligner found for each stretch (None: nothing); how many of the script's are left out.

    Where nothing was heard and nothing fits, the script's words were not said.
    """
    words: list[Word | None] = list(matched.words)
    unsaid = matched.unsaid
    for stretch, found in zip(matched.stretches, times, strict=True):
        placed = [time for time in found or () if time is not None]
        if not placed and not stretch.heard and stretch.end - stretch.first > SLIP_WORDS:
            words[stretch.first : stretch.end] = [None] * (stretch.end - stretch.first)
            unsaid += stretch.end - stretch.first
        for at, time in zip(range(stretch.first, stretch.end), found or (), strict=False):
            words[at] = _placed(matched.words[at], time)
    return order_words([word for word in words if word is not None]), unsaid


def _placed(word: Word, time: TimeRange | None) -> Word:
    if time is None:
        return word
    return msgspec.structs.replace(word, start_ms=time.start_ms, end_ms=time.end_ms, probability=CERTAIN)
