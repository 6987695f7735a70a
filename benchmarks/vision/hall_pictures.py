"""A talk in a hall, filmed from behind, made by a seed: a small real speaker in a drawn hall.

A dark audience below, a lit screen or a wall with letters in the middle, and at one side a speaker cut out of a shared
file: by the blue behind them, by an empty frame of the same room, or along head and shoulders. The places of the
speaker and of the largest letters are known.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Literal

import av
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.vision.drawn import FONTS, draw_words
from benchmarks.vision.panels import GOOGLE, LECTURE, OBAMA, STAGE, Part
from schemas.common import Box

Picture = NDArray[np.uint8]
Place = tuple[float, float, float, float]
WIDE, HIGH, RATE, LENGTH_S = 1_280, 720, 25, 3.2
ROOM = "talking/intel_one_person_139s_nofaceaudio.mp4"
EMPTY_S = 89.0
"""Second at which the room of that file is empty."""
MIN_DIFFERENCE_LEVELS = 26
"""Minimum difference of a person from the empty room, in levels."""
TITLES = ["NEW YORK", "WELCOME BACK", "OPEN SOURCE", "THE NEXT TEN YEARS", "RESULTS", "QUESTIONS?", "CLIMATE 2040"]
LEAST_HIGH, MOST_HIGH = 0.08, 0.34
"""Range of the speaker's height from head to hips, as a share of the frame's."""
WIDE_SHOT_HEIGHTS = 0.05, 0.12
"""The same where a close-up comes first: most of them are too small for the detectors to find."""
CLOSE_UP_S = 2.4


class Speaker(msgspec.Struct, frozen=True, kw_only=True):
    """A person of a shared file: part, place (left, top, width, height as shares), way of cutting out."""

    name: str
    part: Part
    place: Place
    cut: Literal["bust", "blue", "room"]


SPEAKERS = [
    Speaker(
        name="performer",
        part=Part(file=STAGE, start_s=3.2, end_s=4.6),
        place=(0.16, 0.06, 0.5, 0.94),
        cut="bust",
    ),
    Speaker(name="president", part=Part(file=OBAMA, start_s=0.2, end_s=2.4), place=(0.38, 0.06, 0.5, 0.74), cut="bust"),
    Speaker(
        name="lecturer", part=Part(file=LECTURE, start_s=23.2, end_s=26.0), place=(0.2, 0.02, 0.6, 0.98), cut="bust"
    ),
    Speaker(
        name="talker",
        part=Part(file="talking/grid_swwp2s.mpg", start_s=0.3, end_s=2.7),
        place=(0.0, 0.1, 1.0, 0.9),
        cut="blue",
    ),
    Speaker(name="woman", part=Part(file=ROOM, start_s=9.0, end_s=14.0), place=(0.44, 0.0, 0.28, 0.94), cut="room"),
    Speaker(name="man", part=Part(file=ROOM, start_s=32.0, end_s=37.0), place=(0.44, 0.0, 0.28, 0.94), cut="room"),
    Speaker(name="visitor", part=Part(file=ROOM, start_s=96.5, end_s=101.0), place=(0.44, 0.0, 0.28, 0.94), cut="room"),
    Speaker(
        name="engineer", part=Part(file=GOOGLE, start_s=27.8, end_s=30.5), place=(0.1, 0.02, 0.42, 0.78), cut="bust"
    ),
]


class Hall(msgspec.Struct, frozen=True, kw_only=True):
    """One made file, and what is true of it, in pixels."""

    file: str
    speaker: str
    high: float
    """Of the picture: from head to hips, or to what they stand behind."""
    body: Box
    letters: Box
    """The largest line of letters."""
    kind: Literal["screen", "wall"]
    start_ms: int = 0
    """When the hall comes, after a close-up of the speaker."""


def make(media: Path, seed: int, number: int, folder: Path, *, close_up: bool = False) -> Hall:
    """Write one file.

    With ``close_up`` the speaker is shown near first, then smaller than in the other halls.
    """
    dice = random.Random(f"hall-{seed}-{number}")
    speaker = SPEAKERS[number % len(SPEAKERS)]
    heights = WIDE_SHOT_HEIGHTS if close_up else (LEAST_HIGH, MOST_HIGH)
    high = round(HIGH * dice.uniform(*heights))
    kind: Literal["screen", "wall"] = "wall" if dice.random() < 0.3 else "screen"
    floor = round(HIGH * dice.uniform(0.62, 0.72))
    stage, letters, free = _stage(dice, kind, floor)
    figures = [_lit(cutout, mask, high) for cutout, mask in _cut_out(media, speaker)]
    wide = max(picture.shape[1] for picture, _ in figures)
    left = dice.choice(_speaker_places(free, wide)) + dice.randint(-8, 8)
    left = min(max(4, left), WIDE - wide - 4)
    light, top = dice.uniform(0.55, 1.0), floor - high
    stage += _spot(left + wide // 2, floor - high // 2, high, dice.uniform(0, 50))
    turning = [*range(len(figures)), *range(len(figures) - 2, 0, -1)]
    crowd = _crowd(dice, floor)
    grain = np.random.default_rng(number).normal(0, dice.uniform(1.0, 4.0), (HIGH, WIDE + 64, 1))
    near = _pictures(media, speaker.part)[: round(CLOSE_UP_S * RATE)] if close_up else []
    path = folder / f"{'talk' if close_up else 'hall'}-{seed}-{number:02}.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "superfast", "crf": "21"})
        video.width, video.height, video.pix_fmt = WIDE, HIGH, "yuv420p"
        for picture in near:
            container.mux(video.encode(av.VideoFrame.from_ndarray(_filling(picture), format="rgb24")))
        for count in range(round(LENGTH_S * RATE)):
            picture, mask = figures[turning[count % len(turning)]]
            frame = stage.copy()
            part = frame[top : top + picture.shape[0], left : left + picture.shape[1]]
            part += mask[..., None] * (picture * light - part)
            if speaker.cut != "room":
                _lectern(frame, left + picture.shape[1] // 2, floor, high)
            frame = np.where(crowd[..., None] > 0, crowd[..., None] * 0.12 + 4.0, frame)
            frame += grain[:, (count * 7) % 64 : (count * 7) % 64 + WIDE]
            pixels = np.clip(frame, 0, 255).astype(np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(video.encode(None))
    extent = np.median([_extent(mask) for _, mask in figures], axis=0).tolist()
    body = Box(x=left + extent[0], y=top + extent[1], width=extent[2] - extent[0], height=extent[3] - extent[1])
    return Hall(
        file=path.name, speaker=speaker.name, high=round(high / HIGH, 3), body=body, letters=letters, kind=kind,
        start_ms=len(near) * 1000 // RATE,
    )  # fmt: skip


def _filling(picture: Picture) -> Picture:
    """The picture as large as the hall's, cut at two sides where its shape is another."""
    ratio = max(WIDE / picture.shape[1], HIGH / picture.shape[0])
    size = max(WIDE, round(picture.shape[1] * ratio)), max(HIGH, round(picture.shape[0] * ratio))
    large = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    left, top = (size[0] - WIDE) // 2, (size[1] - HIGH) // 2
    return np.ascontiguousarray(large[top : top + HIGH, left : left + WIDE])


def _extent(mask: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a person in a mask."""
    rows, columns = np.nonzero(mask > 0.5)
    return (
        float(np.percentile(columns, 1)), float(rows.min()), float(np.percentile(columns, 99)), float(rows.max())
    )  # fmt: skip


def _stage(dice: random.Random, kind: str, floor: int) -> tuple[NDArray[np.float32], Box, tuple[int, int]]:
    """The empty stage, the box of its largest letters, and the screen's left and right edge."""
    tint = [dice.randint(8, 46) for _ in range(3)]
    across = np.abs(np.linspace(-1, 1, WIDE))
    ground = np.asarray(tint, np.float32) * (1.0 - 0.6 * across)[None, :, None] * np.ones((HIGH, 1, 1), np.float32)
    image = Image.fromarray(ground.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, floor, WIDE, HIGH), fill=tuple(part // 2 + 14 for part in tint))
    wide = round(WIDE * dice.uniform(0.36, 0.52))
    high, top = round(wide * 9 / 16), round(HIGH * dice.uniform(0.05, 0.12))
    left = round((WIDE - wide) / 2 + dice.uniform(-0.04, 0.04) * WIDE)
    title = dice.choice(TITLES)
    if kind == "wall":
        size = _fitting(title, wide, dice.uniform(0.1, 0.16) * HIGH)
        box = _draw_title(draw, title, size, (left + wide // 2, top + high // 3), (225, 225, 220))
        return np.asarray(image, np.float32), box, (left, left + wide)
    page = dice.choice([(236, 238, 240), (250, 248, 240), (24, 60, 120), (16, 18, 22)])
    ink = (24, 26, 30) if sum(page) > 380 else (235, 236, 240)
    draw.rectangle((left, top, left + wide, top + high), fill=page)
    size = _fitting(title, round(0.86 * wide), 0.2 * high)
    box = _draw_title(draw, title, size, (left + wide // 2, top + round(0.22 * high)), ink)
    face = ImageFont.truetype(str(FONTS / "NotoSans-Bold.ttf"), round(0.075 * high))
    for line in range(dice.randint(2, 4)):
        draw.text((left + 0.1 * wide, top + (0.42 + 0.13 * line) * high), draw_words(dice, 2, 4), ink, face)
    glow = np.asarray(image.filter(ImageFilter.GaussianBlur(40)), np.float32)
    return np.asarray(image, np.float32) * 0.9 + glow * 0.12, box, (left, left + wide)


def _fitting(title: str, wide: int, high: float) -> Any:
    size = round(high)
    while True:
        face = ImageFont.truetype(str(FONTS / "NotoSans-Bold.ttf"), size)
        if face.getlength(title) <= wide or size < 20:
            return face
        size -= 2


def _draw_title(draw: ImageDraw.ImageDraw, title: str, face: Any, middle: tuple[int, int], ink: tuple[int, ...]) -> Box:
    draw.text(middle, title, ink, face, anchor="mm")
    x, y, right, bottom = draw.textbbox(middle, title, face, anchor="mm")
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def _speaker_places(free: tuple[int, int], wide: int) -> list[int]:
    """Return where the speaker may stand: next to the screen, or at the frame's edge."""
    low, high = free
    left, right = (low - wide) // 2, high + (WIDE - high - wide) // 2
    return [left, left, left, right, round(0.02 * WIDE)]


def _crowd(dice: random.Random, floor: int) -> NDArray[np.float32]:
    """Draw heads and shoulders of an audience from behind: their brightness, 0 outside."""
    image = Image.new("L", (WIDE, HIGH))
    draw, low = ImageDraw.Draw(image), floor + 34
    while low < HIGH + 60:
        size = 26 + (low - floor) * 0.28
        x = -size * dice.random()
        while x < WIDE + size:
            shade = dice.randint(40, 150)
            draw.ellipse((x - size, low + size * 0.9, x + size, low + size * 4), fill=shade)
            draw.ellipse((x - size * 0.45, low - size * 0.25, x + size * 0.45, low + size * 0.95), fill=shade)
            x += size * dice.uniform(2.0, 2.6)
        low += round(size * 0.9)
    return np.asarray(image, np.float32)


def _spot(x: int, y: int, high: int, light: float) -> NDArray[np.float32]:
    """The light around a speaker."""
    down, across = np.ogrid[:HIGH, :WIDE]
    far = ((down - y) ** 2 + (across - x) ** 2) / (1.1 * high) ** 2
    return np.asarray(light * np.exp(-far), np.float32)[..., None]


def _lectern(stage: NDArray[np.float32], middle: int, floor: int, high: int) -> None:
    """Draw what hides the lower part of a speaker who is seen to the chest."""
    half, top = round(0.3 * high), floor - round(0.12 * high)
    stage[top : floor + round(0.7 * high), max(0, middle - half) : middle + half] = (58, 40, 28)


Cut = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A picture, and how much of each point is somebody, 0..1."""


def _lit(picture: Picture, mask: NDArray[np.float32], high: int) -> Cut:
    """Scale a picture and its mask to a height of ``high`` pixels."""
    wide = max(2, round(picture.shape[1] * high / picture.shape[0]))
    small = Image.fromarray(picture).resize((wide, high), Image.Resampling.LANCZOS)
    soft = Image.fromarray((mask * 255).astype(np.uint8)).resize((wide, high), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32), np.asarray(soft, np.float32) / 255


def _cut_out(media: Path, speaker: Speaker) -> list[tuple[Picture, NDArray[np.float32]]]:
    pictures = [_crop_place(picture, speaker.place) for picture in _pictures(media, speaker.part)]
    if speaker.cut == "bust":
        return [(picture, _bust(picture.shape[1], picture.shape[0])) for picture in pictures]
    if speaker.cut == "blue":
        return [(picture, _soft(picture[..., 2].astype(np.int16) - picture[..., 0] < 40)) for picture in pictures]
    part = Part(file=speaker.part.file, start_s=EMPTY_S, end_s=EMPTY_S + 0.3)
    empty = _crop_place(_pictures(media, part)[0], speaker.place).astype(np.int16)
    masks = [
        _soft(np.abs(picture.astype(np.int16) - empty).max(axis=2) > MIN_DIFFERENCE_LEVELS) for picture in pictures
    ]
    rows = np.flatnonzero(np.median([mask.max(axis=1) for mask in masks], axis=0) > 0.5)
    half = (rows[0], rows[0] + round(0.62 * (rows[-1] - rows[0])))  # to the hips, or a little below
    return [
        (picture[half[0] : half[1]], mask[half[0] : half[1]]) for picture, mask in zip(pictures, masks, strict=True)
    ]


def _bust(wide: int, high: int) -> NDArray[np.float32]:
    """Head and shoulders, soft at their edges."""
    image = Image.new("L", (wide, high))
    draw = ImageDraw.Draw(image)
    draw.ellipse((0.3 * wide, 0.0, 0.7 * wide, 0.55 * high), fill=255)
    draw.polygon(
        [(0.36 * wide, 0.36 * high), (0.64 * wide, 0.36 * high), (0.95 * wide, 0.62 * high), (0.98 * wide, high),
         (0.02 * wide, high), (0.05 * wide, 0.62 * high)], fill=255,
    )  # fmt: skip
    return np.asarray(image.filter(ImageFilter.GaussianBlur(wide / 40)), np.float32) / 255


def _soft(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    image = Image.fromarray((inside * 255).astype(np.uint8))
    image = image.filter(ImageFilter.MedianFilter(7)).filter(ImageFilter.GaussianBlur(1.2))
    return np.asarray(image, np.float32) / 255


def _crop_place(picture: Picture, place: Place) -> Picture:
    high, wide = picture.shape[:2]
    left, top = round(place[0] * wide), round(place[1] * high)
    return picture[top : top + round(place[3] * high), left : left + round(place[2] * wide)]


def _pictures(media: Path, part: Part) -> list[Picture]:
    """Pictures of a part, at 25 a second."""
    pictures: list[Picture] = []
    with av.open(str(media / part.file)) as container:
        stream = container.streams.video[0]
        origin_s = float((stream.start_time or 0) * (stream.time_base or 0))
        for frame in container.decode(stream):
            at_s = (frame.time or 0.0) - origin_s
            if at_s > part.end_s:
                break
            while at_s >= part.start_s + len(pictures) / RATE:
                pictures.append(frame.to_ndarray(format="rgb24"))
    return pictures
