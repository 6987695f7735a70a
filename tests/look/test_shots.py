"""shots: a change lies between two pictures, never before the first."""

from __future__ import annotations

from schemas.documents import SeenPicture, ShotChange
from streams.look.shots import find_shots


def picture(at_ms: int, difference: float) -> SeenPicture:
    return SeenPicture(at_ms=at_ms, brightness=100, difference=difference, faces=[])


def test_changes_lie_between_unlike_pictures() -> None:
    pictures = [picture(0, 0.9), picture(5000, 0.1), picture(10000, 0.7), picture(15000, 0.3)]
    assert find_shots(pictures) == [ShotChange(at_ms=10000, after_ms=5000, strength=0.7)]


def test_nothing_to_compare() -> None:
    assert find_shots([]) == []
    assert find_shots([picture(0, 1.0)]) == []
