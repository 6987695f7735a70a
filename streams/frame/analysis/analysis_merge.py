"""Merges two analyses of a clip, and tells which time is missing in one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from schemas.common import TimeRange
from schemas.documents.clip_tracks import ClipTracks, Mouth, ShotLook, VoiceCurve
from schemas.documents.scene import Letters, Transition
from streams.frame.analysis.face_tracking import detections_of, track_faces

OVERLAP_MS = 400
"""Overlap of new and old analysis, so that a cut at the seam is seen with both its sides."""


def missing_ranges(tracks: ClipTracks, time: TimeRange) -> list[TimeRange]:
    """Return the parts of ``time`` that are not analysed yet, each with a little overlap.

    All of it is missing where it does not touch what was analysed.
    """
    analysed = tracks.range
    if time.start_ms >= analysed.start_ms and time.end_ms <= analysed.end_ms:
        return []
    if not ranges_touch(analysed, time):
        return [time]
    ranges = []
    if time.start_ms < analysed.start_ms:
        ranges.append(TimeRange(start_ms=time.start_ms, end_ms=min(analysed.start_ms + OVERLAP_MS, analysed.end_ms)))
    if time.end_ms > analysed.end_ms:
        ranges.append(TimeRange(start_ms=max(analysed.end_ms - OVERLAP_MS, analysed.start_ms), end_ms=time.end_ms))
    return ranges


def ranges_touch(first: TimeRange, second: TimeRange) -> bool:
    """Tell whether nothing lies between two ranges."""
    return first.start_ms <= second.end_ms and second.start_ms <= first.end_ms


def merge_tracks(old: ClipTracks, new: ClipTracks) -> ClipTracks:
    """Merge two analyses, tracked over the joined shots; ``new`` alone where they do not touch.

    Speaking turns are left out: `with_speaking_turns` finds them for the merged analysis.
    """
    if not ranges_touch(old.range, new.range):
        return new
    time = TimeRange(
        start_ms=min(old.range.start_ms, new.range.start_ms), end_ms=max(old.range.end_ms, new.range.end_ms)
    )
    inner = {shot.start_ms for part in (old, new) for shot in part.shots if shot.start_ms > part.range.start_ms}
    edges = [time.start_ms, *sorted(inner), time.end_ms]
    shots = [TimeRange(start_ms=start, end_ms=end) for start, end in pairwise(edges)]
    tracks = track_faces(detections_of([*old.tracks, *new.tracks]), shots)
    return ClipTracks(
        clip_id=old.clip_id,
        range=time,
        shots=shots,
        tracks=tracks,
        pictures_looked_at=old.pictures_looked_at + new.pictures_looked_at,
        model=new.model,
        compute_ms=old.compute_ms + new.compute_ms,
        looks=_join_looks(old, new, shots),
        transitions=_join_transitions(old, new),
        mouths=_join_mouths(old, new),
        voice=_join_voices(old.voice, new.voice),
        letters=_join_letters(old, new),
        persons=sorted(
            {sample.at_ms: sample for sample in (*old.persons, *new.persons)}.values(), key=lambda sample: sample.at_ms
        ),
    )


def _join_mouths(old: ClipTracks, new: ClipTracks) -> list[Mouth]:
    """Keep the new mouths, and old ones outside the new range."""
    old_mouths = [mouth for mouth in old.mouths if not new.range.start_ms <= mouth.at_ms < new.range.end_ms]
    return sorted([*old_mouths, *new.mouths], key=lambda mouth: mouth.at_ms)


def _join_letters(old: ClipTracks, new: ClipTracks) -> list[Letters]:
    """Keep the lines of both, in order; a line at the seam may occur twice."""
    return sorted([*old.letters, *new.letters], key=lambda line: (line.range.start_ms, line.box.y, line.box.x))


def _join_voices(old: VoiceCurve | None, new: VoiceCurve | None) -> VoiceCurve | None:
    """Join the curves; the new one counts where both are."""
    if old is None or new is None or old.step_ms != new.step_ms:
        return new or old
    step, start_ms = old.step_ms, min(old.start_ms, new.start_ms)
    level: dict[int, float] = {}
    for curve in (old, new):
        first = (curve.start_ms - start_ms) // step
        level |= {first + place: value for place, value in enumerate(curve.level_db)}
    silent = min(level.values(), default=0.0)
    joined = [level.get(place, silent) for place in range(max(level, default=-1) + 1)]
    return VoiceCurve(start_ms=start_ms, step_ms=step, level_db=joined)


def _join_transitions(old: ClipTracks, new: ClipTracks) -> list[Transition]:
    """Keep the transitions of both, in order; one at the seam once."""
    by_time = {transition.at_ms: transition for transition in (*old.transitions, *new.transitions)}
    return [by_time[at_ms] for at_ms in sorted(by_time)]


def _join_looks(old: ClipTracks, new: ClipTracks, shots: Sequence[TimeRange]) -> list[ShotLook]:
    """Take for each joined shot the look of the part with most of it."""
    joined = []
    for number, shot in enumerate(shots):
        overlaps = [(part.shots[look.shot].overlap_ms(shot), look) for part in (old, new) for look in part.looks]
        most, look = max(overlaps, key=lambda pair: pair[0], default=(0, None))
        if look is not None and most > 0:
            joined.append(msgspec.structs.replace(look, shot=number))
    return joined
