"""Screens and slides made by a seed: what people show while they talk.

Five kinds: slides, code, application windows, tables, and slides next to a camera picture.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDE, HIGH = 1280, 720
FONTS = Path(__file__).parents[2] / "streams" / "renderer" / "typography" / "fonts"
WORDS = [
    "growth",
    "market",
    "share",
    "revenue",
    "quarter",
    "plan",
    "team",
    "users",
    "model",
    "data",
    "cost",
    "time",
    "risk",
    "layer",
    "node",
    "value",
    "result",
    "method",
    "test",
    "energy",
    "mass",
    "force",
    "field",
    "theory",
    "graph",
    "index",
    "query",
    "cache",
    "event",
    "stream",
    "queue",
    "worker",
    "signal",
    "noise",
    "sample",
    "error",
    "margin",
    "why",
    "how",
    "what",
    "next",
    "steps",
    "summary",
    "agenda",
    "questions",
    "thank",
    "you",
    "open",
    "close",
    "left",
    "right",
    "over",
    "under",
    "between",
    "toward",
    "return",
]
GROUNDS = [
    (255, 255, 255), (248, 248, 244), (238, 242, 250), (20, 24, 32), (32, 34, 40), (0, 0, 0), (12, 40, 90), (90, 20, 30)
]  # fmt: skip
ACCENTS = [(210, 60, 50), (40, 120, 200), (60, 160, 90), (230, 150, 30), (130, 80, 180), (90, 200, 210)]
Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw


def font(dice: random.Random, size: int) -> Any:
    """One of three faces."""
    name = dice.choice(("InterDisplay-ExtraBold.otf", "NotoSans-Bold.ttf", ""))
    return ImageFont.truetype(str(FONTS / name), size) if name else ImageFont.load_default(size)


def draw_words(dice: random.Random, least: int, most: int) -> str:
    """Some words."""
    return " ".join(dice.choices(WORDS, k=dice.randint(least, most)))


def ink(ground: Colour) -> Colour:
    """A colour that can be read on a ground."""
    return (28, 28, 30) if sum(ground) > 380 else (236, 236, 238)


def slide(dice: random.Random) -> Image.Image:
    """A title, and points or bars."""
    ground = dice.choice(GROUNDS)
    page = Image.new("RGB", (WIDE, HIGH), ground)
    draw = ImageDraw.Draw(page)
    if dice.random() < 0.4:
        draw.rectangle((0, 0, WIDE, dice.randint(40, 130)), fill=dice.choice(ACCENTS))
    draw.text((80, dice.randint(30, 90)), draw_words(dice, 2, 5).title(), ink(ground), font(dice, dice.randint(48, 76)))
    if dice.random() < 0.65:
        face, step = font(dice, dice.randint(26, 40)), dice.randint(60, 92)
        for number in range(dice.randint(2, 6)):
            draw.text((110, 190 + number * step), "• " + draw_words(dice, 3, 9), ink(ground), face)
    else:
        for number in range(dice.randint(3, 9)):
            top = dice.randint(200, 560)
            draw.rectangle((140 + number * 110, top, 210 + number * 110, 620), fill=dice.choice(ACCENTS))
        draw.line((110, 620, 1180, 620), ink(ground), 3)
    return page


def code(dice: random.Random) -> Image.Image:
    """Lines of many colours on a dark or a white ground."""
    ground = dice.choice([(30, 30, 30), (39, 40, 34), (0, 43, 54), (0, 0, 0), (255, 255, 255)])
    page = Image.new("RGB", (WIDE, HIGH), ground)
    draw, size = ImageDraw.Draw(page), dice.randint(16, 28)
    face = font(dice, size)
    for line in range(HIGH // (size + 8)):
        x = 70 + dice.choice((0, 0, 1, 2, 3)) * 2 * size
        for _ in range(dice.randint(0, 7)):
            word = dice.choice(WORDS)
            draw.text((x, 12 + line * (size + 8)), word, dice.choice([ink(ground), *ACCENTS]), face)
            x += round(draw.textlength(word + " ", face))
    draw.rectangle((0, 0, 48, HIGH), fill=tuple(min(255, part + 14) for part in ground))
    return page


def window(dice: random.Random) -> Image.Image:
    """An application: bars, a side, cards with text."""
    ground = dice.choice([(245, 246, 248), (255, 255, 255), (24, 26, 30), (0, 0, 0)])
    page = Image.new("RGB", (WIDE, HIGH), ground)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, WIDE, 56), fill=dice.choice([*ACCENTS, (60, 64, 70), (230, 232, 236)]))
    draw.rectangle((0, 56, dice.randint(160, 260), HIGH), fill=tuple(max(0, part - 16) for part in ground))
    face = font(dice, dice.randint(16, 22))
    for number in range(dice.randint(6, 14)):
        draw.text((24, 80 + number * 42), dice.choice(WORDS), ink(ground), face)
    for number in range(dice.randint(2, 6)):
        x, y = 300 + number % 3 * 320, 90 + number // 3 * 310
        draw.rectangle((x, y, x + 290, y + 280), outline=(150, 154, 160), width=2)
        draw.rectangle((x + 16, y + 16, x + 274, y + 120), fill=dice.choice(ACCENTS))
        for line in range(4):
            draw.text((x + 16, y + 136 + line * 32), draw_words(dice, 2, 4)[:26], ink(ground), face)
    return page


def table(dice: random.Random) -> Image.Image:
    """Numbers in rows and columns."""
    page = Image.new("RGB", (WIDE, HIGH), (255, 255, 255))
    draw, high, wide = ImageDraw.Draw(page), dice.randint(24, 44), dice.randint(90, 170)
    face = font(dice, high - 10)
    for row in range(HIGH // high + 1):
        if row % 2 and dice.random() < 0.8:
            draw.rectangle((0, row * high, WIDE, (row + 1) * high), fill=(238, 242, 248))
        draw.line((0, row * high, WIDE, row * high), (205, 205, 205), 1)
        for column in range(WIDE // wide + 1):
            if dice.random() < 0.8:
                draw.text((column * wide + 6, row * high + 3), f"{dice.uniform(0, 9999):.1f}", (30, 30, 34), face)
    for column in range(WIDE // wide + 1):
        draw.line((column * wide, 0, column * wide, HIGH), (205, 205, 205), 1)
    return page


def squeezed(page: Image.Image, dice: random.Random) -> NDArray[np.uint8]:
    """The page as a video would show it, 1280×720."""
    soft = page.filter(ImageFilter.GaussianBlur(dice.uniform(0, 0.8)))
    packed = io.BytesIO()
    soft.save(packed, "JPEG", quality=dice.randint(35, 80))
    return np.asarray(Image.open(packed).convert("RGB"))


KINDS: dict[str, Callable[[random.Random], Image.Image]] = {
    "slide": slide,
    "code": code,
    "window": window,
    "table": table,
}


def put_camera(page: Image.Image, camera: NDArray[np.uint8], dice: random.Random) -> Image.Image:
    """The page with a camera's picture in a corner, a fifth to a third of its width."""
    wide = round(WIDE * dice.uniform(0.2, 0.33))
    small = Image.fromarray(camera)
    small = small.resize((wide, round(small.height * wide / small.width)))
    combined = page.copy()
    combined.paste(small, (dice.choice((20, WIDE - wide - 20)), dice.choice((20, HIGH - small.height - 20))))
    return combined
