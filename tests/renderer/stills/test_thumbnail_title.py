"""A title on a thumbnail: large enough to read, inside of what no platform covers, cut between words."""

from __future__ import annotations

import pytest

from schemas.common import Aspect
from streams.renderer.captions.burn_in import place_caption
from streams.renderer.captions.caption_placement import clear_area_for
from streams.renderer.captions.cue_painter import ink_box
from streams.renderer.captions.look import build_look
from streams.renderer.stills.thumbnail_title import MAX_TITLE_LETTERS, build_title_cue, build_title_look, truncate_title
from streams.renderer.timeline.slots import OUTPUT_SIZES

TITLE = "Today, after two years of negotiations, the United States…"


@pytest.mark.parametrize("aspect", ["9:16", "1:1", "16:9"])
def test_a_title_is_nearly_as_large_as_captions_and_stays_clear(aspect: Aspect) -> None:
    look = build_look(*OUTPUT_SIZES[aspect])
    still = build_title_look(TITLE.split(), look)
    drawn = place_caption(build_title_cue(TITLE.split(), 0), still)
    ink, area = ink_box(drawn, still), clear_area_for(still)
    assert drawn.font_px >= 0.8 * look.font_px
    assert ink.y >= area.y
    assert ink.y + ink.height <= area.y + area.height


def test_a_long_title_is_cut_between_words() -> None:
    assert truncate_title("short") == "short"
    found = truncate_title("many words, " * 20)
    assert len(found) <= MAX_TITLE_LETTERS + 1
    assert found.endswith(("many…", "words…"))
    assert truncate_title("x" * 200) == "x" * MAX_TITLE_LETTERS + "…"
    assert build_title_look([], build_look(1080, 1920)).max_lines == 4
