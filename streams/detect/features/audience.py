"""Features of what makes a room laugh or clap, in the words and in the pauses after them. Pure.

Punch lines: people and oneself, denial, human weakness, outcries (Mihalcea, Pulman, "Characterizing Humour", CICLing
2007), said shortly after something longer. Calls: contrasts, lists of three, positions taken in the name of all
(Heritage, Greatbatch, "Generating Applause", American Journal of Sociology 92, 1986).
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.common import TimeRange
from schemas.documents.moments import Evidence
from streams.detect.features.audio import BLOCK_MS, MIN_BLOCKS, SoundFacts, arousal_blocks
from streams.detect.features.base import (
    FeatureValue,
    clamp_unit,
    combine_hints,
    number_evidence,
    percentile_rank,
    quote_evidence,
    round_score,
)
from streams.detect.lexicon import Lexicon
from streams.detect.sentences import Sentence
from streams.detect.timeline import ProjectTimeline
from streams.detect.window import CandidateWindow

PUNCH_LINE_WORDS = (3, 14)
"""Fewest and most words of a punch line."""
MIN_SET_UP_RATIO = 1.5
"""Least ratio of the words in the sentence before a punch line to those in it."""
SHORT_LINE_FACTOR = 0.8
"""Factor for a short line with a punch line's words after no longer sentence."""
LONG_LINE_FACTOR = 0.4
"""Factor for a long line with a punch line's words."""
LIST_OF_THREE = re.compile(r"\b[\w' ]{2,40}, [\w' ]{2,40},? (?:and|or) [\w' ]{2,40}", re.IGNORECASE)
"""A list of three."""
NOT_BUT = re.compile(r"\bnot\b[^.?!]{2,80}\b(?:but|it's|it is|they're|we're)\b|\binstead of\b", re.IGNORECASE)
"""A contrast: not this, but that."""
LAST_SENTENCE_COUNT = 2
"""Sentences that are the end of a clip: one that ends on its best line ends well."""
MIN_PAUSE_MS = 800
"""Shortest pause that is listened to."""
PAUSE_EDGE_MS = 150
"""Part of a pause that may still be speech, at either end: words are known no more exactly."""
MIN_PAUSES = 8
"""Fewer pauses than this are nothing to compare one with."""
MIN_LOUDER_DB = 6.0
"""Least level of a response above the video's usual pause: twice the amplitude."""
FULL_RESPONSE_MS = 4_000
"""Sound after a window's sentences that counts as a full response."""


@dataclass(frozen=True, kw_only=True)
class AudienceCues:
    """Likeness of a sentence to a punch line and to a call, 0..1 each, with the words that show it."""

    punch: float = 0.0
    punch_words: Sequence[str] = ()
    call: float = 0.0
    call_words: Sequence[str] = ()


def read_audience_cues(
    words: Sequence[str], text: str, previous_word_count: int, lexicon: Lexicon | None
) -> AudienceCues:
    """Read the cues of a sentence; ``words`` are normalised, ``previous_word_count`` is 0 for the first."""
    if lexicon is None or len(words) < PUNCH_LINE_WORDS[0]:
        return AudienceCues()
    self_words = [word for word in words if word in lexicon.self_]
    denial_words = [word for word in words if word in lexicon.denying or word in lexicon.contrast]
    weakness_words = [word for word in words if word in lexicon.weakness]
    cries = [word for word in words if word in lexicon.outcries]
    people_words = [word for word in words if word in lexicon.people or word in lexicon.address]
    hints = [
        0.2 * bool(self_words), 0.2 * bool(denial_words), 0.15 * bool(people_words), 0.45 * bool(weakness_words),
        0.3 * bool(cries or text.rstrip("\"'”’ ").endswith("!")), 0.2 * bool(self_words and denial_words),
    ]  # fmt: skip
    is_short = len(words) <= PUNCH_LINE_WORDS[1]
    shape = (
        1.0
        if is_short and previous_word_count >= MIN_SET_UP_RATIO * len(words)
        else SHORT_LINE_FACTOR
        if is_short
        else LONG_LINE_FACTOR
    )
    call, call_words = _measure_call_words(words, text, lexicon)
    return AudienceCues(
        punch=combine_hints(hints) * shape,
        punch_words=list(dict.fromkeys([*weakness_words, *cries, *denial_words, *self_words, *people_words])),
        call=call,
        call_words=call_words,
    )


def _measure_call_words(words: Sequence[str], text: str, lexicon: Lexicon) -> tuple[float, list[str]]:
    together_words = [word for word in words if word in lexicon.together]
    resolve_words = [word for word in words if word in lexicon.resolve]
    values = [word for word in words if word in lexicon.values]
    hints = [
        0.3 * min(2, len(set(values))), 0.2 * bool(values and together_words and resolve_words),
        0.25 * bool(LIST_OF_THREE.search(text)), 0.3 * bool(NOT_BUT.search(text)),
    ]  # fmt: skip
    return combine_hints(hints), list(dict.fromkeys([*values, *together_words, *resolve_words] if values else []))


def measure_wit(window: CandidateWindow, cues: Mapping[int, AudienceCues]) -> FeatureValue | None:
    """Measure how much of a window is like punch lines: the best one, and how many there are."""
    return _measure_lines(window, {first: (cue.punch, cue.punch_words) for first, cue in cues.items()}, "punch_line")


def measure_call(window: CandidateWindow, cues: Mapping[int, AudienceCues]) -> FeatureValue | None:
    """Measure how much of a window is like what rooms clap at."""
    return _measure_lines(window, {first: (cue.call, cue.call_words) for first, cue in cues.items()}, "call")


def _measure_lines(
    window: CandidateWindow, lines: Mapping[int, tuple[float, Sequence[str]]], kind: str
) -> FeatureValue | None:
    rated = [sentence for sentence in window.sentences if sentence.first_word in lines]
    if not rated:
        return None
    best = max(rated, key=lambda sentence: (lines[sentence.first_word][0], -sentence.start_ms))
    peak, words = lines[best.first_word]
    mean = statistics.fmean(lines[sentence.first_word][0] for sentence in rated)
    evidence: list[Evidence] = [number_evidence("mean", window.range, mean, "of 1", ", ".join(words[:6]))]
    if peak > 0:
        evidence.insert(0, quote_evidence(kind, best.start_ms, best.end_ms, best.text, round(peak, 3), "of 1"))
    end = max(lines[sentence.first_word][0] for sentence in rated[-LAST_SENTENCE_COUNT:])
    return FeatureValue(value=round_score(0.4 * mean + 0.3 * peak + 0.3 * end), evidence=evidence)


def measure_raised_voice(
    window: CandidateWindow, timeline: ProjectTimeline, sound_facts: SoundFacts | None
) -> FeatureValue | None:
    """Measure how far the voice rises at its height, relative to all that the speaker says."""
    if sound_facts is None or len(sound_facts.arousal) < MIN_BLOCKS or not window.sentences:
        return None
    blocks = arousal_blocks(timeline, window.range)
    if not blocks:
        return None
    at_ms, peak = max(blocks, key=lambda block: block[1])
    part = TimeRange(start_ms=at_ms, end_ms=at_ms + BLOCK_MS)
    return FeatureValue(
        value=round_score(percentile_rank(peak, sound_facts.arousal)),
        evidence=[number_evidence("raised_voice", part, peak, "of 1, where the speaker's usual is 0.5")],
    )


def pause_after(sentence: Sentence) -> TimeRange | None:
    """Return the pause after a sentence, less its edges; None if it is short.

    The end of a pause longer than a full response is cut off.
    """
    if sentence.pause_after_ms < MIN_PAUSE_MS:
        return None
    start_ms = sentence.end_ms + PAUSE_EDGE_MS
    end_ms = sentence.end_ms + min(sentence.pause_after_ms - PAUSE_EDGE_MS, FULL_RESPONSE_MS + PAUSE_EDGE_MS)
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def measure_pause_level(timeline: ProjectTimeline) -> float | None:
    """Return the median loudness of the video's pauses, dBFS; None with too few."""
    if timeline.sound is None:
        return None
    pauses = [part for sentence in timeline.sentences if (part := pause_after(sentence))]
    measured = [timeline.sound.levels_in(part) for part in pauses]
    levels = [float(pause.mean()) for pause in measured if pause.size]
    return statistics.median(levels) if len(levels) >= MIN_PAUSES else None


def measure_pause_sound(
    window: CandidateWindow, timeline: ProjectTimeline, pause_db: float | None
) -> FeatureValue | None:
    """Measure how long the pauses after sentences hold sound that is louder than the video's usual pause.

    It may be laughter, applause, music or a door: the level does not say which.
    """
    if timeline.sound is None or pause_db is None or not window.sentences:
        return None
    loud_ms, best = 0, (0, window.range)
    for part in filter(None, map(pause_after, window.sentences)):
        loud = int((timeline.sound.levels_in(part) >= pause_db + MIN_LOUDER_DB).sum()) * timeline.sound.step_ms
        loud_ms, best = loud_ms + loud, max(best, (loud, part), key=lambda pair: pair[0])
    evidence = [number_evidence("heard_in_pauses", best[1], loud_ms / 1000, "s")]
    return FeatureValue(value=round_score(clamp_unit(loud_ms / FULL_RESPONSE_MS)), evidence=evidence)
