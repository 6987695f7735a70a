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
MAX_CUE_WORDS, MAX_CUE_LINES = 40, 8
"""Words and lines of a cue: what a card holds in letters that are read on a phone."""
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
    """A filled area behind a word, each line, the block, or the full width; shares of the font size."""

    around: Literal["word", "line", "block", "bar"]
    colour: Colour
    padding_x: Share = 0.3
    padding_y: Share = 0.2
    radius: Share = 0.2
    edge: Colour | None = None
    """Colour of a stripe at its left side."""


class Letters(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Look of words that are not highlighted."""

    font: Font = "display"
    """Font by its role."""
    fill: Colour = "#ffffff"
    doubtful: Colour = "#b0b0b4"
    """Colour of words that are not trusted."""
    case: Literal["as_spoken", "upper"] = "as_spoken"
    stroke: Stroke | None = None
    shadow: Shadow | None = None
    plate: Plate | None = None


class Highlight(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Look of the spoken word.

    ``colour`` changes its colour; ``plate`` adds an area behind it; ``fill`` colours it from left to right while it is
    spoken; ``reveal`` hides later words; ``type`` does so letter by letter.
    """

    how: Literal["none", "colour", "plate", "fill", "reveal", "type"] = "colour"
    fill: Colour = "#ffdd33"
    doubtful: Colour = "#ceba5c"
    """Colour of a spoken word that is not trusted."""
    plate: Plate | None = None
    scale: Annotated[float, Meta(ge=1, le=1.3)] = 1.0
    """Factor by which it grows around its centre; other words do not move."""
    keep: bool = False
    """Whether spoken words stay highlighted."""


class Motion(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Animation of a cue, or of each word, at its start."""

    enter: Literal["none", "pop", "fade", "slide"] = "none"
    per: Literal["cue", "word"] = "cue"
    duration_ms: Annotated[int, Meta(ge=0, le=400)] = 0
    """Length of the animation."""


class Shape(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Size and position on one aspect, as shares of its width (``font``, ``width``) and height (``y``)."""

    font: Annotated[float, Meta(gt=0, le=0.3)]
    """Size of the letters, as a share of the frame's width."""
    y: Share
    """Position of the block's centre."""
    width: Share
    """Maximum width of a line."""
    align: Literal["left", "centre"] = "centre"
    left: Share | None = None
    """Where lines begin; null: centred by ``width``."""


class Shapes(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Layouts for tall, square and wide frames."""

    tall: Shape
    square: Shape
    wide: Shape


class Wrap(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers of words and lines of a cue."""

    max_words: Annotated[int, Meta(ge=1, le=MAX_CUE_WORDS)] = 5
    max_lines: Annotated[int, Meta(ge=1, le=MAX_CUE_LINES)] = 2
    cue: Literal["phrase", "sentence"] = "phrase"
    """``phrase``: a few words at a time; ``sentence``: a whole sentence where it fits, which stays until the next."""


class Emphasis(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Emphasis of one keyword of a cue: an amount, or a long word.

    ``emoji``: shows an emoji after the first word of a cue that has one (``schemas/data/emoji.json``).
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
    """Fills by speaker, in their order; empty: one look for all speakers."""
    avoid_faces: bool = True
    """Whether a cue moves up or down if it would cover a face."""


@cache
def templates() -> Mapping[str, CaptionTemplate]:
    """All built-in templates by id, the default first."""
    loaded = [
        msgspec.json.decode(file.read_bytes(), type=CaptionTemplate)
        for file in (files("schemas") / "data" / "templates").iterdir()
        if file.name.endswith(".json")
    ]
    loaded.sort(key=lambda template: (template.template_id != DEFAULT_TEMPLATE, template.template_id))
    return {template.template_id: template for template in loaded}


@cache
def earlier_templates() -> Mapping[tuple[str, int], CaptionTemplate]:
    """Earlier versions of templates, by id and version, for replays of old exports."""
    loaded = [
        msgspec.json.decode(file.read_bytes(), type=CaptionTemplate)
        for file in (files("schemas") / "data" / "templates" / "earlier").iterdir()
        if file.name.endswith(".json")
    ]
    return {(template.template_id, template.version): template for template in loaded}


def export_words(captions: bool, template_id: str, *, masked: bool) -> str:
    """The part of an export's name for its captions; the default template keeps its old form."""
    version = version_of(template_id)
    plain = template_id == DEFAULT_TEMPLATE and version == 1
    template_part = f"/{template_id}" if captions and not plain else ""
    later = f"@{version}" if template_part and version > 1 else ""
    return f"{captions}{template_part}{later}{'/masked' if masked else ''}"


def version_of(template_id: str) -> int:
    """The current version of a template. Raises KeyError for an unknown id."""
    return templates()[template_id].version


def template_named(template_id: str, version: int | None = None) -> CaptionTemplate:
    """Return a template by id, in the given version or the latest. Raises KeyError if it does not exist."""
    newest = templates()[template_id]
    return newest if version in (None, newest.version) else earlier_templates()[template_id, version]
