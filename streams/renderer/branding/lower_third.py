"""Decides when a speaker's name is shown, and draws its plate. Unnamed speakers get none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from schemas.common import Word
from schemas.documents.export import CaptionCue
from schemas.options.brand_kit import LowerThird
from schemas.options.caption_template import (
    CaptionTemplate,
    Colour,
    Font,
    Highlight,
    Letters,
    Plate,
    Shape,
    Shapes,
    Wrap,
)
from streams.renderer.branding.brand_assets import BrandAssets
from streams.renderer.captions.burn_in import paint_cue
from streams.renderer.captions.cue_painter import DrawnCue
from streams.renderer.captions.look import build_look
from streams.renderer.typography.font_fallback import drop_undrawable, font_language

NAME_DELAY_MS = 150
"""From the first word to the name: a name before the voice would seem the last speaker's."""
MIN_TURN_MS = 1_000
"""Shorter turns are over before a name is read."""
LEFT, WIDTH = 0.135, 0.66
"""Inside what no platform covers, its plate included."""
PLATE_Y_RATIOS = (0.49, 0.66, 0.7)
"""Height of the plate's middle on tall, square and wide frames: above most templates' captions."""
FONT_SCALES = (1.0, 0.8, 0.5)
"""Font size on tall, square and wide frames, relative to tall ones."""


class NameDisplay(NamedTuple):
    """A time range in which a name is shown."""

    name: str
    start_ms: float
    end_ms: float


def find_name_displays(assets: BrandAssets, words: Sequence[Word], end_ms: float) -> list[NameDisplay]:
    """Find the time of each name's display: within its speaker's turn, one at a time.

    Names that no font can draw are left out.
    """
    lower_third = assets.kit.lower_third
    if lower_third is None:
        return []
    displays: list[NameDisplay] = []
    introduced: set[str] = set()
    for speaker, start_ms, until_ms in _turns(words, end_ms):
        name = drop_undrawable(assets.names.get(speaker, "")).strip()
        if (
            not name
            or until_ms - start_ms < MIN_TURN_MS
            or (lower_third.show == "first_time" and speaker in introduced)
        ):
            continue
        introduced.add(speaker)
        begins_ms = start_ms + NAME_DELAY_MS
        displays.append(NameDisplay(name, begins_ms, min(begins_ms + lower_third.seconds * 1000, until_ms)))
    return displays


def _turns(words: Sequence[Word], end_ms: float) -> list[tuple[str, float, float]]:
    """Speaker turns, each until the next one or the clip's end; words without a speaker join the turn."""
    turns: list[tuple[str, float, float]] = []
    for word in sorted(words, key=lambda word: word.start_ms):
        if word.speaker is None or (turns and turns[-1][0] == word.speaker):
            continue
        if turns:
            turns[-1] = (*turns[-1][:2], float(word.start_ms))
        turns.append((word.speaker, float(word.start_ms), end_ms))
    return turns


def draw_name_plate(name: str, assets: BrandAssets, size_px: tuple[int, int]) -> DrawnCue:
    """Draw a name on its plate, at its usual place on the output."""
    kit = assets.kit
    lower_third = kit.lower_third or LowerThird()
    template = build_plain_template(
        font=lower_third.font,
        size=lower_third.size,
        fill=kit.colour(lower_third.fill, "text", "#ffffff"),
        heights=PLATE_Y_RATIOS,
        left=LEFT,
        plate=kit.colour(lower_third.plate, "primary", "#15171ce6"),
    )
    return draw_text(name, template, assets, size_px)


def build_plain_template(
    *,
    font: Font,
    size: float,
    fill: Colour,
    heights: tuple[float, float, float],
    left: float | None = None,
    plate: Colour | None = None,
    lines: int = 1,
) -> CaptionTemplate:
    """A template without highlight: brand text is drawn as captions are, in the same fonts."""
    tall, square, wide = (
        Shape(font=size * smaller, y=y, width=WIDTH, align="centre" if left is None else "left", left=left)
        for y, smaller in zip(heights, FONT_SCALES, strict=True)
    )
    behind = None
    if plate is not None:
        behind = Plate(around="block", colour=plate, padding_x=0.5, padding_y=0.35, radius=0.22)
    return CaptionTemplate(
        template_id="brand",
        version=1,
        name="Brand",
        description="Words of a brand kit.",
        shapes=Shapes(tall=tall, square=square, wide=wide),
        letters=Letters(font=font, fill=fill, plate=behind),
        highlight=Highlight(how="none"),
        wrap=Wrap(max_words=14, max_lines=lines),
        avoid_faces=False,
    )


def draw_text(text: str, template: CaptionTemplate, assets: BrandAssets, size_px: tuple[int, int]) -> DrawnCue:
    """Draw a text by a template, at its place on the output."""
    words = [Word(text=word, start_ms=0, end_ms=1, probability=1.0) for word in drop_undrawable(text).split()]
    cue = CaptionCue(start_ms=0, end_ms=1, words=words)
    look = build_look(*size_px, template, font_language(None, text))
    return paint_cue(cue, msgspec.structs.replace(look, own_fonts=assets.fonts)).state(None)
