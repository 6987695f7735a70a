"""Split a script into blocks of words: headings, paragraphs and items of lists. Pure.

A script is untrusted text. Of Markdown its marks are taken away and what they mark is kept: headings, lists, quotes,
emphasis, links, code. HTML is text. Directions in [brackets] are not shown, as in the option ``script``. Every pattern
has a bounded length, so that no text costs more than a fixed number of steps for each of its characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

from core.domain.text.graphemes import clusters
from core.domain.text.unspaced_scripts import NEVER_FIRST, NEVER_LAST, is_unspaced, joined
from schemas.common import Value

MAX_WORD_CHARACTERS = 40
"""Longest word; a longer one is cut into words of this length, for letters that fit more into a line are too small."""
MAX_TITLE_CHARACTERS = 100
"""Length of the title that is made of a script."""
BlockKind = Literal["heading", "paragraph", "item"]
_NEW_LINE = re.compile(r"\r\n?|[\u2028\u2029\u0085\v\f]")
_REMOVED = re.compile(r"[\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
"""Overrides of the direction, which turn whole lines around, and signs that mean nothing inside a text."""
_HEADING = re.compile(r"\s{0,3}#{1,6}(?:\s+|$)")
_CLOSED_HEADING = re.compile(r"\s+#{1,6}\s{0,20}$")
_ITEM = re.compile(r"\s{0,20}[-*+•]\s+")
_NUMBERED = re.compile(r"\s{0,20}(\d{1,4})[.)]\s+")
_QUOTE = re.compile(r"(?:\s{0,3}>\s?){1,10}")
_RULE = re.compile(
    r"\s{0,3}(?:(?:-\s{0,2}){3,200}|(?:\*\s{0,2}){3,200}|(?:_\s{0,2}){3,200}|={3,200}|[`~]{3,20}\w{0,30})\s*$"
)
_LINK = re.compile(r"(!?)\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}(?:\s\"[^\"\n]{0,300}\")?\)")
_DIRECTION = re.compile(r"\[[^\[\]]{0,1000}\]")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]{1,500})(?<=[^\s*])\1(?![\w*])")
_UNDERLINE = re.compile(r"(?<![\w_])(_{1,3})(?=[^\s_])([^_\n]{1,500})(?<=[^\s_])\1(?![\w_])")
_CODE = re.compile(r"`([^`\n]{1,500})`")


class Block(Value, frozen=True, kw_only=True):
    """A heading, a paragraph or an item of a list: its words, each with its punctuation. None is empty."""

    kind: BlockKind
    words: list[str]


def split_blocks(text: str) -> list[Block]:
    """Split a script into its blocks, in order; empty if there is no word in it."""
    blocks = [Block(kind=kind, words=split_into_words(line)) for kind, line in _list_texts(clean_text(text))]
    return [block for block in blocks if block.words]


def title_of_script(text: str | None) -> str:
    """A title for a script: its first block, cut at a word; empty without one."""
    words = next((block.words for block in split_blocks(text)), []) if text else []
    title = ""
    for word in words:
        longer = joined(title, word) if title else word
        if len(longer) > MAX_TITLE_CHARACTERS:
            return f"{title}…"
        title = longer
    return title


def clean_text(text: str) -> str:
    """The text with plain line ends, without control characters and overrides of the direction."""
    plain = _REMOVED.sub("", _NEW_LINE.sub("\n", text)).replace("\t", " ")
    return "".join(" " if sign != "\n" and unicodedata.category(sign) == "Cc" else sign for sign in plain)


def _list_texts(text: str) -> Iterator[tuple[BlockKind, str]]:
    """Kind and text of each block, without the marks of Markdown; a paragraph's lines are one text."""
    kind: BlockKind = "paragraph"
    lines: list[str] = []
    quoted = False
    for line in text.split("\n"):
        was_quoted, quoted = quoted, line.lstrip().startswith(">")
        next_kind, content = _read_line(_QUOTE.sub("", line, count=1) if quoted else line)
        ends = not content.strip() or next_kind != "paragraph" or quoted != was_quoted
        if lines and (ends or kind == "heading"):
            yield kind, _without_marks("\n".join(lines))
            lines, kind = [], "paragraph"
        if content.strip():
            kind = next_kind if not lines else kind
            lines.append(content)
    if lines:
        yield kind, _without_marks("\n".join(lines))


def _read_line(line: str) -> tuple[BlockKind, str]:
    """Kind of a line and its content; a rule and the fence of a code block have none."""
    if _RULE.match(line):
        return "paragraph", ""
    if mark := _HEADING.match(line):
        return "heading", _CLOSED_HEADING.sub("", line[mark.end() :])
    if mark := _ITEM.match(line):
        return "item", line[mark.end() :]
    if mark := _NUMBERED.match(line):
        return "item", f"{mark[1]}) {line[mark.end() :]}"  # a full stop would end the sentence behind the number
    return "paragraph", line


def _without_marks(text: str) -> str:
    """A block's text without the marks of links, directions, emphasis and code."""
    text = _LINK.sub(lambda link: "" if link[1] else link[2], text)
    text = _DIRECTION.sub(" ", text)
    for pattern in (_EMPHASIS, _UNDERLINE):
        text = pattern.sub(r"\2", pattern.sub(r"\2", text))
    return _CODE.sub(r"\1", text)


def split_into_words(text: str) -> list[str]:
    """Split a text into words to be shown: at spaces, and into signs where a script has no spaces.

    What has no letter or digit belongs to the word before it, or at the beginning to the word behind it.
    """
    words: list[str] = []
    opening = ""
    for token in text.split():
        for first, part in enumerate(_split_token(token)):
            if any(sign.isalnum() for sign in part):
                words.append(opening + part)
                opening = ""
            elif words and not opening and (first or unicodedata.category(part[0]) not in ("Ps", "Pi")):
                words[-1] = (words[-1] + ("" if first else " ") + part)[: 2 * MAX_WORD_CHARACTERS]
            else:
                opening = f"{opening}{part} "[:MAX_WORD_CHARACTERS]
    return words


def _split_token(token: str) -> list[str]:
    """Split a text without spaces: into signs where its script has no spaces, and below the longest word."""
    if not any(map(is_unspaced, token)):
        return [token[at : at + MAX_WORD_CHARACTERS] for at in range(0, len(token), MAX_WORD_CHARACTERS)]
    units: list[str] = []
    opening = ""
    for sign in clusters(token):
        if sign[0] in NEVER_LAST:
            opening += sign
        elif units and not opening and (sign[0] in NEVER_FIRST or not sign[0].isalnum() or _is_joined(units[-1], sign)):
            units[-1] = units[-1] + sign
        else:
            units.append(opening + sign)
            opening = ""
    return [*units, opening] if opening else units


def _is_joined(before: str, sign: str) -> bool:
    """Whether a letter or digit goes on with the word before it: those of scripts with spaces do."""
    return not is_unspaced(sign[0]) and not is_unspaced(before[-1]) and len(before) < MAX_WORD_CHARACTERS
