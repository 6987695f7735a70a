"""Scripts without spaces: word gaps, line breaks and phrases. Pure.

Phrases are BudouX's (Apache-2.0; small models inside the package) for Japanese, Chinese and Thai. Signs that must not
begin or end a line are those of JLREQ and CLREQ (kinsoku).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import budoux
import msgspec

from core.domain.text.graphemes import clusters
from schemas.common import Word

NEVER_FIRST = frozenset(
    "、。，．・：；？！゛゜´｀¨＾￣＿ヽヾゝゞ〃々〻ー—…‥’”）〕］｝〉》」』】〙〗〟｠»ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ,.:;?!)]}％‰℃ๆฯ"
)
NEVER_LAST = frozenset("‘“（〔［｛〈《「『【〘〖〝｟«([{￥＄£＃")
MAX_WORD_CHARACTERS = 8
"""A longer word of such a script is several words, and is cut at its phrases."""
CHUNK_CHARACTERS = 5
MAX_PHRASE_GAP_MS = 400
"""Longest gap inside one phrase."""


def is_unspaced(sign: str) -> bool:
    """Whether a character is of a script without word spaces: Han, kana, Thai, Lao, Khmer and others."""
    at = ord(sign)
    return (
        0x3000 <= at <= 0x30FF
        or 0x3400 <= at <= 0x9FFF
        or 0x0E00 <= at <= 0x0FFF
        or 0x1000 <= at <= 0x109F
        or 0x1780 <= at <= 0x17FF
        or 0xF900 <= at <= 0xFAFF
        or 0xFF00 <= at <= 0xFF9F
        or 0x20000 <= at <= 0x323AF
    )


def stand_apart(before: str, after: str) -> float:
    """Width of the gap between two words as a share of a space: 0 inside such a script."""
    if not before or not after:
        return 0.0
    closed, opened = is_unspaced(_edge(before, -1)), is_unspaced(_edge(after, 0))
    if closed and opened:
        return 0.0
    if (after[0] in NEVER_FIRST and closed) or (before[-1] in NEVER_LAST and opened):
        return 0.0
    return 0.5 if closed or opened else 1.0


def _edge(text: str, at: int) -> str:
    """The letter at a border, marks set aside."""
    signs = clusters(text)
    return signs[at][0]


def joined(before: str, after: str) -> str:
    """Two words as text: with a space between them unless a script without spaces is at the border."""
    return f"{before} {after}" if stand_apart(before, after) == 1 else before + after


def phrased(words: Sequence[Word], language: str | None) -> list[Word]:
    """Words as units of reading: single characters of such scripts joined, long words cut.

    Each phrase begins when its first piece does. None crosses a pause, a sentence's end or another speaker's turn.
    Words without a text are left out.
    """
    units: list[Word] = []
    for run in _runs([word for word in words if word.text.strip()]):
        units += _phrases(run, language) if is_unspaced(_edge(run[0].text, 0)) else run
    return units


def _runs(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words that could be one phrase: all of such a script, close together; any other word is alone."""
    run: list[Word] = []
    for word in words:
        if run and not _goes_on(run[-1], word):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _goes_on(before: Word, word: Word) -> bool:
    near = word.start_ms - before.end_ms < MAX_PHRASE_GAP_MS and word.speaker == before.speaker
    return near and bool(before.text and word.text) and stand_apart(before.text, word.text) == 0


def _phrases(run: Sequence[Word], language: str | None) -> list[Word]:
    pieces = [piece for word in run for piece in _short(word)]
    text = "".join(piece.text for piece in pieces)
    borders, at = set[int](), 0
    for phrase in _parser(text, language)(text):
        at += len(phrase)
        borders.add(at)
    phrases: list[Word] = []
    at, open_ = 0, False
    for piece in pieces:
        if open_ or (phrases and not _may_break(phrases[-1].text, piece.text)):
            phrases[-1] = _together(phrases[-1], piece)
        else:
            phrases.append(piece)
        before, at = at, at + len(piece.text)
        open_ = not any(before < border <= at for border in borders)
    return phrases


def _short(word: Word) -> list[Word]:
    """A long word as its signs, which share its time evenly."""
    signs = clusters(word.text)
    if len(signs) <= MAX_WORD_CHARACTERS:
        return [word]
    length = word.end_ms - word.start_ms
    times = [word.start_ms + length * number // len(signs) for number in range(len(signs) + 1)]
    return [
        msgspec.structs.replace(word, text=sign, start_ms=times[number], end_ms=times[number + 1])
        for number, sign in enumerate(signs)
    ]


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two texts."""
    mark = unicodedata.category(after[0]).startswith("M")
    return not mark and after[0] not in NEVER_FIRST and before[-1] not in NEVER_LAST


def _together(word: Word, following: Word) -> Word:
    return msgspec.structs.replace(
        word,
        text=word.text + following.text,
        end_ms=max(word.end_ms, following.end_ms),
        probability=min(word.probability, following.probability),
        filler=word.filler and following.filler,
    )


def _parser(text: str, language: str | None) -> Callable[[str], list[str]]:
    """The parser that cuts this text: by its letters, and for Han alone by the language."""
    if any("\u3040" <= sign <= "\u30ff" for sign in text) or language == "ja":
        return _budoux("ja")
    if any("\u0e00" <= sign <= "\u0e7f" for sign in text):
        return _budoux("th")
    if any("\u4e00" <= sign <= "\u9fff" for sign in text):
        return _budoux("zh-hant" if language in ("yue", "zh-Hant") else "zh-hans")
    return _even


def _even(text: str) -> list[str]:
    """Cut a script without phrase rules: some grapheme clusters at a time."""
    signs = clusters(text)
    return ["".join(signs[at : at + CHUNK_CHARACTERS]) for at in range(0, len(signs), CHUNK_CHARACTERS)]


@cache
def _budoux(name: str) -> Callable[[str], list[str]]:
    """One of its models; read when it is first asked for."""
    match name:
        case "ja":
            return budoux.load_default_japanese_parser().parse
        case "th":
            return budoux.load_default_thai_parser().parse
        case "zh-hant":
            return budoux.load_default_traditional_chinese_parser().parse
    return budoux.load_default_simplified_chinese_parser().parse
