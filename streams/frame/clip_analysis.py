"""Analyses a range of the source once: shots, faces, persons, text, who speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from core.media.sandbox.parent import run_child
from core.ports.models import FacesFound
from schemas.common import TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceTrack, ShotLook, VoiceCurve
from schemas.documents.scene import Letters, Person, PersonSample, Transition
from streams.frame.analysis.face_tracking import KEEP_SCORE, track_faces, without_mixed_frames
from streams.frame.analysis.sparse_face_detection import find_faces_sparsely
from streams.frame.analysis.tiled_person_detection import GreyFrames, find_distant_persons
from streams.frame.speaker.face_landmarks import contested_shots, mark_mouths, with_speaking_turns
from streams.frame.speaker.voice_matching import HeardVoices
from streams.vision.analysis_input import AnalysisInput
from streams.vision.canvas import Canvas
from streams.vision.face_detection import model_names
from streams.vision.person_detection import find_persons
from streams.vision.shot_detection import NAME

PERSON_GAP_MS = 600
"""Time between two looks for persons: they move less than faces, and cost more to find."""


class DecodedClip(msgspec.Struct, frozen=True, kw_only=True):
    """Measurements of the child; it left frames to be searched in ``faces.raw`` and ``mouths.raw``."""

    pictures: int
    cpu_ms: int
    canvas: Canvas
    """Canvas of the frames in which faces are searched, taken at ``face_ms``."""
    face_ms: list[int]
    fine: Canvas
    """Canvas of the grey frames in which mouths are marked, taken at ``mouth_ms``."""
    mouth_ms: list[int]
    shots: list[tuple[int, int]]
    transitions: list[Transition]
    looks: list[ShotLook]
    letters: list[Letters]
    voice: VoiceCurve | None = None


async def analyse_clip(
    clip_id: str,
    time: TimeRange,
    inputs: AnalysisInput,
    *,
    speech: Sequence[TimeRange] | None = None,
    voices: HeardVoices | None = None,
) -> ClipTracks:
    """Find exact shots, face tracks and who speaks in ``time``.

    The progress counts frames decoded, then faces searched, then persons, then mouths. ``speech``: where voices were
    heard, ``voices``: how they sound. Raises InputRejected (the video cannot be decoded) and Unavailable (source,
    detector).
    """
    decoded = await _decode(time, inputs)
    shots = [TimeRange(start_ms=start, end_ms=end) for start, end in decoded.shots]
    faces, tracks = await _find_faces(decoded, shots, inputs)
    bare = faceless_frames(decoded.face_ms, shots, tracks)
    counted = decoded.pictures + len(decoded.face_ms)
    persons = await find_persons(
        inputs.landmarks,
        inputs.scratch / "faces.raw",
        decoded.canvas,
        bare,
        report=inputs.report,
        counted=counted,
        warn=inputs.warn,
    )
    near = await find_distant_persons(
        inputs.landmarks,
        GreyFrames(path=inputs.scratch / "mouths.raw", canvas=decoded.fine, at_ms=decoded.mouth_ms),
        persons.by_place,
        decoded.face_ms,
        shots,
        report=inputs.report,
        counted=counted + len(bare),
        warn=inputs.warn,
    )
    clip_tracks = _build_tracks(clip_id, time, decoded, tracks, near.by_place)
    marked = await mark_mouths(
        inputs.landmarks,
        inputs.scratch / "mouths.raw",
        decoded.fine,
        decoded.mouth_ms,
        tracks,
        often=contested_shots(clip_tracks),
        report=inputs.report,
        counted=counted + len(bare) + near.looked,
        warn=inputs.warn,
    )
    clip_tracks = msgspec.structs.replace(
        clip_tracks,
        model=model_names(NAME, faces.model, persons.model, marked.model),
        compute_ms=decoded.cpu_ms + faces.compute_ms + persons.compute_ms + near.compute_ms + marked.compute_ms,
        mouths=marked.mouths,
    )
    return (await with_speaking_turns(clip_tracks, speech, inputs.warn, voices))[0]


def build_still_tracks(clip_id: str, time: TimeRange) -> ClipTracks:
    """Build the analysis of a source whose frames are all the same: one shot, and nothing in it."""
    return ClipTracks(
        clip_id=clip_id, range=time, shots=[time], tracks=[], pictures_looked_at=0, model="none", compute_ms=0
    )


async def _find_faces(
    decoded: DecodedClip, shots: Sequence[TimeRange], inputs: AnalysisInput
) -> tuple[FacesFound, list[FaceTrack]]:
    """Find the faces of the frames, and track each through its shot."""
    faces = await find_faces_sparsely(
        inputs.faces,
        inputs.scratch / "faces.raw",
        decoded.canvas,
        decoded.face_ms,
        shots,
        least_score=KEEP_SCORE,
        report=inputs.report,
        counted=decoded.pictures,
    )
    detections = without_mixed_frames(list(zip(decoded.face_ms, faces.faces, strict=True)), decoded.transitions)
    return faces, await asyncio.to_thread(track_faces, detections, shots)


def _build_tracks(
    clip_id: str, time: TimeRange, decoded: DecodedClip, tracks: list[FaceTrack], persons: Mapping[int, list[Person]]
) -> ClipTracks:
    """Build the analysis without what lips show: it has no mouths and no turns yet."""
    return ClipTracks(
        clip_id=clip_id,
        range=time,
        shots=[TimeRange(start_ms=start, end_ms=end) for start, end in decoded.shots],
        tracks=tracks,
        pictures_looked_at=decoded.pictures,
        model="",
        compute_ms=0,
        looks=decoded.looks,
        letters=decoded.letters,
        transitions=decoded.transitions,
        voice=decoded.voice,
        persons=[
            PersonSample(at_ms=decoded.face_ms[place], persons=frame_persons)
            for place, frame_persons in sorted(persons.items())
        ],
    )


def faceless_frames(at_ms: Sequence[int], shots: Sequence[TimeRange], tracks: Sequence[FaceTrack]) -> list[int]:
    """Return numbers of some analysed frames in shots without a face track."""
    with_faces = {track.shot for track in tracks}
    bare = [shot for number, shot in enumerate(shots) if number not in with_faces]
    places: list[int] = []
    for place, when in enumerate(at_ms):
        due = not places or when - at_ms[places[-1]] >= PERSON_GAP_MS
        if due and any(shot.start_ms <= when < shot.end_ms for shot in bare):
            places.append(place)
    return places


async def _decode(time: TimeRange, inputs: AnalysisInput) -> DecodedClip:
    """Decode every frame of ``time`` once, in the child."""
    index_path = inputs.scratch / "index.json"
    await asyncio.to_thread(index_path.write_bytes, msgspec.json.encode(inputs.index))
    args = {"index": str(index_path), "scratch": str(inputs.scratch)} | msgspec.to_builtins(time)
    answer = await run_child(
        "streams.frame.analysis.child:main", args, scratch=inputs.scratch, source=inputs.source, report=inputs.report
    )
    return msgspec.convert(answer, DecodedClip)
