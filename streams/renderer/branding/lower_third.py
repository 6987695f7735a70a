"""When a speaker's name is shown, and how its plate is drawn. Invents no name: a voice without one has none."""

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
from streams.renderer.branding.brand_assets import Dress
from streams.renderer.captions.burn_in import drawing_of
from streams.renderer.captions.cue_painter import Lettering
from streams.renderer.captions.look import look_for
from streams.renderer.typography.font_fallback import drawable, form_of

BEGINS_MS = 150
"""After the first word: a name before the voice belongs to the last speaker."""
LEAST_MS = 1_000
"""A turn that is shorter is over before its name is read."""
LEFT, WIDTH = 0.135, 0.66
"""Inside what no platform covers, its plate included."""
HEIGHTS = (0.49, 0.66, 0.7)
"""Of the plate's middle, on tall, square and wide pictures: above where most templates have their captions."""
SMALLER = (1.0, 0.8, 0.5)


class NamedTurn(NamedTuple):
    """A stretch in which a name is shown."""

    name: str
    start_ms: float
    end_ms: float


def named_turns(dress: Dress, words: Sequence[Word], end_ms: float) -> list[NamedTurn]:
    """When each name is shown: no longer than its speaker speaks, and never two at once; none without a font for it."""
    third = dress.kit.lower_third
    if third is None:
        return []
    shown: list[NamedTurn] = []
    known: set[str] = set()
    for speaker, start_ms, until_ms in _turns(words, end_ms):
        name = drawable(dress.names.get(speaker, "")).strip()
        if not name or until_ms - start_ms < LEAST_MS or (third.show == "first_time" and speaker in known):
            continue
        known.add(speaker)
        begins_ms = start_ms + BEGINS_MS
        shown.append(NamedTurn(name, begins_ms, min(begins_ms + third.seconds * 1000, until_ms)))
    return shown


def _turns(words: Sequence[Word], end_ms: float) -> list[tuple[str, float, float]]:
    """Who speaks from when until another does, or the clip ends; words of nobody known belong to whoever speaks."""
    turns: list[tuple[str, float, float]] = []
    for word in sorted(words, key=lambda word: word.start_ms):
        if word.speaker is None or (turns and turns[-1][0] == word.speaker):
            continue
        if turns:
            turns[-1] = (*turns[-1][:2], float(word.start_ms))
        turns.append((word.speaker, float(word.start_ms), end_ms))
    return turns


def name_plate(name: str, dress: Dress, size_px: tuple[int, int]) -> Lettering:
    """A name on its plate, where it belongs on the output."""
    kit = dress.kit
    third = kit.lower_third or LowerThird()
    template = plain_template(
        font=third.font,
        size=third.size,
        fill=kit.colour(third.fill, "text", "#ffffff"),
        heights=HEIGHTS,
        left=LEFT,
        plate=kit.colour(third.plate, "primary", "#15171ce6"),
    )
    return drawn_text(name, template, dress, size_px)


def plain_template(
    *,
    font: Font,
    size: float,
    fill: Colour,
    heights: tuple[float, float, float],
    left: float | None = None,
    plate: Colour | None = None,
    lines: int = 1,
) -> CaptionTemplate:
    """A template of words that are only there: drawn as captions are, in the same fonts and scripts."""
    tall, square, wide = (
        Shape(font=size * smaller, y=y, width=WIDTH, align="centre" if left is None else "left", left=left)
        for y, smaller in zip(heights, SMALLER, strict=True)
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


def drawn_text(text: str, template: CaptionTemplate, dress: Dress, size_px: tuple[int, int]) -> Lettering:
    """A text by a template, at its place on the output."""
    words = [Word(text=word, start_ms=0, end_ms=1, probability=1.0) for word in drawable(text).split()]
    cue = CaptionCue(start_ms=0, end_ms=1, words=words)
    look = look_for(*size_px, template, form_of(None, text))
    return drawing_of(cue, msgspec.structs.replace(look, own_fonts=dress.fonts)).state(None)
