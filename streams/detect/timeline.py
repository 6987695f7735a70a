"""Everything measured about a project, merged onto its one time line. Pure; holds no opinion about what is good."""

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
"""Below this a level counts as silence (a quiet room measures about -55 dBFS)."""
MOVING = 0.02
"""Difference between looked-at pictures above which something moves (grain and noise stay below)."""

SURE_CUT_MS = 500
"""A cut whose place is known less exactly than this is no border of a clip."""


def _at(picture: SeenPicture) -> int:
    return picture.at_ms


class Embedded(Value, frozen=True, kw_only=True):
    """What the sentence model said of ``meaning.texts_to_embed``, one row a text; no rows where it was not asked.

    ``model`` then says why.
    """

    values: NDArray[np.float32]
    model: str


class Material(Value, frozen=True, kw_only=True):
    """What the stages before found. ``transcript`` is None, or spans are absent, where a part was given up."""

    duration_ms: int
    transcript: Transcript | None
    heard: list[HeardSpan]
    seen: list[SeenSpan]
    has_video: bool = True
    display_height_px: int | None = None
    """Height of the display picture, in which faces are measured; None: the size of faces is not judged."""
    embedded: Embedded | None = None
    sounds: Sounds | None = None
    """What is heard besides words; None where it was not measured."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """The level of the whole time line: ``level_db`` has shape (n,), float32, NaN where nothing was measured."""

    step_ms: int
    level_db: NDArray[np.float32]

    def levels(self, part: TimeRange) -> NDArray[np.float32]:
        """Measured levels inside ``part``, in dBFS; empty where there are none."""
        found = self.level_db[part.start_ms // self.step_ms : -(-part.end_ms // self.step_ms)]
        return found[~np.isnan(found)]

    def active(self, part: TimeRange) -> NDArray[np.float32]:
        """Measured levels inside ``part`` that are not silence."""
        found = self.levels(part)
        return found[found > SILENT_DB]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """What all signals read. ``lexicon`` is that of ``language``, the recording's; a sentence has its own."""

    duration_ms: int
    language: str | None
    words: Sequence[Word]
    sentences: Sequence[Sentence]
    lexicon: Lexicon | None
    sound: Sound | None
    pictures: Sequence[SeenPicture]
    shots: Sequence[ShotChange]
    display_height_px: int | None
    has_video: bool
    missing: Sequence[TimeRange]
    speakers: frozenset[str] = frozenset()
    sounds: Sounds | None = None
    """What is heard besides words; None where that was not worked out."""
    sure_cuts_ms: Sequence[int] = ()
    """Cuts of the picture whose place is known well enough to cut a clip there, in order."""
    doubtful: Sequence[TimeRange] = ()
    """Stretches of transcript that are not trusted."""
    without_words: str = ""
    """What the transcript says of why it has no words."""

    @property
    def whole(self) -> TimeRange:
        """The whole time line."""
        return TimeRange(start_ms=0, end_ms=self.duration_ms)

    def pictures_in(self, part: TimeRange) -> list[SeenPicture]:
        """Looked-at pictures inside ``part``."""
        first, end = (bisect_left(self.pictures, at, key=_at) for at in (part.start_ms, part.end_ms))
        return list(self.pictures[first:end])

    def shots_in(self, part: TimeRange) -> list[ShotChange]:
        """Shot changes inside ``part``."""
        return [shot for shot in self.shots if part.start_ms < shot.at_ms < part.end_ms]

    def goes_on(self, gap: TimeRange) -> bool:
        """Whether something is heard or moves in a stretch without words."""
        heard = self.sound is not None and bool(self.sound.active(gap).size)
        return heard or any(picture.difference >= MOVING for picture in self.pictures_in(gap))

    def spoken_ms(self) -> int:
        """Time covered by sentences."""
        return sum(sentence.length_ms for sentence in self.sentences)


def gather(material: Material) -> Timeline:
    """Merge what close, listen and look found. A part that was given up is simply not there."""
    transcript, duration_ms = material.transcript, material.duration_ms
    words = [] if transcript is None else _usable(transcript.words, duration_ms)
    language = transcript.language if transcript else None
    return Timeline(
        duration_ms=duration_ms,
        language=language,
        words=words,
        sentences=_in_languages(split_sentences(words, duration_ms), transcript),
        lexicon=lexicon_for(language),
        sound=merge_sound(material.heard, duration_ms),
        pictures=sorted((p for span in material.seen for p in span.pictures), key=_at),
        shots=sorted((s for span in material.seen for s in span.shots), key=lambda shot: shot.at_ms),
        display_height_px=material.display_height_px,
        has_video=material.has_video,
        missing=transcript.missing if transcript else [],
        sounds=material.sounds,
        sure_cuts_ms=sorted(
            s.at_ms for span in material.seen for s in span.shots if s.at_ms - s.after_ms <= SURE_CUT_MS
        ),
        speakers=frozenset(word.speaker for word in words if word.speaker is not None),
        doubtful=_doubtful(transcript) if transcript else [],
        without_words=transcript.without_words if transcript else "",
    )


def _in_languages(sentences: Sequence[Sentence], transcript: Transcript | None) -> list[Sentence]:
    """Each with the language of the segment that it begins in; the recording's where there is none."""
    segments = sorted(transcript.segments, key=lambda segment: segment.start_ms) if transcript else []
    found = []
    for sentence in sentences:
        at = bisect_right(segments, sentence.start_ms, key=lambda segment: segment.start_ms) - 1
        own = segments[at].language if at >= 0 else None
        language = own or (transcript.language if transcript else None)
        found.append(msgspec.structs.replace(sentence, language=language))
    return found


def _doubtful(transcript: Transcript) -> list[TimeRange]:
    marked = [segment for segment in transcript.segments if segment.trust == "doubtful"]
    return [TimeRange(start_ms=segment.start_ms, end_ms=segment.end_ms) for segment in marked]


def _usable(words: Sequence[Word], duration_ms: int) -> list[Word]:
    known = [word for word in words if word.text.strip() and word.start_ms < duration_ms]
    return sorted(known, key=lambda word: (word.start_ms, word.end_ms))


def merge_sound(heard: Sequence[HeardSpan], duration_ms: int) -> Sound | None:
    """One level curve from those of the spans; None where no span was heard."""
    curves = [span.loudness for span in heard if span.loudness.level_db and span.loudness.step_ms > 0]
    if not curves:
        return None
    step_ms = min(curve.step_ms for curve in curves)
    merged = np.full(-(-duration_ms // step_ms) + 1, np.nan, dtype=np.float32)
    for curve in curves:
        at = np.arange(merged.size) * step_ms
        place = (at - curve.start_ms) // curve.step_ms
        inside = (place >= 0) & (place < len(curve.level_db))
        merged[inside] = np.asarray(curve.level_db, dtype=np.float32)[place[inside]]
    return Sound(step_ms=step_ms, level_db=merged)


def quiet_gaps(words: Sequence[Word], part: TimeRange, at_least_ms: int) -> list[TimeRange]:
    """Stretches of ``part`` without a word, at least so long; ``words`` are those inside it, in order."""
    inside = itertools.chain.from_iterable((word.start_ms, word.end_ms) for word in words)
    edges = [part.start_ms, *inside, part.end_ms]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [TimeRange(start_ms=a, end_ms=b) for a, b in pairs if b - a >= at_least_ms]
