"""Assemble the timeline of a project, as it is drawn, from what its stages wrote. Pure; project time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from core.domain.time_ranges import merge_intervals
from schemas.common import TimeRange
from schemas.documents.acoustics import SoundEvent, SoundKind
from schemas.documents.diarization import Diarization
from schemas.documents.scene import TransitionKind
from schemas.documents.span import SeenPicture, SeenSpan

MAX_REACH_MS = 6_000
"""Longest time for which a sampled picture speaks: samples are at most 5 s apart."""
MIN_SCREEN = 0.5
"""Probability from which a picture shows a screen or a slide."""


class TimelineShot(msgspec.Struct, frozen=True, kw_only=True):
    """A shot of the source."""

    start_ms: int
    end_ms: int
    kind: TransitionKind | None = None
    """How it begins; null for the first one, and where its beginning was not examined."""
    exact: bool = True
    """Whether it begins at this very picture; else within some seconds before."""


class TimelineFaces(msgspec.Struct, frozen=True, kw_only=True):
    """A range in which faces are seen."""

    start_ms: int
    end_ms: int
    count: int
    """Most faces at once."""


class TimelineSpeech(msgspec.Struct, frozen=True, kw_only=True):
    """A range in which somebody speaks."""

    start_ms: int
    end_ms: int
    speaker: str | None = None
    """Id of the speaker, as `listSpeakers` has it; null where speakers are not told apart."""


class TimelineSound(msgspec.Struct, frozen=True, kw_only=True):
    """What is heard besides speech."""

    kind: SoundKind
    """Kind of sound: `pause`, `silence`, `music`, `section`."""
    start_ms: int
    end_ms: int
    confidence: float


def list_shots(spans: Sequence[SeenSpan], duration_ms: int) -> list[TimelineShot]:
    """The shots of a source, one behind the other, without gaps."""
    changes = [
        TimelineShot(start_ms=change.at_ms, end_ms=duration_ms, kind=change.kind, exact=change.exact)
        for change in sorted((change for span in spans for change in span.shots), key=lambda change: change.at_ms)
        if 0 < change.at_ms < duration_ms
    ]
    shots = [TimelineShot(start_ms=0, end_ms=duration_ms), *changes]
    ends = [shot.start_ms for shot in shots[1:]] + [duration_ms]
    return [msgspec.structs.replace(shot, end_ms=end) for shot, end in zip(shots, ends, strict=True)]


def list_faces(spans: Sequence[SeenSpan], duration_ms: int) -> list[TimelineFaces]:
    """Ranges with faces, of sampled pictures: each speaks up to the next one."""
    faces: list[TimelineFaces] = []
    for picture, end_ms in _reaches(spans, duration_ms):
        count = len(picture.faces)
        if not count:
            continue
        if faces and faces[-1].end_ms == picture.at_ms:
            last = faces.pop()
            faces.append(TimelineFaces(start_ms=last.start_ms, end_ms=end_ms, count=max(last.count, count)))
        else:
            faces.append(TimelineFaces(start_ms=picture.at_ms, end_ms=end_ms, count=count))
    return faces


def list_screens(spans: Sequence[SeenSpan], duration_ms: int) -> list[TimeRange]:
    """Ranges that show a screen or a slide."""
    screen_times = [
        (picture.at_ms, end_ms)
        for picture, end_ms in _reaches(spans, duration_ms)
        if (picture.screen or 0.0) >= MIN_SCREEN
    ]
    return [TimeRange(start_ms=start_ms, end_ms=end_ms) for start_ms, end_ms in merge_intervals(screen_times)]


def _reaches(spans: Sequence[SeenSpan], duration_ms: int) -> Iterator[tuple[SeenPicture, int]]:
    """Each sampled picture, in order of time, and the time up to which it speaks."""
    pictures = sorted((picture for span in spans for picture in span.pictures), key=lambda picture: picture.at_ms)
    ends = [picture.at_ms for picture in pictures[1:]] + [duration_ms]
    for picture, end_ms in zip(pictures, ends, strict=True):
        if end_ms > picture.at_ms:
            yield picture, min(end_ms, picture.at_ms + MAX_REACH_MS)


def list_speech(speech: Iterable[TimeRange], diarization: Diarization | None) -> list[TimelineSpeech]:
    """Turns of speakers, or else ranges of speech."""
    if diarization is not None and diarization.turns:
        return [
            TimelineSpeech(start_ms=turn.start_ms, end_ms=turn.end_ms, speaker=turn.speaker)
            for turn in diarization.turns
        ]
    return [TimelineSpeech(start_ms=time.start_ms, end_ms=time.end_ms) for time in speech]


def list_sounds(events: Iterable[SoundEvent]) -> list[TimelineSound]:
    """Sounds besides speech, in order of time."""
    return [
        TimelineSound(kind=event.kind, start_ms=event.start_ms, end_ms=event.end_ms, confidence=event.confidence)
        for event in events
        if event.kind != "speech"
    ]
