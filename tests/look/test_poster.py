"""The picture that stands for a source: a face, well exposed, not the first black one."""

from __future__ import annotations

from schemas.common import Box, Face, ObjectRef, TimeRange
from schemas.documents.span import SeenPicture, SeenSpan, Thumbnail
from streams.look.poster import choose_poster

FACE = Face(box=Box(x=0, y=0, width=10, height=10), score=0.9)


def seen(*pictures: tuple[int, float, int]) -> SeenSpan:
    """Pictures of (time, brightness, faces); each is stored, but the last."""
    made = [
        SeenPicture(at_ms=at_ms, brightness=brightness, difference=0, faces=[FACE] * faces)
        for at_ms, brightness, faces in pictures
    ]
    stored = [
        Thumbnail(at_ms=picture.at_ms, image=ObjectRef(key=f"{picture.at_ms}", sha256="0" * 64, size=1))
        for picture in made[:-1]
    ]
    time = TimeRange(start_ms=0, end_ms=60_000)
    return SeenSpan(ordinal=0, range=time, pictures=made, shots=[], thumbnails=stored, model="m", compute_ms=0)


def test_a_face_in_good_light_is_worth_most() -> None:
    poster = choose_poster(seen((0, 118, 1), (10_000, 20, 0), (20_000, 110, 1), (30_000, 118, 0), (40_000, 118, 3)))
    assert poster is not None
    assert (poster.at_ms, poster.image.key) == (20_000, "20000")
    assert 0.9 < poster.worth <= 1


def test_black_pictures_are_worth_nothing_and_none_is_none() -> None:
    poster = choose_poster(seen((0, 0, 0), (10_000, 0, 0)))
    assert poster is not None
    assert poster.worth == 0.0
    assert choose_poster(seen((0, 118, 1))) is None
