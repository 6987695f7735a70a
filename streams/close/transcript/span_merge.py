"""What was heard in the spans → one transcript of the whole project. Pure; never hears anything itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from schemas.common import Doubt, TimeRange, Word
from schemas.documents.span import HeardSpan, Rejected
from schemas.documents.transcript import Transcript
from streams.close.transcript.confidence import Witnesses, judge
from streams.close.transcript.fillers import flagged
from streams.close.transcript.segments import segments
from streams.close.transcript.span_overlap import reach, settle
from streams.speech.languages import languages_by_span
from streams.speech.words import middle_ms, tidy_words

LOOPING = 2.4
"""The recogniser drops a text that gzip shrinks further than this (models/triton_repo/whisper/1/acceptance.py)."""


def close(spans: Sequence[HeardSpan], duration_ms: int, missing: Sequence[TimeRange]) -> Transcript:
    """One transcript from the spans that were heard; ``missing`` names the stretches of those that were not."""
    ordered = sorted(spans, key=lambda span: span.range.start_ms)
    language, sure = _language(ordered)
    words = _inside(tidy_words(_words(ordered)), duration_ms)
    tongues = languages_by_span(words, ordered)
    words = flagged(words, tongues)
    speech = _joined(stretch for span in ordered for stretch in span.speech)
    witnesses = Witnesses(
        speech=speech,
        windows=[window for span in ordered for window in span.windows],
        fits=[fit for span in ordered for fit in span.fits],
    )
    judged = judge(words, segments(words, language, tongues), witnesses)
    return Transcript(
        language=language,
        language_probability=sure,
        duration_ms=duration_ms,
        words=judged.words,
        segments=judged.segments,
        speech=speech,
        model=", ".join(sorted({span.model for span in ordered if span.model != "none"})) or "none",
        missing=sorted(missing, key=lambda stretch: stretch.start_ms),
        rejected=sorted([*judged.rejected, *_dropped(ordered)], key=lambda one: (one.start_ms, one.text)),
    )


def _words(ordered: Sequence[HeardSpan]) -> list[Word]:
    """All words, those around the seams settled between their two sides."""
    found: list[Word] = []
    for at, span in enumerate(ordered):
        from_ms, to_ms = span.range.start_ms, span.range.end_ms
        if at and _touch(ordered[at - 1], span):
            found += settle(ordered[at - 1], span)
            from_ms += reach(ordered[at - 1], span)
        if at + 1 < len(ordered) and _touch(span, ordered[at + 1]):
            to_ms -= reach(span, ordered[at + 1])
        found += [word for word in span.words if from_ms <= middle_ms(word) <= to_ms]
    return found


def _dropped(ordered: Sequence[HeardSpan]) -> Iterator[Rejected]:
    """Texts that the recogniser itself did not believe; of those in the padding the neighbour speaks."""
    for span in ordered:
        for window in span.windows:
            if window.dropped and span.range.start_ms <= (window.start_ms + window.end_ms) / 2 < span.range.end_ms:
                reason: Doubt = "repeats" if window.compression > LOOPING else "unsure"
                yield Rejected(start_ms=window.start_ms, end_ms=window.end_ms, text=window.dropped, reasons=[reason])


def _touch(before: HeardSpan, after: HeardSpan) -> bool:
    return before.range.end_ms == after.range.start_ms


def _inside(words: Sequence[Word], duration_ms: int) -> list[Word]:
    """Without words that would begin after the end (the recogniser may be a little late at the very end)."""
    return [word for word in words if word.start_ms < duration_ms]


def _language(spans: Sequence[HeardSpan]) -> tuple[str | None, float]:
    """The language most words are in, and how sure that is: the mean of its spans' probabilities, weighed by words."""
    count: Counter[str] = Counter()
    belief: dict[str, float] = {}
    for span in spans:
        if span.language and span.words:
            count[span.language] += len(span.words)
            belief[span.language] = belief.get(span.language, 0.0) + len(span.words) * span.language_probability
    if not count:
        return None, 0.0
    language = min(count, key=lambda name: (-count[name], name))
    return language, round(belief[language] / count.total(), 4)


def _joined(stretches: Iterable[TimeRange]) -> list[TimeRange]:
    """Stretches in order, touching ones as one: a seam in mid-speech leaves no trace."""
    found: list[TimeRange] = []
    for stretch in sorted(stretches, key=lambda one: one.start_ms):
        if found and stretch.start_ms <= found[-1].end_ms:
            end_ms = max(found[-1].end_ms, stretch.end_ms)
            found[-1] = TimeRange(start_ms=found[-1].start_ms, end_ms=end_ms)
        else:
            found.append(stretch)
    return found
