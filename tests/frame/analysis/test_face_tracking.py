"""Face tracking: faces are followed within a shot, across gaps, never across a cut."""

from __future__ import annotations

from core.domain.framing.boxes import intersection_over_union
from schemas.common import Box, Face, TimeRange
from schemas.documents.scene import Transition
from streams.frame.analysis.face_tracking import box_closeness, detections_of, track_faces, without_mixed_frames

SHOT = TimeRange(start_ms=0, end_ms=4000)


def face(x: float, y: float = 50, size: float = 40, score: float = 0.9) -> Face:
    return Face(box=Box(x=x, y=y, width=size, height=size), score=score)


def test_boxes_match_by_overlap_and_distance() -> None:
    one, other = Box(x=0, y=0, width=10, height=10), Box(x=5, y=0, width=10, height=10)
    assert intersection_over_union(one, one) == 1
    assert round(intersection_over_union(one, other), 3) == 0.333
    assert intersection_over_union(one, Box(x=50, y=0, width=10, height=10)) == 0
    assert box_closeness(one, one) > box_closeness(one, other) > 0
    assert box_closeness(one, Box(x=0, y=0, width=40, height=40)) == 0


def test_two_moving_people_stay_two_tracks() -> None:
    looks = [(n * 160, [face(300 - 4 * n), face(20 + 6 * n)]) for n in range(20)]
    tracks = track_faces(looks, [SHOT])
    assert [len(track.samples) for track in tracks] == [20, 20]
    for track in tracks:
        steps = {round(b.face.box.x - a.face.box.x) for a, b in zip(track.samples, track.samples[1:], strict=False)}
        assert len(steps) == 1


def test_a_gap_is_bridged_and_a_blip_dropped() -> None:
    looks = [(n * 160, [face(100)] if n not in (5, 6, 7) else []) for n in range(20)]
    looks[10][1].append(face(400))
    assert [len(track.samples) for track in track_faces(looks, [SHOT])] == [17]


def test_doubtful_faces_continue_a_track_but_start_none() -> None:
    looks = [(n * 160, [face(100, score=0.9 if n == 0 else 0.35), face(300, score=0.4)]) for n in range(10)]
    assert [len(track.samples) for track in track_faces(looks, [SHOT])] == [10]


def test_a_track_ends_at_the_cut() -> None:
    looks = [(n * 160, [face(100)]) for n in range(20)]
    shots = [TimeRange(start_ms=0, end_ms=1600), TimeRange(start_ms=1600, end_ms=4000)]
    assert [(track.shot, len(track.samples)) for track in track_faces(looks, shots)] == [(0, 10), (1, 10)]


def test_one_sample_is_enough_in_a_very_short_shot() -> None:
    shots = [TimeRange(start_ms=0, end_ms=400)]
    assert len(track_faces([(0, [face(100)])], shots)) == 1


def test_detections_come_back_from_tracks() -> None:
    looks = [(n * 160, [face(100), face(300)]) for n in range(10)]
    again = detections_of(track_faces(looks, [SHOT]))
    assert [at_ms for at_ms, _ in again] == [at_ms for at_ms, _ in looks]
    assert all(len(faces) == 2 for _, faces in again)


def test_faces_that_shine_through_a_dissolve_do_not_count() -> None:
    mixed = Transition(kind="dissolve", range=TimeRange(start_ms=1000, end_ms=2000), at_ms=1500, strength=1)
    looks = [(at, [face(100)]) for at in (900, 1000, 1200, 1990, 2000)]
    assert [len(faces) for _, faces in without_mixed_frames(looks, [mixed])] == [1, 1, 0, 0, 1]
