"""Overrides of a caption template: the same tree with every part optional. Pure.

An omitted part keeps the template's value, null removes a part, lists are replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.common import Value
from schemas.options.caption_template import (
    MAX_CUE_LINES,
    MAX_CUE_WORDS,
    CaptionTemplate,
    Colour,
    Font,
    Plate,
    Shape,
    Share,
)
from schemas.options.safe_zones import safe_zones

LINE_HEIGHT = 1.14
"""Distance of lines, as a multiple of the font size."""
EDGE_SHARE = 0.03
"""Free margin at top and bottom of frames without platform controls."""
TALL, SQUARE, WIDE = 16 / 9, 1.0, 9 / 16
"""Height of the pictures that a template's shapes are for, of their width."""


class StrokeOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to the line around each letter."""

    width: Annotated[float, Meta(ge=0, le=0.3)] | UnsetType = UNSET
    """Width on each side, as a share of the font size."""
    colour: Colour | UnsetType = UNSET


class ShadowOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to the shadow."""

    blur: Annotated[float, Meta(ge=0, le=0.5)] | UnsetType = UNSET
    down: Annotated[float, Meta(ge=0, le=0.5)] | UnsetType = UNSET
    opacity: Share | UnsetType = UNSET


class PlateOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to a filled area."""

    around: Literal["word", "line", "block", "bar"] | UnsetType = UNSET
    colour: Colour | UnsetType = UNSET
    padding_x: Share | UnsetType = UNSET
    padding_y: Share | UnsetType = UNSET
    radius: Share | UnsetType = UNSET
    edge: Colour | UnsetType | None = UNSET
    """Colour of a stripe at its left side; null for none."""


class LettersOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to words at rest."""

    font: Font | UnsetType = UNSET
    """Font by its role."""
    fill: Colour | UnsetType = UNSET
    doubtful: Colour | UnsetType = UNSET
    """Colour of words that are not trusted."""
    case: Literal["as_spoken", "upper"] | UnsetType = UNSET
    stroke: StrokeOverrides | UnsetType | None = UNSET
    shadow: ShadowOverrides | UnsetType | None = UNSET
    plate: PlateOverrides | UnsetType | None = UNSET


class HighlightOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to the word that is spoken."""

    how: Literal["none", "colour", "plate", "fill", "reveal", "type"] | UnsetType = UNSET
    fill: Colour | UnsetType = UNSET
    doubtful: Colour | UnsetType = UNSET
    """Colour of a spoken word that is not trusted."""
    plate: PlateOverrides | UnsetType | None = UNSET
    scale: Annotated[float, Meta(ge=1, le=1.3)] | UnsetType = UNSET
    """Factor by which the spoken word grows."""
    keep: bool | UnsetType = UNSET
    """Whether spoken words stay highlighted."""


class MotionOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to the animation with which a cue or a word comes in."""

    enter: Literal["none", "pop", "fade", "slide"] | UnsetType = UNSET
    per: Literal["cue", "word"] | UnsetType = UNSET
    duration_ms: Annotated[int, Meta(ge=0, le=400)] | UnsetType = UNSET
    """Length of the animation."""


class ShapeOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to size and place on one shape of picture."""

    font: Annotated[float, Meta(gt=0, le=0.3)] | UnsetType = UNSET
    """Size of the letters, as a share of the picture's width."""
    y: Share | UnsetType = UNSET
    """Vertical middle of the block, as a share of the picture's height."""
    width: Share | UnsetType = UNSET
    """Maximum length of a line, as a share of the picture's width."""
    align: Literal["left", "centre"] | UnsetType = UNSET
    left: Share | UnsetType | None = UNSET
    """Where lines begin, as a share of the picture's width; null: centred."""


class ShapesOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to size and place, by shape of picture."""

    tall: ShapeOverrides | UnsetType = UNSET
    square: ShapeOverrides | UnsetType = UNSET
    wide: ShapeOverrides | UnsetType = UNSET


class WrapOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to the amount that is shown at once."""

    max_words: Annotated[int, Meta(ge=1, le=MAX_CUE_WORDS)] | UnsetType = UNSET
    max_lines: Annotated[int, Meta(ge=1, le=MAX_CUE_LINES)] | UnsetType = UNSET
    cue: Literal["phrase", "sentence"] | UnsetType = UNSET
    """``phrase``: a few words at a time; ``sentence``: a whole sentence where it fits, which stays until the next."""


class EmphasisOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to the emphasis of words that are not being spoken."""

    keywords: bool | UnsetType = UNSET
    fill: Colour | UnsetType = UNSET
    emoji: Literal["off", "keywords"] | UnsetType = UNSET


class TemplateOverrides(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sparse patch of a caption template; its names and its version are not to be changed."""

    shapes: ShapesOverrides | UnsetType = UNSET
    """Size and place, by shape of the picture."""
    letters: LettersOverrides | UnsetType = UNSET
    """Look of words at rest."""
    highlight: HighlightOverrides | UnsetType = UNSET
    """Look of the word that is spoken."""
    motion: MotionOverrides | UnsetType = UNSET
    wrap: WrapOverrides | UnsetType = UNSET
    emphasis: EmphasisOverrides | UnsetType = UNSET
    speaker_colours: Annotated[tuple[Colour, ...], Meta(max_length=8)] | UnsetType = UNSET
    """Fills by speaker, in their order; replaces the list."""
    avoid_faces: bool | UnsetType = UNSET
    """Whether a cue moves where it would cover a face and there is room."""


def overridden(template: CaptionTemplate, overrides: TemplateOverrides) -> CaptionTemplate:
    """The template with the patch laid over it. Raises ValueError where what comes of it is no template."""
    if overrides == TemplateOverrides():
        return template
    merged = _merged(msgspec.to_builtins(template), msgspec.to_builtins(overrides))
    return msgspec.convert(merged, CaptionTemplate)


def _merged(base: Any, patch: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    return base | {name: _merged(base.get(name), value) for name, value in patch.items()}


def broken_overrides(template: CaptionTemplate, overrides: TemplateOverrides) -> Mapping[str, str]:
    """Path of each part that cannot be as it is asked for → what it must be; empty: all well."""
    if overrides == TemplateOverrides():
        return {}
    try:
        result = overridden(template, overrides)
    except msgspec.ValidationError as error:
        return {_path_in(str(error)): f"whole: the template has no such part to change ({error})"}
    return {
        f"shapes/{name}": rule
        for name, shape, ratio in (
            ("tall", result.shapes.tall, TALL),
            ("square", result.shapes.square, SQUARE),
            ("wide", result.shapes.wide, WIDE),
        )
        if (rule := _stands_outside(result, shape, ratio))
    }


def _path_in(error: str) -> str:
    """``letters/stroke`` of msgspec's ``… - at `$.letters.stroke```."""
    return error.rpartition("`$")[2].strip("`.").replace(".", "/")


def _stands_outside(template: CaptionTemplate, shape: Shape, ratio: float) -> str:
    """The fault of its place: a full block, its outline and its plate must stand in the clear area."""
    left, top, right, bottom = clear_shares(ratio)
    side, above = _outset(template)
    half = template.wrap.max_lines * LINE_HEIGHT / 2
    high = (half + above) * shape.font / ratio
    if 2 * high > bottom - top:
        return f"of a smaller font: {template.wrap.max_lines} lines of {shape.font:g} have no room"
    if not top + high <= shape.y <= bottom - high:
        return f"elsewhere: a y from {top + high:.3f} to {bottom - high:.3f} keeps all lines clear of edges and signs"
    begins = (1 - shape.width) / 2 if shape.left is None else shape.left
    ends = begins + shape.width
    out = side * shape.font
    if begins - out < left or ends + out > right:
        return f"narrower, or elsewhere: lines may go from {left + out:.3f} to {right - out:.3f} of the width"
    return ""


def clear_shares(ratio: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom bounds of captions, as shares of the frame: its safe zone."""
    if ratio <= 1:
        return 0.0, EDGE_SHARE, 1.0, 1 - EDGE_SHARE
    zones = safe_zones()
    width, height = zones.picture_px
    clear = zones.clear
    return clear.x / width, clear.y / height, (clear.x + clear.width) / width, (clear.y + clear.height) / height


def _outset(template: CaptionTemplate) -> tuple[float, float]:
    """Extent of outline and plates sideways and upwards, as shares of the font size."""
    plates: list[Plate] = [plate for plate in (template.letters.plate, template.highlight.plate) if plate is not None]
    stroke = template.letters.stroke.width if template.letters.stroke else 0.0
    return max([stroke, *(plate.padding_x for plate in plates)]), max([stroke, *(plate.padding_y for plate in plates)])
