"""Decides which words are shown together and when. Pure: text is measured by a given function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import msgspec

from core.domain.subtitles.cues import DOUBT as DOUBT_BEFORE
from core.domain.text.sentence_end import CLAUSE_MARKS, SENTENCE_MARKS, strip_closing
from schemas.common import TimeRange, Value, Word
from schemas.documents.export import CaptionCue

FitsLines = Callable[[Sequence[str]], bool]
"""Tests whether words, in this order, fit the caption's lines at full size."""

DOUBT = DOUBT_BEFORE.strip()
"""Mark before doubtful words, as in subtitles; it is never highlighted."""


class CueRules(Value, frozen=True, kw_only=True):
    """Bounds of a cue's length and content. Viewers read about 20 characters a second."""

    max_words: int = 5
    min_words_before_clause: int = 3
    """A comma ends a cue only after at least this many words."""
    max_length_ms: int = 4_000
    min_length_ms: int = 500
    pause_ms: int = 450
    """A pause of this length always ends a cue."""
    hold_ms: int = 700
    """Gaps up to this length are bridged: the cue stays until the next one."""
    linger_ms: int = 250
    """Time that a cue stays after its last word when no cue follows soon."""
    min_word_ms: int = 60
    length_cost: float = 0.02
    """Cost of a cue for the square of its number of words: what makes cues of a sentence short, and equally long."""
    clause_cost: float = 0.4
    """Cost of each comma inside a cue."""
    short_end_cost: float = 0.25
    """Cost of a cue that ends in a short word, as articles and prepositions are."""


def sentence_rules(max_words: int) -> CueRules:
    """Bounds of cues of a sentence each: divided where it does not fit, shown until the next begins."""
    return CueRules(
        max_words=max_words,
        min_words_before_clause=4,
        max_length_ms=15_000,
        hold_ms=2_000,
        linger_ms=600,
        length_cost=0.002,
        clause_cost=0.0,
        short_end_cost=0.0,
    )


def clip_words(words: Sequence[Word], clip: TimeRange, rules: CueRules) -> list[Word]:
    """Words heard in the clip, clamped to it and without overlaps.

    A word cut by an edge counts when at least half of it is inside: captions show only what is audible.
    """
    inside: list[Word] = []
    for word in sorted(words, key=lambda word: (word.start_ms, word.end_ms)):
        audible_ms = clip.overlap_ms(TimeRange(start_ms=word.start_ms, end_ms=word.end_ms))
        instant = word.start_ms == word.end_ms and clip.start_ms <= word.start_ms < clip.end_ms
        text = word.text.strip()
        if text and (instant or (audible_ms and audible_ms * 2 >= word.end_ms - word.start_ms)):
            start, end = max(word.start_ms, clip.start_ms), min(word.end_ms, clip.end_ms)
            inside.append(msgspec.structs.replace(word, text=text, start_ms=start, end_ms=end))
    return _without_overlaps(inside, clip, rules)


def _without_overlaps(words: Sequence[Word], clip: TimeRange, rules: CueRules) -> list[Word]:
    separated: list[Word] = []
    for position, word in enumerate(words):
        start = max(word.start_ms, separated[-1].end_ms if separated else clip.start_ms)
        limit = clip.end_ms
        if position + 1 < len(words):
            limit = max(start + 1, min(limit, words[position + 1].start_ms))
        end = min(max(word.end_ms, start + rules.min_word_ms), max(limit, start + 1))
        if start < clip.end_ms:
            separated.append(msgspec.structs.replace(word, start_ms=start, end_ms=min(end, clip.end_ms)))
    return separated


def build_cues(
    words: Sequence[Word],
    clip: TimeRange,
    fits: FitsLines,
    rules: CueRules = CueRules(),  # noqa: B008 - frozen
    doubtful: Sequence[TimeRange] = (),
) -> list[CaptionCue]:
    """Build the clip's cues in order, without overlaps, inside the clip, on the words' clock.

    No cue mixes doubtful words with others: a doubtful cue is marked as a whole, and has room for its mark.
    """
    cues: list[CaptionCue] = []
    for run, doubted in _split_runs(clip_words(words, clip, rules), rules, doubtful):
        measure = _fits_with_mark(fits) if doubted else fits
        for group in _split_into_cues(run, measure, rules):
            cues.append(
                CaptionCue(start_ms=group[0].start_ms, end_ms=group[-1].end_ms, words=list(group), doubtful=doubted)
            )
    return _extend_cues(cues, clip, rules)


def _fits_with_mark(fits: FitsLines) -> FitsLines:
    return lambda texts: fits([DOUBT, *texts])


def ends_with(text: str, marks: tuple[str, ...]) -> bool:
    """Whether a word ends in one of the marks, closing quotes, brackets and emoji set aside."""
    return strip_closing(text).endswith(marks)


def _split_runs(
    words: Sequence[Word], rules: CueRules, doubtful: Sequence[TimeRange]
) -> Iterator[tuple[list[Word], bool]]:
    """Runs of words that cues never cross (sentence, pause, speaker, doubt), and whether each is doubtful."""
    run: list[Word] = []
    before = False
    for word in words:
        doubted = any(
            time_range.start_ms <= (word.start_ms + word.end_ms) / 2 <= time_range.end_ms for time_range in doubtful
        )
        if run and (
            word.start_ms - run[-1].end_ms >= rules.pause_ms
            or ends_with(run[-1].text, SENTENCE_MARKS)
            or word.speaker != run[-1].speaker
            or doubted != before
        ):
            yield run, before
            run = []
        run.append(word)
        before = doubted
    if run:
        yield run, before


def _split_into_cues(run: Sequence[Word], fits: FitsLines, rules: CueRules) -> list[Sequence[Word]]:
    """Find the cheapest split of a run: even lengths, cuts at commas and breaths, no single words."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(run) + 1):
        options = []
        for start in range(end - 1, max(-1, end - 1 - rules.max_words), -1):
            if end - start > 1 and not _is_allowed(run[start:end], fits, rules):
                break
            options.append((best[start][0] + _cue_cost(run, start, end, rules), start))
        best.append(min(options))
    cuts = [len(run)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    return [run[start:end] for start, end in pairwise(reversed(cuts))]


def _is_allowed(words: Sequence[Word], fits: FitsLines, rules: CueRules) -> bool:
    length_ms = words[-1].end_ms - words[0].start_ms
    return length_ms <= rules.max_length_ms and fits([word.text for word in words])


def _cue_cost(run: Sequence[Word], start: int, end: int, rules: CueRules) -> float:
    """Cost of a cue: 1, plus penalties for short cues and for cuts away from commas and breaths."""
    cost = 1.0
    count = end - start
    if count == 1 and len(run) > 1:
        cost += 1.0
    if run[end - 1].end_ms - run[start].start_ms < rules.min_length_ms:
        cost += 1.0
    if end < len(run):
        breath_ms = run[end].start_ms - run[end - 1].end_ms
        if ends_with(run[end - 1].text, CLAUSE_MARKS) and count >= rules.min_words_before_clause:
            cost -= 0.7
        else:
            cost += 0.3 - min(breath_ms, 300) / 600
        cost += rules.short_end_cost * (len(run[end - 1].text) <= 3)
    for clause in range(start, end - 1):
        cost += rules.clause_cost * ends_with(run[clause].text, CLAUSE_MARKS)
    return cost + rules.length_cost * count * count


def _extend_cues(cues: Sequence[CaptionCue], clip: TimeRange, rules: CueRules) -> list[CaptionCue]:
    """Bridge short gaps, and let the last cue before a pause linger."""
    extended: list[CaptionCue] = []
    for position, cue in enumerate(cues):
        following = cues[position + 1].start_ms if position + 1 < len(cues) else clip.end_ms
        gap_ms = following - cue.end_ms
        bridged = position + 1 < len(cues) and gap_ms <= rules.hold_ms
        preferred_end = max(cue.end_ms + rules.linger_ms, cue.start_ms + rules.min_length_ms)
        end = following if bridged else min(following, preferred_end)
        extended.append(msgspec.structs.replace(cue, end_ms=max(end, cue.end_ms)))
    return extended
