"""The time at which each word of a script is shown, from how fast people read its language. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.domain.script_text.blocks import Block, split_blocks
from core.domain.text.sentence_end import CLAUSE_MARKS, MIN_PAUSE_MS, ends_sentence, strip_closing
from core.domain.text.unspaced_scripts import is_unspaced
from schemas.common import TimeRange, Value, Word

SIGNS_PER_MINUTE: Mapping[str, int] = {
    "ar": 612, "de": 920, "en": 987, "es": 1025, "fi": 1078, "fr": 998, "he": 833, "it": 950, "nl": 978,
    "pl": 916, "pt": 913, "ru": 986, "sl": 885, "sv": 917, "tr": 1054,
}  # fmt: skip
"""Letters that people read in a minute (Trauzettel-Klosinski and Dietz, IReST, IOVS 53, 2012, table 2)."""
USUAL_SIGNS_PER_MINUTE = 930
"""The mean of the table, for languages that are not in it."""
UNSPACED_SIGNS_PER_MINUTE: Mapping[str, int] = {"ja": 357, "zh": 255, "yue": 255}
"""The same for signs that stand for a syllable or a word."""
USUAL_UNSPACED_SIGNS_PER_MINUTE = 306
"""Mean of Chinese and Japanese, for such signs in a text of another language."""
LETTERS_WITHOUT_SPACES = frozenset({"th", "lo", "km", "my", "bo"})
"""Languages that write letters without spaces between words: read as letters."""
COMFORT_RATIO = 0.8
"""Share of the speed in the table: that is reading a page, and a card goes when its time is over."""
MIN_WORD_MS = 160
"""Shortest time of a word: one fixation of the eye and the jump to the next (some 200 ms, less for short words)."""
COMMA_MS = 200
"""Pause behind a comma, and what is written like one."""
SENTENCE_MS = 400
"""Pause behind a sentence."""
BLOCK_MS = MIN_PAUSE_MS
"""Pause behind a paragraph, a heading, an item: it ends a sentence where no full stop does."""
MIN_SENTENCE_MS = 1_000
"""Shortest time of a sentence: a card that comes and goes faster is not read."""
LEAD_IN_MS, TAIL_MS = 300, 1_200
"""Time before the first word, and after the last."""
MIN_DURATION_MS = 3_000
"""Shortest project: the shortest clip that can be requested."""
MAX_DURATION_MS = 2 * 60 * 60 * 1000
"""Longest project of a script. 60,000 bytes last an hour; more only where they are nothing but short lines."""


class TimedScript(Value, frozen=True, kw_only=True):
    """A script with the time of each word, from 0 to ``duration_ms``."""

    words: list[Word]
    sentences: list[TimeRange]
    """Time of each sentence, without the pauses between them."""
    duration_ms: int


def time_script(text: str, language: str) -> TimedScript:
    """Give each word of a script its time; there may be none."""
    words: list[Word] = []
    sentences: list[TimeRange] = []
    at_ms = float(LEAD_IN_MS)
    for block in split_blocks(text):
        for sentence in split_sentences(block):
            timed = _time_sentence(sentence, language, round(at_ms))
            words += timed
            sentences.append(TimeRange(start_ms=timed[0].start_ms, end_ms=timed[-1].end_ms))
            at_ms = timed[-1].end_ms + SENTENCE_MS
        at_ms += BLOCK_MS - SENTENCE_MS
    end_ms = (words[-1].end_ms if words else 0) + TAIL_MS
    return TimedScript(words=words, sentences=sentences, duration_ms=max(MIN_DURATION_MS, end_ms))


def split_sentences(block: Block) -> list[list[str]]:
    """The sentences of a block, in order; none is empty."""
    sentences: list[list[str]] = [[]]
    for word in block.words:
        sentences[-1].append(word)
        if ends_sentence(word):
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def _time_sentence(texts: Sequence[str], language: str, start_ms: int) -> list[Word]:
    """The words of a sentence that begins at ``start_ms``; a short one takes the shortest time."""
    lengths_ms = [word_ms(text, language) for text in texts]
    pauses_ms = [COMMA_MS if strip_closing(text).endswith(CLAUSE_MARKS) else 0 for text in texts[:-1]]
    slower = max(1.0, (MIN_SENTENCE_MS - sum(pauses_ms)) / sum(lengths_ms))
    words: list[Word] = []
    at_ms = float(start_ms)
    for text, length_ms, pause_ms in zip(texts, lengths_ms, [*pauses_ms, 0], strict=True):
        end_ms = at_ms + slower * length_ms
        words.append(Word(text=text, start_ms=round(at_ms), end_ms=round(end_ms), probability=1.0))
        at_ms = end_ms + pause_ms
    return words


def word_ms(text: str, language: str) -> float:
    """Time in ms that reading a word takes.

    A digit is read as a word of its own, so it counts as four letters.
    """
    unspaced = sum(is_unspaced(sign) and sign.isalnum() for sign in text)
    letters = sum(4 if sign.isdigit() else sign.isalpha() for sign in text) - unspaced
    letters_per_ms = SIGNS_PER_MINUTE.get(language, USUAL_SIGNS_PER_MINUTE) * COMFORT_RATIO / 60_000
    unspaced_per_ms = letters_per_ms
    if language not in LETTERS_WITHOUT_SPACES:
        speed = UNSPACED_SIGNS_PER_MINUTE.get(language, USUAL_UNSPACED_SIGNS_PER_MINUTE)
        unspaced_per_ms = speed * COMFORT_RATIO / 60_000
    read_ms = letters / letters_per_ms + unspaced / unspaced_per_ms
    return read_ms if unspaced and letters == 0 else max(MIN_WORD_MS, read_ms)
