"""Burns captions into yuv420p pictures, in place and only where a caption stands. Decides no words and no times."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.documents import CaptionCue
from schemas.media import Value
from streams.render import typeface
from streams.render.cues import DOUBT, Fits
from streams.render.layout import CaptionLook, fits, place
from streams.render.lettering import CueDrawing, Lettering
from streams.render.planes import rows

UInt16 = NDArray[np.uint16]
KEPT_STATES = 8
"""States are needed in order: a few behind the newest suffice."""
BT709_LIMITED = np.array(
    [[0.1826, 0.6142, 0.0620], [-0.1006, -0.3386, 0.4392], [0.4392, -0.3989, -0.0403]], dtype=np.float32
)
"""R'G'B' 0..255 to Y'CbCr 16..235/240, ITU-R BT.709-6 items 3.2 to 3.4; offsets 16, 128, 128."""


class PlanePatch(Value, frozen=True, kw_only=True):
    """One plane's share of a caption: ``out = (picture * keep + add) / 256`` inside the rectangle."""

    x: int
    y: int
    keep: UInt16
    add: UInt16


def fitting(look: CaptionLook) -> Fits:
    """The measure by which cues are cut for this look."""
    return lambda texts: fits(texts, look, typeface.width_px)


def drawing_of(cue: CaptionCue, look: CaptionLook) -> CueDrawing:
    """A cue's words laid out and drawn; a doubtful one is dimmer, and its first word is the mark."""
    texts = [word.text for word in cue.words]
    if cue.doubtful:
        texts = [DOUBT, *texts]
        look = msgspec.structs.replace(look, fill=look.doubtful_fill, accent=look.doubtful_accent)
    return CueDrawing(place(texts, look, typeface.width_px), look)


class Captions:
    """The captions of one clip, drawn when first needed."""

    def __init__(self, cues: Sequence[CaptionCue], look: CaptionLook) -> None:
        """``cues`` in order and not overlapping, in ms from the clip's first picture."""
        self._cues = cues
        self._look = look
        self._starts = [cue.start_ms for cue in cues]
        self._drawing: tuple[int, CueDrawing] | None = None
        self._states: OrderedDict[tuple[int, int], tuple[PlanePatch, ...]] = OrderedDict()

    def state_at(self, at_ms: float) -> tuple[int, int] | None:
        """Cue and spoken word at a time. A word stays lit until the next one starts, so that nothing flickers."""
        number = bisect_right(self._starts, at_ms) - 1
        if number < 0 or at_ms >= self._cues[number].end_ms:
            return None
        words = self._cues[number].words
        return number, max(0, bisect_right([word.start_ms for word in words], at_ms) - 1)

    def burn(self, picture: av.VideoFrame, at_ms: float) -> bool:
        """Draw what is due at ``at_ms`` into a writable yuv420p picture; says whether anything was."""
        state = self.state_at(at_ms)
        if state is None:
            return False
        for plane, patch in zip(picture.planes, self._patches(state), strict=True):
            _blend(rows(plane), patch)
        return True

    def _patches(self, state: tuple[int, int]) -> tuple[PlanePatch, ...]:
        if state not in self._states:
            number, spoken = state
            if self._drawing is None or self._drawing[0] != number:
                self._drawing = number, drawing_of(self._cues[number], self._look)
            marks = int(self._cues[number].doubtful)
            self._states[state] = yuv_patches(self._drawing[1].state(marks + spoken))
            if len(self._states) > KEPT_STATES:
                self._states.popitem(last=False)
        return self._states[state]


def yuv_patches(lettering: Lettering) -> tuple[PlanePatch, ...]:
    """Y, U and V patches of a drawn state: premultiplied, chroma averaged over 2x2 px, 8 bits of fraction."""
    rgba = np.asarray(lettering.picture, dtype=np.float32)
    alpha = rgba[..., 3:] * np.float32(1 / 255)
    planes = rgba[..., :3] @ BT709_LIMITED.T + np.array([16, 128, 128], dtype=np.float32)
    planes *= alpha
    x, y = lettering.x_px, lettering.y_px
    small_alpha = _halved(alpha[..., 0])
    return (
        _patch(planes[..., 0], alpha[..., 0], x, y),
        _patch(_halved(planes[..., 1]), small_alpha, x // 2, y // 2),
        _patch(_halved(planes[..., 2]), small_alpha, x // 2, y // 2),
    )


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    quarters = plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
    return quarters * np.float32(0.25)


def _patch(premultiplied: NDArray[np.float32], alpha: NDArray[np.float32], x: int, y: int) -> PlanePatch:
    keep = np.rint((1 - alpha) * 256).astype(np.uint16)
    add = np.rint(premultiplied * 256 + 127).clip(0, 65_535).astype(np.uint16)
    return PlanePatch(x=x, y=y, keep=keep, add=add)


def _blend(plane: NDArray[np.uint8], patch: PlanePatch) -> None:
    """In place; 16 bits hold it, because ``picture * keep + add`` stays below 255 * 256 + 127 + rounding."""
    height, width = patch.keep.shape
    region = plane[patch.y : patch.y + height, patch.x : patch.x + width]
    mixed = region * patch.keep
    mixed += patch.add
    mixed >>= 8
    region[:] = mixed
