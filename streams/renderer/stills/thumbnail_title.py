"""A clip's title on its thumbnails, in the letters of its captions, off faces where there is room. Decides no words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import av
import msgspec

from schemas.common import Word
from schemas.documents.edit import Piece
from schemas.documents.export import CaptionCue
from schemas.documents.frame_plan import FramePlan
from schemas.options.caption_template import Highlight, Motion
from streams.renderer.captions.burn_in import placed
from streams.renderer.captions.caption_placement import captions_for, clear_area
from streams.renderer.captions.cue_painter import ink_box
from streams.renderer.captions.look import CaptionLook
from streams.renderer.typography.font_fallback import drawable

SHOWN_MS = 200
MOST_SIGNS = 90
"""A thumbnail is looked at small: a longer title is cut between words, and says so."""
LINES, LINES_OF_MANY = 4, 3
"""Captions have two, and a title in two lines is too small to read in a feed."""
MANY_WORDS = 14
"""Each way to wrap so many into four lines is tried at each size; of more there are too many."""


def title_drawer(
    title: str, look: CaptionLook, plan: FramePlan, played: Sequence[Piece]
) -> Callable[[av.VideoFrame, int], None]:
    """Draws the title into a writable picture of a time of the clip; no word of it is lit, none moves."""
    words = [word for word in map(drawable, cut_short(title).split()) if word.strip()]
    still = title_look(words, look)

    def draw(picture: av.VideoFrame, at_ms: int) -> None:
        if words:
            captions_for([title_cue(words, at_ms)], still, plan, played).burn(picture, at_ms)

    return draw


def cut_short(title: str) -> str:
    """A title that is too long, up to the last word that has room."""
    if len(title) <= MOST_SIGNS:
        return title
    kept = title[:MOST_SIGNS]
    return (kept.rsplit(maxsplit=1)[0] if " " in kept else kept).rstrip(" ,;:") + "…"


def title_look(words: Sequence[str], look: CaptionLook) -> CaptionLook:
    """The look of captions that stand still, in more lines, all of them where no platform covers them."""
    template = msgspec.structs.replace(look.template, highlight=Highlight(how="none"), motion=Motion())
    lines = LINES if len(words) <= MANY_WORDS else LINES_OF_MANY
    still = msgspec.structs.replace(look, template=template, max_lines=lines)
    if not words:
        return still
    ink, area = ink_box(placed(title_cue(words, 0), still), still), clear_area(still)
    over = max(0, ceil(ink.y + ink.height - area.y - area.height))
    return msgspec.structs.replace(still, centre_y_px=still.centre_y_px - over)


def title_cue(words: Sequence[str], at_ms: int) -> CaptionCue:
    """All words of a title at once, from a time of the clip on."""
    end_ms = at_ms + SHOWN_MS
    said = [Word(text=word, start_ms=at_ms, end_ms=end_ms, probability=1.0) for word in words]
    return CaptionCue(start_ms=at_ms, end_ms=end_ms, words=said)
