"""The part of the source that a framed shot shows at a moment, and its place on the output. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from core.domain.framing.boxes import Area, shared_area
from schemas.common import Box
from schemas.documents.frame_plan import Pane, ShotCrop

EVEN_STEP = 2
"""Crops have even sides and positions."""
CUT = 0.05, 0.95
"""Shares of a line of letters that are shown where it is cut: where exactly it ends is known to some pixels."""


def view(shot: ShotCrop, at_ms: float) -> Box:
    """The crop at a moment of the source: where its way has led it, else where it stands."""
    if not shot.path:
        crop = shot.crop
        return Box(x=crop.x, y=crop.y, width=crop.width, height=crop.height)
    after = bisect_right(shot.path, at_ms, key=lambda key: key.at_ms)
    if after == 0 or after == len(shot.path):
        return shot.path[max(0, after - 1)].box
    previous, following = shot.path[after - 1], shot.path[after]
    share = (at_ms - previous.at_ms) / (following.at_ms - previous.at_ms)
    return _between(previous.box, following.box, share)


def _between(start: Box, end: Box, share: float) -> Box:
    return Box(
        x=start.x + share * (end.x - start.x),
        y=start.y + share * (end.y - start.y),
        width=start.width + share * (end.width - start.width),
        height=start.height + share * (end.height - start.height),
    )


def views(shot: ShotCrop, at_ms: float) -> Sequence[Area]:
    """Every part of the source that is shown: its panes, else its crop."""
    return [pane.source for pane in shot.panes] if shot.panes else [view(shot, at_ms)]


def share_shown(box: Box, shot: ShotCrop, at_ms: float) -> float:
    """Share of a box that is shown, 0..1: by the pane that shows most of it."""
    return max(shared_area(crop, box) for crop in views(shot, at_ms)) / max(1e-6, box.width * box.height)


def is_cut(box: Box, shot: ShotCrop, at_ms: float) -> bool:
    """Whether an edge cuts a line of letters: some of it is shown, and some is not."""
    return CUT[0] < share_shown(box, shot, at_ms) < CUT[1]


def pane_rows(panes: Sequence[Pane], height_px: int) -> list[tuple[int, int]]:
    """First row and number of rows of each pane on an output; all even, together all of it."""
    edges, share = [0], 0.0
    for pane in panes[:-1]:
        share += pane.share
        edges.append(round(share * height_px / EVEN_STEP) * EVEN_STEP)
    edges.append(height_px)
    return [(top, bottom - top) for top, bottom in pairwise(edges)]


def painted_box(box: Box, shot: ShotCrop, at_ms: float, width_px: int, height_px: int) -> Box:
    """Place of a source box on the output: in the pane that shows most of it, else in the crop.

    A crop fills the output, or stands on it as ``above`` says.
    """
    if not shot.panes:
        return _on(box, view(shot, at_ms), 0.0, width_px, height_px, shot.above)
    places = zip(shot.panes, pane_rows(shot.panes, height_px), strict=True)
    pane, (top, high) = max(places, key=lambda place: shared_area(place[0].source, box))
    return _on(box, pane.source, top, width_px, high)


def _on(box: Box, area: Area, top: float, width_px: int, height_px: int, above: float = 0.5) -> Box:
    ratio = min(width_px / area.width, height_px / area.height)
    return Box(
        x=(box.x - area.x) * ratio + (width_px - area.width * ratio) / 2,
        y=(box.y - area.y) * ratio + (height_px - area.height * ratio) * above + top,
        width=box.width * ratio,
        height=box.height * ratio,
    )
