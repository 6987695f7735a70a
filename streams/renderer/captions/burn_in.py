"""Burns captions into yuv420p frames, in place and only inside the caption's rectangle."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import av
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import ImageChops

from schemas.common import Box, Value
from schemas.documents.export import CaptionCue
from streams.renderer.captions.animation import AnimationPhase, phase_at
from streams.renderer.captions.cue_builder import DOUBT, CueRules, FitsLines, sentence_rules
from streams.renderer.captions.cue_painter import CuePainter, DrawnCue, ink_box
from streams.renderer.captions.emphasis import find_emoji
from streams.renderer.captions.layout import PlacedCue, lay_out_cue
from streams.renderer.captions.line_breaking import fits_lines
from streams.renderer.captions.look import CaptionLook
from streams.renderer.video.planes import plane_rows

UInt16 = NDArray[np.uint16]
MAX_CACHED_STATES = 8
"""Drawn states kept: they are needed in order, so a few suffice."""
BT709_LIMITED = np.array(
    [[0.1826, 0.6142, 0.0620], [-0.1006, -0.3386, 0.4392], [0.4392, -0.3989, -0.0403]], dtype=np.float32
)
"""R'G'B' 0..255 to Y'CbCr 16..235/240 (ITU-R BT.709-6, items 3.2 to 3.4), before `YUV_OFFSETS`."""
YUV_OFFSETS = np.array([16, 128, 128], dtype=np.float32)
"""Zero points of Y', Cb and Cr in limited range."""


class PlanePatch(Value, frozen=True, kw_only=True):
    """One plane's share of a caption: ``out = (frame * keep + add) / 256`` inside the rectangle."""

    x: int
    y: int
    keep: UInt16
    add: UInt16


def fits_look(look: CaptionLook) -> FitsLines:
    """Test whether words fit the lines of this look."""
    return lambda texts: fits_lines(displayed_texts(texts, look), look, look.measure)


def displayed_texts(texts: Sequence[str], look: CaptionLook) -> list[str]:
    """A cue's words as the template writes them, with an emoji where the template adds one."""
    displayed = [look.display_text(text) for text in texts]
    emoji_match = find_emoji(texts, look.language) if look.template.emphasis.emoji == "keywords" else None
    if emoji_match:
        displayed[emoji_match[0]] += f" {emoji_match[1]}"
    return displayed


def cue_rules_for(look: CaptionLook) -> CueRules:
    """Limits of a cue in this look."""
    wrap = look.template.wrap
    return sentence_rules(wrap.max_words) if wrap.cue == "sentence" else CueRules(max_words=wrap.max_words)


def place_caption(cue: CaptionCue, look: CaptionLook) -> PlacedCue:
    """Lay out a cue's words; a doubtful cue begins with the mark."""
    texts = [DOUBT] * cue.doubtful + displayed_texts([word.text for word in cue.words], look)
    return lay_out_cue(texts, look, look.measure)


def paint_cue(cue: CaptionCue, look: CaptionLook) -> CuePainter:
    """Lay out and draw a cue's words; a doubtful cue is dimmer."""
    look = msgspec.structs.replace(look, doubtful=cue.doubtful, speaker=cue.words[0].speaker)
    return CuePainter(place_caption(cue, look), look, marks=int(cue.doubtful))


class CaptionState(NamedTuple):
    """The cue, spoken word and phase on screen: frames with the same state look alike."""

    cue: int
    word: int
    phase: AnimationPhase = AnimationPhase()


class CaptionBurner:
    """The captions of one clip, drawn when first needed."""

    def __init__(
        self, cues: Sequence[CaptionCue], look: CaptionLook, looks: Sequence[CaptionLook] | None = None
    ) -> None:
        """``cues`` are in order, without overlap, on the output clock; ``looks`` has the placed look of each."""
        self._cues = cues
        self._look = look
        self._looks = [look] * len(cues) if looks is None else looks
        self._starts = [cue.start_ms for cue in cues]
        self._drawing: tuple[int, CuePainter] | None = None
        self._states: OrderedDict[CaptionState, tuple[PlanePatch, ...]] = OrderedDict()
        self._last: tuple[int, DrawnCue, tuple[PlanePatch, ...]] | None = None

    def state_at(self, at_ms: float) -> CaptionState | None:
        """Cue, spoken word and phase at a time. A word stays lit until the next one starts, without flicker."""
        number = bisect_right(self._starts, at_ms) - 1
        if number < 0 or at_ms >= self._cues[number].end_ms:
            return None
        cue = self._cues[number]
        word = max(0, bisect_right([word.start_ms for word in cue.words], at_ms) - 1)
        return CaptionState(number, word, phase_at(self._looks[number].template, cue, word, at_ms))

    def ink_areas(self) -> list[tuple[float, float, Box]]:
        """Start, end and covered box of each cue."""
        cues = zip(self._cues, self._looks, strict=True)
        return [(cue.start_ms, cue.end_ms, ink_box(place_caption(cue, look), look)) for cue, look in cues]

    def plate_areas(self) -> list[tuple[float, float, Box]]:
        """The same of the cues that have a plate behind all their words: most of its box is no letter."""
        areas = zip(self.ink_areas(), self._looks, strict=True)
        return [area for area, look in areas if look.template.letters.plate is not None]

    def slot_state(self, at_ms: float) -> tuple[object, ...] | None:
        """The captions on screen at a time, as plain values: equal values mean equal pixels."""
        state = self.state_at(at_ms)
        if state is None:
            return None
        cue = self._cues[state.cue]
        texts = [word.text for word in cue.words]
        look = self._looks[state.cue]
        own_template = None if look.template == self._look.template else look.template
        return texts, cue.words[0].speaker, cue.doubtful, look.centre_y_px, own_template, state.word, state.phase

    def burn(self, picture: av.VideoFrame, at_ms: float) -> bool:
        """Draw what is due at ``at_ms`` into a writable yuv420p frame; returns whether anything was."""
        state = self.state_at(at_ms)
        if state is None:
            return False
        for plane, patch in zip(picture.planes, self._patches(state), strict=True):
            blend_patch(plane_rows(plane), patch)
        return True

    def _patches(self, state: CaptionState) -> tuple[PlanePatch, ...]:
        if state not in self._states:
            if self._drawing is None or self._drawing[0] != state.cue:
                self._drawing = state.cue, paint_cue(self._cues[state.cue], self._looks[state.cue])
            marks = int(self._cues[state.cue].doubtful)
            lettering = self._drawing[1].state(marks + state.word, state.phase)
            patches = self._patches_after_last(state.cue, lettering)
            self._last = state.cue, lettering, patches
            self._states[state] = patches
            if len(self._states) > MAX_CACHED_STATES:
                self._states.popitem(last=False)
        return self._states[state]

    def _patches_after_last(self, cue: int, lettering: DrawnCue) -> tuple[PlanePatch, ...]:
        """Convert only the pixels that differ from the last state."""
        if self._last is None or self._last[0] != cue:
            return yuv_patches(lettering)
        return update_patches(self._last[1], self._last[2], lettering)


def yuv_patches(drawn: DrawnCue) -> tuple[PlanePatch, ...]:
    """Y, U and V patches of a drawn state: premultiplied, chroma averaged over 2x2 px, 8 bits of fraction.

    Each pixel is computed on its own, so that a part of an image has the values it has in the whole.
    """
    pixels = np.asarray(drawn.image, dtype=np.float32)
    alpha = pixels[..., 3] * np.float32(1 / 255)
    red, green, blue = (np.ascontiguousarray(pixels[..., number]) for number in range(3))
    planes = []
    for weights, offset in zip(BT709_LIMITED, YUV_OFFSETS, strict=True):
        planes.append((red * weights[0] + green * weights[1] + blue * weights[2] + offset) * alpha)
    x, y = drawn.x_px, drawn.y_px
    small_alpha = _half_size(alpha)
    return (
        _patch(planes[0], alpha, x, y),
        _patch(_half_size(planes[1]), small_alpha, x // 2, y // 2),
        _patch(_half_size(planes[2]), small_alpha, x // 2, y // 2),
    )


def update_patches(before: DrawnCue, patches: tuple[PlanePatch, ...], after: DrawnCue) -> tuple[PlanePatch, ...]:
    """The patches of ``after``, given those of ``before``, a state of the same cue."""
    box = ImageChops.difference(before.image, after.image).getbbox(alpha_only=False)
    if box is None:
        return patches
    left, top = box[0] // 2 * 2, box[1] // 2 * 2
    right, bottom = box[2] + box[2] % 2, box[3] + box[3] % 2
    part = after.image.crop((left, top, right, bottom))
    small = yuv_patches(DrawnCue(image=part, x_px=after.x_px + left, y_px=after.y_px + top))
    return tuple(_merge_patch(old, new) for old, new in zip(patches, small, strict=True))


def _merge_patch(old: PlanePatch, new: PlanePatch) -> PlanePatch:
    """A patch with a smaller one laid into it."""
    high, wide = new.keep.shape
    part = slice(new.y - old.y, new.y - old.y + high), slice(new.x - old.x, new.x - old.x + wide)
    keep, add = old.keep.copy(), old.add.copy()
    keep[part], add[part] = new.keep, new.add
    return PlanePatch(x=old.x, y=old.y, keep=keep, add=add)


def _half_size(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    quarters = plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
    return quarters * np.float32(0.25)


def _patch(premultiplied: NDArray[np.float32], alpha: NDArray[np.float32], x: int, y: int) -> PlanePatch:
    keep = np.rint((1 - alpha) * 256).astype(np.uint16)
    add = np.rint(premultiplied * 256 + 127).clip(0, 65_535).astype(np.uint16)
    return PlanePatch(x=x, y=y, keep=keep, add=add)


def blend_patch(plane: NDArray[np.uint8], patch: PlanePatch) -> None:
    """Blend a patch into a plane, in place.

    16 bits hold ``frame * keep + add``: at most 255 * 256 + 127 + rounding.
    """
    height, width = patch.keep.shape
    region = plane[patch.y : patch.y + height, patch.x : patch.x + width]
    mixed = region * patch.keep
    mixed += patch.add
    mixed >>= 8
    region[:] = mixed
