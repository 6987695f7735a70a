"""Caption templates as data: how words look, where they stand and how they move. Never draws."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.common import Value

DEFAULT_TEMPLATE = "bold_outline"
Colour = Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?$", description="#rrggbb, or #rrggbbaa")]
Share = Annotated[float, Meta(ge=0, le=1)]
Font = Literal["display", "text", "condensed", "typewriter"]
"""Roles of the shipped fonts."""


class Stroke(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line around each letter; ``width`` in shares of the font size, on each side."""

    width: Annotated[float, Meta(ge=0, le=0.3)]
    """Width on each side, as a share of the font size."""
    colour: Colour


class Shadow(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A soft shadow below the letters; lengths in shares of the font size."""

    blur: Annotated[float, Meta(ge=0, le=0.5)]
    down: Annotated[float, Meta(ge=0, le=0.5)]
    opacity: Share


class Plate(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A filled area behind a word, each line, the block, or the block as wide as it may be. Shares of the font size."""

    around: Literal["word", "line", "block", "bar"]
    colour: Colour
    padding_x: Share = 0.3
    padding_y: Share = 0.2
    radius: Share = 0.2
    edge: Colour | None = None
    """Colour of a stripe at its left side."""


class Letters(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words at rest."""

    font: Font = "display"
    """Font by its role."""
    fill: Colour = "#ffffff"
    doubtful: Colour = "#b0b0b4"
    """Of words that are not trusted."""
    case: Literal["as_spoken", "upper"] = "as_spoken"
    stroke: Stroke | None = None
    shadow: Shadow | None = None
    plate: Plate | None = None


class Highlight(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The word that is said.

    ``colour`` lights it; ``plate`` lays an area behind it; ``fill`` colours it from left to right while it is said;
    ``reveal`` hides what is not yet said; ``type`` does so letter by letter.
    """

    how: Literal["none", "colour", "plate", "fill", "reveal", "type"] = "colour"
    fill: Colour = "#ffdd33"
    doubtful: Colour = "#ceba5c"
    """Colour of a spoken word that is not trusted."""
    plate: Plate | None = None
    scale: Annotated[float, Meta(ge=1, le=1.3)] = 1.0
    """How much it grows around its own middle; no other word moves for it."""
    keep: bool = False
    """Whether words that were said stay lit."""


class Motion(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a cue, or each word, comes in."""

    enter: Literal["none", "pop", "fade", "slide"] = "none"
    per: Literal["cue", "word"] = "cue"
    duration_ms: Annotated[int, Meta(ge=0, le=400)] = 0
    """Length of the animation."""


class Shape(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Size and place on one shape of picture, in shares of its width (``font``, ``width``) and height (``y``)."""

    font: Annotated[float, Meta(gt=0, le=0.3)]
    """Size of the letters, as a share of the picture's width."""
    y: Share
    """Where the middle of the block stands."""
    width: Share
    """How long a line of letters may be."""
    align: Literal["left", "centre"] = "centre"
    left: Share | None = None
    """Where lines begin; None: as far from the left as they end from the right."""


class Shapes(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On pictures higher than wide, as high as wide, and wider than high."""

    tall: Shape
    square: Shape
    wide: Shape


class Wrap(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is shown at once."""

    max_words: Annotated[int, Meta(ge=1, le=14)] = 5
    max_lines: Annotated[int, Meta(ge=1, le=2)] = 2


class Emphasis(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is stressed without being said: one word of a cue, an amount or a long one.

    ``emoji``: behind the first word of a cue that stands for a thing, its picture (``schemas/data/emoji.json``).
    """

    keywords: bool = False
    fill: Colour = "#ffdd33"
    emoji: Literal["off", "keywords"] = "off"


class CaptionTemplate(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole style of captions."""

    template_id: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
    version: Annotated[int, Meta(ge=1)]
    """Version of the template; exports keep the one they were made with."""
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    description: Annotated[str, Meta(min_length=1, max_length=300)]
    shapes: Shapes
    letters: Letters
    highlight: Highlight = Highlight()
    """Look of the word that is spoken."""
    motion: Motion = Motion()
    wrap: Wrap = Wrap()
    emphasis: Emphasis = Emphasis()
    speaker_colours: Annotated[list[Colour], Meta(max_length=8)] = []
    """Fills by speaker, in their order; where there are none all speakers look alike."""
    avoid_faces: bool = True
    """Whether a cue moves up or down where it would lie on a face and there is room."""


@cache
def templates() -> Mapping[str, CaptionTemplate]:
    """All that are shipped by id, the default first."""
    found = [
        msgspec.json.decode(file.read_bytes(), type=CaptionTemplate)
        for file in (files("schemas") / "data" / "templates").iterdir()
        if file.name.endswith(".json")
    ]
    found.sort(key=lambda one: (one.template_id != DEFAULT_TEMPLATE, one.template_id))
    return {one.template_id: one for one in found}


@cache
def earlier() -> Mapping[tuple[str, int], CaptionTemplate]:
    """What templates were before they were changed, by id and version: old exports are made again with them."""
    found = [
        msgspec.json.decode(file.read_bytes(), type=CaptionTemplate)
        for file in (files("schemas") / "data" / "templates" / "earlier").iterdir()
        if file.name.endswith(".json")
    ]
    return {(one.template_id, one.version): one for one in found}


def export_words(captions: bool, template_id: str, *, masked: bool) -> str:
    """The part of an export's name that says how its words are shown; as it was before there were templates."""
    version = version_of(template_id)
    plain = template_id == DEFAULT_TEMPLATE and version == 1
    named = f"/{template_id}" if captions and not plain else ""
    later = f"@{version}" if named and version > 1 else ""
    return f"{captions}{named}{later}{'/masked' if masked else ''}"


def version_of(template_id: str) -> int:
    """What an export is asked for with now. Raises KeyError for an unknown id."""
    return templates()[template_id].version


def template_named(template_id: str, version: int | None = None) -> CaptionTemplate:
    """One of them, as it was in a version, or as it is. Raises KeyError for what there is none of."""
    newest = templates()[template_id]
    return newest if version in (None, newest.version) else earlier()[template_id, version]
