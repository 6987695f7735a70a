"""Caption layout: words stay inside the margins and do not move."""

from __future__ import annotations

import pytest

from streams.renderer.captions.cue_painter import CuePainter
from streams.renderer.captions.layout import lay_out_cue
from streams.renderer.captions.line_breaking import fits_lines
from streams.renderer.captions.look import build_look
from streams.renderer.typography import font_fallback

SIZES = [(1080, 1920), (1080, 1080), (1920, 1080)]
TEXTS = [
    ["of", "mechanical", "energy."],
    ["a", "b"],
    ["Ёжик", "в", "тумане", "Ελληνικά"],
    ["Donaudampfschifffahrtsgesellschaftskapitän"],
    ["https://example.org/a/very/long/address/that/nobody/can/read?really=yes"],
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("texts", TEXTS)
def test_every_word_stands_inside_the_safe_margins(size: tuple[int, int], texts: list[str]) -> None:
    look = build_look(*size)
    placed = lay_out_cue(texts, look, look.measure)
    side = (look.width_px - look.max_line_px) / 2
    assert side >= 0.06 * look.width_px
    assert all(word.x_px >= side - 1 and word.x_px + word.width_px <= look.width_px - side + 1 for word in placed.words)
    rectangle = CuePainter(placed, look).rectangle
    assert rectangle.x % 2 == rectangle.y % 2 == rectangle.width % 2 == rectangle.height % 2 == 0
    lowest = 0.65 if size == (1080, 1920) else 0.96
    assert max(word.baseline_px for word in placed.words) < lowest * look.height_px


def test_only_long_words_are_scaled_down() -> None:
    look = build_look(1080, 1920)
    assert lay_out_cue(["hello"], look, look.measure).font_px == look.font_px
    long = lay_out_cue(TEXTS[3], look, look.measure)
    assert look.smallest_font_px < long.font_px < look.font_px


def test_lines_are_even() -> None:
    look = build_look(1080, 1920)
    placed = lay_out_cue(["this", "sentence", "needs", "two", "lines"], look, look.measure)
    baselines = sorted({word.baseline_px for word in placed.words})
    assert len(baselines) == 2
    assert [sum(word.baseline_px == line for word in placed.words) for line in baselines] in ([2, 3], [3, 2])


def test_text_that_fits_is_not_scaled() -> None:
    look = build_look(1080, 1920)
    assert fits_lines(["two", "lines"], look, look.measure)
    assert not fits_lines(["extraordinarily"] * 4, look, look.measure)


@pytest.mark.parametrize(
    "text", ["Größe", "naïveté", "Ёлка", "Їжак", "Ελληνικά", "“yes—no…”", "œuvre", "Łódź", "Iğdır"]
)
def test_the_shipped_fonts_have_these_letters(text: str) -> None:
    assert font_fallback.drop_undrawable(text) == text
