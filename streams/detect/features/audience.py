"""What makes a room laugh or clap, in the words and in the pauses behind them. Pure; claims to hear neither.

Punch lines: people and oneself, denial, human weakness, outcries (Mihalcea, Pulman, "Characterizing Humour", CICLing
2007), said shortly behind something longer. Calls: contrasts, lists of three, positions taken in the name of all
(Heritage, Greatbatch, "Generating Applause", American Journal of Sociology 92, 1986).
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.common import TimeRange
from schemas.documents.moments import Evidence
from streams.detect.features.audio import BLOCK_MS, LEAST_BLOCKS, SoundFacts, raised
from streams.detect.features.base import Measured, any_of, clamp, number, quote, rank_in, rounded
from streams.detect.lexicon import Lexicon
from streams.detect.sentences import Sentence
from streams.detect.timeline import Timeline
from streams.detect.window import Window

PUNCH_WORDS = (3, 14)
"""A punch line has so many words."""
SET_UP = 1.5
"""What it answers is so many times as long."""
SHORT, LONG = 0.8, 0.4
"""What is left of a line that has the words of one, but answers nothing longer, or is long itself."""
THREE = re.compile(r"\b[\w' ]{2,40}, [\w' ]{2,40},? (?:and|or) [\w' ]{2,40}", re.IGNORECASE)
NOT_BUT = re.compile(r"\bnot\b[^.?!]{2,80}\b(?:but|it's|it is|they're|we're)\b|\binstead of\b", re.IGNORECASE)
LAST = 2
"""A clip that ends on its best line ends well: so many sentences are its end."""
LEAST_PAUSE_MS = 800
EDGE_MS = 150
"""Words are known so exactly: as much of a pause may still be speech, at either end."""
FEWEST_PAUSES = 8
"""Fewer pauses than this are nothing to compare one with."""
LOUDER_DB = 6.0
"""Twice the amplitude of the video's usual pause."""
LONG_ANSWER_MS = 4_000
"""What is heard for so long behind a window's sentences is as much as a room gives."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """How much a sentence is like a punch line and like a call, 0..1 each, with the words that made it so."""

    punch: float = 0.0
    punch_words: Sequence[str] = ()
    call: float = 0.0
    call_words: Sequence[str] = ()


def read_line(words: Sequence[str], text: str, before: int, lexicon: Lexicon | None) -> Line:
    """``words`` are bare; ``before`` is how many the sentence before has, 0 where there is none."""
    if lexicon is None or len(words) < PUNCH_WORDS[0]:
        return Line()
    own = [word for word in words if word in lexicon.self_]
    denied = [word for word in words if word in lexicon.denying or word in lexicon.contrast]
    weak = [word for word in words if word in lexicon.weakness]
    cries = [word for word in words if word in lexicon.outcries]
    people = [word for word in words if word in lexicon.people or word in lexicon.address]
    hints = [
        0.2 * bool(own), 0.2 * bool(denied), 0.15 * bool(people), 0.45 * bool(weak),
        0.3 * bool(cries or text.rstrip("\"'”’ ").endswith("!")), 0.2 * bool(own and denied),
    ]  # fmt: skip
    short = len(words) <= PUNCH_WORDS[1]
    shape = 1.0 if short and before >= SET_UP * len(words) else SHORT if short else LONG
    call, call_words = _call(words, text, lexicon)
    return Line(
        punch=any_of(hints) * shape,
        punch_words=list(dict.fromkeys([*weak, *cries, *denied, *own, *people])),
        call=call,
        call_words=call_words,
    )


def _call(words: Sequence[str], text: str, lexicon: Lexicon) -> tuple[float, list[str]]:
    together = [word for word in words if word in lexicon.together]
    resolve = [word for word in words if word in lexicon.resolve]
    values = [word for word in words if word in lexicon.values]
    hints = [
        0.3 * min(2, len(set(values))), 0.2 * bool(values and together and resolve),
        0.25 * bool(THREE.search(text)), 0.3 * bool(NOT_BUT.search(text)),
    ]  # fmt: skip
    return any_of(hints), list(dict.fromkeys([*values, *together, *resolve] if values else []))


def wit(window: Window, lines: Mapping[int, Line]) -> Measured | None:
    """How much of a window is like punch lines: the best one, and how many there are."""
    return _lines(window, {first: (line.punch, line.punch_words) for first, line in lines.items()}, "punch_line")


def call(window: Window, lines: Mapping[int, Line]) -> Measured | None:
    """How much of a window is like what rooms clap at."""
    return _lines(window, {first: (line.call, line.call_words) for first, line in lines.items()}, "call")


def _lines(window: Window, lines: Mapping[int, tuple[float, Sequence[str]]], kind: str) -> Measured | None:
    known = [sentence for sentence in window.sentences if sentence.first_word in lines]
    if not known:
        return None
    best = max(known, key=lambda s: (lines[s.first_word][0], -s.start_ms))
    peak, words = lines[best.first_word]
    mean = statistics.fmean(lines[s.first_word][0] for s in known)
    evidence: list[Evidence] = [number("mean", window.range, mean, "of 1", ", ".join(words[:6]))]
    if peak > 0:
        evidence.insert(0, quote(kind, best.start_ms, best.end_ms, best.text, round(peak, 3), "of 1"))
    end = max(lines[s.first_word][0] for s in known[-LAST:])
    return Measured(value=rounded(0.4 * mean + 0.3 * peak + 0.3 * end), evidence=evidence)


def voice(window: Window, timeline: Timeline, whole: SoundFacts | None) -> Measured | None:
    """How far the voice is raised at its height, against all the speaker says: where it is most, not on the whole."""
    if whole is None or len(whole.arousal) < LEAST_BLOCKS or not window.sentences:
        return None
    own = raised(timeline, window.range)
    if not own:
        return None
    at_ms, most = max(own, key=lambda block: block[1])
    part = TimeRange(start_ms=at_ms, end_ms=at_ms + BLOCK_MS)
    return Measured(
        value=rounded(rank_in(most, whole.arousal)),
        evidence=[number("raised_voice", part, most, "of 1, where the speaker's usual is 0.5")],
    )


def pause_behind(sentence: Sentence) -> TimeRange | None:
    """The pause behind a sentence, less its edges; None where it is short. Its end is cut off after a long answer."""
    if sentence.pause_after_ms < LEAST_PAUSE_MS:
        return None
    start_ms = sentence.end_ms + EDGE_MS
    end_ms = sentence.end_ms + min(sentence.pause_after_ms - EDGE_MS, LONG_ANSWER_MS + EDGE_MS)
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def pause_level(timeline: Timeline) -> float | None:
    """How loud the video's pauses are in the middle, dBFS; None where there are too few."""
    if timeline.sound is None:
        return None
    pauses = [part for sentence in timeline.sentences if (part := pause_behind(sentence))]
    levels = [float(found.mean()) for part in pauses if (found := timeline.sound.levels(part)).size]
    return statistics.median(levels) if len(levels) >= FEWEST_PAUSES else None


def answered(window: Window, timeline: Timeline, usual_db: float | None) -> Measured | None:
    """How long something is heard in the pauses behind its sentences that is louder than pauses are in this video.

    It may be laughter, applause, music or a door: which, nobody here knows.
    """
    if timeline.sound is None or usual_db is None or not window.sentences:
        return None
    heard_ms, best = 0, (0, window.range)
    for part in filter(None, map(pause_behind, window.sentences)):
        loud = int((timeline.sound.levels(part) >= usual_db + LOUDER_DB).sum()) * timeline.sound.step_ms
        heard_ms, best = heard_ms + loud, max(best, (loud, part), key=lambda one: one[0])
    evidence = [number("heard_in_pauses", best[1], heard_ms / 1000, "s")]
    return Measured(value=rounded(clamp(heard_ms / LONG_ANSWER_MS)), evidence=evidence)
