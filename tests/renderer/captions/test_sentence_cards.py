"""Cards: a sentence each, wrapped evenly into several lines, shown until the next."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from schemas.common import Aspect, TimeRange, Word
from schemas.options.caption_template import template_named
from streams.renderer.captions.burn_in import cue_rules_for, fits_look
from streams.renderer.captions.cue_builder import build_cues
from streams.renderer.captions.line_breaking import line_width, wrap_lines
from streams.renderer.captions.look import CaptionLook, build_look
from streams.renderer.timeline.slots import OUTPUT_SIZES

SENTENCES = (
    "Short one. Without a parachute, a falling person reaches 200 kilometres an hour in about twelve seconds. "
    "Why? Because nothing holds it back but the air."
)


def spoken(text: str, pause_ms: int = 400) -> list[Word]:
    made, at_ms = list[Word](), 0
    for part in text.split():
        made.append(Word(text=part, start_ms=at_ms, end_ms=at_ms + 300, probability=1.0))
        at_ms += 300 + (pause_ms if part.endswith((".", "?")) else 0)
    return made


def look_of(aspect: Aspect, name: str = "cards") -> CaptionLook:
    return build_look(*OUTPUT_SIZES[aspect], template_named(name))


@pytest.mark.parametrize("aspect", list(OUTPUT_SIZES))
def test_a_card_holds_one_sentence_and_stays_until_the_next(aspect: Aspect) -> None:
    look, words = look_of(aspect), spoken(SENTENCES, 1_500)
    cues = build_cues(words, TimeRange(start_ms=0, end_ms=60_000), fits_look(look), cue_rules_for(look))
    texts = [" ".join(word.text for word in cue.words) for cue in cues]
    assert texts[0] == "Short one."
    assert texts[2:] == ["Why?", "Because nothing holds it back but the air."]
    assert all(before.end_ms == after.start_ms for before, after in pairwise(cues))


def test_a_sentence_that_does_not_fit_is_divided() -> None:
    look, words = look_of("9:16"), spoken("word " * 60)
    cues = build_cues(words, TimeRange(start_ms=0, end_ms=60_000), fits_look(look), cue_rules_for(look))
    assert sum(len(cue.words) for cue in cues) == 60
    assert 1 < len(cues) <= 6
    assert all(fits_look(look)([word.text for word in cue.words]) for cue in cues)


@pytest.mark.parametrize(("name", "count"), list(product(["bold_outline", "big_centre"], range(1, 7))))
def test_two_lines_are_the_most_even_of_all(name: str, count: int) -> None:
    """What every other template has had all along: the fewest lines, and of those the least widest one."""
    look = look_of("1:1", name)
    texts = ["Why", "parachutes", "work", "so", "very", "well"][:count]

    def width(line: list[str]) -> float:
        return line_width(line, look, look.font_px, look.measure)

    lines = wrap_lines(texts, look, look.font_px, look.measure)
    if width(texts) <= look.max_line_px:
        assert lines == [texts]
        return
    choices = [(max(width(texts[:cut]), width(texts[cut:])), [texts[:cut], texts[cut:]]) for cut in range(1, count)]
    fitting = [choice for choice in choices if choice[0] <= look.max_line_px]
    assert lines == (min(fitting)[1] if fitting else None)


def test_the_lines_of_a_card_are_nearly_equally_long() -> None:
    look = look_of("1:1")
    texts = SENTENCES.split(". ")[1].split()
    lines = wrap_lines(texts, look, 71, look.measure)
    assert lines is not None
    widths = [line_width(line, look, 71, look.measure) for line in lines]
    assert len(lines) == 4
    assert min(widths) > 0.7 * max(widths)
