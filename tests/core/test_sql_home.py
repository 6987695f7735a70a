"""SQL lives in core/storage, core/services, core/infra and the lease module; nothing else asks Postgres."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOMES = ("core/storage/", "core/services/", "core/infra/postgres/", "streams/runtime/leases.py")
OTHER_STORES = ("core/infra/clickhouse.py",)
"""SQL of another database."""
STATEMENT = re.compile(
    r"^\s*(select\b.*\bfrom\b|insert\s+into\b|update\s+\w+(\s+\w)?\s+set\b|delete\s+from\b|with\s+\w+\s+as\s*\()"
    r"|\bset_config\(|\bpg_(try_)?advisory",
    re.IGNORECASE | re.DOTALL,
)
QUERY_METHODS = frozenset({"fetch", "fetchrow", "fetchval", "execute", "executemany"})
FILES = [
    path
    for folder in ("core", "streams", "api")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not path.relative_to(ROOT).as_posix().startswith((*HOMES, *OTHER_STORES))
]


def sql_lines(tree: ast.Module) -> list[int]:
    """Lines with a string that is a statement, or a call that runs one on a connection."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.search(node.value):
            lines.append(node.lineno)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in QUERY_METHODS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("connection", "rows")
        ):
            lines.append(node.lineno)
    return lines


def test_no_sql_outside_storage() -> None:
    found = {path.relative_to(ROOT).as_posix(): sql_lines(ast.parse(path.read_text())) for path in FILES}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_the_finder_recognises_sql() -> None:
    found = sql_lines(ast.parse('x = "select a from b"\nawait_(connection.fetchrow(x))\nprint("selected from")\n'))
    assert found == [1, 2]
