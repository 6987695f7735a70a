"""Pure: tables in Markdown, and pages that hold them between two comments.

A figure that was not measured is "not yet run".
"""

from __future__ import annotations

from collections.abc import Sequence

NOT_RUN = "not yet run"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def put_marked(text: str, mark: str, content: str) -> str:
    """The page with this content between its comments ``mark`` and ``end of mark``.

    Raises ValueError where they are missing.
    """
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, opened, rest = text.partition(begin)
    inside, closed, after = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"the page has no place for {mark}: {inside[:40]!r}")
    return before + begin + content + "\n" + end + after
