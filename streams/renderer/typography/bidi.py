"""Resolves bidi levels of a line and its visual order (Unicode UAX 9). Pure.

Rules W1 to W7, N0 to N2, I1, I2, L1 and L2. Explicit embeddings and isolates (X1 to X8) are ignored: speech has none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

_BRACKETS = "()[]{}⁅⁆⁽⁾₍₎⌈⌉⌊⌋❨❩❪❫❬❭❮❯❰❱❲❳❴❵⟦⟧⟨⟩⟪⟫〈〉《》「」『』【】〔〕〖〗〘〙〚〛（）［］｛｝｟｠｢｣"
_CLOSING_BRACKETS = dict(zip(_BRACKETS[::2], _BRACKETS[1::2], strict=True))
_EQUIVALENT_BRACKETS = str.maketrans("\u2329\u232a", "\u3008\u3009")
"""Canonically equivalent brackets (BD16)."""
_IGNORED_TYPES = frozenset({"BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_NEUTRAL_TYPES = frozenset({"B", "S", "WS", "ON"})
RIGHT_TO_LEFT_LANGUAGES = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ku", "ps", "sd", "ug", "ur", "yi"}
)
"""Languages (ISO 639) written from right to left; Kurdish only where its letters are Arabic."""


def count_strong_letters(text: str) -> tuple[int, int]:
    """Number of strong left-to-right and right-to-left characters in a text."""
    kinds = [unicodedata.bidirectional(sign) for sign in text]
    return kinds.count("L"), kinds.count("R") + kinds.count("AL")


def base_level(text: str, language: str | None = None) -> int:
    """Base level of a line: 0 begins at the left, 1 at the right.

    Without right-to-left letters it is 0. A mixed line follows its language, where known, else the majority of its
    letters: a sentence that begins with a brand's name keeps its own direction.
    """
    right, left = count_strong_letters(text)
    if not left:
        return 0
    if language in RIGHT_TO_LEFT_LANGUAGES or not right:
        return 1
    return int(left > right)


def resolve_levels(text: str, base: int) -> list[int]:
    """The level of each character of a line: even levels run left to right, odd ones right to left."""
    kinds = [unicodedata.bidirectional(sign) or "L" for sign in text]
    positions = [at for at, kind in enumerate(kinds) if kind not in _IGNORED_TYPES]
    signs = "".join(text[at] for at in positions).translate(_EQUIVALENT_BRACKETS)
    resolved = _resolve_types(signs, [kinds[at] for at in positions], "R" if base else "L")
    levels = [base] * len(text)
    for at, kind in zip(positions, resolved, strict=True):
        levels[at] = _implicit_level(kind, base)
    for before, at in pairwise(range(len(text))):
        if kinds[at] in _IGNORED_TYPES:
            levels[at] = levels[before]
    return _reset_trailing_space(levels, kinds, base)


def _implicit_level(kind: str, base: int) -> int:
    """Rules I1 and I2."""
    if base % 2:
        return base + (kind != "R")
    return base + {"L": 0, "R": 1}.get(kind, 2)


def _reset_trailing_space(levels: list[int], kinds: Sequence[str], base: int) -> list[int]:
    """Rule L1: separators, and white space before them and at the end, get the base level."""
    at_end = True
    for at in reversed(range(len(levels))):
        if kinds[at] in ("B", "S"):
            at_end = True
        elif kinds[at] not in _IGNORED_TYPES and kinds[at] != "WS":
            at_end = False
        if at_end:
            levels[at] = base
    return levels


def _resolve_types(signs: str, kinds: list[str], base: str) -> list[str]:
    """Resolve each character's type to L, R, EN or AN."""
    marks = [kind == "NSM" for kind in kinds]
    kinds = _resolve_weak(kinds, base)
    kinds = _resolve_brackets(signs, kinds, marks, base)
    return _resolve_neutral(kinds, base)


def _resolve_weak(kinds: list[str], base: str) -> list[str]:
    """Rules W1 to W7."""
    strong_before, before = base, base
    for at, kind in enumerate(kinds):
        now = before if kind == "NSM" else kind  # W1
        if now in ("L", "R", "AL"):
            strong_before = now
        kinds[at] = "AN" if now == "EN" and strong_before == "AL" else now  # W2
        before = now
    kinds = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for at in range(1, len(kinds) - 1):  # W4
        previous, kind, following = kinds[at - 1 : at + 2]
        if previous == following and (
            (previous == "EN" and kind in ("ES", "CS")) or (previous == "AN" and kind == "CS")
        ):
            kinds[at] = previous
    for order in (range(len(kinds)), reversed(range(len(kinds)))):  # W5
        neighbour = ""
        for at in order:
            if kinds[at] == "ET" and neighbour == "EN":
                kinds[at] = "EN"
            neighbour = kinds[at]
    kinds = ["ON" if kind in ("ES", "ET", "CS") else kind for kind in kinds]  # W6
    strong_before = base
    for at, kind in enumerate(kinds):  # W7
        if kind in ("L", "R"):
            strong_before = kind
        elif kind == "EN" and strong_before == "L":
            kinds[at] = "L"
    return kinds


def _resolve_brackets(signs: str, kinds: list[str], marks: Sequence[bool], base: str) -> list[str]:
    """Rule N0: a bracket pair takes the direction of its content, or of what precedes it."""
    for opens, closes in _bracket_pairs(signs, kinds):
        inside = {_strong_side(kind) for kind in kinds[opens + 1 : closes]} - {""}
        if not inside:
            continue
        side = base
        if base not in inside:
            before = next((_strong_side(kind) for kind in reversed(kinds[:opens]) if _strong_side(kind)), base)
            side = before if before != base else base
        for at in (opens, closes):
            kinds[at] = side
            following = at + 1
            while following < len(kinds) and marks[following]:
                kinds[following] = side
                following += 1
    return kinds


def _strong_side(kind: str) -> str:
    """The direction a type has for neutral neighbours: numbers count as R."""
    return "R" if kind in ("R", "EN", "AN") else "L" if kind == "L" else ""


def _bracket_pairs(signs: str, kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Bracket pairs (BD16), sorted by opening bracket."""
    waiting: list[tuple[str, int]] = []
    pairs = []
    for at, sign in enumerate(signs):
        if kinds[at] != "ON":
            continue
        if sign in _CLOSING_BRACKETS:
            waiting.append((_CLOSING_BRACKETS[sign], at))
        else:
            match = next((place for place in reversed(range(len(waiting))) if waiting[place][0] == sign), None)
            if match is not None:
                pairs.append((waiting[match][1], at))
                del waiting[match:]
    return sorted(pairs)


def _resolve_neutral(kinds: list[str], base: str) -> list[str]:
    """Rules N1 and N2: neutrals between equal directions take them, else the base direction."""
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] in _NEUTRAL_TYPES:
            end += 1
        if end > at:
            before = _strong_side(kinds[at - 1]) if at else base
            after = _strong_side(kinds[end]) if end < len(kinds) else base
            kinds[at:end] = [before if before == after else base] * (end - at)
        at = max(end, at + 1)
    return kinds


def visual_order(levels: Sequence[int]) -> list[int]:
    """Rule L2: indices in visual order, from left to right."""
    order = list(range(len(levels)))
    odd = [level for level in levels if level % 2]
    for level in range(max(levels, default=0), min(odd, default=1) - 1, -1):
        at = 0
        while at < len(order):
            end = at
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[at:end] = reversed(order[at:end])
            at = max(end, at + 1)
    return order
