"""A script that the caller gave: its words in place of the recognised ones, at their times. Pure; hears nothing.

What the recogniser heard is matched to the script word by word. Matched words take the script's spelling at the time
they were heard. Between matches, words of the script are laid into the time that is left, for the aligner to place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import msgspec

from schemas.media import TimeRange, Word
from streams.listen.seams import letters
from streams.listen.times import in_order

ADLIB_WORDS = 5
"""So many words in a row that the script does not have were really said; fewer are the recogniser's mistake."""
ROOM_MS = 100
"""With less time than this a word, a stretch of the script was not said."""
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
    """The script's words in order; which stretches need the sound; how many words were heard, how many left no time."""

    words: list[Word]
    stretches: list[Stretch]
    heard: int
    unsaid: int


def match(recognised: Sequence[Word], script: str, duration_ms: int) -> Matched:
    """The script laid over what was recognised. A script in another language than what is said matches nothing."""
    wanted = script.split()
    codes = difflib.SequenceMatcher(
        None, [letters(word.text) for word in recognised], [letters(text) for text in wanted], autojunk=False
    ).get_opcodes()
    words: list[Word] = []
    stretches: list[Stretch] = []
    heard = unsaid = 0
    for kind, i1, i2, j1, j2 in codes:
        if kind == "equal":
            pairs = zip(recognised[i1:i2], wanted[j1:j2], strict=True)
            words += [msgspec.structs.replace(word, text=text) for word, text in pairs]
            heard += i2 - i1
            continue
        room = _room(recognised, i1, i2, duration_ms)
        if j2 > j1 and ROOM_MS * (j2 - j1) <= room.length_ms <= LONGEST_MS:
            stretches.append(Stretch(first=len(words), end=len(words) + j2 - j1, room=room, heard=i2 > i1))
            words += _laid(wanted[j1:j2], room)
        else:
            unsaid += j2 - j1
            words += recognised[i1:i2] if i2 - i1 >= ADLIB_WORDS else []
    return Matched(words=words, stretches=stretches, heard=heard, unsaid=unsaid)


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
    return in_order([word for word in words if word is not None]), unsaid


def _placed(word: Word, time: TimeRange | None) -> Word:
    if time is None:
        return word
    return msgspec.structs.replace(word, start_ms=time.start_ms, end_ms=time.end_ms, probability=CERTAIN)
