"""Subjects that each look must show, and text that no crop may cut, for the certificate. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.common import TimeRange
from schemas.documents.clip_tracks import ClipTracks, FaceSample
from schemas.documents.quality import FaceExpectation
from schemas.documents.scene import Letters, Person
from streams.frame.planning.distant_subject import is_face_distant
from streams.frame.planning.on_screen_text import is_overlay
from streams.frame.planning.split_screen import FACE_LOOK_MS
from streams.frame.planning.unseen_subject import is_subject_unseen, occupied_box, persons_found
from streams.frame.scene.persons import torso_box
from streams.frame.scene.scenes import AngleScene
from streams.frame.scene.standing_text import MIN_SIGN_WIDTH_RATIO, MIN_WORD_WIDTH_RATIO, is_sign

MIN_READABLE_MS = 1_300
"""Minimum time that text stands for somebody to read it."""


def expected_subjects(scenes: Sequence[AngleScene], tracks: ClipTracks, time: TimeRange) -> list[FaceExpectation]:
    """Return whom a crop must hold at each look, in order: a face, else a person, else the whole frame."""
    faces = expected_faces(tracks, time)
    face_times = {face.at_ms for face in faces}
    fallbacks = [
        expectation for scene in scenes for expectation in (*expected_persons(scene), *expected_whole_frames(scene))
    ]
    return sorted(
        [*faces, *(expectation for expectation in fallbacks if expectation.at_ms not in face_times)],
        key=lambda expectation: expectation.at_ms,
    )


def expected_faces(tracks: ClipTracks, time: TimeRange) -> list[FaceExpectation]:
    """Return the face that a crop must hold at each look: the speaker's, else the largest; in order."""
    best: dict[int, tuple[bool, float, FaceSample]] = {}
    for track in tracks.tracks:
        speech = [turn.range for turn in tracks.turns if turn.track == track.track]
        for sample in track.samples:
            if time.start_ms <= sample.at_ms < time.end_ms:
                speaks = any(turn.start_ms <= sample.at_ms < turn.end_ms for turn in speech)
                rank = speaks, sample.face.box.width * sample.face.box.height
                if sample.at_ms not in best or rank > best[sample.at_ms][:2]:
                    best[sample.at_ms] = *rank, sample
    return [
        FaceExpectation(at_ms=at_ms, box=sample.face.box, speaks=speaks)
        for at_ms, (speaks, _, sample) in sorted(best.items())
    ]


def expected_persons(scene: AngleScene) -> list[FaceExpectation]:
    """Return the largest person of each look of an angle without faces.

    There are none on a slide, or where persons are rarely seen.
    """
    if scene.groups or not persons_found(scene):
        return []
    return [
        FaceExpectation(at_ms=look.at_ms, box=torso_box(max(look.persons, key=_area)), speaks=False)
        for look in scene.tracks.persons
        if look.persons and any(when.start_ms <= look.at_ms < when.end_ms for when in scene.shots.values())
    ]


def expected_whole_frames(scene: AngleScene) -> list[FaceExpectation]:
    """Return all that is not empty in an angle without a person, where other shots show one.

    The person may be anywhere in it.
    """
    if not is_subject_unseen(scene):
        return []
    box = occupied_box(scene)
    return [
        FaceExpectation(at_ms=at_ms, box=box, speaks=False, is_found=False)
        for when in scene.shots.values()
        for at_ms in range(when.start_ms, when.end_ms, FACE_LOOK_MS)
    ]


def _area(person: Person) -> float:
    return person.box.width * person.box.height


def expected_signs(scenes: Sequence[AngleScene]) -> list[Letters]:
    """Return lines that a crop must show as a whole or not at all.

    Those are titles and signs; where people are near, what is laid over the picture.
    """
    signs: list[Letters] = []
    for scene in scenes:
        for number, when in scene.shots.items():
            near = bool(scene.groups) and not is_face_distant(scene)
            # Next to a distant person single words must be whole too: framing shows both (`distant_subject`).
            wide = MIN_SIGN_WIDTH_RATIO if near or not (scene.groups or persons_found(scene)) else MIN_WORD_WIDTH_RATIO
            readable = [
                line
                for line in scene.tracks.letters
                if line.range.overlap_ms(when) >= MIN_READABLE_MS and is_sign(line.box, scene.area.content, wide)
            ]
            signs += [line for line in readable if line not in signs and (not near or is_overlay(scene, number, line))]
    return sorted(signs, key=lambda line: line.range.start_ms)
