"""A screen or slides with somebody beside them: all of it above, the face below. Pure."""

from __future__ import annotations

from schemas.documents import ShotCrop
from streams.frame.panes import boxes_of, hull, screen_panes
from streams.frame.scenes import Framed, Scene
from streams.frame.stills import BEYOND_DOUBT

LOOK_MS = 160
"""Faces are looked for about so often."""
MOST_OF_IT = 0.5
"""The face is there for this share of the looks, or it is a picture on a slide."""
LARGEST_FACE = 0.4
"""Of the picture's height: behind a larger face there is a screen, and nobody is to read it."""
LEAST_MS = 1_500


def inset(scene: Scene) -> Framed | None:
    """The screen above, the face below; None where there is no screen, or no such face."""
    if scene.screen < BEYOND_DOUBT or not scene.groups or scene.length_ms < LEAST_MS or scene.ground.holds_all:
        return None
    main = max(scene.groups, key=lambda group: sum(len(track.samples) for track in group))
    boxes = boxes_of(main)
    highest = max(box.height for box in boxes)
    if len(boxes) * LOOK_MS < MOST_OF_IT * scene.length_ms or highest > LARGEST_FACE * scene.ground.content.height:
        return None
    panes = screen_panes(main, scene.ground)
    if panes is None:
        return None
    reason = f"a screen or a slide ({scene.screen:.0%} sure) above, the face beside it below"
    return {
        number: [ShotCrop(range=when, mode="inset", crop=hull(panes), shows="screen", reason=reason, panes=panes)]
        for number, when in scene.shots.items()
    }
