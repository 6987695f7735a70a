"""Draws a clip's title on its thumbnails, in the look of its captions, clear of faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import av
import msgspec

from schemas.common import Word
from schemas.documents.edit import PlacedSegment
from schemas.documents.export import CaptionCue
from schemas.documents.frame_plan import FramePlan
from schemas.options.caption_template import Highlight, Motion
from streams.renderer.captions.burn_in import place_caption
from streams.renderer.captions.caption_placement import clear_area_for, place_captions
from streams.renderer.captions.cue_painter import ink_box
from streams.renderer.captions.look import CaptionLook
from streams.renderer.typography.font_fallback import drop_undrawable

CUE_LENGTH_MS = 200
"""Length of the cue that stands for the title."""
MAX_TITLE_LETTERS = 90
"""Thumbnails are viewed small: longer titles are cut between words, with an ellipsis."""
MAX_LINES, MAX_LINES_OF_MANY_WORDS = 4, 3
"""Captions have two lines; a title in two would be too small to read in a feed."""
MIN_MANY_WORDS = 14
"""Titles with more words get `MAX_LINES_OF_MANY_WORDS`: four lines have too many ways to wrap."""


def build_title_drawer(
    title: str, look: CaptionLook, plan: FramePlan, played: Sequence[PlacedSegment]
) -> Callable[[av.VideoFrame, int], None]:
    """Build a function that draws the title into a writable frame of a time of the clip, without motion."""
    words = [word for word in map(drop_undrawable, truncate_title(title).split()) if word.strip()]
    still = build_title_look(words, look)

    def draw(picture: av.VideoFrame, at_ms: int) -> None:
        if words:
            place_captions([build_title_cue(words, at_ms)], still, plan, played).burn(picture, at_ms)

    return draw


def truncate_title(title: str) -> str:
    """Cut a long title after the last word that fits."""
    if len(title) <= MAX_TITLE_LETTERS:
        return title
    shortened = title[:MAX_TITLE_LETTERS]
    return (shortened.rsplit(maxsplit=1)[0] if " " in shortened else shortened).rstrip(" ,;:") + "…"


def build_title_look(words: Sequence[str], look: CaptionLook) -> CaptionLook:
    """A still caption look in more lines, raised into the area that platforms leave clear."""
    template = msgspec.structs.replace(look.template, highlight=Highlight(how="none"), motion=Motion())
    lines = MAX_LINES if len(words) <= MIN_MANY_WORDS else MAX_LINES_OF_MANY_WORDS
    still = msgspec.structs.replace(look, template=template, max_lines=lines)
    if not words:
        return still
    ink, area = ink_box(place_caption(build_title_cue(words, 0), still), still), clear_area_for(still)
    excess_px = max(0, ceil(ink.y + ink.height - area.y - area.height))
    return msgspec.structs.replace(still, centre_y_px=still.centre_y_px - excess_px)


def build_title_cue(words: Sequence[str], at_ms: int) -> CaptionCue:
    """All words of a title as one cue."""
    end_ms = at_ms + CUE_LENGTH_MS
    title_words = [Word(text=word, start_ms=at_ms, end_ms=end_ms, probability=1.0) for word in words]
    return CaptionCue(start_ms=at_ms, end_ms=end_ms, words=title_words)
