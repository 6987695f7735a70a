"""SQL as tokens, to find keywords outside of strings and comments. No grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_TOKEN = re.compile(
    rb"""
    (?P<space>\s+ | --[^\n]* | \#[!\ ][^\n]* | /\*.*?\*/)
  | (?P<text>'(?:\\.|''|[^'\\])*')
  | (?P<quoted>`(?:\\.|``|[^`\\])*` | "(?:\\.|""|[^"\\])*")
  | (?P<word>[A-Za-z_][A-Za-z0-9_$]*)
  | (?P<other>.)
    """,
    re.S | re.X,
)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One token: ``text`` is a name without its quotes, or the character itself."""

    kind: str
    text: str
    end: int
    depth: int
    """Round brackets that are open at it."""

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords (unquoted)."""
        return self.kind == "word" and self.text.upper() in words

    @property
    def is_name(self) -> bool:
        """Whether it can name something."""
        return self.kind in ("word", "quoted")


def tokens(sql: bytes) -> Iterator[Token]:
    """Tokens of a statement without spaces and comments; lazy, so that data after INSERT is not read."""
    depth = 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "other"
        if kind == "space":
            continue
        text = match.group().decode(errors="replace")
        if kind == "quoted":
            text = text[1:-1]
        if kind == "other":
            depth += {"(": 1, ")": -1}.get(text, 0)
        yield Token(kind=kind, text=text, end=match.end(), depth=depth)
