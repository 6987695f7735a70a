"""How captions look at an output size: template, fonts and sizes in pixels."""

from __future__ import annotations

from typing import Literal

from core.domain.text.word_joining import capitals
from schemas.common import Value
from schemas.options.caption_template import DEFAULT_TEMPLATE, CaptionTemplate, Font, Shape, template_named
from streams.renderer.captions.safe_area import is_tall
from streams.renderer.typography.fonts import Face, face_for_role
from streams.renderer.typography.shaping import ShapedWord, shape_text, text_levels


class CaptionLook(Value, frozen=True, kw_only=True):
    """A template on one picture size. All lengths in px of the output picture."""

    template: CaptionTemplate
    width_px: int
    height_px: int
    font_px: int
    centre_y_px: int
    max_line_px: int
    max_lines: int = 2
    align: Literal["left", "centre"] = "centre"
    left_px: int | None = None
    """Where lines begin; None: as far from the left as they end from the right."""
    line_height: float = 1.14
    """Of the font size."""
    word_space: float = 0.3
    """Of the font size."""
    smallest_font_px: int = 18
    doubtful: bool = False
    """Whether the words shown are not trusted."""
    speaker: str | None = None
    own_fonts: dict[Font, str] = {}
    """Paths of an organisation's own fonts, by the roles that they take."""
    language: str | None = None
    """Which forms of a letter are drawn where languages differ, and at which side a line of both directions begins."""

    @property
    def line_px(self) -> tuple[float, float]:
        """From where to where the longest line goes."""
        left = (self.width_px - self.max_line_px) / 2 if self.left_px is None else self.left_px
        return left, left + self.max_line_px

    @property
    def face(self) -> Face:
        """The fonts of its letters."""
        role = self.template.letters.font
        return face_for_role(role, self.own_fonts.get(role))

    def measure(self, text: str, size_px: int) -> float:
        """Width in px of a text in the template's font."""
        return self.shape_word(text, text_levels(text)).width * size_px

    def shape_word(self, text: str, directions: tuple[int, ...]) -> ShapedWord:
        """A text's glyphs in the template's font; ``directions`` as `PlacedWord.levels`."""
        return shape_text(text, self.face, self.language, directions)

    def display_text(self, text: str) -> str:
        """A word as the template writes it."""
        return capitals(text, self.language) if self.template.letters.case == "upper" else text


def build_look(
    width_px: int, height_px: int, template: CaptionTemplate | None = None, language: str | None = None
) -> CaptionLook:
    """The look of a template, else of the default one, for an output size."""
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
    """Which of a template's shapes a picture has."""
    if is_tall(width_px, height_px):
        return template.shapes.tall
    return template.shapes.wide if width_px > height_px else template.shapes.square
