"""Merge all analyses of a project onto its one time line. Pure."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.common import TimeRange, Value, Word
from schemas.documents.acoustics import Sounds
from schemas.documents.span import HeardSpan, SeenPicture, SeenSpan, ShotChange
from schemas.documents.transcript import Transcript
from streams.detect.lexicon import Lexicon, lexicon_for
from streams.detect.sentences import Sentence, split_sentences

SILENT_DB = -60.0
"""Level below which there is silence (a quiet room measures about -55 dBFS)."""
MIN_MOVING_SCORE = 0.02
"""Difference between sampled frames above which something moves; grain and noise stay below."""

MAX_CUT_UNCERTAINTY_MS = 500
"""A cut whose place is known less exactly than this is no edge of a clip."""


def _picture_time(picture: SeenPicture) -> int:
    return picture.at_ms


class EmbeddedTexts(Value, frozen=True, kw_only=True):
    """Vectors of ``semantics.texts_to_embed``, one row a text; no rows where nothing was embedded.

    ``model`` then says why.
    """

    values: NDArray[np.float32]
    model: str


class ProjectAnalysis(Value, frozen=True, kw_only=True):
    """Results of the earlier stages. Transcript or spans are missing where a part was given up."""

    duration_ms: int
    transcript: Transcript | None
    heard: list[HeardSpan]
    seen: list[SeenSpan]
    has_video: bool = True
    display_height_px: int | None = None
    """Height of the display frame, in which faces are measured; None: their size is not rated."""
    embedded: EmbeddedTexts | None = None
    sounds: Sounds | None = None
    """The project's acoustics; None where they were not measured."""


@dataclass(frozen=True, kw_only=True)
class SoundLevels:
    """The level of the whole time line.

    ``level_db`` has shape (n,), float32, NaN where nothing was measured.
    """

    step_ms: int
    level_db: NDArray[np.float32]

    def levels_in(self, part: TimeRange) -> NDArray[np.float32]:
        """Return measured levels inside ``part``, in dBFS."""
        levels = self.level_db[part.start_ms // self.step_ms : -(-part.end_ms // self.step_ms)]
        return levels[~np.isnan(levels)]

    def active_levels_in(self, part: TimeRange) -> NDArray[np.float32]:
        """Return measured levels inside ``part`` that are not silence."""
        levels = self.levels_in(part)
        return levels[levels > SILENT_DB]


@dataclass(frozen=True, kw_only=True)
class ProjectTimeline:
    """Input of all features. ``lexicon`` is that of the recording's language; a sentence has its own."""

    duration_ms: int
    language: str | None
    words: Sequence[Word]
    sentences: Sequence[Sentence]
    lexicon: Lexicon | None
    sound: SoundLevels | None
    pictures: Sequence[SeenPicture]
    shots: Sequence[ShotChange]
    display_height_px: int | None
    has_video: bool
    missing: Sequence[TimeRange]
    speakers: frozenset[str] = frozenset()
    sounds: Sounds | None = None
    """The project's acoustics; None where they were not measured."""
    sure_cuts_ms: Sequence[int] = ()
    """Cuts whose place is known well enough to start or end a clip there, in order."""
    doubtful: Sequence[TimeRange] = ()
    """Ranges of transcript that are not trusted."""
    without_words: str = ""
    """The transcript's reason for having no words."""

    @property
    def full_range(self) -> TimeRange:
        """The whole time line."""
        return TimeRange(start_ms=0, end_ms=self.duration_ms)

    def pictures_in(self, part: TimeRange) -> list[SeenPicture]:
        """Return the sampled frames inside ``part``."""
        first, end = (bisect_left(self.pictures, at, key=_picture_time) for at in (part.start_ms, part.end_ms))
        return list(self.pictures[first:end])

    def shots_in(self, part: TimeRange) -> list[ShotChange]:
        """Shot changes inside ``part``."""
        return [shot for shot in self.shots if part.start_ms < shot.at_ms < part.end_ms]

    def has_activity(self, gap: TimeRange) -> bool:
        """Whether something is heard or moves in a range without words."""
        audible = self.sound is not None and bool(self.sound.active_levels_in(gap).size)
        return audible or any(picture.difference >= MIN_MOVING_SCORE for picture in self.pictures_in(gap))

    def spoken_ms(self) -> int:
        """Time covered by sentences."""
        return sum(sentence.length_ms for sentence in self.sentences)


def build_timeline(analysis: ProjectAnalysis) -> ProjectTimeline:
    """Merge what close, listen and look stored. A part that was given up is missing."""
    transcript, duration_ms = analysis.transcript, analysis.duration_ms
    words = [] if transcript is None else _clean_words(transcript.words, duration_ms)
    language = transcript.language if transcript else None
    return ProjectTimeline(
        duration_ms=duration_ms,
        language=language,
        words=words,
        sentences=_assign_languages(split_sentences(words, duration_ms), transcript),
        lexicon=lexicon_for(language),
        sound=merge_levels(analysis.heard, duration_ms),
        pictures=sorted((picture for span in analysis.seen for picture in span.pictures), key=_picture_time),
        shots=sorted((shot for span in analysis.seen for shot in span.shots), key=lambda shot: shot.at_ms),
        display_height_px=analysis.display_height_px,
        has_video=analysis.has_video,
        missing=transcript.missing if transcript else [],
        sounds=analysis.sounds,
        sure_cuts_ms=sorted(
            shot.at_ms
            for span in analysis.seen
            for shot in span.shots
            if shot.at_ms - shot.after_ms <= MAX_CUT_UNCERTAINTY_MS
        ),
        speakers=frozenset(word.speaker for word in words if word.speaker is not None),
        doubtful=_list_doubtful(transcript) if transcript else [],
        without_words=transcript.without_words if transcript else "",
    )


def _assign_languages(sentences: Sequence[Sentence], transcript: Transcript | None) -> list[Sentence]:
    """Label each sentence with the language of the segment that it begins in, or the recording's."""
    segments = sorted(transcript.segments, key=lambda segment: segment.start_ms) if transcript else []
    labelled = []
    for sentence in sentences:
        at = bisect_right(segments, sentence.start_ms, key=lambda segment: segment.start_ms) - 1
        segment_language = segments[at].language if at >= 0 else None
        language = segment_language or (transcript.language if transcript else None)
        labelled.append(msgspec.structs.replace(sentence, language=language))
    return labelled


def _list_doubtful(transcript: Transcript) -> list[TimeRange]:
    marked = [segment for segment in transcript.segments if segment.trust == "doubtful"]
    return [TimeRange(start_ms=segment.start_ms, end_ms=segment.end_ms) for segment in marked]


def _clean_words(words: Sequence[Word], duration_ms: int) -> list[Word]:
    usable = [word for word in words if word.text.strip() and word.start_ms < duration_ms]
    return sorted(usable, key=lambda word: (word.start_ms, word.end_ms))


def merge_levels(spans: Sequence[HeardSpan], duration_ms: int) -> SoundLevels | None:
    """Merge the spans' level curves into one; None where no span has one."""
    curves = [span.loudness for span in spans if span.loudness.level_db and span.loudness.step_ms > 0]
    if not curves:
        return None
    step_ms = min(curve.step_ms for curve in curves)
    merged = np.full(-(-duration_ms // step_ms) + 1, np.nan, dtype=np.float32)
    for curve in curves:
        times_ms = np.arange(merged.size) * step_ms
        steps = (times_ms - curve.start_ms) // curve.step_ms
        covered = (steps >= 0) & (steps < len(curve.level_db))
        merged[covered] = np.asarray(curve.level_db, dtype=np.float32)[steps[covered]]
    return SoundLevels(step_ms=step_ms, level_db=merged)


def find_wordless_gaps(words: Sequence[Word], part: TimeRange, min_gap_ms: int) -> list[TimeRange]:
    """Find ranges of ``part`` without a word, ``min_gap_ms`` or longer.

    ``words`` are those inside ``part``, in order.
    """
    word_times = itertools.chain.from_iterable((word.start_ms, word.end_ms) for word in words)
    edges = [part.start_ms, *word_times, part.end_ms]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [
        TimeRange(start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms in pairs if end_ms - start_ms >= min_gap_ms
    ]
