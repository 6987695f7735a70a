"""Makes the frames before and after a clip: intro, end card, outro, at the clip's size and rate."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import av
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from core.errors import InputRejected
from core.media.decode.reader import SourceReader
from schemas.common import CropBox, TimeRange
from schemas.documents.frame_plan import ShotCrop
from schemas.documents.source import SourceIndex, VideoTrack
from streams.renderer.branding.brand_assets import BrandAssets, BumperSlots
from streams.renderer.branding.lower_third import build_plain_template, draw_text
from streams.renderer.captions.burn_in import blend_patch, yuv_patches
from streams.renderer.captions.cue_painter import DrawnCue
from streams.renderer.captions.word_painter import parse_colour
from streams.renderer.timeline.slots import OutputTimeline, Slot, TimelinePart, fill_slots
from streams.renderer.typography.font_fallback import drop_undrawable
from streams.renderer.video.planes import copy_frame, plane_rows
from streams.renderer.video.scaler import FrameScaler, deinterlace

PRE_ROLL_MS = 100
"""Frames are read from this long before a bumper's start: the one shown first began earlier."""
NO_SOURCE_MS = -1
"""Source time of a frame that is not from the source."""
OUTSIDE_PX = 1_000_000
"""Side of the crop that stands for no crop: far from any other, so that checks see a cut, not a movement."""
BUMPER_SHOT = ShotCrop(
    range=TimeRange(start_ms=0, end_ms=0),
    mode="fit",
    crop=CropBox(x=0, y=0, width=OUTSIDE_PX, height=OUTSIDE_PX),
    reason="this picture is the brand kit's, not the source's",
)
"""The crop that quality checks see for bumper frames."""
MAX_CUT_OFF_RATIO = 0.3
"""Share of an intro's frame that may be cut off to fill the output; else it is fitted on a background."""
DEFAULT_BACKGROUND = "#10131a"
"""Background of an end card without a colour of its own."""


class BumperFrame(NamedTuple):
    """A frame to encode, and its slot."""

    frame: av.VideoFrame
    slot: Slot


class Bumpers:
    """The bumper frames of one export; none without a kit."""

    def __init__(
        self,
        assets: BrandAssets | None,
        slots: BumperSlots,
        timeline: OutputTimeline,
        size_px: tuple[int, int],
        scratch: Path,
    ) -> None:
        """``timeline`` covers intro, clip, end card and outro."""
        self._assets, self._slots_of, self._timeline = assets, slots, timeline
        self._size_px, self._scratch = size_px, scratch

    def before(self) -> Iterator[BumperFrame]:
        """The intro's frames, in order."""
        if self._assets is not None and self._assets.kit.intro is not None:
            yield from self._play(self._assets, self._assets.kit.intro, 0, self._slots_of.intro)

    def after(self) -> Iterator[BumperFrame]:
        """The end card's frames, then the outro's."""
        if self._assets is None:
            return
        last = self._timeline.count - self._slots_of.outro
        if self._slots_of.card:
            card = draw_end_card(self._assets, self._size_px)
            for number in range(last - self._slots_of.card, last):
                yield BumperFrame(copy_frame(card), self._slot(number))
        if self._assets.kit.outro is not None:
            yield from self._play(self._assets, self._assets.kit.outro, last, self._slots_of.outro)

    def _slot(self, number: int) -> Slot:
        return Slot(number=number, at_ms=float(number * self._timeline.period_ms))

    def _play(self, assets: BrandAssets, asset_id: UUID, first: int, count: int) -> Iterator[BumperFrame]:
        index = assets.indexes.get(asset_id)
        if index is None or not count:
            return
        part = TimelinePart(first=first, end=first + count, source_ms=Fraction(0))
        with Path(assets.files[asset_id]).open("rb") as file:
            count_shown = 0
            for frame in self._painted(SourceReader(file, index), index, part):
                yield frame
                count_shown += 1
        if count_shown < count:
            raise InputRejected("media.no_pictures", "The brand kit's intro or outro cannot be decoded any more.")

    def _painted(self, reader: SourceReader, index: SourceIndex, part: TimelinePart) -> Iterator[BumperFrame]:
        assert index.video is not None
        painter = FrameScaler(index.video, self._size_px, self._scratch)
        shot = choose_fill_crop(index.video, self._size_px)
        pictures = deinterlace(reader.read_frames(part.range(self._timeline.period_ms, PRE_ROLL_MS)))
        for at_ms, picture, slots in fill_slots(pictures, self._timeline, part):
            painted = painter.scale(picture, shot, at_ms)
            for slot in slots:
                yield BumperFrame(painted if slot is slots[-1] else copy_frame(painted), slot)
        reader.close()


def choose_fill_crop(track: VideoTrack, size_px: tuple[int, int]) -> ShotCrop:
    """Crop the middle of a video to fill the output where that cuts off little; else show all of it."""
    across, down = track.display_width, track.display_height
    ratio = min(across / size_px[0], down / size_px[1])
    width, height = round(size_px[0] * ratio), round(size_px[1] * ratio)
    fits = width * height >= (1 - MAX_CUT_OFF_RATIO) * across * down
    crop = CropBox(x=(across - width) // 2, y=(down - height) // 2, width=width, height=height)
    full_crop = CropBox(x=0, y=0, width=across, height=down)
    return ShotCrop(
        range=TimeRange(start_ms=0, end_ms=2**31 - 1),
        mode="hold" if fits else "fit",
        crop=crop if fits else full_crop,
        reason="brand",
    )


def draw_end_card(assets: BrandAssets, size_px: tuple[int, int]) -> av.VideoFrame:
    """Draw the end card as a frame to encode."""
    card = assets.kit.end_card
    assert card is not None
    canvas = Image.new(
        "RGBA", size_px, parse_colour(assets.kit.colour(card.background, "background", DEFAULT_BACKGROUND))
    )
    path, text = (
        assets.files.get(card.asset_id) if card.asset_id is not None else None,
        drop_undrawable(card.text).strip(),
    )
    if path is not None:
        _paste_card_picture(canvas, Path(path), card.width, raised=bool(text))
    if text:
        template = build_plain_template(
            font=card.font,
            size=card.size,
            fill=assets.kit.colour(card.fill, "text", "#ffffff"),
            heights=(0.66, 0.74, 0.74) if path is not None else (0.5, 0.5, 0.5),
            lines=2,
        )
        lettering = draw_text(text, template, assets, size_px)
        canvas.alpha_composite(lettering.image, (lettering.x_px, lettering.y_px))
    canvas.putalpha(255)
    return to_video_frame(canvas)


def _paste_card_picture(canvas: Image.Image, path: Path, width: float, *, raised: bool) -> None:
    """Paste a picture in the middle of the card, or above its text."""
    with Image.open(path, formats=("PNG",)) as opened:
        picture = opened.convert("RGBA")
    ratio = min(width * canvas.width / picture.width, 0.45 * canvas.height / picture.height)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    middle = 0.42 if raised else 0.5
    canvas.alpha_composite(picture, ((canvas.width - size[0]) // 2, round(canvas.height * middle - size[1] / 2)))


def to_video_frame(image: Image.Image) -> av.VideoFrame:
    """Convert an opaque RGBA image of even sides to yuv420p, BT.709 limited, as overlays are."""
    frame = av.VideoFrame(image.width, image.height, "yuv420p")
    frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
    for plane, patch in zip(frame.planes, yuv_patches(DrawnCue(image=image, x_px=0, y_px=0)), strict=True):
        plane_rows(plane)[:] = 0
        blend_patch(plane_rows(plane), patch)
    return frame
