"""Shapes text into placed glyphs with HarfBuzz: ligatures, marks, conjuncts, right to left.

All lengths are shares of the font size, so that one shaping serves every size. A word is split into runs of one
direction and one font: a character missing from the first font comes from the next one that has it.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import uharfbuzz as hb

from core.domain.text.graphemes import clusters
from streams.renderer.typography.bidi import base_level, resolve_levels, visual_order
from streams.renderer.typography.font_fallback import choose_font, has_glyphs
from streams.renderer.typography.fonts import EMOJI_FONT, SCRIPT_REACH_RATIOS, Face, open_font

EMOJI_SIZE_RATIO = 0.85
"""Size of emoji relative to the font: at full size they are half again as tall as capitals."""
EMOJI_DESCENT_RATIO = 0.12
"""Descent of emoji below the line, as a share of the font size: this centres them on capitals."""


class Glyph(NamedTuple):
    """A glyph, and its origin relative to the word's left end and the baseline."""

    file: str
    number: int
    x: float
    y: float


class ClusterEdges(NamedTuple):
    """Left and right end of a text cluster, and whether it is read from the right."""

    left: float
    right: float
    backwards: bool


class ShapedWord(NamedTuple):
    """A word's glyphs from left to right, and its clusters in reading order."""

    glyphs: tuple[Glyph, ...]
    width: float
    clusters: tuple[ClusterEdges, ...]
    up: float
    """Reach of its ink above the line."""
    down: float
    script_reach: tuple[float, float] | None
    """Usual reach of its script's letters above and below the line; None: as Latin."""


class _FontPiece(NamedTuple):
    """A cluster with its font, its direction and its position in the text."""

    text: str
    file: str
    level: int
    at: int


@lru_cache(maxsize=4096)
def text_levels(text: str) -> tuple[int, ...]:
    """Bidi levels of a text on its own; empty where all of it runs left to right."""
    return tuple(resolve_levels(text, base_level(text))) if has_right_to_left(text) else ()


def has_right_to_left(text: str) -> bool:
    """Whether any character runs right to left."""
    return not text.isascii() and any(unicodedata.bidirectional(sign) in ("R", "AL", "AN") for sign in text)


@lru_cache(maxsize=4096)
def shape_text(text: str, face: Face, language: str | None = None, directions: tuple[int, ...] = ()) -> ShapedWord:
    """Shape a word in a face.

    ``directions``: the characters' bidi levels (`bidi.resolve_levels`); empty: all left to right.
    """
    glyphs: list[Glyph] = []
    edges: dict[int, ClusterEdges] = {}
    pen_x = 0.0
    runs = [
        tuple(run)
        for _, run in groupby(_split_by_font(text, face, directions), key=lambda piece: (piece.file, piece.level))
    ]
    for place in visual_order([run[0].level for run in runs]):
        run = runs[place]
        run_glyphs, width, run_edges = _shape_run(text, run, language)
        glyphs += [glyph._replace(x=glyph.x + pen_x) for glyph in run_glyphs]
        for piece, edge in zip(run, run_edges, strict=True):
            edges[piece.at] = edge._replace(left=edge.left + pen_x, right=edge.right + pen_x)
        pen_x += width
    reaches = [_glyph_reach(glyph) for glyph in glyphs]
    script_reaches = [SCRIPT_REACH_RATIOS[run[0].file] for run in runs if run[0].file in SCRIPT_REACH_RATIOS]
    return ShapedWord(
        glyphs=tuple(glyphs),
        width=pen_x,
        clusters=tuple(edges[at] for at in sorted(edges)),
        up=max((up for up, _ in reaches), default=0.0),
        down=max((down for _, down in reaches), default=0.0),
        script_reach=(max(up for up, _ in script_reaches), max(down for _, down in script_reaches))
        if script_reaches
        else None,
    )


def _split_by_font(text: str, face: Face, directions: Sequence[int]) -> list[_FontPiece]:
    """Each cluster with its font; punctuation takes the font of the letters it follows, where that has it."""
    pieces: list[_FontPiece] = []
    at = 0
    signs = clusters(text)
    for number, sign in enumerate(signs):
        file = choose_font(sign, face)
        near_file = pieces[-1].file if pieces else _next_file(signs[number + 1 :], face)
        if near_file and near_file != EMOJI_FONT and _is_punctuation(sign) and has_glyphs(near_file, sign):
            file = near_file
        pieces.append(_FontPiece(sign, file, directions[at] if directions else 0, at))
        at += len(sign)
    return pieces


def _next_file(signs: Sequence[str], face: Face) -> str | None:
    letters = next((sign for sign in signs if not _is_punctuation(sign)), None)
    return choose_font(letters, face) if letters else None


def _is_punctuation(sign: str) -> bool:
    return unicodedata.category(sign[0])[0] == "P"


def _shape_run(
    text: str, run: Sequence[_FontPiece], language: str | None
) -> tuple[list[Glyph], float, list[ClusterEdges]]:
    """Glyphs, width and clusters of one run, from its left end."""
    file, backwards = run[0].file, bool(run[0].level % 2)
    font = open_font(file)
    buffer: Any = hb.Buffer()
    start, end = run[0].at, run[-1].at + len(run[-1].text)
    buffer.add_codepoints([ord(sign) for sign in text], start, end - start)
    buffer.direction = "rtl" if backwards else "ltr"
    if language:
        buffer.language = language
    buffer.guess_segment_properties()
    hb.shape(font.shaper, buffer)
    scale = (EMOJI_SIZE_RATIO if file == EMOJI_FONT else 1.0) / font.units
    glyphs, pen_x, spans = [], 0.0, list[tuple[int, float, float]]()
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        x, y = pen_x + position.x_offset * scale, position.y_offset * scale
        glyphs.append(Glyph(file, info.codepoint, x, y))
        spans.append((info.cluster, pen_x, pen_x + position.x_advance * scale))
        pen_x += position.x_advance * scale
    return glyphs, pen_x, _cluster_edges(run, spans, backwards=backwards)


def _cluster_edges(
    run: Sequence[_FontPiece], spans: Sequence[tuple[int, float, float]], *, backwards: bool
) -> list[ClusterEdges]:
    """Edges of each cluster; clusters merged into one glyph share its width."""
    begins = sorted({cluster for cluster, _, _ in spans})
    owners = [begins[max(0, bisect_left(begins, piece.at + len(piece.text)) - 1)] for piece in run]
    sides: dict[int, tuple[float, float]] = {}
    keys = sorted(set(owners))
    for cluster, left, right in spans:
        key = keys[min(bisect_left(keys, cluster), len(keys) - 1)]
        leftmost, rightmost = sides.get(key, (left, right))
        sides[key] = min(leftmost, left), max(rightmost, right)
    all_edges: list[ClusterEdges] = []
    for owner, members in groupby(owners):
        left, right = sides[owner]
        count = len(list(members))
        step = (right - left) / count
        edges = [ClusterEdges(left + place * step, left + (place + 1) * step, backwards) for place in range(count)]
        all_edges += reversed(edges) if backwards else edges
    return all_edges


@lru_cache(maxsize=8192)
def _glyph_extents(file: str, number: int) -> tuple[float, float]:
    font = open_font(file)
    extents = font.shaper.get_glyph_extents(number)
    if extents is None:
        return 0.0, 0.0
    return extents.y_bearing / font.units, -(extents.y_bearing + extents.height) / font.units


def _glyph_reach(glyph: Glyph) -> tuple[float, float]:
    """The reach of a glyph above and below the line."""
    if glyph.file == EMOJI_FONT:
        return 1.0 - EMOJI_DESCENT_RATIO, EMOJI_DESCENT_RATIO
    up, down = _glyph_extents(glyph.file, glyph.number)
    return up + glyph.y, down - glyph.y
