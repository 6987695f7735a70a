"""A clip's title on its thumbnails, in the letters of its captions, off faces where there is room. Decides no words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import av
import msgspec

from schemas.documents import CaptionCue, FramePlan
from schemas.edit import Piece
from schemas.media import Word
from schemas.templates import Highlight, Motion
from streams.render.layout import CaptionLook
from streams.render.room import captions_for
from streams.render.typeface import drawable

SHOWN_MS = 200


def title_drawer(
    title: str, look: CaptionLook, plan: FramePlan, played: Sequence[Piece]
) -> Callable[[av.VideoFrame, int], None]:
    """Draws the title into a writable picture of a time of the clip; no word of it is lit, none moves."""
    template = msgspec.structs.replace(look.template, highlight=Highlight(how="none"), motion=Motion())
    still = msgspec.structs.replace(look, template=template)
    words = [word for word in map(drawable, title.split()) if word.strip()]

    def draw(picture: av.VideoFrame, at_ms: int) -> None:
        if not words:
            return
        end_ms = at_ms + SHOWN_MS
        said = [Word(text=word, start_ms=at_ms, end_ms=end_ms, probability=1.0) for word in words]
        cue = CaptionCue(start_ms=at_ms, end_ms=end_ms, words=said)
        captions_for([cue], still, plan, played).burn(picture, at_ms)

    return draw
