"""The pictures before and after a clip: intro, end card, outro, at the clip's own size and rate. Encodes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import av
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from core.errors import Rejected
from core.media.decode.reader import Reader
from schemas.common import CropBox, TimeRange
from schemas.documents.frame_plan import ShotCrop
from schemas.documents.source import SourceIndex, VideoTrack
from streams.renderer.branding.brand_assets import Around, Dress
from streams.renderer.branding.lower_third import drawn_text, plain_template
from streams.renderer.captions.burn_in import blend, yuv_patches
from streams.renderer.captions.cue_painter import Lettering
from streams.renderer.captions.word_painter import rgba
from streams.renderer.timeline.slots import Part, Slot, Timeline, fill_slots
from streams.renderer.typography.font_fallback import drawable
from streams.renderer.video.planes import copied, rows
from streams.renderer.video.scaler import Painter, deinterlaced

LEAD_MS = 100
NOWHERE_MS = -1
"""The source's time of a picture that is not of the source."""
FAR = 1_000_000
AWAY = ShotCrop(
    range=TimeRange(start_ms=0, end_ms=0),
    mode="fit",
    crop=CropBox(x=0, y=0, width=FAR, height=FAR),
    reason="this picture is the brand kit's, not the source's",
)
"""What the certificate is told of it: no crop that any other is near to, so that there is a cut and no movement."""
MOST_CUT = 0.3
"""Share of an intro's picture that may be cut off for it to fill the output; else all of it is shown on a ground."""
GROUND = "#10131a"


class Shown(NamedTuple):
    """A picture to be encoded, and its slot."""

    picture: av.VideoFrame
    slot: Slot


class Inserts:
    """What a kit shows around the clip; nothing without one."""

    def __init__(
        self, dress: Dress | None, around: Around, timeline: Timeline, size_px: tuple[int, int], scratch: Path
    ) -> None:
        """``timeline`` is of all of it: intro, clip, end card, outro."""
        self._dress, self._around, self._timeline = dress, around, timeline
        self._size_px, self._scratch = size_px, scratch

    def before(self) -> Iterator[Shown]:
        """The intro's pictures, in order."""
        if self._dress is not None and self._dress.kit.intro is not None:
            yield from self._film(self._dress, self._dress.kit.intro, 0, self._around.intro)

    def after(self) -> Iterator[Shown]:
        """The end card's pictures, then the outro's."""
        if self._dress is None:
            return
        last = self._timeline.count - self._around.outro
        if self._around.card:
            card = end_card(self._dress, self._size_px)
            for number in range(last - self._around.card, last):
                yield Shown(copied(card), self._slot(number))
        if self._dress.kit.outro is not None:
            yield from self._film(self._dress, self._dress.kit.outro, last, self._around.outro)

    def _slot(self, number: int) -> Slot:
        return Slot(number=number, at_ms=float(number * self._timeline.period_ms))

    def _film(self, dress: Dress, asset_id: UUID, first: int, count: int) -> Iterator[Shown]:
        index = dress.indexes.get(asset_id)
        if index is None or not count:
            return
        part = Part(first=first, end=first + count, source_ms=Fraction(0))
        with Path(dress.files[asset_id]).open("rb") as file:
            shown = 0
            for one in self._painted(Reader(file, index), index, part):
                yield one
                shown += 1
        if shown < count:
            raise Rejected("media.no_pictures", "The brand kit's intro or outro cannot be decoded any more.")

    def _painted(self, reader: Reader, index: SourceIndex, part: Part) -> Iterator[Shown]:
        assert index.video is not None
        painter = Painter(index.video, self._size_px, self._scratch)
        shot = filling(index.video, self._size_px)
        pictures = deinterlaced(reader.pictures(part.range(self._timeline.period_ms, LEAD_MS)))
        for at_ms, picture, slots in fill_slots(pictures, self._timeline, part):
            painted = painter.paint(picture, shot, at_ms)
            for slot in slots:
                yield Shown(painted if slot is slots[-1] else copied(painted), slot)
        reader.close()


def filling(track: VideoTrack, size_px: tuple[int, int]) -> ShotCrop:
    """The middle of a film that fills the output, where that cuts off little; else all of it."""
    across, down = track.display_width, track.display_height
    ratio = min(across / size_px[0], down / size_px[1])
    width, height = round(size_px[0] * ratio), round(size_px[1] * ratio)
    fits = width * height >= (1 - MOST_CUT) * across * down
    crop = CropBox(x=(across - width) // 2, y=(down - height) // 2, width=width, height=height)
    whole = CropBox(x=0, y=0, width=across, height=down)
    return ShotCrop(
        range=TimeRange(start_ms=0, end_ms=2**31 - 1),
        mode="hold" if fits else "fit",
        crop=crop if fits else whole,
        reason="brand",
    )


def end_card(dress: Dress, size_px: tuple[int, int]) -> av.VideoFrame:
    """The card as a picture to be encoded."""
    card = dress.kit.end_card
    assert card is not None
    ground = Image.new("RGBA", size_px, rgba(dress.kit.colour(card.background, "background", GROUND)))
    path, text = dress.files.get(card.asset_id) if card.asset_id is not None else None, drawable(card.text).strip()
    if path is not None:
        _lay_picture(ground, Path(path), card.width, raised=bool(text))
    if text:
        template = plain_template(
            font=card.font,
            size=card.size,
            fill=dress.kit.colour(card.fill, "text", "#ffffff"),
            heights=(0.66, 0.74, 0.74) if path is not None else (0.5, 0.5, 0.5),
            lines=2,
        )
        lettering = drawn_text(text, template, dress, size_px)
        ground.alpha_composite(lettering.picture, (lettering.x_px, lettering.y_px))
    ground.putalpha(255)
    return as_frame(ground)


def _lay_picture(ground: Image.Image, path: Path, width: float, *, raised: bool) -> None:
    """A picture in the middle of the card, or above its text."""
    with Image.open(path, formats=("PNG",)) as opened:
        picture = opened.convert("RGBA")
    ratio = min(width * ground.width / picture.width, 0.45 * ground.height / picture.height)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    middle = 0.42 if raised else 0.5
    ground.alpha_composite(picture, ((ground.width - size[0]) // 2, round(ground.height * middle - size[1] / 2)))


def as_frame(picture: Image.Image) -> av.VideoFrame:
    """An opaque RGBA picture of even sides as yuv420p, BT.709 limited: the colours that overlays get."""
    frame = av.VideoFrame(picture.width, picture.height, "yuv420p")
    frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
    for plane, patch in zip(frame.planes, yuv_patches(Lettering(picture=picture, x_px=0, y_px=0)), strict=True):
        rows(plane)[:] = 0
        blend(rows(plane), patch)
    return frame
