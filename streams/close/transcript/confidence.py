"""The trust map: which segments are believed, which are marked, which are taken out, and why. Pure; changes no word.

Four witnesses, none of which knows the others: the voice detector (does anybody speak?), the decoder (how probable did
it find its own words, do two readings agree where one failed?), the text itself (does it go round in a loop?), and the
aligner (can the words be put on the sound?). One that doubts marks a segment; two that agree on a grave one reject it.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

import msgspec

from schemas.common import Doubt, Segment, TimeRange, Word
from schemas.documents.span import Fit, HeardWindow, Rejected
from streams.close.transcript.span_overlap import letters

AROUND_MS = 250
"""A voice detector's edges are no more exact than this."""
VOICE = 0.35
"""Less than this share of a segment's words where somebody speaks: nobody speaks."""
UNSURE = 0.45
"""Mean probability of a segment's words below which it is marked; clean speech measures 0.8 and more."""
VERY_UNSURE = 0.25
"""And below which another doubt rejects it; text invented on music and noise measured 0.04."""
PLACED = 0.34
"""Fewer of the words than this that the aligner could place: they do not fit the sound."""
AGREE = 0.8
"""Two readings of a window with less in common than this do not confirm each other."""
ROUNDS, ROUND_WORDS = 4, 8
"""So many times in a row the same up to eight words …"""
LOOP_WORDS = 6
"""… and at least so many words in all are a loop: decoders fall into them, speakers hardly ever."""
DRAWN_SIGNS = 12
"""A word of so many signs that has the same up to four letters eight times ("Hmmmmmmmmmmmm") is a loop in itself."""
_DRAWN = re.compile(r"([^\W\d]{1,4}?)\1{7}")
PROOF_WORDS = 3
"""The aligner's word on fewer words than this proves nothing."""


class Witnesses(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the words, of the whole project, in order of time. ``fits`` only where an aligner worked."""

    speech: Sequence[TimeRange]
    windows: Sequence[HeardWindow] = ()
    fits: Sequence[Fit] = ()


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The words and segments that stay, the segments with their marks; and what was taken out."""

    words: list[Word]
    segments: list[Segment]
    rejected: list[Rejected]


def judge(words: Sequence[Word], segments: Sequence[Segment], witnesses: Witnesses) -> Judged:
    """Segments marked ``trusted`` or ``doubtful``; the rejected ones and their words taken out."""
    looping = [loop or drawn_out(word.text) for loop, word in zip(loops(words), words, strict=True)]
    kept: list[Word] = []
    stay: list[Segment] = []
    out: list[Rejected] = []
    for segment in segments:
        run = words[segment.first_word : segment.end_word]
        found = doubts(run, sum(looping[segment.first_word : segment.end_word]), witnesses)
        if rejected(found, run):
            out.append(Rejected(start_ms=segment.start_ms, end_ms=segment.end_ms, text=segment.text, reasons=found))
            continue
        first = len(kept)
        kept += run
        trust = {"trust": "doubtful" if found else "trusted", "doubts": found}
        stay.append(msgspec.structs.replace(segment, first_word=first, end_word=len(kept), **trust))
    return Judged(words=kept, segments=stay, rejected=out)


def rejected(found: Sequence[Doubt], run: Sequence[Word]) -> bool:
    """Whether two witnesses agree that this was never said."""
    grave = {"no_speech", "repeats", "does_not_fit"} & set(found)
    unread = "heard_twice" in found and bool({"no_speech", "repeats"} & grave)
    return len(grave) >= 2 or unread or bool(grave and _sure(run) < VERY_UNSURE)


def doubts(run: Sequence[Word], looping: int, witnesses: Witnesses) -> list[Doubt]:
    """What speaks against a segment's words; ``looping`` of them go round in a loop."""
    span = TimeRange(start_ms=run[0].start_ms, end_ms=run[-1].end_ms)
    checks: list[tuple[Doubt, bool]] = [
        ("no_speech", _voiced(run, witnesses.speech) < VOICE),
        ("unsure", _sure(run) < UNSURE),
        ("heard_twice", _again(span, witnesses.windows)),
        ("repeats", 2 * looping > len(run)),
        ("does_not_fit", _misplaced(span, witnesses.fits)),
    ]
    return [doubt for doubt, here in checks if here]


def _sure(run: Sequence[Word]) -> float:
    return statistics.fmean(word.probability for word in run)


def _voiced(run: Sequence[Word], speech: Sequence[TimeRange]) -> float:
    """Share of the words whose middle lies where somebody speaks."""
    middles = [(word.start_ms + word.end_ms) / 2 for word in run]
    inside = sum(any(s.start_ms - AROUND_MS <= at <= s.end_ms + AROUND_MS for s in speech) for at in middles)
    return inside / len(run)


def _again(span: TimeRange, windows: Sequence[HeardWindow]) -> bool:
    """Whether most of it was heard in windows that the careful decoder read otherwise than the first one."""
    heard = [(_overlap(span, window), window.again and (window.agreement or 0.0) < AGREE) for window in windows]
    return 2 * sum(ms for ms, again in heard if again) > sum(ms for ms, _ in heard)


def _misplaced(span: TimeRange, fits: Sequence[Fit]) -> bool:
    """Whether the aligner could place hardly any of the words around here."""
    here = [fit for fit in fits if _overlap(span, fit)]
    words = sum(fit.words for fit in here)
    return words >= PROOF_WORDS and sum(fit.placed for fit in here) < PLACED * words


def _overlap(span: TimeRange, other: HeardWindow | Fit) -> int:
    return max(0, min(span.end_ms, other.end_ms) - max(span.start_ms, other.start_ms))


def loops(words: Sequence[Word]) -> list[bool]:
    """Which words belong to the same few words said over and over."""
    texts = [letters(word.text) for word in words]
    found = [False] * len(texts)
    for length in range(1, ROUND_WORDS + 1):
        at = 0
        while at + length < len(texts):
            same = _same(texts, at, length)
            if same + length >= max(ROUNDS * length, LOOP_WORDS):
                found[at : at + same + length] = [True] * (same + length)
            at += max(1, same)
    return found


def drawn_out(text: str) -> bool:
    """Whether a word is one sound over and over, longer than anybody writes it: a loop inside a word."""
    return len(text) >= DRAWN_SIGNS and _DRAWN.search(letters(text)) is not None


def _same(texts: Sequence[str], at: int, length: int) -> int:
    """How many words from ``at`` on are followed by themselves ``length`` words later."""
    end = at
    while end + length < len(texts) and texts[end] == texts[end + length]:
        end += 1
    return end - at
