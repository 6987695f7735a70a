"""Converts a written word to spoken words: "$3.4" to "three point four dollars". English. Pure."""

from __future__ import annotations

import functools
import re
import unicodedata

import inflect

SIGNS = {
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "¥": "yen",
    "%": "percent",
    "&": "and",
    "+": "plus",
    "=": "equals",
    "@": "at",
}
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_PIECES = re.compile(r"\d[\d,]*(?:\.\d+)?(?:st|nd|rd|th|s)?|[a-z]+(?:'[a-z]+)*|[$€£¥%&+=@]")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_MONEY = re.compile(r"([$€£¥])(" + _NUMBER.pattern + r")")


def spoken_words(word: str) -> list[str]:
    """The lower-case words that are spoken for a written one; none without letters and digits."""
    plain = unicodedata.normalize("NFKD", word.replace("’", "'").casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = _MONEY.sub(r"\2\1", plain)
    plain = _CLOCK.sub(lambda match: f"{match[1]} {match[2]}" if match[2] != "00" else f"{match[1]} o'clock", plain)
    return [word for piece in _PIECES.findall(plain) for word in _spell_piece(piece)]


def _spell_piece(piece: str) -> list[str]:
    if piece in SIGNS:
        return [SIGNS[piece]]
    return _number(piece) if piece[0].isdigit() else [piece]


def _number(text: str) -> list[str]:
    match = _NUMBER.match(text)
    assert match is not None
    digits, ending = match[0].replace(",", ""), text[match.end() :]
    if len(digits.split(".")[0]) > 15:
        return [word for digit in digits if digit.isdigit() for word in _words(digit)]
    if ending in ("st", "nd", "rd", "th"):
        return _split(_engine().number_to_words(_engine().ordinal(digits)))
    words = _year(digits) if "," not in match[0] else _words(digits)
    return [*words[:-1], _engine().plural(words[-1])] if ending == "s" else words


def _year(digits: str) -> list[str]:
    """Read 1100 to 1999 and 2010 to 2099 in pairs of digits, other numbers as a whole."""
    if len(digits) != 4 or not digits.isdigit() or digits[2:] == "00":
        return _words(digits)
    if not (1100 <= int(digits) < 2000 or 2010 <= int(digits) < 2100):
        return _words(digits)
    last = ["oh", *_words(digits[3])] if digits[2] == "0" else _words(digits[2:])
    return [*_words(digits[:2]), *last]


def _words(digits: str) -> list[str]:
    return _split(_engine().number_to_words(digits, andword=""))


def _split(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text)


@functools.cache
def _engine() -> inflect.engine:
    return inflect.engine()
