"""The look of captions at an output size: template, fonts, and sizes in px."""

from __future__ import annotations

from typing import Literal

from core.domain.text.word_joining import capitals
from schemas.common import Value
from schemas.options.caption_template import DEFAULT_TEMPLATE, CaptionTemplate, Font, Shape, template_named
from streams.renderer.captions.safe_area import is_tall
from streams.renderer.typography.fonts import Face, face_for_role
from streams.renderer.typography.shaping import ShapedWord, shape_text, text_levels


class CaptionLook(Value, frozen=True, kw_only=True):
    """A template at one frame size. All lengths are in px of the output."""

    template: CaptionTemplate
    width_px: int
    height_px: int
    font_px: int
    centre_y_px: int
    max_line_px: int
    max_lines: int = 2
    align: Literal["left", "centre"] = "centre"
    left_px: int | None = None
    """Left edge of the lines; None: centred margins."""
    line_height: float = 1.14
    """Line spacing, as a share of the font size."""
    word_space: float = 0.3
    """Space between words, as a share of the font size."""
    smallest_font_px: int = 18
    doubtful: bool = False
    """Whether the shown words are doubtful."""
    speaker: str | None = None
    own_fonts: dict[Font, str] = {}
    """Paths of an organisation's own fonts, by role."""
    language: str | None = None
    """Language that decides between regional letter forms, and the base direction of mixed lines."""

    @property
    def line_px(self) -> tuple[float, float]:
        """Left and right end of the longest line."""
        left = (self.width_px - self.max_line_px) / 2 if self.left_px is None else self.left_px
        return left, left + self.max_line_px

    @property
    def face(self) -> Face:
        """The font face of its letters."""
        role = self.template.letters.font
        return face_for_role(role, self.own_fonts.get(role))

    def measure(self, text: str, size_px: int) -> float:
        """Width in px of a text in the template's font."""
        return self.shape_word(text, text_levels(text)).width * size_px

    def shape_word(self, text: str, directions: tuple[int, ...]) -> ShapedWord:
        """A text's glyphs in the template's font; ``directions`` as `PlacedWord.levels`."""
        return shape_text(text, self.face, self.language, directions)

    def display_text(self, text: str) -> str:
        """A word in the template's letter case."""
        return capitals(text, self.language) if self.template.letters.case == "upper" else text


def build_look(
    width_px: int, height_px: int, template: CaptionTemplate | None = None, language: str | None = None
) -> CaptionLook:
    """The look of a template (default: the default template) at an output size."""
    template = template or template_named(DEFAULT_TEMPLATE)
    shape = choose_shape(template, width_px, height_px)
    return CaptionLook(
        template=template,
        width_px=width_px,
        height_px=height_px,
        font_px=round(shape.font * width_px),
        centre_y_px=round(shape.y * height_px),
        max_line_px=round(shape.width * width_px),
        max_lines=template.wrap.max_lines,
        align=shape.align,
        left_px=None if shape.left is None else round(shape.left * width_px),
        language=language,
    )


def choose_shape(template: CaptionTemplate, width_px: int, height_px: int) -> Shape:
    """The template's shape for a frame size."""
    if is_tall(width_px, height_px):
        return template.shapes.tall
    return template.shapes.wide if width_px > height_px else template.shapes.square
