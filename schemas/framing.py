"""How a shot is framed: modes, panes, the way a crop goes. Pure data, display pixels of the source; decides nothing."""

from __future__ import annotations

from typing import Literal

from schemas.media import Box, CropBox, Value

Mode = Literal["hold", "follow", "cut", "split", "inset", "fit"]
"""``hold``: a still crop; ``follow``: a crop that moves slowly; ``cut``: still, changed where somebody else speaks;
``split``: people stacked; ``inset``: a screen above a face; ``fit``: everything, on a blurred ground.
"""


class PathKey(Value, frozen=True, kw_only=True):
    """Where a crop that moves is at ``at_ms`` (source ms); between two keys it goes evenly."""

    at_ms: int
    box: Box


class Pane(Value, frozen=True, kw_only=True):
    """One of several parts of the source, stacked from the top: as wide as the output, ``share`` of its height."""

    source: CropBox
    share: float
