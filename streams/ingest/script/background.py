"""Paint the picture behind a script's cards: a soft gradient in an organisation's colours. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.common import Value
from schemas.options.brand_kit import BrandKit

UInt16 = NDArray[np.uint16]
Float32 = NDArray[np.float32]
NIGHT, DUSK, GLOW = "#131a3f", "#4b2a78", "#2a78b8"
"""Colours without a brand kit: dark enough for white letters, and for a dark card to stand out by its edge."""
LIGHTER_RATIO = 0.35
"""Share of white in the second colour of a kit that has one colour alone."""
GLOW_RADIUS, GLOW_OPACITY = 0.75, 0.55
"""Reach and strength of the glow, of the picture's side and of its colour."""
NOISE_LEVELS = 1.0
"""Noise in levels of 255 on each side: without it the steps of a gradient are seen as bands."""
SIXTEEN_BITS = 257.0
"""Sixteen-bit levels for each level of 255."""


class BackgroundColours(Value, frozen=True, kw_only=True):
    """Colours of a background: of its top, of its bottom, and of a glow in its upper part."""

    top: str = NIGHT
    bottom: str = DUSK
    glow: str = GLOW


def choose_colours(kit: BrandKit | None) -> BackgroundColours:
    """The colours of a kit, ``background`` and ``primary``, or the usual ones."""
    colours = kit.colours if kit is not None else {}
    background, primary = colours.get("background"), colours.get("primary")
    if background is None and primary is None:
        return BackgroundColours()
    top = background or NIGHT
    accent = primary or mix_colours(top, "#ffffff", LIGHTER_RATIO)
    return BackgroundColours(top=top, bottom=mix_colours(top, accent, 0.5), glow=accent)


def mix_colours(first: str, second: str, share: float) -> str:
    """The colour that has ``share`` of the second."""
    mixed = (1 - share) * parse_colour(first) + share * parse_colour(second)
    return "#" + "".join(f"{round(float(level)):02x}" for level in mixed)


def parse_colour(colour: str) -> Float32:
    """Red, green and blue of ``#rrggbb`` or ``#rrggbbaa``, 0 to 255; a background is opaque."""
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float32)


def paint_background(side_px: int, colours: BackgroundColours) -> UInt16:
    """A square picture, shape (side, side, 3), sixteen bits a colour; always the same."""
    along = (np.arange(side_px, dtype=np.float32) + 0.5) / side_px
    across, down = along[None, :], along[:, None]
    slope = _smooth((0.25 * across + 0.75 * down).astype(np.float32))[..., None]
    picture = (1 - slope) * parse_colour(colours.top) + slope * parse_colour(colours.bottom)
    distance = np.hypot(across - 0.5, down - 0.28).astype(np.float32) / np.float32(GLOW_RADIUS)
    glow = (GLOW_OPACITY * _smooth(np.clip(1 - distance, 0, 1).astype(np.float32)))[..., None]
    picture += glow * (parse_colour(colours.glow) - picture)
    noise = np.random.default_rng(0).uniform(-NOISE_LEVELS, NOISE_LEVELS, (side_px, side_px, 1)).astype(np.float32)
    levels: UInt16 = np.clip((picture + noise) * SIXTEEN_BITS, 0, 65_535).astype(np.uint16)
    return levels


def _smooth(share: Float32) -> Float32:
    """0 to 1 with no edge at either end."""
    result: Float32 = share * share * (3 - 2 * share)
    return result
