"""Marks the faces of a clip by the landmark model, and adds who speaks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from core.errors import Unavailable
from core.infra import telemetry
from core.ports.models import Landmarks, LandmarksFound
from core.progress import Report
from schemas.common import TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceTrack, Mouth, SpeakingTurn, VoiceCurve
from streams.frame.scene.camera_angles import group_angles, group_faces
from streams.frame.speaker.active_speaker import find_speaking_turns
from streams.frame.speaker.mouth_features import Spot, cut_crops, find_spots, measure_mouths
from streams.frame.speaker.voice_matching import HeardVoices
from streams.runtime.stage import timed_in_thread
from streams.vision.canvas import Canvas, grey_pictures

BATCH_SIZE = 64
"""Crops of a request to the model."""
RARE_LOOK_MS = 300
"""Time between two looks at the lips of a person who is alone on screen: they decide nothing."""
LOST = "Who speaks on screen was not looked for (it could not be found out): crops follow the main face."


class MouthsFound(msgspec.Struct, frozen=True, kw_only=True):
    """The mouths of a time range, and what it cost to find them."""

    mouths: list[Mouth]
    model: str = ""
    compute_ms: int = 0


async def mark_mouths(
    landmarks: Landmarks,
    path: Path,
    canvas: Canvas,
    at_ms: Sequence[int],
    tracks: Sequence[FaceTrack],
    *,
    often: Collection[int],
    report: Report,
    counted: int,
    warn: Callable[[str], None],
) -> MouthsFound:
    """Mark the tracked faces in the grey frames of ``path``; without the model warn instead.

    In the shots ``often`` every frame is marked, in others some. ``report`` gets ``counted`` plus the faces answered.
    Does not raise Unavailable: the clip is made either way.
    """
    spots = thin_spots(find_spots(tracks, at_ms, canvas), {track.track for track in tracks if track.shot in often})
    pictures = grey_pictures(path, canvas, len(at_ms))
    parts: list[LandmarksFound] = []
    cut_ms = 0
    try:
        for start in range(0, len(spots), BATCH_SIZE):
            batch: Sequence[Spot] = spots[start : start + BATCH_SIZE]
            crops, cpu_ms = await timed_in_thread(cut_crops, pictures, batch)
            parts.append(await landmarks.mark(crops))
            cut_ms += cpu_ms
            report(counted + start + len(batch))
    except Exception as error:  # noqa: BLE001 - neither a model that is away nor a bug may take the clip with it
        if not isinstance(error, Unavailable):
            telemetry.report_bug(error, "frame")
        warn(LOST)
        return MouthsFound(mouths=[], compute_ms=cut_ms + sum(part.compute_ms for part in parts))
    points = [row for part in parts for row in part.points]
    scores = [float(score) for part in parts for score in part.scores]
    return MouthsFound(
        mouths=measure_mouths(spots, points, scores, canvas),
        model=parts[-1].model if parts else "",
        compute_ms=cut_ms + sum(part.compute_ms for part in parts),
    )


def contested_shots(tracks: ClipTracks) -> set[int]:
    """Return shots of the angles with more than one person: there lips decide whom a crop holds."""
    contested: set[int] = set()
    for angle in group_angles(tracks):
        if len(group_faces([track for track in tracks.tracks if track.shot in angle])) > 1:
            contested |= set(angle)
    return contested


def thin_spots(spots: Sequence[Spot], often: Collection[int]) -> list[Spot]:
    """Keep all faces of the tracks ``often``, of others one each `RARE_LOOK_MS`, for their eyes."""
    retained, last_ms = list[Spot](), dict[int, int]()
    for spot in spots:
        if spot.track in often or spot.at_ms - last_ms.get(spot.track, -RARE_LOOK_MS) >= RARE_LOOK_MS:
            last_ms[spot.track] = spot.at_ms
            retained.append(spot)
    return retained


async def turns_or_warning(
    tracks: Sequence[FaceTrack],
    shots: Sequence[TimeRange],
    mouths: Sequence[Mouth],
    voice: VoiceCurve | None,
    speech: Sequence[TimeRange] | None,
    warn: Callable[[str], None],
    voices: HeardVoices | None = None,
    angles: Sequence[Sequence[int]] = (),
) -> tuple[list[SpeakingTurn], int]:
    """Find who speaks when, and the CPU ms it took; no turns and a warning after a bug."""
    try:
        return await timed_in_thread(find_speaking_turns, tracks, shots, mouths, voice, speech, voices, angles)
    except Exception as error:  # noqa: BLE001 - the clip is made either way
        telemetry.report_bug(error, "frame")
        warn(LOST)
        return [], 0


async def with_speaking_turns(
    tracks: ClipTracks,
    speech: Sequence[TimeRange] | None,
    warn: Callable[[str], None],
    voices: HeardVoices | None = None,
) -> tuple[ClipTracks, int]:
    """Add who speaks to an analysis, and return the CPU ms that took; see ``turns_or_warning``."""
    analysis, angles = (tracks.tracks, tracks.shots, tracks.mouths, tracks.voice), group_angles(tracks)
    turns, cpu_ms = await turns_or_warning(*analysis, speech, warn, voices, angles)
    return msgspec.structs.replace(tracks, turns=turns, compute_ms=tracks.compute_ms + cpu_ms), cpu_ms
