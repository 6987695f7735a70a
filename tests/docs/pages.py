"""The documentation as text: its pages, links, code blocks and inline code."""

from __future__ import annotations

import re
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TOP = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def pages() -> list[Path]:
    """Every page that this repository's people wrote."""
    return [*(REPO / name for name in TOP), *sorted((REPO / "docs").rglob("*.md"))]


def text_of(*names: str) -> str:
    """These pages as one text; all of them where none is named."""
    paths = [REPO / name for name in names] or pages()
    return "\n".join(path.read_text() for path in paths)


def prose(text: str) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", text)


def blocks(text: str, language: str) -> list[str]:
    """Code blocks of a language, in order."""
    return [body for _, found, body in _FENCE.findall(text) if found == language]


def ready_queries() -> dict[str, str]:
    """Heading → SQL of each query that the docs offer."""
    sections = re.split(r"^## ", (REPO / "docs/queries.md").read_text(), flags=re.MULTILINE)[1:]
    return {section.partition("\n")[0]: blocks(section, "sql")[0] for section in sections}


def inline_code(text: str) -> set[str]:
    """Texts between single backticks."""
    return set(_CODE.findall(prose(text)))


def links(text: str) -> list[str]:
    """Targets of links and pictures."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """Names of headings as GitHub makes them: lower case, blanks to dashes, other signs dropped."""
    headings = (heading.lower().replace("`", "") for heading in _HEADING.findall(prose(text)))
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in headings}
