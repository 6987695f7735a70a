"""Choose the picture of a span that stands for its source where no clip's does. Pure."""

from __future__ import annotations

from schemas.documents.source import Poster
from schemas.documents.span import SeenPicture, SeenSpan

BEST_BRIGHTNESS_LEVEL = 118.0
"""Mean luma of a well exposed picture."""
EARLY_MS = 2_000
"""Pictures before this are often black, or a title."""
FACE_SHARE, EXPOSURE_SHARE, EARLY_LOSS = 0.5, 0.5, 0.3
"""What a face and a good exposure count, and what an early picture loses."""


def choose_poster(span: SeenSpan) -> Poster | None:
    """The stored picture of a span that is worth most; None where it stored none."""
    pictures = {picture.at_ms: picture for picture in span.pictures}
    posters = [
        Poster(image=thumbnail.image, at_ms=thumbnail.at_ms, worth=measure_worth(pictures[thumbnail.at_ms]))
        for thumbnail in span.thumbnails
        if thumbnail.at_ms in pictures
    ]
    return max(posters, key=lambda poster: poster.worth, default=None)


def measure_worth(picture: SeenPicture) -> float:
    """How well a picture shows what there is to see, 0..1."""
    exposure = max(0.0, 1 - abs(picture.brightness - BEST_BRIGHTNESS_LEVEL) / BEST_BRIGHTNESS_LEVEL)
    face = max((face.score for face in picture.faces), default=0.0)
    loss = EARLY_LOSS if picture.at_ms < EARLY_MS else 0.0
    return round(max(0.0, EXPOSURE_SHARE * exposure + FACE_SHARE * min(1.0, face) - loss), 4)
