"""A title on a thumbnail: large enough to read, inside of what no platform covers, cut between words."""

from __future__ import annotations

import pytest

from schemas.common import Aspect
from streams.renderer.captions.burn_in import placed
from streams.renderer.captions.caption_placement import clear_area
from streams.renderer.captions.cue_painter import ink_box
from streams.renderer.captions.look import look_for
from streams.renderer.stills.thumbnail_title import MOST_SIGNS, cut_short, title_cue, title_look
from streams.renderer.timeline.slots import OUTPUT_SIZES

TITLE = "Today, after two years of negotiations, the United States…"


@pytest.mark.parametrize("aspect", ["9:16", "1:1", "16:9"])
def test_a_title_is_nearly_as_large_as_captions_and_stays_clear(aspect: Aspect) -> None:
    look = look_for(*OUTPUT_SIZES[aspect])
    still = title_look(TITLE.split(), look)
    drawn = placed(title_cue(TITLE.split(), 0), still)
    ink, area = ink_box(drawn, still), clear_area(still)
    assert drawn.font_px >= 0.8 * look.font_px
    assert ink.y >= area.y
    assert ink.y + ink.height <= area.y + area.height


def test_a_long_title_is_cut_between_words() -> None:
    assert cut_short("short") == "short"
    found = cut_short("many words, " * 20)
    assert len(found) <= MOST_SIGNS + 1
    assert found.endswith(("many…", "words…"))
    assert cut_short("x" * 200) == "x" * MOST_SIGNS + "…"
    assert title_look([], look_for(1080, 1920)).max_lines == 4
